"""Measures of whom an institution works with: in how many countries, how much with listed ones, how
many partners.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import scipy.sparse as sp

from coauth.errors import MeasureFailed
from coauth.stats.counting import Counting
from coauth.stats.incidence import ONE, Flags, Floats, Incidence

_CELLS = 1 << 20  # pairs of institutions looked up at once


@dataclass(frozen=True)
class Partners:
    """Where institutions are, and which are listed; None where the table was not given."""

    countries: dict[str, str | None] | None
    listed: frozenset[str] | None

    @classmethod
    def of(cls, institutions: pa.Table | None, listed: pa.Table | None) -> Partners:
        """From INSTITUTIONS and LISTED."""
        countries = None
        if institutions is not None:
            countries = dict(
                zip(
                    institutions["institution_id"].to_pylist(),
                    institutions["country_code"].to_pylist(),
                    strict=True,
                )
            )
        return cls(
            countries, None if listed is None else frozenset(listed["institution_id"].to_pylist())
        )

    def measure(
        self, name: str, world: Incidence, counted: Counting, weights: Iterable[Floats]
    ) -> Iterator[Floats]:
        """`participation` or `exposure` of each institution, for each block of work weights a block
        of as many columns.

        participation_i = 1 − Σ_c (s_ic/s_i)², s_ic the strength of i towards partners in country c,
        its own among them: the chance that two edge ends drawn by weight lie in different
        countries; 0 = one country (Guimerà & Amaral 2005, doi 10.1038/nature03288, with countries
        for modules). Institutions of unknown country are one country together.

        exposure_i = Σ_{j listed} w_ij / s_i: the share of i's strength that goes to institutions of
        an enabled watchlist. It says how much, not how grave: a listed partner is a review cue.

        Where no weighted work ties i to anybody, what all works together say is taken.

        Raises `MeasureFailed` where the table that is needed was not given.

        >>> import scipy.sparse as sp
        >>> on = sp.csr_array(np.array([[1.0, 1, 0], [1, 0, 1]]))               # A with b in one country, A with c in another
        >>> world = Incidence(on, np.array(["A", "b", "c"], object), pa.table({}))
        >>> partners = Partners({"A": "DK", "b": "SE", "c": "CN"}, frozenset({"c"}))
        >>> for name in ("participation", "exposure"):
        ...     next(partners.measure(name, world, Counting.of(world, "newman"), [np.ones((2, 1))])).ravel().tolist()
        [0.5, 0.0, 0.0]
        [0.5, 0.0, 0.0]
        """
        if name == "exposure":
            toward = [counted.toward(self._are_listed(world))]
        else:
            codes = self._country(world)
            toward = [counted.toward(codes == code) for code in np.unique(codes)]
        power, count = 1 if name == "exposure" else 2, len(world.institutions)
        parts = sp.csr_array(sp.vstack(toward))
        some = np.flatnonzero(
            np.diff(parts.indptr)
        )  # most institutions have no partner in most countries
        parts, sums = (
            parts[some],
            sp.csr_array(
                (np.ones(len(some)), (some % count, np.arange(len(some)))), shape=(count, len(some))
            ),
        )

        def of(block: Floats) -> tuple[Floats, Floats]:
            strength = (counted.strength @ block) ** power
            part = sums @ (parts @ block) ** power
            part = part if name == "exposure" else strength - part
            return np.divide(
                part, strength, out=np.zeros_like(strength), where=strength > 0
            ), strength > 0

        (whole, _) = of(np.ones((len(counted.pair), 1)))
        for ratio, tied in map(of, weights):
            yield np.where(tied, ratio, whole)

    def _are_listed(self, world: Incidence) -> Flags:
        if self.listed is None:
            raise MeasureFailed(
                "exposure: which institutions are listed was not given; hand the table `listed` to centrality.measure"
            )
        return np.array([name in self.listed for name in world.institutions], bool)

    def _country(self, world: Incidence) -> np.ndarray:
        if self.countries is None:
            raise MeasureFailed(
                "participation: countries were not given; hand the table `institutions` to centrality.measure"
            )
        return np.array([self.countries.get(name) or "" for name in world.institutions])


def rarefied_degree(full: Counting, works: int) -> Floats:
    """How many partners each institution would have if `works` of the N works were drawn without
    replacement: expected value.

    Σ_j 1 − C(N − n_ij, m)/C(N, m), with n_ij the works i and j share and m = `works`: j stays a
    partner unless all n_ij works are left out (hypergeometric; Hurlbert 1971, doi 10.2307/1934145).
    Degree grows with the number of works even where nothing changes; at one m, windows of different
    size can be compared. m = N gives the degree itself. Not defined for m > N.

    >>> import scipy.sparse as sp
    >>> pair = sp.csr_array(np.array([[1.0, 1, 0], [1, 1, 0], [1, 0, 1], [0, 1, 1]]))   # A–b twice, A–c once, b–c once
    >>> rarefied_degree(Counting.of(Incidence(pair, np.array(["A", "b", "c"], object), pa.table({})), "full"), 2).round(4).tolist()
    [1.3333, 1.3333, 1.0]
    """
    graph = full.project()
    graph.data = 1.0 - _missed(graph, len(full.pair), works)[graph.data // ONE]
    return np.asarray(graph.sum(axis=1), np.float64)


def jackknife(full: Counting, works: int) -> Floats:
    """Variance of `rarefied_degree`: Σ_p ψ_pi², ψ_pi what i would lose if work p were not there,

    ψ_pi = Σ_{j on p, j ≠ i} C(N − n_ij, m)/C(N, m)·m/(N − n_ij + 1), the fall of 1 − C(N − n_ij,
    m)/C(N, m) by one work less.

    Leaving out one work at a time overstates a variance on average, never understates it (Efron &
    Stein 1981, doi 10.1214/aos/1176345462). Squares are not taken about their mean, so that the
    number of works is left to chance too. Not widened for works in bursts: these bring the same
    partners again.

    >>> import scipy.sparse as sp
    >>> pair = sp.csr_array(np.array([[1.0, 1, 0], [1, 1, 0], [1, 0, 1], [0, 1, 1]]))   # A–b twice, A–c once, b–c once
    >>> full = Counting.of(Incidence(pair, np.array(["A", "b", "c"], object), pa.table({})), "full")
    >>> jackknife(full, 4).tolist()                         # of all works only the third and the fourth bring A, b and c a partner alone
    [1.0, 1.0, 2.0]
    """
    graph = full.project()
    count, shared = graph.shape[0], graph.data // ONE
    missed = _missed(graph, len(full.pair), works)
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
