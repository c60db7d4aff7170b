"""Measures of whom an institution works with: how much, in how many countries, with listed ones,
with how many partners.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy.sparse as sp

from coauth.stages.centrality.basis import Basis, Blocks, Names, Values
from coauth.stats.counting import Counting
from coauth.stats.incidence import ONE, Floats

_CELLS = 1 << 20  # pairs of institutions looked up at once


def strengths(basis: Basis, names: Names, blocks: Blocks) -> Values:
    """`strength`: s_i = Σ_j w_ij, by Newman counting i's collaborative works; and `strength_share`:
    s_i / Σ s.
    """
    for block in blocks:
        strength = np.asarray(basis.counting.strength @ block)
        values = {"strength": strength}
        if "strength_share" in names:
            total = strength.sum(axis=0)
            values["strength_share"] = np.divide(
                strength, total, out=np.zeros_like(strength), where=total > 0
            )
        yield values


def participation(basis: Basis, names: Names, blocks: Blocks) -> Values:
    """1 − Σ_c (s_ic/s_i)², s_ic the strength of i towards partners in country c, its own among
    them: the chance that two edge ends drawn by weight lie in different countries; 0 = one country
    (Guimerà & Amaral 2005, doi 10.1038/nature03288, with countries for modules). Institutions of
    unknown country are one country together.

    Where no weighted work ties i to anybody, what all works together say is taken.

    >>> import pyarrow as pa
    >>> from coauth.stages.centrality.basis import Partners
    >>> from coauth.stats.incidence import Incidence
    >>> on = sp.csr_array(np.array([[1.0, 1, 0], [1, 0, 1]]))               # A with b in one country, A with c in another
    >>> world = Incidence(on, np.array(["A", "b", "c"], object), pa.table({}))
    >>> partners = Partners({"A": "DK", "b": "SE", "c": "CN"}, frozenset({"c"}))
    >>> basis = Basis(world, Counting.of(world, "newman"), partners)
    >>> for function in (participation, exposure):
    ...     for values in next(function(basis, (), [np.ones((2, 1))])).values(): values.ravel().tolist()
    [0.5, 0.0, 0.0]
    [0.5, 0.0, 0.0]
    """
    codes = basis.countries()
    toward = [basis.counting.toward(codes == code) for code in np.unique(codes)]
    for unlike in _ratios(basis.counting, toward, 2, blocks):
        yield {"participation": unlike}


def exposure(basis: Basis, names: Names, blocks: Blocks) -> Values:
    """Σ_{j listed} w_ij / s_i: the share of i's strength that goes to institutions of an enabled
    watchlist. It says how much, not how grave: a listed partner is a review cue.

    Where no weighted work ties i to anybody, what all works together say is taken.
    """
    for ratio in _ratios(basis.counting, [basis.counting.toward(basis.listed())], 1, blocks):
        yield {"exposure": ratio}


def _ratios(
    counting: Counting, toward: list[sp.csr_array], power: int, blocks: Blocks
) -> Iterator[Floats]:
    """Of each block, with s_ic from `toward`: Σ_c s_ic/s_i for power 1, 1 − Σ_c (s_ic/s_i)² for 2."""
    count = len(toward[0].indptr) - 1
    parts = sp.csr_array(sp.vstack(toward))
    some = np.flatnonzero(np.diff(parts.indptr))  # most have no partner in most countries
    where = (some % count, np.arange(len(some)))
    parts, sums = (
        parts[some],
        sp.csr_array((np.ones(len(some)), where), shape=(count, len(some))),
    )

    def ratio(block: Floats) -> tuple[Floats, Floats]:
        strength = (counting.strength @ block) ** power
        part = sums @ (parts @ block) ** power
        part = part if power == 1 else strength - part
        return np.divide(
            part, strength, out=np.zeros_like(strength), where=strength > 0
        ), strength > 0

    whole, _ = ratio(np.ones((len(counting.pair), 1)))
    for values, tied in map(ratio, blocks):
        yield np.where(tied, values, whole)


def rarefied_degree(basis: Basis, names: Names, blocks: Blocks) -> Values:
    """How many partners each institution would have if m = `basis.rarefied_to` of the N works were
    drawn without replacement: expected value; weights of works are of no account.

    Σ_j 1 − C(N − n_ij, m)/C(N, m), with n_ij the works i and j share: j stays a partner unless all
    n_ij works are left out (hypergeometric; Hurlbert 1971, doi 10.2307/1934145). Degree grows with the number of works even where nothing changes; at one m, windows of different
    size can be compared. m = N gives the degree itself. Not defined for m > N.

    >>> import pyarrow as pa
    >>> from coauth.stages.centrality.basis import Partners
    >>> from coauth.stats.incidence import Incidence
    >>> pair = sp.csr_array(np.array([[1.0, 1, 0], [1, 1, 0], [1, 0, 1], [0, 1, 1]]))   # A–b twice, A–c once, b–c once
    >>> world = Incidence(pair, np.array(["A", "b", "c"], object), pa.table({}))
    >>> basis = Basis(world, Counting.of(world, "full"), Partners(None, None), rarefied_to=2)
    >>> next(rarefied_degree(basis, (), [1]))["degree_rarefied"].round(4).ravel().tolist()
    [1.3333, 1.3333, 1.0]
    """
    graph = basis.full.project()
    graph.data = 1.0 - _missed(graph, len(basis.full.pair), basis.rarefied_to)[graph.data // ONE]
    degree = np.asarray(graph.sum(axis=1), np.float64)[:, None]
    yield from ({"degree_rarefied": degree} for _ in blocks)


def jackknife(basis: Basis) -> Floats:
    """Variance of `rarefied_degree`: Σ_p ψ_pi², ψ_pi what i would lose if work p were not there,

    ψ_pi = Σ_{j on p, j ≠ i} C(N − n_ij, m)/C(N, m)·m/(N − n_ij + 1), the fall of 1 − C(N − n_ij,
    m)/C(N, m) by one work less.

    Leaving out one work at a time overstates a variance on average, never understates it (Efron &
    Stein 1981, doi 10.1214/aos/1176345462). Squares are not taken about their mean, so that the
    number of works is left to chance too. Not widened for works in bursts: these bring the same
    partners again.

    >>> import pyarrow as pa
    >>> from coauth.stages.centrality.basis import Partners
    >>> from coauth.stats.incidence import Incidence
    >>> pair = sp.csr_array(np.array([[1.0, 1, 0], [1, 1, 0], [1, 0, 1], [0, 1, 1]]))   # A–b twice, A–c once, b–c once
    >>> world = Incidence(pair, np.array(["A", "b", "c"], object), pa.table({}))
    >>> basis = Basis(world, Counting.of(world, "full"), Partners(None, None), rarefied_to=4)
    >>> jackknife(basis).tolist()                         # of all works only the third and the fourth bring A, b and c a partner alone
    [1.0, 1.0, 2.0]
    """
    full = basis.full
    graph = full.project()
    count, shared = graph.shape[0], graph.data // ONE
    missed = _missed(graph, len(full.pair), basis.rarefied_to)
    lost = np.append(missed[shared - 1] - missed[shared], 0.0)
    keys = (
        np.repeat(np.arange(count), np.diff(graph.indptr)) * count + graph.indices
    )  # in order: so is the graph
    starts, team = full.values.indptr, np.diff(full.values.indptr)
    variance = np.zeros(count)
    for k in np.unique(team[team >= 2]):
        of_size = np.flatnonzero(team == k)
        for some in np.array_split(of_size, 1 + len(of_size) * k * k // _CELLS):
            on = full.values.indices[starts[some][:, None] + np.arange(k)].astype(np.int64)
            at = np.searchsorted(keys, on[:, :, None] * count + on[:, None, :])
            at[:, np.arange(k), np.arange(k)] = len(keys)  # nobody is a partner of himself
            variance += np.bincount(on.ravel(), (lost[at].sum(axis=2) ** 2).ravel(), count)
    return variance


def _missed(graph: sp.csr_array, n: int, works: int) -> Floats:
    """By the number of works a pair shares: the chance that none of them is among so many drawn of
    n.
    """
    drawn = np.arange((graph.data // ONE).max(initial=0))
    return np.concatenate([[1.0], np.cumprod(np.maximum(n - works - drawn, 0) / (n - drawn))])
