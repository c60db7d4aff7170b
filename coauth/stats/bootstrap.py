"""How sure a number is that rests on works: the works are drawn again, many times (Efron 1979, doi
10.1214/aos/1176344552).

Each collaborative work is drawn Poisson(1) times in a replicate (Hanley and MacGibbon 2006, doi
10.1016/j.cmpb.2006.04.006). That is drawing anew within every stratum of year and field as many
works as a Poisson of their number: how many works there were is left to chance too. Taking the
numbers as given would make the interval of an institution with a share p of the works too narrow by
√(1−p).

What the intervals speak of: another draw of the same country's collaborative works. What they do
not: coverage and wrong matches. Works of one institution carry no edge and are not drawn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from coauth.queries import Measures, Years
from coauth.stats.incidence import Floats, Integers
from coauth.stats.influence import LeaveOneOut
from coauth.stats.overdispersion import stretch

_TIMES = np.cumsum([1 / (math.e * math.factorial(k)) for k in range(12)])
"""Poisson(1), cumulated. Inverted by hand: numpy keeps its uniform stream from release to release,
not its Poisson.
"""

_ROWS = 1024  # institutions whose interval is taken at once

Values = tuple[Years, str, str]
"""(window, variant, measure)"""


@dataclass(frozen=True)
class Replicates:
    """Values and resampled values of the institutions that may be judged, for the windows that are
    compared.
    """

    institutions: NDArray[np.object_]
    counting: str
    works: dict[Years, Integers]
    """collaborative works of at most K institutions of each institution"""
    value: dict[Values, Floats]
    """0 where an institution has no such work: it is not in that window's graph"""
    draws: dict[Values, NDArray[np.float32]]
    """institutions × replicates, spread as far as `coauth.stats.overdispersion` found"""
    freedom: float
    """degrees of freedom of that spread"""
    leave_one_out: dict[Years, LeaveOneOut]


def draw(works: int, window: Years, measures: Measures) -> NDArray[np.int8]:
    """How often each work of a window is drawn: works × replicates, independent Poisson(1).

    Seeded by `measures.seed` and the window alone, so a window's draws do not depend on what else
    is measured, and the variants of a measure see the same draws: what differs between them is then
    the variant.

    >>> from types import SimpleNamespace
    >>> times = draw(5_000, (2020, 2022), SimpleNamespace(seed=1, replicates=20))
    >>> times.shape, round(float(times.mean()), 1), round(float(times.var()), 1)
    ((5000, 20), 1.0, 1.0)
    """
    generator = np.random.Generator(
        np.random.PCG64(np.random.SeedSequence([measures.seed, *window]))
    )
    times = np.empty((works, measures.replicates), np.int8)
    for replicate in range(measures.replicates):
        times[:, replicate] = np.searchsorted(_TIMES, generator.random(works), side="right")
    return times


def weigh(works: int, window: Years, replicate: int, measures: Measures) -> Floats:
    """How much each work of a window counts in one replicate of the Bayesian bootstrap: independent
    Exp(1).

    Seeded by `measures.seed`, the window and the replicate alone, so that processes may share the
    replicates.

    >>> from types import SimpleNamespace
    >>> weights = weigh(100_000, (2020, 2022), 0, SimpleNamespace(seed=1))
    >>> round(float(weights.mean()), 2), round(float(weights.var()), 1), bool((weights > 0).all())
    (1.01, 1.0, True)
    """
    generator = np.random.Generator(
        np.random.PCG64(np.random.SeedSequence([measures.seed, *window, replicate + 1]))
    )
    return np.asarray(-np.log1p(-generator.random(works)))


class Interval(NamedTuple):
    low: Floats
    high: Floats
    low_error: Floats
    """standard error of the end: how far another seed may move it"""
    high_error: Floats

    def clip(self, least: float, most: float) -> Interval:
        """No end outside of what the measure can be."""
        return self._replace(low=np.maximum(self.low, least), high=np.minimum(self.high, most))


