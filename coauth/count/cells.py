"""The statement put: works of every cell, year by year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

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
PART = 2**30
"""The unit in which shares are summed."""


@dataclass(frozen=True)
class World:
    """The tables of a vintage and an engine to ask them with."""

    engine: Engine
    rows: Mapping[str, Rows]
    queries: Queries

    def measured(self, years: Floats) -> Flags:
        """Those of the years that are settled."""
        return np.isin(years, self.queries.scope.settled)


@dataclass(frozen=True)
class Cells:
    """Numbers of each cell (row) in each year (column)."""

    keys: list[tuple[str, ...]]
    """values of the question's axes"""
    years: Floats
    numbers: Mapping[str, Floats]
    """works, works_complete, covered; of a change also weight, weight_squares; of who drives it split,
    split_squares"""

    def __getitem__(self, name: str) -> Floats:
        return self.numbers[name]

    def span(self, first: int, last: int) -> Flags:
        return np.asarray((first <= self.years) & (self.years <= last))


def parameters(
    question: Question, queries: Queries, *, each_work: bool = False
) -> dict[str, pa.Table]:
    """The question as the tables that the statement joins; with `each_work` every work is a
    row of its own within its cell.
    """
    axes = [(n, question.dimension(axis)) for n, axis in enumerate(question.axes, 1)]
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
        "parts": pa.table([pa.array(["work"] * each_work, STRING)], names=["part"]),
    }


def _table(names: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> pa.Table:
    kinds = [INT, *[STRING] * (len(names) - 1)]
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return pa.table(
        [pa.array(c, k) for c, k in zip(columns, kinds, strict=True)], names=list(names)
    )


def query(question: Question, world: World, *, each_work: bool = False) -> pa.Table:
    """Rows of the statement."""
    if "count" not in world.engine.statements:
        raise NotFound(
            "queries/sql has no count.sql: it is of an earlier coauth; run `coauth init` on this folder, which adds it"
        )
    tables = {**world.rows, **parameters(question, world.queries, each_work=each_work)}
    return world.engine.query(world.engine.statement("count"), "queries/sql/count.sql", **tables)


def count(question: Question, world: World) -> Cells:
    """The cells of a question (`collect`)."""
    return collect(query(question, world), question, world)


def collect(rows: pa.Table, question: Question, world: World) -> Cells:
    """Every cell in all years that are measured or hold a work, whatever years are asked for: how
    much a series varies is read from all of them. Rows of one cell and year are summed.

    Raises `NotFound` where no work meets the question, naming the filter that left none.
    """
    scope, depth = world.queries.scope, len(question.axes)
    if not rows.num_rows:
        raise NotFound(_empty(question, world))
    codes = np.zeros(rows.num_rows, np.int64)
    keys: list[tuple[str, ...]] = [] if depth else [()]
    if depth:
        columns = [rows[c].combine_chunks().dictionary_encode() for c in ("a", "b")[:depth]]
        for column in columns:
            codes = codes * len(column.dictionary) + column.indices.to_numpy()
        present, codes = np.unique(codes, return_inverse=True)
        sizes = [len(c.dictionary) for c in columns]
        places = np.unravel_index(present, sizes)
        names = [
            c.dictionary.take(pa.array(p)).to_pylist() for c, p in zip(columns, places, strict=True)
        ]
        keys = list(zip(*names, strict=True))
    if depth == 1:  # nothing of what is named is an answer too
        more = question.cells(question.axes[0], world.queries)
        keys = list(dict.fromkeys([*keys, *((v,) for v in more)]))
    year = rows["year"].to_numpy()
    last = max(scope.last_year, question.years[1], int(year.max()))
    years = np.arange(scope.first_year, last + 1)
    inside = year >= scope.first_year
    place = codes[inside], year[inside] - scope.first_year
    numbers = {}
    for name in (n for n in rows.column_names if n not in ("a", "b", "c", "year")):
        numbers[name] = np.zeros((len(keys), len(years)))
        values = pc.fill_null(rows[name], 0).to_numpy().astype(np.float64)
        np.add.at(numbers[name], place, values[inside])
    return Cells(keys, years.astype(np.float64), numbers)


def _empty(question: Question, world: World) -> str:
    """Which filter left how many works, one after another."""
    left = []
    for n in range(len(question.clauses) + 1):
        some = Question(question.clauses[:n], (), question.years)
        works = sum(query(some, world)["works"].to_pylist())
        name = (
            f"{some.clauses[-1].filter} {' or '.join(t.value for t in some.clauses[-1].things)}"
            if n
            else "all years"
        )
        left.append(f"{name} leaves {works:,}")
    return f"no work meets this question: {', then '.join(left)}; take a filter out"
