"""The tables of a public network: pairs in a year that may be shown, and nothing made from others.

A cell is the works of a year and a pair. One of fewer than `SMALLEST` works is taken out before anything is counted or
drawn, and everything in a public file is made from the cells that stay: totals, strengths, places. So every number is a
sum of publishable cells, and no total, other window or later quarter gives a small one back by subtraction.

Beside a public report a pair is also part of counts: its works of a year are among those of the partner's country, and of
the list it is on. It stands only where each of these is shown, and leaves none or at least `SMALLEST` works of each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from coauth import tables
from coauth.disclosure.cells import Cell, Counts, Reach, Reaches
from coauth.disclosure.suppression import SMALLEST, small
from coauth.errors import NotFound


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

    def keep(self, edges: pa.Table, institutions: pa.Table) -> list[bool]:
        """For each row of `edges` whether it stands beside every count that holds it."""
        ends = dict(zip(institutions["institution_id"].to_pylist(), self._reaches(institutions), strict=True))
        yearly: dict[int, list[tuple[Cell, int | None]]] = {}
        for cell, value in self.cells.items():
            if cell.unit == "works" and cell.first_year == cell.last_year and cell.series != "complete":
                yearly.setdefault(cell.first_year, []).append((cell, value))
        holding: dict[tuple[str, int], list[tuple[Cell, int | None]]] = {}

        def holds(end: str, year: int) -> list[tuple[Cell, int | None]]:
            if (end, year) not in holding:
                holding[end, year] = [x for x in yearly.get(year, []) if self.reaches.within(ends[end], x[0].series, year)]
            return holding[end, year]

        rows = edges.select(["year", "source", "target", "works_k"]).to_pylist()
        return [
            all(c not in self.closed and v is not None and not small(v - r["works_k"]) for end in ("source", "target") for c, v in holds(r[end], r["year"]))
            for r in rows
        ]  # fmt: skip

    def _reaches(self, institutions: pa.Table) -> Iterator[Reach]:
        """Of a whole, that of all its parts; an institution stands for itself, whatever was rolled up into it."""
        for r in institutions.select(["institution_id", "rolled_up_from"]).to_pylist():
            yield self.reaches.of([r["institution_id"]] if r["institution_id"] in self.reaches.country else r["rolled_up_from"])


def public(made: Mapping[str, pa.Table], ego: str | None = None, bounds: Bounds | None = None) -> tuple[dict[str, pa.Table], int]:
    """The tables of the public profile, and the number of cells taken out.

    Edges keep what works of at most K institutions say: the difference to works of any size would be a cell of its own.
    So would be what an institution publishes in all, less its pairs: works of institutions are not given. Nor are technologies
    of pairs: a pair less its works in one would be a small cell again. Centralities, shifts and z-scores rest on all cells and
    are left out.

    Raises `NotFound` where a network is asked for around an `ego` of which no cell is left: it would stand there alone,
    and tell that all its cells are small.
    """
    edges = made["edges"]
    there = int(pc.sum(pc.greater(edges["works_k"], 0)).as_py() or 0)
    edges = edges.filter(pc.greater_equal(edges["works_k"], SMALLEST))
    if bounds is not None:
        edges = edges.filter(pa.array(bounds.keep(edges, made["institutions"]), pa.bool_()))
    if ego is not None and not any(pc.any(pc.equal(edges[end], ego)).as_py() for end in ("source", "target")):
        raise NotFound(f"nothing of '{ego}' may be published: no pair of it has {SMALLEST} works in a year, or it is on a watchlist (list:…)")
    flags = _flags(made["flags"], edges)
    for name in edges.column_names:
        if f"{name}_k" in edges.column_names:
            edges = edges.set_column(edges.column_names.index(name), name, edges[f"{name}_k"])
    institutions = made["institutions"]
    for n, column in enumerate(tables.INSTITUTIONS.columns):
        if column.type in (tables.INT, tables.FLOAT):
            institutions = institutions.set_column(n, column.name, pa.nulls(len(institutions), column.type))
    empty = {name: tables.ALL[name].empty() for name in ("centrality", "shifts", "pairs")}
    return dict(made) | empty | {"edges": edges, "institutions": institutions, "flags": flags}, there - edges.num_rows


def _flags(flags: pa.Table, edges: pa.Table) -> pa.Table:
    """The cues of summed lists: all works of such a pair are behind them, so that they tell what the pair tells."""
    pair = ["year", "source", "target"]
    shown = edges.select([*pair, "works_k", "weight_k"]).rename_columns([*pair, "shown", "weighs"])
    joined = flags.filter(pc.equal(flags["kind"], "watchlist")).join(shown, pair, join_type="inner")
    same = {"works": joined["shown"], "works_listed": pa.nulls(len(joined), tables.INT), "weight": joined["weighs"]}
    return tables.FLAGS.check(pa.table({name: same.get(name, joined[name]) for name in flags.column_names}))