def interval(
    value: Floats, replicates: NDArray[np.number], confidence: float, freedom: float = np.inf
) -> Interval:
    """Percentile interval of each row of institutions × replicates about its median, set about the
    value and stretched by Student's t over normal: value + t/z·(q − median).

    The value of a ratio such as participation is biased by resampling, every replicate in the same
    direction (a concave function of shares is smaller where they vary), and plain percentiles can
    lie beside the value itself. The distance of the median from the value is that bias (Efron 1987,
    doi 10.1080/01621459.1987.10478410, corrects for the same); without it no value lies outside of
    its interval.

    The end at quantile q of R replicates has the standard error of an order statistic, whose rank
    is binomial (Maritz & Jarrett 1978, doi 10.1080/01621459.1978.10480027): a quarter of the
    distance between the quantiles q ± 2√(q(1−q)/R). That is itself uncertain, so no less is stated
    than for a normal distribution of the replicates' spread, sd·√(q(1−q)/R)/φ(z_q).

    >>> drawn = np.random.default_rng(1).normal(5, 1, (1, 40_000))
    >>> [round(float(end[0]), 2) for end in interval(np.array([5.0]), drawn, 0.95)]     # √(0.025·0.975/40,000)/φ(1.96) = 0.013
    [3.07, 6.96, 0.01, 0.02]
    """
    tail, wider = (1 - confidence) / 2, stretch(confidence, freedom)
    step = np.sqrt(tail * (1 - tail) / replicates.shape[1])
    ends = (tail, max(tail - 2 * step, 0.0), tail + 2 * step)
    at = [*ends, *(1 - q for q in ends), 0.5]
    some = [
        replicates[first : first + _ROWS] for first in range(0, max(len(replicates), 1), _ROWS)
    ]  # both make copies of what they are given
    low, below, above, high, over, under, median = np.hstack(
        [np.quantile(rows, at, axis=1) for rows in some]
    )
    least = (
        np.hstack([rows.std(axis=1, dtype=np.float64) for rows in some])
        * step
        * np.sqrt(2 * np.pi)
        * np.exp(ndtri(tail) ** 2 / 2)
    )
    errors = (
        wider * np.maximum((upper - lower) / 4, least)
        for lower, upper in ((below, above), (under, over))
    )
    return Interval(value + wider * (low - median), value + wider * (high - median), *errors)


def spread(
    value: Floats, replicates: NDArray[np.number], confidence: float, freedom: float = np.inf
) -> Interval:
    """value ± t·sd of each row of institutions × replicates, for measures whose replicates are
    shifted but spread as they should; no end below 0.

    The standard error of sd is √((m₄ − sd⁴)/R)/(2·sd), m₄ the fourth central moment of R
    replicates.

    >>> drawn = np.random.default_rng(1).normal(6, 1, (1, 40_000))
    >>> [round(float(end[0]), 2) for end in spread(np.array([5.0]), drawn, 0.95)]       # 1.96·√((3 − 1)/40,000)/2 = 0.007
    [3.05, 6.95, 0.01, 0.01]
    """
    t = stretch(confidence, freedom) * ndtri((1 + confidence) / 2)
    squares = (replicates - replicates.mean(axis=1, keepdims=True)) ** 2
    sd, fourth = np.sqrt(squares.mean(axis=1)), (squares**2).mean(axis=1)
    error = np.sqrt(np.maximum(fourth - sd**4, 0.0) / replicates.shape[1])
    error = t * np.divide(error, 2 * sd, out=np.zeros_like(sd), where=sd > 0)
    return Interval(np.maximum(value - t * sd, 0.0), value + t * sd, error, error)


def within(value: Floats, variance: Floats, confidence: float) -> Interval:
    """value ± z·√variance, no end below 0: nothing was drawn, so no end has an error.

    >>> [end.round(2).tolist() for end in within(np.array([10.0, 1.0]), np.array([4.0, 1.0]), 0.95)]
    [[6.08, 0.0], [13.92, 2.96], [0.0, 0.0], [0.0, 0.0]]
    """
    away = ndtri((1 + confidence) / 2) * np.sqrt(variance)
    return Interval(
        np.maximum(value - away, 0.0), value + away, np.zeros_like(value), np.zeros_like(value)
    )
