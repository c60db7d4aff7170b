"""A question put to a vintage."""

from __future__ import annotations

from collections.abc import Collection

import pyarrow.compute as pc

from coauth.count.cells import TABLES, World
from coauth.engine import Rows
from coauth.engine.duck import DuckDB
from coauth.pipeline.project import Project
from coauth.pipeline.vintage_tables import queries_of
from coauth.queries.names import Names
from coauth.report.text import called
from coauth.storage import Vintage

CALLED = ("country", "institution", "field", "type", "area", "area_short", "status", "group")
"""What has names in the languages of the report."""


def world_of(project: Project, vintage: Vintage) -> World:
    """The tables of a built vintage, with the questions as they are asked of it."""
    queries = queries_of(project, vintage)
    rows: dict[str, Rows] = {name: vintage.rows(name) for name in TABLES}
    return World(DuckDB(queries.sql, queries.tables()), rows, queries)


def names_of(vintage: Vintage, world: World, *, publishers: bool = False) -> Names:
    """What a person may type of it; publishers are read where they are asked for."""
    known: Collection[str] = ()
    if publishers:
        known = (
            pc.unique(vintage.read("coverage", ["publisher"])["publisher"]).drop_null().to_pylist()
        )
    columns = ["institution_id", "ror", "name", "country_code", "is_domestic", "works"]
    return Names(world.queries, vintage.read("institutions", columns), called(*CALLED), known)
