"""Which institutions stand on which works, as a sparse 0/1 matrix, and the windows of years it is cut into.

`centrality`, `shifts` and `pairs` all begin here. Rows are the included works sorted by id, columns the institutions
sorted by id, so nothing below depends on the order in which rows arrive.
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

ONE = 2**40
"""One work, in the integers in which fractional weights are summed."""


@dataclass(frozen=True)
class Incidence:
    """Works × institutions.

    Examples
    --------
    >>> from coauth.tables import WORKS
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
    """the included works, in the order of the rows"""

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
        return np.asarray(pc.equal(self.works["affiliation_status"], "complete").to_numpy(zero_copy_only=False), bool)

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
        return Incidence(sp.csr_array(matrix[:, seen]), self.institutions[seen], self.works.filter(pa.array(keep)))

    def count(self, keep: Flags) -> Integers:
        """Works of each institution among these."""
        return np.asarray(self.by_institution @ keep.astype(np.int64), np.int64)


def incidence(works: pa.Table, affiliations: pa.Table) -> Incidence:
    """The included works of WORKS against the institutions of AFFILIATIONS."""
    works = works.filter(works["included"]).sort_by("work_id")
    row = pc.index_in(affiliations["work_id"], works["work_id"].combine_chunks())
    affiliations = affiliations.filter(pc.is_valid(row))
    ids = pc.unique(affiliations["institution_id"]).sort()
    rows = row.filter(pc.is_valid(row)).to_numpy()
    columns = pc.index_in(affiliations["institution_id"], ids).to_numpy()
    matrix = sp.csr_array((np.ones(len(rows)), (rows, columns)), shape=(works.num_rows, len(ids)))
    return Incidence(matrix, ids.to_numpy(zero_copy_only=False).astype(object), works)


def pair_weight(team: Integers, counting: str) -> Integers:
    """What a work of k institutions adds to each of its pairs, in units of 1/2⁴⁰ work (0 where k < 2).

    newman 1/(k−1) (Newman 2001, doi 10.1103/PhysRevE.64.016132), full 1, strict 2/(k(k−1)). Integers, because float
    sums change in their last bits with order and threads, and equal paths would no longer be equal.

    >>> [pair_weight(np.array([1, 2, 3]), c).tolist() == [0, ONE, w] for c, w in
    ...  (("newman", ONE // 2), ("full", ONE), ("strict", ONE // 3))]
    [True, True, True]
    """
    k = np.maximum(team, 2)
    weight = {"newman": ONE // (k - 1), "full": np.full_like(k, ONE), "strict": 2 * ONE // (k * (k - 1))}[counting]
    return np.where(team >= 2, weight, 0)


def strength_weight(team: Integers, counting: str) -> Floats:
    """What a work of k ≥ 2 institutions adds to the strength of each: newman 1, full k−1, strict 2/k.

    >>> strength_weight(np.array([2, 4]), "newman").tolist(), strength_weight(np.array([2, 4]), "strict").tolist()
    ([1.0, 1.0], [1.0, 0.5])
    """
    k = np.maximum(team, 2).astype(np.float64)
    weight = {"newman": np.ones_like(k), "full": k - 1, "strict": 2 / k}[counting]
    return np.where(team >= 2, weight, 0.0)


def project(world: Incidence, counting: str) -> sp.csr_array:
    """W = BᵀDB without its diagonal: institutions × institutions, int64, in units of 1/2⁴⁰ work; larger is closer."""
    ones = world.matrix.astype(np.int64)
    weighted = sp.csr_array((np.repeat(pair_weight(world.team, counting), world.team), ones.indices, ones.indptr), ones.shape)
    graph = sp.csr_array(ones.T @ weighted)
    graph.setdiag(0)
    graph.eliminate_zeros()
    graph.sort_indices()
    return graph


def windows(scope: Scope, measures: Measures) -> list[Years]:
    """Sliding windows of `measures.window` years, a step of one year; none if the scope is shorter."""
    return [(y, y + measures.window - 1) for y in scope.years if y + measures.window - 1 <= scope.last_year]


def comparisons(scope: Scope, measures: Measures) -> list[Period]:
    """The pairs of windows asked for whose years are all measured."""
    return [(b, a) for b, a in measures.comparisons if b[0] >= scope.first_year and a[1] <= scope.last_year]
