"""Vintages that hold nothing."""

from coauth.pipeline.project import Project


def vintage(root, *, synthetic=False, kind="api"):
    """A vintage that says it is built; there is nothing in it."""
    source = {"kind": kind} | ({"seed": 1} if kind == "sample" else {})
    scope = Project(root).queries.scope.model_dump(mode="json")
    return Project(root).cache.create(
        "2026-11-20",
        source=source,
        scope=scope,
        started="2026-11-20",
        completed="2026-11-20",
        build={"synthetic": synthetic},
    )
