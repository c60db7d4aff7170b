"""The public edition of a vintage, made with an eye on the earlier ones that readers have beside
it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from coauth import public
from coauth.openalex.eras import Relation
from coauth.pipeline.compare import relations_between
from coauth.pipeline.project import Project
from coauth.pipeline.vintage_tables import VintageTables, queries_of
from coauth.public import Cell, Counted, Earlier, Edition
from coauth.storage import Vintage, atomic
from coauth.tables.contract import MARK, marked
from coauth.tables.schemas import Tables


def edition(project: Project, vintage: Vintage, tables: Tables) -> Edition:
    """The public tables of a vintage. Raises `DisclosureError` where earlier editions leave no way
    to make them, and `NotFound` where an earlier edition's vintage is not built.
    """
    return public.edition(
        tables, queries_of(project, vintage), earlier(project, vintage), vintage.name
    )


def earlier(project: Project, vintage: Vintage) -> list[Earlier]:
    """Every public edition up to this vintage's date, of the same kind of source, oldest first; one
    of its own from before too.
    """
    found = []
    for v in project.cache.like(vintage):
        if (cells := v.published) is not None:
            rows = [(Cell(*(r[f] for f in Cell._fields)), r["value"]) for r in cells.to_pylist()]
            found.append(
                Earlier(
                    v.name,
                    Counted.of(VintageTables(v), queries_of(project, v)),
                    {c: n for c, n in rows if n is not None},
                    frozenset(c for c, n in rows if n is None),
                )
            )
    return found


def relations(project: Project, vintage: Vintage, edition: Edition) -> Mapping[str, Relation]:
    """What lies between a vintage and that of the public edition its own is held against, by
    border of OpenAlex.
    """
    against = edition.tables["revisions"]["against"].to_pylist()
    return relations_between(project.cache.find(against[0]), vintage) if against else {}


def write(cells: pa.Table, folder: Path, *, synthetic: bool) -> Path:
    """Every count of an edition as CSV, shown or withheld."""
    rows = cells.to_pandas()
    rows["value"] = rows["value"].astype("Int64")
    titles = [f"{MARK}: {c}" if synthetic and not n else c for n, c in enumerate(rows.columns)]
    path = folder / "tables" / (marked("cells.csv") if synthetic else "cells.csv")
    atomic.write(
        {path: [rows.to_csv(index=False, header=titles, lineterminator="\n")]}, atomic.ADVICE
    )
    return path
