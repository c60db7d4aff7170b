"""The statement put: works of every cell, year by year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from coauth.count.question import Question
from coauth.engine import Engine, Rows
from coauth.errors import NotFound
from coauth.queries import Queries
from coauth.stats.incidence import Flags, Floats
from coauth.tables.contract import INT, STRING
from coauth.tables.schemas import Name

TABLES: tuple[Name, ...] = (
    "works",
    "affiliations",
    "countries",
    "technologies",
    "memberships",
    "listed",
    "coverage",
)
"""What the statement reads of a vintage."""
PART, WEIGHT = 2**30, 2**20
"""Units in which shares and weights are summed."""
WEIGHTS = pa.schema([("work_id", STRING), ("weight", INT)])


@dataclass(frozen=True)
class World:
    """The tables of a vintage and an engine to ask them with."""

    engine: Engine
    rows: Mapping[str, Rows]
    queries: Queries

    def measured(self, years: Floats) -> Flags:
        """The years that are not preliminary: how much a series varies is read from these."""
        scope = self.queries.scope
        return np.array([y <= scope.last_year and y not in scope.preliminary for y in years])


@dataclass(frozen=True)
class Cells:
    """Numbers of each cell (row) in each year (column)."""

    keys: list[tuple[str, ...]]
    """values of the question's axes"""
    years: Floats
    numbers: Mapping[str, Floats]
    """works, works_complete, covered, split, split_squares, weight, weight_squares"""

    def __getitem__(self, name: str) -> Floats:
        return self.numbers[name]

    def span(self, first: int, last: int) -> Flags:
        return np.asarray((first <= self.years) & (self.years <= last))


def parameters(
    question: Question, queries: Queries, *, each_work: bool = False
) -> dict[str, pa.Table]:
    """The question as the tables that the statement joins; with `each_work` every work is a cell of
    its own within the cells asked for.
    """
    axes = [(n, question.dimension(axis)) for n, axis in enumerate(question.axes, 1)]
    axes += [(3, "work")] * each_work
    wanted = [
        (n, thing.kind, thing.value)
        for n, c in enumerate(question.clauses, 1)
        for thing in c.things
    ]
    shown = [(n, v) for n, a in enumerate(question.axes, 1) for v in question.cells(a, queries)]
    return {
        "axes": _table(("axis", "dimension"), axes),
        "wanted": _table(("clause", "dimension", "value"), wanted),
        "shown": _table(("axis", "value"), shown),
        "weights": WEIGHTS.empty_table(),
    }


def _table(names: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> pa.Table:
    kinds = [INT, *[STRING] * (len(names) - 1)]
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return pa.table(
        [pa.array(c, k) for c, k in zip(columns, kinds, strict=True)], names=list(names)
    )


def query(
    question: Question, world: World, weights: pa.Table | None = None, *, each_work: bool = False
) -> pa.Table:
    """Rows of the statement."""
    given = parameters(question, world.queries, each_work=each_work)
    if weights is not None:
        given["weights"] = weights
    if "count" not in world.engine.statements:
        raise NotFound(
            "queries/sql has no count.sql: it is of an earlier coauth; run `coauth init` on this folder, which adds it"
        )
    return world.engine.query(
        world.engine.statement("count"), "queries/sql/count.sql", **{**world.rows, **given}
    )


def count(question: Question, world: World, weights: pa.Table | None = None) -> Cells:
    """Every cell in all years that are measured or hold a work, whatever years are asked for: how
    much a series varies is read from all of them.

    Raises `NotFound` where no work meets the question, naming the filter that left none.
    """
    rows = query(question, world, weights).to_pandas()
    scope, depth = world.queries.scope, len(question.axes)
    if rows.empty and (question.clauses or question.axes):
        raise NotFound(_empty(question, world))
    columns = ["a", "b"][:depth]
    keys: list[tuple[str, ...]] = [()]
    if depth:
        keys = list(dict.fromkeys(zip(*(rows[c] for c in columns), strict=True)))
    if depth == 1:  # nothing of what is named is an answer too
        named = [(v,) for v in question.cells(question.axes[0], world.queries)]
        keys = list(dict.fromkeys([*keys, *named]))
    at = {key: n for n, key in enumerate(keys)}
    codes = (
        [at[k] for k in zip(*(rows[c] for c in columns), strict=True)] if depth else [0] * len(rows)
    )
    last = max([scope.last_year, question.years[1] if not question.periods else 0, *rows["year"]])
    years = np.arange(scope.first_year, last + 1)
    numbers = {}
    kept = (rows["year"] >= scope.first_year).to_numpy()
    place = (np.array(codes)[kept], rows["year"].to_numpy()[kept] - scope.first_year)
    for name in rows.columns.difference(["a", "b", "c", "year"]):
        matrix = np.zeros((len(keys), len(years)))
        matrix[place] = rows[name].fillna(0).to_numpy(float)[kept]
        numbers[name] = matrix
    return Cells(keys, years.astype(float), numbers)


def _empty(question: Question, world: World) -> str:
    """Which filter left how many works, one after another."""
    left = []
    for n in range(len(question.clauses) + 1):
        some = Question(question.clauses[:n], (), question.years)
        works = pd.Series(query(some, world)["works"].to_pylist(), dtype="int64").sum()
        name = (
            f"{some.clauses[-1].filter} {' or '.join(t.value for t in some.clauses[-1].things)}"
            if n
            else "all years"
        )
        left.append(f"{name} leaves {works:,}")
    return f"no work meets this question: {', then '.join(left)}; take a filter out"
