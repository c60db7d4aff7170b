"""One network in one format."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from coauth.export import formats
from coauth.pipeline import networks, positions, report_inputs
from coauth.pipeline.networks import Profile, Unit
from coauth.pipeline.project import Project
from coauth.pipeline.vintage_tables import VintageTables
from coauth.progress import Progress, Stage, ignore
from coauth.storage import Vintage

log = logging.getLogger(__name__)


def export_network(
    project: Project,
    vintage: Vintage,
    form: str,
    path: Path,
    *,
    unit: Unit = "institution",
    profile: Profile = "internal",
    progress: Progress = ignore,
    **filters: Any,
) -> list[Path]:
    """Export the network in one format (see `coauth.export.formats`); returns the files written.

    Places are those of the vintage's one layout. Countries, groups and the public profile have a
    layout of their own.
    """
    stage = Stage(progress, "export", "steps", 3)
    stage.add(0)
    tables = VintageTables(vintage)
    if ego := networks.node_id(project, tables, unit, filters.get("ego")):
        filters["ego"] = ego
    base = networks.base(project, vintage, tables, unit, profile, ego)
    whole = networks.cut(project, base)
    chosen = networks.cut(project, base, **filters) if filters else whole
    stage.add(1, "network cut")
    if chosen.passing and chosen.edges.num_rows:  # else the error says it
        log.info("%s", "\n".join(chosen.account))
    own = unit != "institution" or profile == "public"
    where = positions.own(whole, project) if own else positions.keep(whole, project, vintage)
    stage.add(1, "institutions placed")
    told = report_inputs.of(project, vintage)
    paths = formats.write(
        chosen,
        form,
        path,
        positions=where,
        as_of=vintage.as_of,
        provenance=report_inputs.provenance(told) | {"profile": profile},
        synthetic=told.synthetic,
    )
    stage.add(1, path.name)
    return paths
