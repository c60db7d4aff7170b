"""What changed between two periods, whether coverage explains it, and who drives it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from coauth.count import cells
from coauth.count.cells import Cells, World
from coauth.count.question import Question
from coauth.queries import Measures
from coauth.stages.shifts import FELL, NOT_COMPARABLE, ROSE, UNCLEAR, false_discovery
from coauth.stages.shifts.coverage_breaks import Jump, jump
from coauth.stats.autoregression import beyond
from coauth.stats.completeness import Completeness, complete_weights
from coauth.stats.counts import Spread, compare_counts
from coauth.stats.incidence import COLUMNS, Flags, Floats, Integers
from coauth.stats.periods import Pool, Step, Sum, step

TOO_FEW = "too few works"
NONE = "none"
"""Beside the cells of an axis: works that are in none."""
COLUMNS_OF_CHANGE = (
    *("change", "change_low", "change_high"),
    *("difference", "difference_low", "difference_high"),
    *("weighted", "weighted_low", "weighted_high"),
    *("p_value", "q_value", "verdict", "why"),
)


@dataclass(frozen=True)
class Coverage:
    """The works of a question one by one: what each complete one stands for, and how likely it was
    to be complete.
    """

    cells: Cells
    """with weight, the works that complete ones stand for, and weight_squares, its variance by chance"""
    completeness: Completeness
    works: dict[tuple[str, ...], Integers]
    """rows of each cell's works in `completeness`"""
    year: Integers
    """of these rows"""

    @classmethod
    def of(cls, question: Question, world: World) -> Coverage:
        stored = world.rows["works"]
        columns = list(COLUMNS)
        works = stored.select(columns) if isinstance(stored, pa.Table) else stored.to_table(columns)
        works = works.filter(pc.field("included"))
        completeness = Completeness.of(works)
        weights = complete_weights(works, completeness)
        rows = cells.query(question, world, each_work=True)
        at = pc.index_in(rows["c"], works["work_id"].combine_chunks()).to_numpy().astype(np.int64)
        for name, values in (("weight", weights), ("weight_squares", weights**2)):
            rows = rows.append_column(name, pa.array(values[at]))
        depth = len(question.axes)
        frame = pd.DataFrame({n: rows[n].to_pandas() for n in ("a", "b")[:depth]})
        groups = (
            frame.groupby(list(frame.columns), sort=False).indices
            if depth
            else {(): np.arange(len(at))}
        )
        return cls(
            cells.collect(rows, question, world),
            completeness,
            {k if isinstance(k, tuple) else (k,): at[g] for k, g in groups.items()},
            works["year"].to_numpy(),
        )

    def jump(self, key: tuple[str, ...], question: Question) -> Jump | None:
        """How the share of partial works of a cell moved against what is expected of its works."""
        rows = self.works.get(key, np.zeros(0, np.int64))
        year = self.year[rows]
        inside = [rows[(year >= first) & (year <= last)] for first, last in question.periods or ()]
        return jump(inside, self.completeness.complete, self.completeness)


def judge(question: Question, rows: pd.DataFrame, coverage: Coverage, world: World) -> pd.DataFrame:
    """A row a cell: both periods side by side, the change of works a year, plain and weighted for
    coverage, q and verdict; sure changes first, then the largest.

    The rule is that of `coauth.stages.shifts.judge`: a change is called where the one weighted for
    coverage has an interval without 0 and q ≤ `false_discovery_rate`, and the plain one its sign; it is
    not comparable where the cell's own share of partial works moved more than its publishers, fields,
    years and team sizes explain. q is over all cells of at least `roster_min_works` works in both
    periods together; a single cell is always judged.
    """
    measures, grid = world.queries.measures, coverage.cells
    sides = [
        rows.iloc[n::2].set_index(list(question.axes))
        if question.axes
        else rows.iloc[n::2].reset_index(drop=True)
        for n in (0, 1)
    ]
    both = pd.concat(
        [s.add_prefix(p) for s, p in zip(sides, ("before_", "after_"), strict=True)],
        axis=1,
    )
    place = {key: n for n, key in enumerate(grid.keys)}
    keys = [k if isinstance(k, tuple) else (k,) for k in both.index] if question.axes else [()]
    at = [place[k] for k in keys]
    told = world.measured(grid.years), _spans(question, grid), measures.confidence
    plain = steps(grid["works"], grid["works"], at, *told)
    weighted = steps(grid["weight"], grid["weight_squares"], at, *told)
    works = both["before_works"].to_numpy() + both["after_works"].to_numpy()
    tested = (works >= measures.roster_min_works) | (len(keys) == 1)
    q, q_weighted = (discovery(several, tested) for several in (plain, weighted))
    said = [
        verdict(plain[i], weighted[i], q[i], q_weighted[i], coverage.jump(k, question), measures)
        if tested[i]
        else (TOO_FEW, "")
        for i, k in enumerate(keys)
    ]
    columns = np.array(
        [(*p[:6], *w[:3], p.p) for p, w in zip(plain, weighted, strict=True)], float
    ).reshape(-1, 10)
    for name, values in zip(COLUMNS_OF_CHANGE, columns.T, strict=False):
        both[name] = values
    both["q_value"] = q_weighted
    both["verdict"], both["why"] = ([v[n] for v in said] for n in (0, 1))
    rank = both["verdict"].map({ROSE: 0, FELL: 0, UNCLEAR: 1, NOT_COMPARABLE: 1, TOO_FEW: 2})
    order = np.lexsort((-both["difference"].abs().to_numpy(), rank.to_numpy()))
    return both.iloc[order].reset_index(drop=not question.axes)


