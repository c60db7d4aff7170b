"""The public edition of a vintage."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from coauth import public
from coauth.errors import DisclosureError
from coauth.openalex.eras import Relation
from coauth.pipeline.compare import relations_between
from coauth.pipeline.project import Project
from coauth.pipeline.vintage_tables import VintageTables, queries_of
from coauth.public import Rounding
from coauth.stages import events
from coauth.storage import Vintage
from coauth.tables import schemas
from coauth.tables.schemas import Name, Tables


def edition(project: Project, vintage: Vintage, tables: Tables) -> dict[Name, pa.Table]:
    """The public tables of a vintage: those of `coauth.public.edition`, tests of the policy dates on
    them, and what changed since the vintage that it was built against, rounded alike.
    """
    queries, rounding = queries_of(project, vintage), rounding_of(project)
    counts = public.edition(tables, queries, rounding)
    return counts | {
        "events": events.regress_counts(
            counts["copublications"],
            queries.events,
            queries.scope,
            queries.measures.confidence,
        ),
        "revisions": _revisions(project, vintage, counts["copublications"], rounding),
    }


def rounding_of(project: Project) -> Rounding:
    """The rounding of every public edition of a project.

    Raises `DisclosureError` where there are public editions and their secret is gone.
    """
    lost = not project.cache.has_rounding_key
    if lost and (there := sorted(p.name for p in project.reports.glob("*-public"))):
        raise DisclosureError(
            f"{project.reports / there[0]} was rounded by a secret that is not in {project.cache.folder} any more (rounding.key): "
            "copy it back; or, if no public edition has left the house, remove those folders, and a new secret is made"
        )
    return Rounding(project.rounding_key)


def against(project: Project, vintage: Vintage) -> Vintage | None:
    """The vintage that this one was built against, if any."""
    since = vintage.built.since
    return project.cache.find(since.vintage) if since else None


def relations(project: Project, vintage: Vintage) -> Mapping[str, Relation]:
    """What lies between a vintage and the one its public edition is held against, by border of
    OpenAlex.
    """
    earlier = against(project, vintage)
    return relations_between(earlier, vintage) if earlier else {}


def _revisions(
    project: Project, vintage: Vintage, counts: pa.Table, rounding: Rounding
) -> pa.Table:
    earlier = against(project, vintage)
    if earlier is None:
        return schemas.REVISIONS.empty()
    before = public.edition(VintageTables(earlier), queries_of(project, earlier), rounding)
    return public.revisions(counts, before["copublications"], earlier.name)
