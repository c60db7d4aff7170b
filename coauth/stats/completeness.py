"""How likely it is that a work's affiliations are complete, given who published it, in what field,
when, by how many.

Publishers deposit affiliations for some years and not for others. A work is *complete* when every
authorship on it has an institution; weighting complete works by 1/P(complete) lets them speak for
the works their publishers spoiled (Horvitz & Thompson 1952, doi 10.1080/01621459.1952.10483446).
What it cannot do: see a work that lost *all* its domestic affiliations, since that work was never
harvested, or repair a loss tied to one institution.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from coauth.stats.incidence import Flags, Floats, Integers

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


SMALLEST = 20
"""Included works of a year from which a publisher's complete works are weighted up to that
publisher's own number. Of fewer, some publishers would have no complete work at all, and those that
have one by chance would stand for themselves alone.
"""


def complete_weights(works: pa.Table, completeness: Completeness | None = None) -> Floats:
    """How many works each row of WORKS stands for: about 1/P(complete | publisher, field, year,
    team size); 0 if not complete.

    P is `Completeness.probability`. The weights of the complete works of one publisher and year are
    then scaled to add up to its included works (calibration: Deville & Särndal 1992, doi
    10.1080/01621459.1992.10475217), since drawing P towards others' takes a complete work of a
    spoiled publisher for likelier than it was. Publishers with fewer than `SMALLEST` works in a
    year, or with none complete, are calibrated together. Nothing is trimmed: a rare complete work
    of a spoiled publisher weighs much, the interval of whatever rests on it shows that, and where
    too few are left `shifts` refuses to judge.
    """
    completeness = completeness or Completeness.of(works)
    raw = np.divide(
        1.0, completeness.probability(), out=np.zeros(works.num_rows), where=completeness.complete
    )
    publisher = completeness.cells[LEVELS.index(("publisher", "year"))]
    enough = (_tally(publisher, completeness.counted) >= SMALLEST) & (
        _tally(publisher, completeness.complete) > 0
    )
    year = completeness.cells[LEVELS.index(("year",))]
    cell = np.where(enough[publisher], 1 + publisher, -1 - year)
    _, cell = np.unique(cell, return_inverse=True)
    stands_for = np.bincount(cell, raw).astype(np.float64)  # of nothing, numpy makes integers
    return np.asarray(
        raw
        * np.divide(
            _tally(cell, completeness.counted),
            stands_for,
            out=np.zeros_like(stands_for),
            where=stands_for > 0,
        )[cell]
    )


@dataclass(frozen=True)
class Completeness:
    """How often works are complete, cell by cell, so that a part of the works can be taken out of
    it.

    In a cell of n works of which c are complete, p = (c + a·p′)/(n + a), where p′ is the
    probability one level up (`LEVELS`) and a = (1−ρ)/ρ. ρ is how alike the works of one cell are
    beyond what p′ says of each, measured at each level over all its cells by the method of moments
    (beta-binomial: Kleinman 1973, doi 10.1080/01621459.1973.10481332):

        ρ = Σ_cells (c − Σp′)² − Σp′(1−p′)  over  Σ_cells (Σ√(p′(1−p′)))² − Σp′(1−p′),  kept within 0 … 1.

    Publishers differ much, so that a publisher and year speak for themselves from a few works on;
    fields within them differ little, so that a small cell is nearly its publisher's. An unknown
    publisher or field is a category of its own.
    """

    cells: tuple[Integers, ...]
    """for each level, the cell of each work"""
    counted: Flags
    """included works"""
    complete: Flags

    @classmethod
    def of(cls, works: pa.Table) -> Completeness:
        authors = np.maximum(works["n_authors"].to_numpy(), 1)
        columns = {
            "publisher": _codes(works["publisher"]),
            "field": _codes(works["field_id"]),
            "year": _codes(works["year"]),
            "team": np.digitize(authors, TEAMS).astype(np.int64),
        }
        included = np.asarray(works["included"].to_numpy(zero_copy_only=False), bool)
        status = pc.equal(works["affiliation_status"], "complete")
        complete = np.asarray(status.to_numpy(zero_copy_only=False), bool) & included
        cells = tuple(_cells(works.num_rows, [columns[name] for name in level]) for level in LEVELS)
        return cls(cells, included, complete)

    @cached_property
    def _counts(self) -> list[tuple[Floats, Floats]]:
        """(works, complete works) in each cell of each level."""
        return [(_tally(cell, self.counted), _tally(cell, self.complete)) for cell in self.cells]

    @cached_property
    def _levels(self) -> tuple[Floats, tuple[float, ...]]:
        """p of each work, and ρ of each level; the overall rate is taken as it is (ρ = 1)."""
        p, alike = np.full(len(self.complete), 0.5), list[float]()
        for cell, (n, c) in zip(self.cells, self._counts, strict=True):
            alike.append(_alike(cell[self.counted], c, p[self.counted]) if alike else 1.0)
            p = _drawn(n[cell], c[cell], p, alike[-1])
        return p, tuple(alike)

    def probability(self) -> Floats:
        return self._levels[0]

    def without(self, rows: Integers) -> tuple[Floats, Floats]:
        """For these works: P(complete) had they not been among the works it is fitted on, and the
        variance of "complete".

        The variance is that of a beta-binomial: m works of one cell share the cell's unknown rate,
        known from n other works and the prior a, so each has p(1−p)(1 + (m−1)/(n + a + 1)), their
        covariances shared out among them. What is unknown one level up counts with the square of
        the part p takes from there, a/(n + a).
        """
        p = np.full(len(rows), 0.5)
        shared = np.zeros(len(rows))
        for alike, cell, (n_all, c_all) in zip(
            self._levels[1], self.cells, self._counts, strict=True
        ):
            cells, own = np.unique(cell[rows], return_inverse=True)
            mine = _tally(own, self.counted[rows])
            n, c = n_all[cells] - mine, c_all[cells] - _tally(own, self.complete[rows])
            p = _drawn(n[own], c[own], p, alike)
            above = np.divide(
                1 - alike,
                1 - alike + alike * n,
                out=np.ones_like(n),
                where=1 - alike + alike * n > 0,
            )
            shared = (above**2)[own] * shared + (alike * np.maximum(mine - 1, 0) / (alike * n + 1))[
                own
            ]
        return p, p * (1 - p) * (1 + shared)


def _alike(cell: Integers, complete: Floats, p: Floats) -> float:
    """ρ of a level: its cells' complete works against the probabilities p of their works one level
    up.
    """
    variance = p * (1 - p)
    sums = [np.bincount(cell, x, minlength=len(complete)) for x in (p, variance, np.sqrt(variance))]
    extra, pairs = (complete - sums[0]) ** 2 - sums[1], sums[2] ** 2 - sums[1]
    return float(np.clip(extra.sum() / pairs.sum(), 0, 1)) if pairs.sum() > 0 else 0.0


def _drawn(n: Floats, c: Floats, towards: Floats, alike: float) -> Floats:
    """(c + a·towards)/(n + a) with a = (1−ρ)/ρ; `towards` where there is nothing to go by."""
    known = 1 - alike + alike * n
    return np.divide((1 - alike) * towards + alike * c, known, out=towards.copy(), where=known > 0)


def _tally(cell: Integers, flags: Flags) -> Floats:
    return np.asarray(np.bincount(cell, flags.astype(np.float64)), np.float64)


def _codes(column: pa.ChunkedArray) -> Integers:
    """0 for null, else 1 + the rank of the value, so that the order of rows is of no account."""
    values = pc.unique(column).drop_null().sort()
    return np.asarray(pc.fill_null(pc.index_in(column, values), -1).to_numpy(), np.int64) + 1


def _cells(rows: int, columns: list[Integers]) -> Integers:
    """The cell of each row, numbered in the order of the columns' codes."""
    code, room = np.zeros(rows, np.int64), 1
    for column in columns:
        size = int(column.max(initial=0)) + 1
        if room * size >= LARGEST:
            code, room = _rank(code, room), rows
        code, room = code * size + column, room * size
    return _rank(code, room)


LARGEST = 2**62
TABLE = 2**22
"""Codes below which ranks are looked up in a table, which is faster than sorting."""


def _rank(code: Integers, room: int) -> Integers:
    if room > TABLE:
        return np.unique(code, return_inverse=True)[1].reshape(-1).astype(np.int64)
    taken = np.zeros(room, bool)
    taken[code] = True
    return np.asarray(np.cumsum(taken)[code] - 1, np.int64)
