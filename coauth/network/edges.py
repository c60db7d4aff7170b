"""Pairs of institutions over some years, as arrays: what filters judge and tables are made from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from coauth.errors import NotFound, TableError
from coauth.network.model import COUNTINGS

UNIT = (
    2**40
    # weights are summed as integers, so that no sum depends on order or threads; 2⁻⁴⁰ works is the
    # grain
)
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Pairs:
    """Pairs of the years; ends are positions in the sorted ids, weights are in 1/UNIT works."""

    source: Ints
    target: Ints
    weight: Ints
    strict: Ints
    works: Ints
    works_all: Ints
    first: Ints
    last: Ints
    yearly: pa.Table
    """year, s, t, w, n: the same by year, where the weight is not 0."""
    size: int

    @classmethod
    def of(cls, edges: pa.Table, ids: pa.Array, *, counting: str, hyper: bool) -> Pairs:
        tail = "" if hyper else "_k"
        ends = [pc.index_in(edges[end], value_set=ids) for end in ("source", "target")]
        if unknown := sum(end.null_count for end in ends):
            raise TableError(
                f"edges: {unknown} ends are not in institutions; build both from the same vintage"
            )
        rows = pa.table(
            {
                "year": edges["year"],
                "s": ends[0].cast(pa.int64()),
                "t": ends[1].cast(pa.int64()),
                "w": fixed(edges[column_of(counting) + tail]),
                "x": fixed(edges[f"strict_weight{tail}"]),
                "n": edges[f"works{tail}"],
                "all": edges["works"],
            }
        )
        weighty = pc.greater(rows["w"], 0)
        rows = rows.set_column(
            0, "year", pc.if_else(weighty, rows["year"], pa.scalar(None, pa.int64()))
        )
        sums = [
            ("w", "sum"),
            ("x", "sum"),
            ("n", "sum"),
            ("all", "sum"),
            ("year", "min"),
            ("year", "max"),
        ]
        total = (
            rows.group_by(["s", "t"])
            .aggregate(sums)
            .sort_by([("s", "ascending"), ("t", "ascending")])
        )

        def column(name: str) -> Ints:
            return np.asarray(pc.fill_null(total[name], 0).to_numpy(), np.int64)

        return cls(
            column("s"),
            column("t"),
            column("w_sum"),
            column("x_sum"),
            column("n_sum"),
            column("all_sum"),
            column("year_min"),
            column("year_max"),
            rows.filter(weighty).select(["year", "s", "t", "w", "n"]),
            len(ids),
        )

    def select(self, keep: Mask) -> Pairs:
        wanted = pa.table({"s": self.source[keep], "t": self.target[keep]})
        return Pairs(
            self.source[keep],
            self.target[keep],
            self.weight[keep],
            self.strict[keep],
            self.works[keep],
            self.works_all[keep],
            self.first[keep],
            self.last[keep],
            self.yearly.join(wanted, ["s", "t"], join_type="inner"),
            self.size,
        )

    def per_node(self, values: Ints) -> Ints:
        """The sum of `values` over the pairs of each institution."""
        total = np.zeros(self.size, np.int64)
        np.add.at(total, self.source, values)
        np.add.at(total, self.target, values)
        return total

    @property
    def strength(self) -> Ints:
        return self.per_node(self.weight)

    @property
    def partners(self) -> Ints:
        return self.per_node((self.weight > 0).astype(np.int64))


def fixed(weights: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.round(pc.multiply(weights, float(UNIT))).cast(pa.int64())


def between(table: pa.Table, years: tuple[int, int]) -> pa.Table:
    return table.filter(
        pc.and_(pc.greater_equal(table["year"], years[0]), pc.less_equal(table["year"], years[1]))
    )


def column_of(counting: str) -> str:
    if counting not in COUNTINGS:
        raise NotFound(f"no counting '{counting}'; there are: {', '.join(COUNTINGS)}")
    return COUNTINGS[counting].column


def share_above_k(edges: pa.Table, counting: str) -> float:
    column = column_of(counting)
    whole, small = (int(pc.sum(fixed(edges[c])).as_py() or 0) for c in (column, f"{column}_k"))
    return 1 - small / whole if whole else 0.0
