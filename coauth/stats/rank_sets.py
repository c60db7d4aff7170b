"""Which ranks an institution may have, all institutions at once: with `confidence`, every rank lies
in its set, so that whoever is picked out of the list for being first may be believed.

Percentiles of the ranks of replicates do not hold that: the best of many close ones is mostly
not best in a replicate, so its interval leaves out rank 1. Here an institution is surely behind
another only if their studentised difference is beyond what the largest of all differences reaches
by chance; its best rank is 1 + those surely ahead, its worst all but those surely behind.

Ranks are those of square roots too, and on that scale a count's spread does not depend on its size
(Bartlett 1936, doi 10.2307/2983678): without it the smallest institutions, whose counts are most
skewed, would set the critical value for all.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit

from coauth.stats.incidence import Floats, Integers

MOST_PAIRED = 500
"""Institutions up to which all differences are looked at, some 0.1 s a measure and window; it grows
with the square.
"""
_NOTHING = 1e-6  # a spread of roots that is but rounding


def among_few(
    value: Floats, replicates: NDArray[np.number], confidence: float, freedom: float = np.inf
) -> tuple[Integers, Integers]:
    """Best and worst rank (1 = largest) of each row of institutions × replicates: simultaneous
    confidence sets from all differences (Mogstad, Romano, Shaikh & Wilhelm 2024, doi
    10.1093/restud/rdad006, without stepdown).

    With x_i = √value_i and x*_i its replicates, d*_ij = x*_i − x*_j and s_ij its standard deviation,
    c is the `confidence` quantile of max_ij |d*_ij − mean d*_ij|/s_ij, and j is surely ahead of i
    where x_j − x_i > c·s_ij. Student's t with `freedom` degrees, where the spread is estimated.
    Replicates of two that never differ by chance decide as they are.

    >>> replicates = np.random.default_rng(1).poisson([[400], [105], [100], [20]], (4, 2_000))
    >>> [ends.tolist() for ends in among_few(np.array([400.0, 105, 100, 20]), replicates, 0.95)]
    [[1, 2, 2, 4], [1, 3, 3, 4]]
    """
    root, deviation = _roots(value, replicates)
    covariance = deviation @ deviation.T / deviation.shape[1]
    variance = covariance.diagonal()
    spread = np.sqrt(np.maximum(variance[:, None] + variance - 2 * covariance, 0.0))
    single, reach = deviation.astype(np.float32), np.zeros(deviation.shape[1], np.float32)
    for i in range(len(value) - 1):  # what one row takes stays in the processor's cache
        np.maximum(reach, _largest(single[i + 1 :] - single[i], spread[i, i + 1 :]), out=reach)
    gap, bound = (
        root[:, None] - root,
        _critical(reach.astype(np.float64), confidence, freedom) * spread,
    )
    return 1 + (gap < -bound).sum(axis=1), len(value) - (gap > bound).sum(axis=1)


def among_many(
    value: Floats, replicates: NDArray[np.number], confidence: float, freedom: float = np.inf
) -> tuple[Integers, Integers]:
    """The same from intervals that hold all values at once: x_i ± c·s_i with c the `confidence`
    quantile of max_i |x*_i − mean x*_i|/s_i. i is surely behind those whose interval begins above
    the end of its own (Klein, Wright & Wieczorek 2020, doi 10.1111/rssc.12402). Up to √2 wider than
    `among_few`, and grows with institutions, not with their pairs.

    >>> replicates = np.random.default_rng(1).poisson([[400], [105], [100], [20]], (4, 2_000))
    >>> [ends.tolist() for ends in among_many(np.array([400.0, 105, 100, 20]), replicates, 0.95)]
    [[1, 2, 2, 4], [1, 3, 3, 4]]
    """
    root, deviation = _roots(value, replicates)
    spread = deviation.std(axis=1)
    bound = _critical(_largest(deviation, spread), confidence, freedom) * spread
    low, high, count = root - bound, root + bound, len(value)
    better = count - np.searchsorted(np.sort(low), high, side="right")
    worse = np.searchsorted(np.sort(high), low, side="left")
    return 1 + better, count - worse


def sets(
    value: Floats, replicates: NDArray[np.number], confidence: float, freedom: float = np.inf
) -> tuple[Integers, Integers]:
    """`among_few` for up to MOST_PAIRED institutions, `among_many` for more."""
    few = len(value) <= MOST_PAIRED
    return (among_few if few else among_many)(value, replicates, confidence, freedom)


def _roots(value: Floats, replicates: NDArray[np.number]) -> tuple[Floats, Floats]:
    """√value, and √replicates about their means."""
    deviation = np.sqrt(replicates, dtype=np.float64)
    deviation -= deviation.mean(axis=1, keepdims=True)
    return np.sqrt(np.maximum(value, 0.0)), deviation


def _largest(deviation: NDArray[np.floating], spread: Floats) -> Floats:
    """The largest studentised size of each replicate, over `deviation`; what does not vary has none."""
    scale = np.divide(1.0, spread, out=np.zeros_like(spread), where=spread > _NOTHING)
    deviation *= scale[:, None].astype(deviation.dtype)
    return np.asarray(
        np.maximum(deviation.max(axis=0, initial=0.0), -deviation.min(axis=0, initial=0.0))
    )


def _critical(largest: Floats, confidence: float, freedom: float) -> float:
    """Their `confidence` quantile, at the same tail of Student's t."""
    bound = float(np.quantile(largest, confidence, method="higher"))
    return bound if np.isinf(freedom) else -float(stdtrit(freedom, ndtr(-bound)))
