"""What the works of pairs changed by between two windows, where works come in bursts.

A pair's works are few and come by projects: one ends and writes five, over some years. Taken for
Poisson counts, 60 unchanged pairs held a false change in two reports of five and more. How much more
they vary is read from all pairs together, over just such windows as are compared.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import special

from coauth.stats.incidence import Floats
from coauth.stats.overdispersion import tail


class Bursts(NamedTuple):
    """How many times Poisson's the variance of a pair's works in a window is."""

    times: float = 1.0
    """φ, at least 1: pairs are not more regular than chance"""
    freedom: float = np.inf
    """degrees of freedom that φ is known with"""

    @classmethod
    def of(cls, works: Floats, window: int) -> Bursts:
        """From pairs × consecutive years, each pair that was ever looked at, in years that are
        measured and not preliminary.

        With W_t the works of `window` years from t, second differences d_t = W_t − 2W_(t+w) +
        W_(t+2w) of windows side by side do away with level and trend, and E d² = φ·E v, v = W_t +
        4W_(t+w) + W_(t+2w):

            φ = max(1, Σd²/Σv)

        over all pairs and t (quasi-Poisson: McCullagh & Nelder 1989, doi
        10.1007/978-1-4899-3242-6, ch. 6; a project's size does not depend on how many projects a
        pair has, so φ is one). Differences of single years would not see a burst that lasts three.
        Fewer than three windows of years are cut into three shorter ones.

        One φ for all pairs: where one pair in four had φ = 6 and the others 1, one report in nine held
        a false change (tests/studies/simulation/RESULTS.md).

        φ̂ has the variance Σ_i(D_i − φV_i)²/(ΣV)², D and V the sums of one pair: pairs are
        independent, their differences are not. So it is known with 2φ̂²/var φ̂ degrees of freedom
        (Satterthwaite 1946, doi 10.2307/3002019), and with no more than there are differences that
        share no year, (ΣV)²/ΣV² pairs of them: of a few pairs the variance tells nothing.

        >>> singly = np.random.default_rng(1).poisson(3.0, (200, 14)).astype(float)
        >>> [round(Bursts.of(n * singly, 3).times, 1) for n in (1, 2)]       # by twos: variance 4m, mean 2m
        [1.1, 2.2]
        """
        years = works.shape[1]
        length = min(window, years // 3)
        if not length:
            return cls()
        sums = np.cumsum(np.pad(works, ((0, 0), (1, 0))), axis=1)
        sums = sums[:, length:] - sums[:, :-length]
        some = sums.shape[1] - 2 * length
        first, middle, last = (sums[:, n * length : n * length + some] for n in range(3))
        squares = ((first - 2 * middle + last) ** 2).sum(axis=1)
        chance = (first + 4 * middle + last).sum(axis=1)
        if not chance.any():
            return cls()
        times = max(1.0, float(squares.sum() / chance.sum()))
        error = ((squares - times * chance) ** 2).sum() / chance.sum() ** 2
        most = (years / length - 2) * chance.sum() ** 2 / (chance**2).sum()
        return cls(times, float(min(2 * times**2 / error if error > 0 else np.inf, most)))


class Changes(NamedTuple):
    """`after`/`before` − 1, NaN where a count is 0, with interval and p of no change."""

    ratio: Floats
    low: Floats
    high: Floats
    p: Floats


def compare(before: Floats, after: Floats, bursts: Bursts, confidence: float) -> Changes:
    """The change of each pair.

    Given n = before + after, each over φ, `after` is binomial (as in
    `coauth.stats.counts.compare_counts`); p is twice the smaller tail, and both p and interval have
    the tails of Student's t: where the normal says z, t with the degrees of freedom of φ.

    >>> plain, bursts = (compare(np.array([4.0, 0]), np.array([16.0, 5]), b, 0.95) for b in (Bursts(), Bursts(2.0, 50.0)))
    >>> [x.round(3).tolist() for x in plain]
    [[3.0, nan], [0.29, nan], [15.442, nan], [0.012, 0.062]]
    >>> [x.round(3).tolist() for x in bursts]
    [[3.0, nan], [-0.226, nan], [40.174, nan], [0.116, 0.358]]
    """
    first, last = before / bursts.times, after / bursts.times
    more, fewer = (
        np.where(n > 0, special.betainc(np.where(n > 0, n, 1.0), other + 1, 0.5), 1.0)
        for n, other in ((last, first), (first, last))
    )
    known = (before > 0) & (after > 0)
    first, last = (np.where(known, n, 1.0) for n in (first, last))
    beyond = (1 - confidence) / 2
    if np.isfinite(bursts.freedom):
        beyond = float(special.ndtr(special.stdtrit(bursts.freedom, beyond)))
    below = special.betaincinv(last, first + 1, beyond)
    above = special.betaincinv(first, last + 1, beyond)  # of the share of `before`: exact near 0
    ends = (
        below / (1 - below),
        np.divide(1 - above, above, out=np.full_like(above, np.inf), where=above > 0),
    )
    p = np.minimum(2 * np.minimum(more, fewer), 1.0)
    ratio, low, high = (np.where(known, r - 1, np.nan) for r in (last / first, *ends))
    return Changes(ratio, low, high, tail(special.ndtri(p / 2), bursts.freedom))
