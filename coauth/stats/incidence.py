"""Which institutions stand on which works, as a sparse 0/1 matrix, and the windows of years it is
cut into.

`centrality`, `shifts` and `pairs` all begin here. Rows are the included works sorted by id, columns
the institutions sorted by id, so nothing below depends on the order in which rows arrive.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp
from numpy.typing import NDArray

from coauth.queries import Measures, Period, Scope, Years

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

COLUMNS = (
    "work_id",
    "year",
    "included",
    "affiliation_status",
    "publisher",
    "field_id",
    "n_authors",
)
"""What is asked of a work once it stands in a matrix: every window of every process holds no more.
"""

ONE = 2**40
"""One work, in the integers in which fractional weights are summed."""


@dataclass(frozen=True)
class Incidence:
    """Works × institutions.

    Examples
    --------
    >>> from coauth.tables.schemas import WORKS
    >>> works = pa.table({"work_id": ["W2", "W1", "W3"], "year": [2020, 2020, 2021], "included": [True, True, False],
    ...                   "affiliation_status": ["complete", "partial", "complete"]})
    >>> affiliations = pa.table({"work_id": ["W1", "W2", "W1", "W3"], "institution_id": ["I9", "I1", "I1", "I1"]})
    >>> world = incidence(works, affiliations)
    >>> world.institutions.tolist(), world.team.tolist(), world.matrix.toarray().tolist()
    (['I1', 'I9'], [2, 1], [[1.0, 1.0], [1.0, 0.0]])
    """

    matrix: sp.csr_array
    """works × institutions, 1.0 where the institution is on the work"""
    institutions: NDArray[np.object_]
    works: pa.Table
    """the included works, in the order of the rows; of `COLUMNS` those that the table had"""
    shares: Floats | None = None
    """author_share of each entry of `matrix`, in its order; None where the table had none"""

    @cached_property
    def team(self) -> Integers:
        """k: institutions on each work."""
        return np.asarray(np.diff(self.matrix.indptr), np.int64)

    @cached_property
    def year(self) -> Integers:
        return np.asarray(self.works["year"].to_numpy(), np.int64)

    @cached_property
    def complete(self) -> Flags:
        """Every authorship of the work has an institution."""
        return np.asarray(
            pc.equal(self.works["affiliation_status"], "complete").to_numpy(zero_copy_only=False),
            bool,
        )

    @cached_property
    def by_institution(self) -> sp.csr_array:
        """institutions × works."""
        return sp.csr_array(self.matrix.T)

    def within(self, window: Years) -> Flags:
        return np.asarray((window[0] <= self.year) & (self.year <= window[1]))

    def only(self, keep: Flags) -> Incidence:
        """These works, and the institutions that stand on at least one of them."""
        matrix = self.matrix[np.flatnonzero(keep)]
        seen = np.flatnonzero(np.bincount(matrix.indices, minlength=matrix.shape[1]))
        place = np.zeros(matrix.shape[1], matrix.indices.dtype)
        place[seen] = np.arange(len(seen))
        matrix = sp.csr_array(
            (matrix.data, place[matrix.indices], matrix.indptr), shape=(matrix.shape[0], len(seen))
        )
        shares = None if self.shares is None else self.shares[np.repeat(keep, self.team)]
        return Incidence(matrix, self.institutions[seen], self.works.filter(pa.array(keep)), shares)

    def count(self, keep: Flags) -> Integers:
        """Works of each institution among these."""
        return np.asarray(self.by_institution @ keep.astype(np.int64), np.int64)


def incidence(works: pa.Table, affiliations: pa.Table) -> Incidence:
    """The included works of WORKS against the institutions of AFFILIATIONS."""
    works = (
        works.select([name for name in COLUMNS if name in works.column_names])
        .filter(works["included"])
        .sort_by("work_id")
    )
    row = pc.index_in(affiliations["work_id"], works["work_id"].combine_chunks())
    affiliations = affiliations.filter(pc.is_valid(row))
    ids = pc.unique(affiliations["institution_id"]).sort()
    rows = row.filter(pc.is_valid(row)).to_numpy()
    columns = pc.index_in(affiliations["institution_id"], ids).to_numpy()
    order = np.lexsort((columns, rows))
    starts = np.searchsorted(rows[order], np.arange(works.num_rows + 1))
    matrix = sp.csr_array(
        (np.ones(len(rows)), columns[order], starts), shape=(works.num_rows, len(ids))
    )
    named = "author_share" in affiliations.column_names
    shares = affiliations["author_share"].to_numpy()[order] if named else None
    return Incidence(matrix, ids.to_numpy(zero_copy_only=False).astype(object), works, shares)


def windows(scope: Scope, measures: Measures) -> list[Years]:
    """Sliding windows of `measures.window` years, a step of one year; none if the scope is shorter."""
    return [
        (y, y + measures.window - 1)
        for y in scope.years
        if y + measures.window - 1 <= scope.last_year
    ]


def comparisons(scope: Scope, measures: Measures) -> list[Period]:
    """The pairs of windows asked for whose years are all measured."""
    return [
        (b, a)
        for b, a in measures.comparisons
        if b[0] >= scope.first_year and a[1] <= scope.last_year
    ]
