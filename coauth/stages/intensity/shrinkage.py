"""How many times as many works as expected a pair shares, drawn towards 1 as far as pairs in general
are.

Whoever looks at pairs with many works looks at those that chance favoured: under independence, of
pairs with fewer than 3 works expected and 5 or more seen, half had an interval above 1. So the ratio
is not taken from the pair alone (gamma–Poisson shrinkage: DuMouchel 1999, doi
10.1080/00031305.1999.10474456). With n works, E expected and φ the bursts of pairs
(`coauth.stats.pair_changes`),

    n/φ ~ Poisson(λ·E/φ),    λ ~ Gamma of mean 1 and coefficient of variation τ,

λ given n is Gamma(1/τ² + n/φ, 1/τ² + E/φ), whatever the pair was chosen for. The mean is 1, since
margins make as many works in all as there are. τ is not known, least of all in a small world: every
τ of `TAU_GRID` counts by its likelihood over all pairs that could have shared works, τ beforehand as
likely as any other (on standard deviations: Gelman 2006, doi 10.1214/06-BA117A).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.special import gammainc, gammaln

from coauth.stats.incidence import Flags, Floats, Integers

TAU_GRID = np.geomspace(0.02, 5, 24)
"""τ: 0.02 is independence for any count of works, 5 puts nine tenths of all pairs below 0.01."""
_WIDTH = np.gradient(TAU_GRID)
_CELLS = 1 << 22  # pairs looked at together
_LEAST = 1e-4  # of the largest weight of a τ: what weighs less is not carried along
_HALVINGS = 45


class Margins(NamedTuple):
    """Works expected of every domestic–foreign pair from how many works each institution has, and
    each work places, within strata of year and field:

        E_XY = Σ_s n_Xs n_Ys M_s / (D_s F_s)

    with n_Xs works of X in s, D_s and F_s the places of domestic and foreign institutions there,
    and M_s the meetings Σ_w d_w f_w of the two. All E add up to all meetings. It is the mean of
    `coauth.stages.intensity.null_model` but for its ban on one institution twice on a work.
    """

    domestic: Floats
    """institutions × strata, times M/(DF)"""
    foreign: Floats

    @classmethod
    def of(cls, matrix: sp.csr_array, stratum: Integers, domestic: Flags) -> Margins:
        """Of works × institutions.

        >>> on = sp.csr_array(np.array([[1.0, 0, 1, 0], [1, 0, 0, 1], [0, 1, 1, 0], [0, 1, 0, 0]]))
        >>> margins = Margins.of(on, np.zeros(4, int), np.array([True, True, False, False]))
        >>> (margins.domestic @ margins.foreign.T).tolist()                  # 2·2·3/(4·3), 2·1·3/(4·3)
        [[1.0, 0.5], [1.0, 0.5]]
        """
        count = int(stratum.max(initial=-1)) + 1
        within = sp.csr_array(
            (np.ones(len(stratum)), (stratum, np.arange(len(stratum)))),
            shape=(count, len(stratum)),
        )
        sides = [sp.csr_array(matrix[:, np.flatnonzero(s)]) for s in (domestic, ~domestic)]
        places = [np.asarray(side.sum(axis=1), np.float64) for side in sides]
        ours, theirs = ((within @ side).toarray().T for side in sides)
        total = np.prod([within @ place for place in places], axis=0)
        met = within @ (places[0] * places[1])
        return cls(ours * np.divide(met, total, out=np.zeros(count), where=total > 0), theirs)

    def between(self, ours: Integers, theirs: Integers) -> Floats:
        """E of these pairs, each a row of `domestic` and one of `foreign`."""
        return np.asarray(np.einsum("ps,ps->p", self.domestic[ours], self.foreign[theirs]))


class Tastes(NamedTuple):
    """How unlike pairs are: 1/τ² of `TAU_GRID`, and the weight of each."""

    shape: Floats
    weight: Floats
    times: float
    """φ"""

    @classmethod
    def of(cls, works: Floats, expected: Floats, margins: Margins, times: float) -> Tastes:
        """From the pairs that share works, and from all of `margins`.

        >>> chance = np.random.default_rng(1)
        >>> margins = Margins(chance.exponential(2.0, (30, 1)), chance.exponential(1.0, (200, 1)))
        >>> every = (margins.domestic @ margins.foreign.T).ravel()
        >>> for works in (chance.poisson(every), chance.poisson(every * chance.gamma(1.0, 1.0, len(every)))):
        ...     found = Tastes.of(works[works > 0].astype(float), every[works > 0], margins, 1.0)
        ...     print(round(float(found.weight @ found.shape**-0.5), 1))
        0.0
        0.9
        """
        shape = TAU_GRID**-2
        n, e = works / times, expected / times
        likelihood = np.array([_rises(a, n, e) for a in shape])
        height = max(1, _CELLS // max(len(margins.foreign), 1))
        for start in range(0, len(margins.domestic), height):
            every = margins.domestic[start : start + height] @ margins.foreign.T / times
            likelihood -= [a * np.log1p(every / a).sum() for a in shape]
        weight = np.exp(likelihood - likelihood.max()) * _WIDTH
        kept = weight > _LEAST * weight.max()
        return cls(shape[kept], weight[kept] / weight[kept].sum(), times)

    def ratio(self, works: Floats, expected: Floats) -> Floats:
        """Mean of λ given each pair's works."""
        n, e = works[:, None] / self.times, expected[:, None] / self.times
        return np.asarray((self.shape + n) / (self.shape + e) @ self.weight)

    def quantile(self, works: Floats, expected: Floats, share: float) -> Floats:
        """λ below which `share` of the mixture over τ lies, by halving on the log scale."""
        n, e = works[:, None] / self.times, expected[:, None] / self.times
        low = np.full(len(works), np.log(1e-9))
        high = np.log(1e3 * (1 + works / np.maximum(expected, 1e-9)))
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            given = gammainc(self.shape + n, np.exp(middle)[:, None] * (self.shape + e))
            below = given @ self.weight < share
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return np.asarray(np.exp((low + high) / 2))


def _rises(shape: float, n: Floats, e: Floats) -> float:
    """What works that are there add to the likelihood of none: Σ ln Γ(a+n)/Γ(a) + n ln e/(a+e)."""
    return float((gammaln(shape + n) - gammaln(shape) + n * (np.log(e) - np.log(shape + e))).sum())
