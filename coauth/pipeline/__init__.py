"""The order of the stages, written once: source → pages → tables → exports and report.

    sources ─► pages ─► works ─► institutions ─► inclusion ─► edges ─► flags ─► centrality ─► shifts
                          └► technologies ────────────────────────────┘  └► copublications ─► events, revisions

Stages never import each other: each takes the tables it reads and returns the tables it makes, and
they meet here. All that happens on the network happens in `harvest`, and in `fetch_totals` before a
report; everything else reads only the cache.
"""

from __future__ import annotations

from coauth.pipeline.admissions import fetch as fetch_totals
from coauth.pipeline.admissions import fetch_once as fetch_totals_once
from coauth.pipeline.admissions import import_admissions, totals
from coauth.pipeline.audit import audit
from coauth.pipeline.build import ENGINES, build, versions
from coauth.pipeline.compare import compare, counted, relations, revise, revised, since
from coauth.pipeline.export import write as export_network
from coauth.pipeline.harvest import Source, budget_left, harvest
from coauth.pipeline.networks import Profile, Unit, network
from coauth.pipeline.preview import preview
from coauth.pipeline.project import Project
from coauth.pipeline.quarter import quarter
from coauth.pipeline.read_pages import read as read_pages
from coauth.pipeline.vintage_tables import informed as informed_queries
from coauth.pipeline.vintage_tables import read as read_tables

__all__ = [
    "ENGINES",
    "Profile",
    "Project",
    "Source",
    "Unit",
    "audit",
    "budget_left",
    "build",
    "compare",
    "counted",
    "export_network",
    "fetch_totals",
    "fetch_totals_once",
    "harvest",
    "import_admissions",
    "informed_queries",
    "network",
    "preview",
    "quarter",
    "read_pages",
    "read_tables",
    "relations",
    "revise",
    "revised",
    "since",
    "totals",
    "versions",
]
