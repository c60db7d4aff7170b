"""Two vintages -> what became of each work, and what each headline count changed by, and why."""

from __future__ import annotations

from typing import Protocol

import pandas as pd
import pyarrow as pa

from coauth.engine.duck import DuckDB
from coauth.errors import NotFound
from coauth.openalex.eras import BORDERS, Relation
from coauth.pipeline.project import Project
from coauth.queries import Queries
from coauth.stages import copublications, flags, revisions
from coauth.stages.revisions import Counted
from coauth.storage import Cache, Vintage
from coauth.storage.manifest import Since
from coauth.tables.schemas import Name, Tables


def compare_vintages(project: Project, old: Vintage, new: Vintage) -> tuple[pd.DataFrame, pa.Table]:
    """What became of each work between two built vintages (`revisions.works`), and `REVISIONS`
    of them.
    """
    before, after = ({n: v.read(n) for n in ("works", "affiliations")} for v in (old, new))
    return revisions.works(
        before, after, revisions.incomparable(relations_between(old, new))
    ), revised(project, old, new)


def relations_between(old: Vintage, new: Vintage) -> dict[str, Relation]:
    """What lies between two vintages, by border of OpenAlex (`Eras.relations`); nothing between
    one and itself.
    """
    return (
        {border.key: "same" for border in BORDERS}
        if old.name == new.name
        else old.eras.relations(new.eras)
    )


def revised(project: Project, old: Vintage, new: Vintage) -> pa.Table:
    """`REVISIONS` of two built vintages. Raises `NotFound` where either has to be built again
    first.
    """
    return revise(old, new, project.queries, how_counted(new))


class Stored(Protocol):
    """A vintage, or the shelf of one that is being built."""

    def read(self, name: str, columns: list[str] | None = None) -> pa.Table: ...


def revise(old: Vintage, new: Stored, queries: Queries, after: Counted) -> pa.Table:
    """`REVISIONS` of `new` against `old`. Where lists or groups are not what they were, the old
    works are counted under today's.

    Raises `NotFound` where one of the two has to be built again first.
    """
    before = how_counted(old)
    if before.level != after.level:
        raise NotFound(
            f"vintage {old.name} counts institutions {before.level}, the other {after.level}; run `coauth build --vintage {old.name} --level {after.level}`"
        )
    names: tuple[Name, ...] = ("works", "affiliations", "countries", "memberships")
    then, now = ({name: place.read(name) for name in names} for place in (old, new))
    series = {
        part for part in before.parts.keys() | after.parts.keys() if not part.startswith("queries/")
    }
    moved = any(before.differs(after, s) for s in series)
    return revisions.compare(
        old.name, then, now, before, after, _recounted(old, then, queries, after) if moved else None
    )


def _recounted(old: Vintage, then: Tables, queries: Queries, after: Counted) -> pa.Table:
    """Memberships of the old works in the groups and lists of the newer vintage."""
    if queries.parts() != after.parts:
        raise NotFound("queries/ changed since the newer vintage was built; run `coauth build`")
    engine, known = DuckDB(queries.sql, queries.tables()), old.read("institutions")
    listed = flags.match(known, engine)
    return copublications.members(
        then["works"], then["countries"], then["affiliations"], known, listed, engine
    )


def how_counted(vintage: Vintage) -> Counted:
    """How a built vintage was counted. Raises `NotFound` where it was not built, or by a coauth
    that did not yet record this.
    """
    manifest = vintage.manifest
    build = manifest.build
    if build is None or build.parts is None:
        raise NotFound(
            f"vintage {vintage.name} has no counts to compare with; run `coauth build --vintage {vintage.name}`"
        )
    return Counted(
        vintage.as_of,
        build.versions["coauth"],
        manifest.scope,
        build.parts,
        vintage.eras,
        build.level,
    )


def since(old: Vintage, after: Counted) -> Since:
    """What a report says of the earlier vintage."""
    before = how_counted(old)
    if before.as_of >= after.as_of:
        raise NotFound(
            f"vintage {old.name} is not older than the one it is to be compared with; name an earlier one"
        )
    changed = [
        part
        for part in sorted(before.parts.keys() | after.parts.keys())
        if before.differs(after, part)
    ]
    return Since(
        vintage=old.name,
        as_of=before.as_of,
        version=before.version,
        parts=changed,
        relations=before.eras.relations(after.eras),
    )


def earlier(cache: Cache, vintage: Vintage, level: str) -> Vintage | None:
    """The newest earlier vintage of the same kind of source that was built in the same way; None if
    there is none.
    """
    for old in reversed(cache.like(vintage)):
        build = old.manifest.build
        if old.as_of < vintage.as_of and build and build.parts and build.level == level:
            return old
    return None