def drivers(question: Question, grid: Cells, world: World) -> pd.DataFrame:
    """Contributions to the change, which add up to it: each work is divided evenly among its home
    institutions, partner countries or fields, or those of them that are asked for.

    `before` and `after` are works a year, `contribution` their difference with its interval; q over
    all. `part` is of the whole change, where that is more than chance. Works without any are `NONE`.
    """
    axis, measures = question.drivers, world.queries.measures
    told = world.measured(grid.years), _spans(question, grid), measures.confidence
    each = replace(question, by=(axis,), drivers="")
    rows = cells.query(each, world, each_work=True)
    works = rows["c"].combine_chunks().dictionary_encode().indices.to_numpy()
    part = 1 / np.bincount(works)[works]
    for name, column in (("split", part), ("split_squares", part**2)):
        rows = rows.append_column(name, pa.array(column))
    parts = cells.collect(rows, each, world)
    missing = len(grid.years) - len(parts.years)  # later years in which every work is in none
    split, squares = (
        np.pad(parts[name], ((0, 0), (0, missing))) for name in ("split", "split_squares")
    )
    rest = np.rint(grid["works"][0] - split.sum(axis=0))
    values, variances = np.vstack([split, rest]), np.vstack([squares, rest])
    names = [key[0] for key in parts.keys] + [NONE]
    sides = np.array([values[:, span].sum(axis=1) / span.sum() for span in told[1]])
    present = np.flatnonzero(sides.sum(axis=0) > 0)
    moves = steps(values, variances, present, *told)
    found = pd.DataFrame(
        {
            axis: [names[n] for n in present],
            "before": sides[0, present],
            "after": sides[1, present],
            "contribution": [m.difference for m in moves],
            "low": [m.difference_low for m in moves],
            "high": [m.difference_high for m in moves],
        }
    )
    (whole,) = steps(grid["works"], grid["works"], [0], *told)
    sure = whole.sign(measures.confidence)
    found["part"] = found["contribution"] / whole.difference if sure else np.nan
    found["p_value"] = [m.p for m in moves]
    found["q_value"] = false_discovery(found["p_value"].to_numpy())
    order = np.argsort(-found["contribution"].abs().to_numpy(), kind="stable")
    return found.iloc[order].reset_index(drop=True)


def _spans(question: Question, grid: Cells) -> list[Flags]:
    return [grid.span(*period) for period in question.periods or ()]


def steps(
    values: Floats,
    squares: Floats,
    rows: Sequence[int] | Integers,
    measured: Flags,
    spans: Sequence[Flags],
    confidence: float,
) -> list[Step]:
    """The change of each of these rows (of cells × years): of a single one from how its own years
    vary, of several from how all do (`Pool`).
    """
    x, v = values[rows], squares[rows]
    spreads: Sequence[Spread | Pool] = (
        Pool.of(x, v, measured)
        if len(rows) > 1
        else [Spread.of(np.where(measured, x[0], np.nan), v[0])]
    )
    moves = []
    for a, b, spread in zip(x, v, spreads, strict=True):
        before, after = (Sum.of(a, b, spread, span, confidence) for span in spans)
        moves.append(step(before, after, confidence))
    if len(rows) == 1 and all(span.sum() == 1 for span in spans):
        moves = [_between_years(moves[0], x[0], v[0], measured, spans, confidence)]
    return moves


def _between_years(
    plain: Step, x: Floats, v: Floats, measured: Flags, spans: Sequence[Flags], confidence: float
) -> Step:
    """The same with the interval and p of the report's headline: two years of one series, which
    resemble each other the more the nearer they are (`coauth.stats.autoregression`).
    """
    (first,), (last,) = (np.flatnonzero(span) for span in spans)
    if not (x[first] > 0 and x[last] > 0):
        return plain
    wander = beyond(np.where(measured, x, np.nan), int(first), int(last))
    chance = float(v[first] / x[first]), float(v[last] / x[last])
    change = compare_counts(x[first], x[last], confidence, wander, chance=chance)
    if change.low is None or change.high is None or change.p is None:
        return plain
    return plain._replace(low=change.low, high=change.high, p=change.p)


def discovery(several: Sequence[Step], tested: Flags) -> Floats:
    """q of each, over those that are tested; NaN of the others."""
    q = np.full(len(several), np.nan)
    q[tested] = false_discovery(np.array([s.p for s in several])[tested])
    return q


def verdict(
    plain: Step, weighted: Step, q: float, q_weighted: float, moved: Jump | None, measures: Measures
) -> tuple[str, str]:
    """Verdict and the key of its reason in the words of the report (`why`)."""
    if moved is not None and moved.hides(plain.difference, measures):
        return NOT_COMPARABLE, "own_coverage"
    rate, confidence = measures.false_discovery_rate, measures.confidence
    alone = plain.sign(confidence) * (q <= rate)
    stands = weighted.sign(confidence) * (q_weighted <= rate)
    if not stands:
        chance = plain.sign(confidence) and not alone
        return UNCLEAR, "weighted" if alone else "discovery" if chance else ""
    if stands * plain.difference <= 0:
        return UNCLEAR, "opposite"
    return (ROSE if stands > 0 else FELL), "stands" if alone == stands else "only_weighted"
