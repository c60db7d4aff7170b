"""Where institutions stand in every drawing of a vintage."""

from __future__ import annotations

from coauth.export import layout
from coauth.network.model import Network
from coauth.pipeline.project import Project
from coauth.storage import Vintage


def keep(network: Network, project: Project, vintage: Vintage) -> dict[str, list[float]]:
    """One place per institution for every export of a vintage: computed once, then kept and only
    added to.

    The first drawing of a vintage begins where the one before it ended, so that a reader finds
    everyone in about the same place as last quarter.
    """
    known = vintage.layout
    if set(network.nodes["institution_id"].to_pylist()) - set(known):
        known = layout.place(
            network, known or _before(project, vintage), project.queries.measures.seed
        )
        vintage.layout = known
    return known


def own(network: Network, project: Project) -> dict[str, list[float]]:
    """Places made from what is shown and nothing else: of countries and groups, and in the public
    profile, where a place among partners that are left out would tell of them.
    """
    return layout.place(network, seed=project.queries.measures.seed)


def _before(project: Project, vintage: Vintage) -> dict[str, list[float]]:
    """Those of the newest earlier vintage that was drawn, of the same kind of source: the synthetic
    world has places of its own.
    """
    drawn = (v.layout for v in reversed(project.cache.like(vintage)) if v.as_of < vintage.as_of)
    return next(filter(None, drawn), {})
