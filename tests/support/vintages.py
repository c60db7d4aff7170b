"""Vintages that hold nothing."""

from coauth.pipeline.project import Project

BUILD = {
    "complete": True,
    "level": "unified",
    "queries": "",
    "synthetic": False,
    "losses": {"works": {"records": 0, "works": 0, "dropped": {}}, "excluded": {}},
    "rows": {},
    "sha256": {},
    "seed": 1,
    "versions": {"coauth": "0"},
}
"""What a manifest says at least of a build."""


def entries(day, **more):
    """What a manifest says at least of a harvest that began on a day."""
    least = {"source": {"kind": "files"}, "scope": {}, "scope_fingerprint": "", "started": day}
    return least | more


def vintage(root, *, synthetic=False, kind="api"):
    """A vintage that says it is built; there is nothing in it."""
    source = {"kind": kind} | ({"seed": 1} if kind == "sample" else {})
    scope = Project(root).queries.scope
    return Project(root).cache.create(
        "2026-11-20",
        **entries(
            "2026-11-20",
            source=source,
            scope=scope.model_dump(mode="json"),
            scope_fingerprint=scope.fingerprint,
            completed="2026-11-20",
            build=BUILD | {"synthetic": synthetic},
        ),
    )
