"""What a work counts for: one matrix form for every counting rule, from which strengths and graph
are had.

Every rule gives institution i on work p a value a_pi and the work a weight c_p; the graph is W =
AᵀD(c)A without its diagonal, and what p adds to the strength of i is u_pi = c_p·a_pi·(Σ_j a_pj −
a_pi). So strengths, PageRank and eigenvector of any weighting of the works are products of sparse
matrices, and W itself is made only where paths are asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from coauth.errors import TableError
from coauth.stats.incidence import ONE, Flags, Floats, Incidence, Integers


@dataclass(frozen=True)
class Counting:
    """The works of a world under one rule.

    ========  ==================  =====================  =========================  =========================
    rule      a_pi                c_p                    work adds to all its pairs  and to the strength of i
    ========  ==================  =====================  =========================  =========================
    newman    1                   1/(k−1)                k/2                        1: i's collaborative works
    full      1                   1                      k(k−1)/2                   k−1
    strict    1                   2/(k(k−1))             1                          2/k
    author    f_pi                2/(1 − Σ_j f_pj²)      1                          2f_pi(1−f_pi)/(1 − Σ_j f_pj²)
    ========  ==================  =====================  =========================  =========================

    k: institutions on the work. f: each one's share of the work's authors, normalised to Σ_i f_pi =
    1 (an author of several institutions is split evenly among them). A work of one institution has
    no pair and counts nothing. Weights are strengths: larger is closer. newman: Newman 2001, doi
    10.1103/PhysRevE.64.016132; full and newman ("fractional") compared: Perianes-Rodriguez, Waltman
    & van Eck 2016, doi 10.1016/j.joi.2016.10.006; strict: Batagelj & Cerinšek 2013, doi
    10.1007/s11192-012-0940-1; author: the author fractions of the Leiden Ranking (Waltman et al.
    2012, doi 10.1002/asi.22708) put into the strict rule.

    >>> import pyarrow as pa
    >>> team = Incidence(sp.csr_array(np.ones((1, 3))), np.array(["I1", "I2", "I3"], object), pa.table({}), np.array([0.5, 0.25, 0.25]))
    >>> for rule in ("newman", "full", "strict", "author"):     # author: 1 − Σf² = 5/8, so 2·½·¼/(5/8) = 0.4 and 2·¼·¼/(5/8) = 0.2
    ...     counted = Counting.of(team, rule)
    ...     print(rule, (counted.project().toarray()[0, 1:] / ONE).round(4).tolist(), counted.strength.toarray().ravel().round(4).tolist())
    newman [0.5, 0.5] [1.0, 1.0, 1.0]
    full [1.0, 1.0] [2.0, 2.0, 2.0]
    strict [0.3333, 0.3333] [0.6667, 0.6667, 0.6667]
    author [0.4, 0.4] [0.8, 0.6, 0.6]
    """

    values: sp.csr_array
    """A: works × institutions"""
    pair: Floats
    """c of each work"""
    strength: sp.csr_array
    """U: institutions × works"""

    @classmethod
    def of(cls, world: Incidence, rule: str) -> Counting:
        """Raises `TableError` where the author shares that rule `author` needs are missing or not
        positive.
        """
        k = np.maximum(world.team, 2).astype(np.float64)
        several = world.team >= 2
        if rule == "author":
            share = _normalised(world)
            spread = 1 - np.bincount(_rows(world), share**2, minlength=len(k))
            pair = np.divide(2, spread, out=np.zeros_like(k), where=several)
            adds = np.where(
                np.repeat(several, world.team), pair[_rows(world)] * share * (1 - share), 0.0
            )
        else:
            share = np.ones(world.matrix.nnz)
            pair = np.where(
                several,
                {"newman": 1 / (k - 1), "full": np.ones_like(k), "strict": 2 / (k * (k - 1))}[rule],
                0.0,
            )
            work = np.where(
                several, {"newman": np.ones_like(k), "full": k - 1, "strict": 2 / k}[rule], 0.0
            )  # whole numbers stay whole
            adds = work[_rows(world)]
        return cls(_like(world, share), pair, sp.csr_array(_like(world, adds).T))

    @cached_property
    def across(self) -> sp.csr_array:
        """Aᵀ."""
        return sp.csr_array(self.values.T)

    @cached_property
    def own(self) -> sp.csr_array:
        """What each work would add to the diagonal of W: institutions × works of c·a²."""
        squares = self.values.copy()
        squares.data = squares.data**2 * np.repeat(self.pair, np.diff(squares.indptr))
        return sp.csr_array(squares.T)

    def toward(self, partners: Flags) -> sp.csr_array:
        """The part of U that ties to these institutions: institutions × works of c·a_i·(Σ_{j among
        them} a_j − own).
        """
        among = (self.values @ partners.astype(np.float64))[_rows_of(self.values)]
        mine = self.values.data * partners[self.values.indices]
        part = self.values.copy()
        part.data = self.pair[_rows_of(part)] * part.data * np.maximum(among - mine, 0.0)
        part.eliminate_zeros()
        return sp.csr_array(part.T)

    def among(self, institutions: Integers) -> Counting:
        """Their ties to each other alone, at these columns. What a work counts for between two of
        them stays as it is in the whole; works that tie no two are left out, and strengths are not
        made again: they have none.
        """
        values = sp.csr_array(self.values[:, institutions])
        ties = np.flatnonzero(np.diff(values.indptr) >= 2)
        return Counting(values[ties], self.pair[ties], sp.csr_array((len(institutions), len(ties))))

    def project(self, weights: Floats | None = None) -> sp.csr_array:
        """W: institutions × institutions, int64, in units of 1/2⁴⁰ work; of works that count once,
        or as often as `weights` say.

        Whole units, because float sums change in their last bits with the order of works, and equal
        paths would no longer be equal: the sums of floor(2⁴⁰c) are exact up to 8,192 works of one
        pair; author shares are rounded once, at the end.
        """
        scaled = self.values.copy()
        pair = self.pair if weights is None else self.pair * weights
        scaled.data = scaled.data * np.repeat(np.floor(pair * ONE), np.diff(scaled.indptr))
        upper = sp.triu(
            sp.csr_array(self.across @ scaled), k=1
        )  # c·a_i·a_j and c·a_j·a_i differ in the last bit; one is taken
        graph = sp.csr_array(upper + upper.T)
        graph.data = np.rint(graph.data).astype(np.int64)
        graph.eliminate_zeros()
        graph.sort_indices()
        return graph


def _normalised(world: Incidence) -> Floats:
    if world.shares is None or not (world.shares > 0).all():
        raise TableError(
            "counting 'author' needs a positive author_share on every row of affiliations; "
            "build the tables again, or take another counting in queries/measures.toml"
        )
    total = np.bincount(_rows(world), world.shares, minlength=world.matrix.shape[0])
    return np.asarray(world.shares / total[_rows(world)])


def _rows(world: Incidence) -> Integers:
    return _rows_of(world.matrix)


def _rows_of(matrix: sp.csr_array) -> Integers:
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))


def _like(world: Incidence, data: Floats) -> sp.csr_array:
    return sp.csr_array((data, world.matrix.indices, world.matrix.indptr), shape=world.matrix.shape)
