"""Sums of years of a series, and the change between two such sums: ratio, difference, p.

A series has a value x_t a year, its variance by chance v_t (x_t of a count, Σw² of weighted or divided
works) and a `Spread` θ beyond that. A sum X = Σx_t of years varies by V = Σv_t + θΣx_t², so that it
counts for as much as X²/V works that come by chance alone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import special

from coauth.stats.counts import Spread, binomial, poisson
from coauth.stats.incidence import Flags, Floats
from coauth.stats.overdispersion import PRIOR, stretch, tail


class Pool(NamedTuple):
    """How much more than chance one of many series varies, told from its own years and from those of
    all: as `coauth.stats.overdispersion.Dispersion` has it for institutions.

    φ = max(1, (ν·φ_own + PRIOR·(1 + θ·size)) / (ν + PRIOR)), with φ_own = Σd²/ΣΣc²v of its own second
    differences, θ that of all series together, ν the degrees of freedom of its own; tails are of
    Student's t with ν + PRIOR. A series by itself says too little for one of many to be called.
    """

    own: float
    extra: float
    freedom: float

    @classmethod
    def of(cls, values: Floats, chance: Floats, measured: Flags) -> list[Pool]:
        """Of series (rows) in consecutive years (columns), those that are `measured`.

        >>> rows = np.array([[100.0, 120.0, 100.0, 120.0, 100.0], [50.0, 50.0, 50.0, 50.0, 50.0]])
        >>> [round(v, 3) for v in Pool.of(rows, rows, np.ones(5, bool))[0]]     # 4,800 of 2,000 by chance
        [2.4, 0.007, 1.862]
        """
        coefficients = np.array([1.0, -2.0, 1.0])
        x, v = (
            np.lib.stride_tricks.sliding_window_view(rows[:, measured], 3, axis=1)
            for rows in (values, chance)
        )
        squares, poisson_ = ((x @ coefficients) ** 2).sum(axis=1), (v @ coefficients**2).sum(axis=1)
        size = (x**2 @ coefficients**2).sum()
        extra = max(0.0, float((squares - poisson_).sum() / size)) if size > 0 else 0.0
        n = np.arange(x.shape[1])
        apart = np.abs(n[:, None] - n)
        freedom = len(n) ** 2 / float(
            ((apart == 0) + (apart == 1) * 4 / 9 + (apart == 2) / 36).sum()
        )
        own = np.divide(squares, poisson_, out=np.ones(len(squares)), where=poisson_ > 0)
        return [cls(float(phi), extra, freedom) for phi in own]

    def factor(self, size: float, years: int) -> tuple[float, float]:
        """φ and the degrees of freedom of its tails; `size` is Σx²/Σv of the years of a sum, however
        many.
        """
        weighed = self.freedom * self.own + PRIOR * (1 + self.extra * size)
        return max(1.0, weighed / (self.freedom + PRIOR)), self.freedom + PRIOR


class Sum(NamedTuple):
    """The years of one period together."""

    value: float
    years: int
    times: float
    """V/X, with what is not known of θ in it: for intervals"""
    plain: float
    """V/X"""
    freedom: float
    """of Student's t"""

    @classmethod
    def of(
        cls, values: Floats, chance: Floats, spread: Spread | Pool, span: Flags, confidence: float
    ) -> Sum:
        """Of the years that `span` marks.

        >>> years = np.array([100.0, 120.0, 100.0, 120.0])
        >>> total = Sum.of(years, years, Spread(0.01, 6.4), np.array([True, True, False, False]), 0.95)
        >>> total.value, round(total.plain, 3), round(total.freedom, 1)   # 1 + 0.01·24,400/220
        (220.0, 2.109, 6.4)
        """
        x, v = float(values[span].sum()), float(chance[span].sum())
        if not x > 0:
            return cls(0.0, int(span.sum()), 1.0, 1.0, np.inf)
        factor, freedom = spread.factor(float((values[span] ** 2).sum()) / v, int(span.sum()))
        plain = v / x * factor
        return cls(x, int(span.sum()), plain * stretch(confidence, freedom) ** 2, plain, freedom)

    def ends(self, confidence: float) -> tuple[float, float]:
        """Interval of the mean of a year."""
        low, high = poisson(np.array([self.value]), confidence, self.times)
        return float(low[0]) / self.years, float(high[0]) / self.years


class Step(NamedTuple):
    """What the mean of a year changed by, from one period to the next."""

    ratio: float
    """relative: 0.25 is a rise of a quarter; NaN from or to 0"""
    low: float
    high: float
    difference: float
    """works a year"""
    difference_low: float
    difference_high: float
    p: float
    """two-sided, of no change"""

    def sign(self, confidence: float) -> int:
        """+1 or −1 where the interval of the ratio leaves out no change, else 0; from or to 0, where
        there is none, by p.
        """
        sure = self.p <= 1 - confidence if np.isnan(self.ratio) else self.low > 0 or self.high < 0
        return int(sure) * int(np.sign(self.difference))


def step(before: Sum, after: Sum, confidence: float) -> Step:
    """The change between two periods.

    Ratio: as `counts.compare_counts`, the exact binomial interval of effective works. Difference d =
    b − a of yearly means with intervals (l, u): d − √((b−l_b)² + (u_a−a)²) to d + √((u_b−b)² +
    (a−l_a)²), which keeps what is lopsided of both (MOVER: Zou & Donner 2008, doi 10.1002/sim.3095);
    it is there from and to 0 too. p: twice the smaller binomial tail of the effective works, its
    normal quantile then judged by Student's t.

    >>> total = Sum(110.0, 1, 1.0, 1.0, np.inf), Sum(82.0, 1, 1.0, 1.0, np.inf)
    >>> [round(v, 3) for v in step(*total, 0.95)]
    [-0.255, -0.447, 0.001, -28.0, -56.134, -0.156, 0.051]
    """
    ratio = low = high = np.nan
    if before.value > 0 and after.value > 0:
        first, last = before.value / before.times, after.value / after.times
        ends = binomial(np.array([last]), np.array([first + last]), confidence)
        scale = after.times / before.times * before.years / after.years
        ratio = after.value / before.value * before.years / after.years - 1
        low, high = (float(p[0] / (1 - p[0]) * scale - 1) for p in ends)
    a, b = before.value / before.years, after.value / after.years
    (al, au), (bl, bu) = before.ends(confidence), after.ends(confidence)
    return Step(
        ratio,
        low,
        high,
        b - a,
        b - a - float(np.hypot(b - bl, au - a)),
        b - a + float(np.hypot(bu - b, a - al)),
        _p(before, after),
    )


def _p(before: Sum, after: Sum) -> float:
    n, m = before.value / before.plain, after.value / after.plain
    if n + m == 0:
        return 1.0
    odds = after.years / before.years * before.plain / after.plain
    share = odds / (1 + odds)
    more = float(special.betainc(m, n + 1, share)) if m > 0 else 1.0
    less = float(special.betainc(n, m + 1, 1 - share)) if n > 0 else 1.0
    z = -special.ndtri(min(1.0, 2 * min(more, less)) / 2)
    return float(tail(np.array([z]), min(before.freedom, after.freedom))[0])
