"""What travels between stages: for every table its key, columns, types, units and meaning.

Stages take and return `pyarrow.Table`s and end with `return EDGES.check(table)`. The same
definitions print the data dictionary beside every export, so that it cannot drift. Ids are
OpenAlex's short form ("W…", "I…", "T…").
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from coauth.tables.contract import (
    BOOL,
    DAY,
    FLOAT,
    INT,
    MARK,
    STRING,
    STRINGS,
    Column,
    Table,
    marked,
)
from coauth.tables.counts import (
    ADMISSIONS,
    CAUSES,
    CELLS,
    COPUBLICATIONS,
    MATCHER_CAUSES,
    MEMBERSHIPS,
    PROFILES,
    REVISIONS,
    STATBANK,
    WITHHELD,
    own_basis,
)
from coauth.tables.cues import BENEFITS, EVIDENCE, FLAGS, LISTED
from coauth.tables.graph import EDGES, HYPERAUTHORSHIP, PAIRS
from coauth.tables.measured import CENTRALITY, EVENTS, MATCHES, SHIFTS
from coauth.tables.schemas import (
    AFFILIATIONS,
    AREAS,
    AUDIT,
    AUDIT_YEARS,
    COUNTRIES,
    COVERAGE,
    INSTITUTIONS,
    TECHNOLOGIES,
    WORKS,
)

__all__ = [
    "ADMISSIONS",
    "AFFILIATIONS",
    "ALL",
    "AREAS",
    "AUDIT",
    "AUDIT_YEARS",
    "BENEFITS",
    "BOOL",
    "CAUSES",
    "CELLS",
    "CENTRALITY",
    "COPUBLICATIONS",
    "COUNTRIES",
    "COVERAGE",
    "DAY",
    "EDGES",
    "EVENTS",
    "EVIDENCE",
    "FLAGS",
    "FLOAT",
    "HYPERAUTHORSHIP",
    "INSTITUTIONS",
    "INT",
    "LISTED",
    "MARK",
    "MATCHER_CAUSES",
    "MATCHES",
    "MEMBERSHIPS",
    "PAIRS",
    "PROFILES",
    "REVISIONS",
    "SHIFTS",
    "STATBANK",
    "STRING",
    "STRINGS",
    "TECHNOLOGIES",
    "WITHHELD",
    "WORKS",
    "Column",
    "Table",
    "is_synthetic",
    "marked",
    "own_basis",
]

ALL: dict[str, Table] = {
    t.name: t
    for t in (
        WORKS,
        AFFILIATIONS,
        COUNTRIES,
        INSTITUTIONS,
        TECHNOLOGIES,
        EDGES,
        PAIRS,
        HYPERAUTHORSHIP,
        LISTED,
        FLAGS,
        EVIDENCE,
        BENEFITS,
        MEMBERSHIPS,
        COPUBLICATIONS,
        CENTRALITY,
        SHIFTS,
        EVENTS,
        MATCHES,
        COVERAGE,
        ADMISSIONS,
        REVISIONS,
    )
}


def is_synthetic(works: pa.Table) -> bool:
    """Whether works of the synthetic world are among these, by the mark in their titles."""
    return bool(pc.any(pc.starts_with(pc.fill_null(works["title"], ""), MARK)).as_py())
