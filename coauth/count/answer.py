"""Cells with what is to be known of each: works and share, each with its interval, and coverage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from coauth.count import cells, change
from coauth.count.cells import PART, Cells, World
from coauth.count.question import Question
from coauth.errors import NotFound, QueryError
from coauth.queries import Years
from coauth.stats.counts import of_series, of_shares
from coauth.stats.incidence import Floats


@dataclass(frozen=True)
class Answer:
    """A question and what it comes to."""

    question: Question
    rows: pd.DataFrame
    """a cell a row, or a cell and year or window"""
    drivers: pd.DataFrame | None = None

    @property
    def main(self) -> pd.DataFrame:
        """What is drawn, and written where there is one table: who drives it, where that is asked."""
        return self.rows if self.drivers is None else self.drivers

    @property
    def axes(self) -> list[str]:
        """The things that these rows are about."""
        return [*self.question.axes] if self.drivers is None else [self.question.drivers]


def answer(question: Question, world: World) -> Answer:
    """Columns of `rows`: one for each axis; first_year, last_year; works, works_low, works_high; of
    the base, where there is one, share, share_low, share_high, base_works; coverage, the share of
    complete works among all works of the same years and publishers; works_complete; preliminary. Of
    two periods, a row a cell: all of these with `before_` and `after_`, and `change.COLUMNS`.

    Raises `NotFound` for a question that no work meets.
    """
    coverage = change.Coverage.of(question, world) if question.periods else None
    grid = coverage.cells if coverage else cells.count(question, world)
    base = question.base()
    whole = _whole(question, base, grid, world) if base else None
    rows = tell(question, grid, whole, world)
    if not rows["works"].sum():
        raise NotFound(
            f"no work meets this question in {question.years[0]}-{question.years[1]}; the years of its works are {_span(grid)}"
        )
    if coverage is None:
        return Answer(question, rows)
    drivers = change.drivers(question, grid, world) if question.drivers else None
    return Answer(question, change.judge(question, rows, coverage, world), drivers)


def spans(question: Question, world: World) -> list[Years]:
    """The years that are told together."""
    if question.periods:
        return list(question.periods)
    first, last = question.years
    wide = world.queries.measures.window
    if "year" in question.by:
        return [(y, y) for y in range(first, last + 1)]
    if "window" in question.by:
        if last - first + 1 < wide:
            raise QueryError(f"a window is {wide} years (queries/measures.toml); ask for as many")
        return [(y, y + wide - 1) for y in range(first, last - wide + 2)]
    return [(first, last)]


def _whole(question: Question, base: Question, grid: Cells, world: World) -> Floats:
    """Works of the base beside each cell."""
    if question.of == "international":
        inside = cells.count(question.only_international(), world)
        if inside["works"].sum() != grid["works"].sum():
            raise QueryError(
                f"{grid['works'].sum() - inside['works'].sum():,.0f} of these works have no partner abroad, so they are no share of the international ones; give --of all"
            )
    of = cells.count(base, world)
    at = {key: n for n, key in enumerate(of.keys)}
    shared = [question.axes.index(axis) for axis in base.axes]
    found = np.zeros_like(grid["works"])
    for n, key in enumerate(grid.keys):
        row = at.get(tuple(key[i] for i in shared))
        if row is not None:
            wide = min(found.shape[1], len(of.years))
            found[n, :wide] = of["works"][row, :wide]
    return found


def tell(question: Question, grid: Cells, whole: Floats | None, world: World) -> pd.DataFrame:
    """A row for each cell and span: cells with most works first, spans in order. Cells without a
    work in the spans are left out, but for those asked for by name.
    """
    confidence = world.queries.measures.confidence
    measured = world.measured(grid.years)
    told = spans(question, world)
    marks = np.array([grid.span(*span) for span in told])
    named = {(v,) for a in question.axes for v in question.cells(a, world.queries)}
    size = grid["works"] @ marks.any(axis=0)
    kept = [n for n in range(len(size)) if size[n] or not question.axes or grid.keys[n] in named]
    kept.sort(key=lambda n: (-size[n], grid.keys[n]))
    parts = []
    for n in kept:
        yearly = grid["works"][n]
        works, covered, complete = (
            marks @ grid[name][n] for name in ("works", "covered", "works_complete")
        )
        columns = [works, *of_series(yearly, measured, confidence, spans=marks)]
        if whole is not None:
            total = marks @ whole[n]
            columns += [
                _ratio(works, total),
                *of_shares(yearly, whole[n], measured, confidence, spans=marks),
                total,
            ]
        parts.append(np.column_stack([*columns, _ratio(covered / PART, works), complete]))
    share = [] if whole is None else ["share", "share_low", "share_high", "base_works"]
    names = ["works", "works_low", "works_high", *share, "coverage", "works_complete"]
    rows = pd.DataFrame(np.vstack(parts) if parts else np.zeros((0, len(names))), columns=names)
    rows = rows.astype({n: "int64" for n in names if n in COUNTS})
    for place, axis in enumerate(question.axes):
        rows.insert(place, axis, np.repeat([grid.keys[n][place] for n in kept], len(told)))
    for place, (name, values) in enumerate(
        zip(("first_year", "last_year"), zip(*told, strict=True), strict=True), len(question.axes)
    ):
        rows.insert(place, name, np.tile(values, len(kept)))
    rows["preliminary"] = np.tile((marks & ~measured).any(axis=1), len(kept))
    return rows


COUNTS = ("works", "base_works", "works_complete")


def _ratio(some: Floats, of: Floats) -> Floats:
    return np.asarray(np.divide(some, of, out=np.full(len(of), np.nan), where=of > 0))


def _span(grid: Cells) -> str:
    years = grid.years[grid["works"].sum(axis=0) > 0].astype(int)
    return f"{years.min()}-{years.max()}" if len(years) else "none"
