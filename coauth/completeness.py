"""How likely it is that a work's affiliations are complete, given who published it, in what field, when, by how many.

Publishers deposit affiliations for some years and not for others. A work is *complete* when every authorship on it has
an institution; weighting complete works by 1/P(complete) lets them speak for the works their publishers spoiled
(Horvitz & Thompson 1952, doi 10.1080/01621459.1952.10483446). What it cannot do: see a work that lost *all* its
domestic affiliations, since that work was never harvested, or repair a loss tied to one institution.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from coauth.incidence import Flags, Floats, Integers
from coauth.queries import Measures

LEVELS = (
    (),
    ("year",),
    ("year", "team"),
    ("publisher", "year"),
    ("publisher", "year", "team"),
    ("publisher", "field", "year", "team"),
)
"""Each level of cells is drawn towards the one above it."""

TEAMS = (2, 4, 8, 16)
"""Where the classes of team size begin: 1, 2–3, 4–7, 8–15 and 16 or more authorships."""


def complete_probability(works: pa.Table, measures: Measures) -> Floats:
    """P(complete | publisher, field, year, team size) of every row of WORKS, fitted on the included ones.

    In a cell of n works of which c are complete, p = (c + a·p′)/(n + a), where p′ is the probability one level up
    (`LEVELS`) and a is `measures.coverage_prior_works`. An unknown publisher or field is a category of its own. A
    complete work always has p > 0. Nothing is trimmed: a rare complete work of a spoiled publisher weighs much, and the
    interval of whatever rests on it shows that.
    """
    return Completeness.of(works, measures).probability()


@dataclass(frozen=True)
class Completeness:
    """The counts the probabilities are made of, so that a part of the works can be taken out of them."""

    cells: tuple[Integers, ...]
    """for each level, the cell of each work"""
    counted: Flags
    """included works"""
    complete: Flags
    prior: float

    @classmethod
    def of(cls, works: pa.Table, measures: Measures) -> Completeness:
        authors = np.maximum(works["n_authors"].to_numpy(), 1)
        columns = {
            "publisher": _codes(works["publisher"]), "field": _codes(works["field_id"]),
            "year": _codes(works["year"]), "team": np.digitize(authors, TEAMS).astype(np.int64),
        }  # fmt: skip
        included = np.asarray(works["included"].to_numpy(zero_copy_only=False), bool)
        status = pc.equal(works["affiliation_status"], "complete")
        complete = np.asarray(status.to_numpy(zero_copy_only=False), bool) & included
        cells = tuple(_cells(works.num_rows, [columns[name] for name in level]) for level in LEVELS)
        return cls(cells, included, complete, measures.coverage_prior_works)

    @cached_property
    def _counts(self) -> list[tuple[Floats, Floats]]:
        """(works, complete works) in each cell of each level."""
        return [(_tally(cell, self.counted), _tally(cell, self.complete)) for cell in self.cells]

    def probability(self) -> Floats:
        p = np.full(len(self.complete), 0.5)
        for level, (cell, (n, c)) in enumerate(zip(self.cells, self._counts, strict=True)):
            p = self._drawn(n[cell], c[cell], p, level)
        return p

    def without(self, rows: Integers) -> tuple[Floats, Floats]:
        """For these works: P(complete) had they not been among the works it is fitted on, and the variance of "complete".

        The variance is that of a beta-binomial: m works of one cell share the cell's unknown rate, known from n other
        works and the prior a, so each has p(1−p)(1 + (m−1)/(n + a + 1)), their covariances shared out among them.
        """
        p = np.full(len(rows), 0.5)
        spread = np.ones(len(rows))
        for level, (cell, (n_all, c_all)) in enumerate(zip(self.cells, self._counts, strict=True)):
            cells, own = np.unique(cell[rows], return_inverse=True)
            mine = _tally(own, self.counted[rows])
            n, c = n_all[cells] - mine, c_all[cells] - _tally(own, self.complete[rows])
            p = self._drawn(n[own], c[own], p, level)
            spread = 1 + (np.maximum(mine - 1, 0) / (n + self.prior + 1))[own]
        return p, p * (1 - p) * spread

    def _drawn(self, n: Floats, c: Floats, towards: Floats, level: int) -> Floats:
        prior = self.prior if level else 0.0  # the overall rate is taken as it is
        return np.divide(c + prior * towards, n + prior, out=towards.copy(), where=n + prior > 0)


def _tally(cell: Integers, what: Flags) -> Floats:
    return np.asarray(np.bincount(cell, what.astype(np.float64)), np.float64)


def _codes(column: pa.ChunkedArray) -> Integers:
    """0 for null, else 1 + the rank of the value, so that the order of rows is of no account."""
    values = pc.unique(column).drop_null().sort()
    return np.asarray(pc.fill_null(pc.index_in(column, values), -1).to_numpy(), np.int64) + 1


def _cells(rows: int, columns: list[Integers]) -> Integers:
    code = np.zeros(rows, np.int64)
    for column in columns:
        joint = code * (column.max(initial=0) + 1) + column
        code = np.unique(joint, return_inverse=True)[1].reshape(-1).astype(np.int64)
    return code
