"""The order of the stages, written once: source → pages → tables → exports and report.

    sources ─► pages ─► works ─► institutions ─► inclusion ─► edges ─► flags ─► centrality ─► shifts
                          └► technologies ────────────────────────────┘  └► copublications ─► events, revisions

Stages never import each other: each takes the tables it reads and returns the tables it makes, and
they meet here. All that happens on the network happens in `harvest`, and in `fetch_totals` before a
report; everything else reads only the cache.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa

from coauth.openalex.eras import BORDERS, Relation
from coauth.pipeline.admitted import fetch as fetch_totals
from coauth.pipeline.admitted import fetch_once as fetch_totals_once
from coauth.pipeline.admitted import totals
from coauth.pipeline.auditing import audit
from coauth.pipeline.building import ENGINES, build, versions
from coauth.pipeline.harvesting import Source, budget_left, harvest
from coauth.pipeline.previewing import preview
from coauth.pipeline.project import Project
from coauth.pipeline.revising import counted, revise, since
from coauth.shelving import read
from coauth.sources import admissions
from coauth.stages import revisions
from coauth.storage import Vintage

__all__ = [
    "ENGINES",
    "Project",
    "Source",
    "audit",
    "budget_left",
    "build",
    "compare",
    "counted",
    "fetch_totals",
    "fetch_totals_once",
    "harvest",
    "import_admissions",
    "preview",
    "read",
    "relations",
    "revised",
    "since",
    "totals",
    "versions",
]


def compare(project: Project, old: Vintage, new: Vintage) -> tuple[pd.DataFrame, pa.Table]:
    """What became of each work between two built vintages (`revisions.works`), and `REVISIONS`
    of them.
    """
    before, after = ({n: v.read(n) for n in ("works", "affiliations")} for v in (old, new))
    return revisions.works(before, after, revisions.incomparable(relations(old, new))), revised(
        project, old, new
    )


def relations(old: Vintage, new: Vintage) -> dict[str, Relation]:
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
    return revise(old, new, project.queries, counted(new))


def import_admissions(project: Project, path: Path) -> pa.Table:
    """PhD admissions from a CSV, kept beside the vintages and carried into every later build."""
    table = admissions.read(path)
    project.cache.admissions = table
    return table
