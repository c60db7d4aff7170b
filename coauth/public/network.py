"""The tables of a public network: pairs in a year that may be shown, and nothing made from others.

A cell is the works of a year and a pair. One of fewer than `SMALLEST` works is taken out before
anything is counted or drawn, and everything in a public file is made from the cells that stay:
totals, strengths, places. So every number is a sum of publishable cells, and no total, other window
or later quarter gives a small one back by subtraction.

Every weight is the number of works (full counting). A weight that depends on how many institutions
a work has would tell how many works have how many: five works of Newman weight 4.5 are four of two
institutions and one of three. Where these five are all works with a country in that year, each
other pair with it then has one work at most, and was to be held possible up to four.

Beside a public report a pair is also part of counts: its works of a year are among those of the
partner's country, and of the list it is on. It stands only where each of these is shown, and leaves
none or at least `SMALLEST` works of each, here and in earlier editions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from coauth.errors import NotFound
from coauth.public.cells import Cell, Counts, Reach, Reaches
from coauth.public.suppression import SMALLEST, small
from coauth.tables import schemas
from coauth.tables.contract import FLOAT, INT
from coauth.tables.schemas import Name, Tables

COUNTING = "full"
"""Of public networks, whatever measures.toml says (`coauth.network.model.COUNTINGS`)."""


def statement(taken_out: int) -> str:
    """What a public file says of itself."""
    return (
        f"Public profile: {taken_out} cells (a pair in a year) of fewer than {SMALLEST} works, or that leave fewer of a published "
        "count, were taken out before anything was counted or drawn; institutions on a watchlist are summed; centralities "
        "and changes are not given, as they rest on all cells."
    )


@dataclass(frozen=True)
class Bounds:
    """The counts of a public edition, as those that pairs are part of."""

    cells: Counts
    closed: frozenset[Cell]
    """Withheld in this edition or in an earlier one: no part of these is shown."""
    reaches: Reaches
    before: tuple[Mapping[Cell, int], ...] = ()
    """Shown in earlier editions: a pair that has as many works now as then would leave a small part
    of those too.
    """

    def keep(self, edges: pa.Table, institutions: pa.Table) -> list[bool]:
        """For each row of `edges` whether it stands beside every count that holds it."""
        ends = dict(
            zip(
                institutions["institution_id"].to_pylist(), self._reaches(institutions), strict=True
            )
        )
        yearly: dict[int, list[Cell]] = {}
        for cell in self.cells:
            if (
                cell.unit == "works"
                and cell.first_year == cell.last_year
                and cell.series != "complete"
            ):
                yearly.setdefault(cell.first_year, []).append(cell)
        holding: dict[tuple[str, int], tuple[bool, list[int]]] = {}

        def holds(end: str, year: int) -> tuple[bool, list[int]]:
            """Whether all counts that hold works with this end are shown, and each number that was
            ever shown for one.
            """
            if (end, year) not in holding:
                cells = [
                    c
                    for c in yearly.get(year, [])
                    if self.reaches.within(ends[end], c.series, year)
                ]
                shown = [
                    n
                    for c in cells
                    for n in (self.cells[c], *(b.get(c) for b in self.before))
                    if n is not None
                ]
                holding[end, year] = (
                    all(c not in self.closed and self.cells[c] is not None for c in cells),
                    shown,
                )
            return holding[end, year]

        def stands(r: Mapping[str, Any]) -> bool:
            told = [holds(r[end], r["year"]) for end in ("source", "target")]
            return all(
                there and not any(small(n - r["works_k"]) for n in shown) for there, shown in told
            )

        return [
            stands(r) for r in edges.select(["year", "source", "target", "works_k"]).to_pylist()
        ]

    def _reaches(self, institutions: pa.Table) -> Iterator[Reach]:
        """Of a whole, that of all its parts; an institution stands for itself, whatever was rolled
        up into it.
        """
        for r in institutions.select(["institution_id", "rolled_up_from"]).to_pylist():
            yield self.reaches.of(
                [r["institution_id"]]
                if r["institution_id"] in self.reaches.country
                else r["rolled_up_from"]
            )


def public(
    tables: Tables, ego: str | None = None, bounds: Bounds | None = None
) -> tuple[dict[Name, pa.Table], int]:
    """The tables of the public profile, and the number of cells taken out.

    Edges keep the works of at most K institutions, as every weight: the difference to works of any
    size would be a cell of its own. So would be what an institution publishes in all, less its
    pairs: works of institutions are not given. Nor are technologies of pairs: a pair less its works
    in one would be a small cell again. Centralities, shifts and z-scores rest on all cells and are
    left out.

    Raises `NotFound` where a network is asked for around an `ego` of which no cell is left: it
    would stand there alone, and tell that all its cells are small.
    """
    edges = tables["edges"]
    there = int(pc.sum(pc.greater(edges["works_k"], 0)).as_py() or 0)
    edges = edges.filter(pc.greater_equal(edges["works_k"], SMALLEST))
    if bounds is not None:
        edges = edges.filter(pa.array(bounds.keep(edges, tables["institutions"]), pa.bool_()))
    if ego is not None and not any(
        pc.any(pc.equal(edges[end], ego)).as_py() for end in ("source", "target")
    ):
        raise NotFound(
            f"nothing of '{ego}' may be published: no pair of it has {SMALLEST} works in a year, or it is on a watchlist (list:…)"
        )
    for n, column in enumerate(schemas.EDGES.columns):
        if column.name not in schemas.EDGES.key:
            edges = edges.set_column(n, column.name, edges["works_k"].cast(column.type))
    flags = _flags(tables["flags"], edges)
    institutions = tables["institutions"]
    for n, column in enumerate(schemas.INSTITUTIONS.columns):
        if column.type in (INT, FLOAT):
            institutions = institutions.set_column(
                n, column.name, pa.nulls(len(institutions), column.type)
            )
    measured: tuple[Name, ...] = ("centrality", "shifts", "pairs")
    empty = {name: schemas.ALL[name].empty() for name in measured}
    return dict(tables) | empty | {
        "edges": edges,
        "institutions": institutions,
        "flags": flags,
    }, there - edges.num_rows


def _flags(flags: pa.Table, edges: pa.Table) -> pa.Table:
    """The cues of summed lists: all works of such a pair are behind them, so that they tell what
    the pair tells.
    """
    pair = ["year", "source", "target"]
    shown = edges.select([*pair, "works_k", "weight_k"]).rename_columns([*pair, "shown", "weighs"])
    joined = flags.filter(pc.equal(flags["kind"], "watchlist")).join(shown, pair, join_type="inner")
    same = {
        "works": joined["shown"],
        "works_listed": pa.nulls(len(joined), INT),
        "weight": joined["weighs"],
    }
    return schemas.FLAGS.check(
        pa.table({name: same.get(name, joined[name]) for name in flags.column_names})
    )
