"""How sure a count of works is, its share of a whole, and the change between two counts.

By chance alone a count is Poisson and a share binomial; years of a group's works vary by more than
that (a project ends and writes five). How much more is read from the series itself, and the exact
intervals are widened by it; for a change also how alike neighbouring years are
(`coauth.stats.autoregression`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import optimize, special

from coauth.stats.autoregression import CHANCE, Beyond
from coauth.stats.incidence import Flags, Floats

FALL = 0.25
"""The fall that power, and works that are needed to see it, are about."""


class Spread(NamedTuple):
    """How much more than chance a series of consecutive years varies from one year to the next.

    With x_t the year's count or share and v_t its variance by chance (x_t itself for a count,
    p(1−p)/N for a share), second differences d_t = x_(t−1) − 2x_t + x_(t+1) do away with level and
    trend, and E d² = Σ_c c²(v + θx²) over c = (1, −2, 1):

        θ = max(0, Σ(d² − Σc²v) / ΣΣc²x²),

    the squared coefficient of variation beyond chance, as for a negative binomial (McCullagh &
    Nelder 1989, doi 10.1007/978-1-4899-3242-6, ch. 6). It is known with ν = n²/Σρ² degrees of
    freedom, over all pairs of the n second differences (neighbours are correlated −2/3, the next
    1/6): 6.4 for 14 years. Years that resemble their neighbours beyond a trend look less spread
    than they are.
    """

    extra: float = 0.0
    """θ"""
    freedom: float = np.inf
    """ν"""

    @classmethod
    def of(cls, values: Floats, chance: Floats) -> Spread:
        """Of values in the order of their years, NaN where a year is not known; none where three
        years on end are not.

        >>> years = np.array([100.0, 120.0, 100.0, 120.0, 100.0])
        >>> Spread.of(years, years).extra.__round__(4)              # Σd² = 4,800 of which chance is 2,000; over ΣΣc²x²
        0.0125
        >>> Spread.of(np.full(14, 50.0), np.full(14, 50.0))
        Spread(extra=0.0, freedom=6.447761194029851)
        """
        coefficients = np.array([1.0, -2.0, 1.0])
        if len(values) < 3:
            return cls()
        x, v = (np.lib.stride_tricks.sliding_window_view(column, 3) for column in (values, chance))
        known = np.flatnonzero(~np.isnan(x + v).any(axis=1))
        squares, size = (
            ((x @ coefficients) ** 2 - v @ coefficients**2)[known].sum(),
            (x**2 @ coefficients**2)[known].sum(),
        )
        if not size > 0:
            return cls()
        apart = np.abs(known[:, None] - known)
        return cls(
            max(0.0, float(squares / size)),
            len(known) ** 2
            / float(((apart == 0) + (apart == 1) * 4 / 9 + (apart == 2) / 36).sum()),
        )

    def times(self, size: Floats, confidence: float, years: Floats | float = 1.0) -> Floats:
        """How many times chance's the variance is taken, φ = (1 + θ·size)·(t/z)²; `size` is x²/v,
        for a count the count itself, and Σx²/Σv of several `years` together.

        t is Student's with the degrees of freedom that the sum has of which only θ's part is
        estimated, ν·((1 + θ·size)/(θ·size))² (Satterthwaite 1946, doi 10.2307/3002019). Of several
        years it is ν wherever θ > 0: a single year that stands out is in θ itself, what several have in
        common is not, and up to 7 in 100 changes were called where there was none.

        >>> Spread(0.0, 6.4).times(np.array([100.0]), 0.95), Spread(0.01, 6.4).times(np.array([100.0]), 0.95).round(3)
        (array([1.]), array([2.203]))
        >>> Spread(0.01, 6.4).times(np.array([100.0]), 0.95, 3).round(3)
        array([3.025])
        """
        more, freedom = self.extra * size, self._freedom(size, years)
        upper = (1 + confidence) / 2
        wider = np.where(more > 0, special.stdtrit(freedom, upper) / special.ndtri(upper), 1.0)
        return np.asarray((1 + more) * wider**2)

    def factor(self, size: float, years: int) -> tuple[float, float]:
        """1 + θ·size and t's degrees of freedom by themselves."""
        return 1 + self.extra * size, float(self._freedom(np.array([size]), years)[0])

    def _freedom(self, size: Floats, years: Floats | float) -> Floats:
        more = self.extra * size
        part = np.divide(1 + more, more, out=np.full_like(more, np.inf), where=more > 0) ** 2
        several = np.where(more > 0, 1.0, np.inf)
        return np.minimum(self.freedom * np.where(np.asarray(years) > 1, several, part), 1e9)


class Ends(NamedTuple):
    low: Floats
    high: Floats


def with_intervals(rows: pd.DataFrame, confidence: float, rounding: float = 0.0) -> pd.DataFrame:
    """The rows of `COPUBLICATIONS` in the order of their years, with `total` beside `works` and NaN
    for what is not to be known, and with works_low, works_high, share_low, share_high; each series
    as spread as its years are that are not preliminary.

    `rounding` is the variance that rounding gives to a count, where these are rounded.
    """
    ends = pd.DataFrame(
        np.nan, index=rows.index, columns=["works_low", "works_high", "share_low", "share_high"]
    )
    for _, series in rows.groupby(["group_id", "basis"]):
        works, total = (series[name].to_numpy(dtype=float) for name in ("works", "total"))
        measured = ~series["preliminary"].to_numpy(dtype=bool)
        ends.loc[series.index] = np.column_stack(
            [
                *of_series(works, measured, confidence, rounding),
                *of_shares(works, total, measured, confidence, rounding),
            ]
        )
    return rows.drop(columns=ends.columns, errors="ignore").join(ends)


def of_series(
    works: Floats,
    measured: Flags,
    confidence: float,
    rounding: float = 0.0,
    spans: Flags | None = None,
) -> Ends:
    """Intervals of one series' counts, in the order of their years, or of their sums over `spans`
    (spans × years); `measured` marks the years that its spread is read from, `rounding` is the
    variance of a count's rounding.
    """
    spread = spread_of(np.where(measured, works, np.nan))
    total, squares, years = _summed(spans, works, works**2, np.ones(len(works)))
    times = spread.times(_over(squares, total), confidence, years)
    return poisson(total, confidence, times + _over(rounding * years, total))


def of_shares(
    works: Floats,
    total: Floats,
    measured: Flags,
    confidence: float,
    rounding: float = 0.0,
    spans: Flags | None = None,
) -> Ends:
    """Intervals of the shares that these are of `total`, year by year or over `spans`. The rounding
    of both adds V(1 + p²)/N² to the variance of a share p.
    """
    yearly, chance, _ = _share(works, total)
    spread = Spread.of(np.where(measured, yearly, np.nan), chance)
    counts, squares, whole, years = _summed(spans, works, works**2, total, np.ones(len(works)))
    share, chance, size = _share(counts, whole)
    size = size * _over(squares, counts**2)  # of one year 1
    more = _over(rounding * years * (1 + share**2), whole**2 * chance)
    return binomial(counts, whole, confidence, spread.times(size, confidence, years) + more)


def _summed(spans: Flags | None, *columns: Floats) -> list[Floats]:
    return [c if spans is None else spans.astype(np.float64) @ c for c in columns]


def _share(works: Floats, total: Floats) -> tuple[Floats, Floats, Floats]:
    """Share, its variance by chance, and its square over that; all, or none, of the whole varies by
    nothing.
    """
    share = np.divide(works, total, out=np.full(len(works), np.nan), where=total > 0)
    chance = share * (1 - share) / total
    return share, chance, np.divide(share**2, chance, out=np.zeros(len(works)), where=chance > 0)


def _over(some: Floats | float, of: Floats) -> Floats:
    """The ratio; 0 where there is nothing to be had."""
    return np.divide(some, of, out=np.zeros(len(of)), where=of > 0)


def spread_of(works: Floats) -> Spread:
    """Of a series of counts."""
    return Spread.of(works, works)


def poisson(counts: Floats, confidence: float, times: Floats | float = 1.0) -> Ends:
    """Exact interval of a Poisson mean (Garwood 1936, doi 10.1093/biomet/28.3-4.437): quantiles of
    gamma distributions of shape n and n+1; of n/φ, times φ, where the variance is φ `times` the
    mean.

    >>> [end.round(3).tolist() for end in poisson(np.array([0, 10]), 0.95)]
    [[0.0, 4.795], [3.689, 18.39]]
    >>> [end.round(3).tolist() for end in poisson(np.array([10]), 0.95, 2.0)]
    [[3.247], [23.337]]
    """
    tail, n = (1 - confidence) / 2, counts / times
    low = np.where(
        counts > 0, special.gammaincinv(np.where(counts > 0, n, 1), tail), 0.0 * counts
    )  # of a count that is not told neither end is
    return Ends(times * low, np.asarray(times * special.gammaincinv(n + 1, 1 - tail)))


def binomial(counts: Floats, total: Floats, confidence: float, times: Floats | float = 1.0) -> Ends:
    """Exact interval of a share (Clopper and Pearson 1934, doi 10.1093/biomet/26.4.404), of n/φ
    among N/φ; NaN (null in the table) where the total is 0.

    >>> [end.round(3).tolist() for end in binomial(np.array([0, 5]), np.array([10.0, 10.0]), 0.95)]
    [[0.0, 0.187], [0.308, 0.813]]
    """
    tail = (1 - confidence) / 2
    n, rest = counts / times, (total - counts) / times
    low = np.where(counts > 0, special.betaincinv(np.where(counts > 0, n, 1), rest + 1, tail), 0.0)
    high = np.where(
        counts < total, special.betaincinv(n + 1, np.where(counts < total, rest, 1), 1 - tail), 1.0
    )
    return Ends(np.where(total > 0, low, np.nan), np.where(total > 0, high, np.nan))


class Change(NamedTuple):
    """A relative change between two counts: 0.25 is a rise of a quarter. None where a count is 0."""

    before: int
    after: int
    ratio: float | None
    low: float | None
    high: float | None
    p: float | None = None
    """two-sided, of no change"""


def compare_counts(
    before: float,
    after: float,
    confidence: float,
    beyond: Beyond = CHANCE,
    rounding: float = 0.0,
    chance: tuple[float, float] = (1.0, 1.0),
) -> Change:
    """The relative change of two counts, with its interval; `rounding` is the variance that rounding
    gives to each, `chance` the variance of each by chance over its mean: 1 of works that count once.

    Given their sum n, `after` is binomial with p = r/(1+r), r the ratio of the means: the exact
    binomial interval of p gives that of r (Przyborowski and Wilenski 1940, doi
    10.1093/biomet/31.3-4.313). With a variance s of their logs `beyond` chance each counts for as
    many as tell as much by chance alone, n/φ with φ = 1 + s·n. s is not known: the ends are the
    quantiles of the mixture over all s.

    >>> compare_counts(110, 82, 0.95)  # doctest: +ELLIPSIS
    Change(before=110, after=82, ratio=-0.25454545..., low=-0.44689663..., high=0.00130449..., p=0.051...)
    >>> wanders = Beyond(np.array([0.5, 0.5]), np.array([0.0, 0.01]))
    >>> [round(end, 3) for end in compare_counts(110, 82, 0.95, wanders)[3:5]]
    [-0.486, 0.077]
    >>> [round(end, 3) for end in compare_counts(110, 80, 0.95, rounding=19.0)[3:5]]
    [-0.479, 0.009]
    """
    if before == 0 or after == 0:
        return Change(int(before), int(after), None, None, None)
    tail = (1 - confidence) / 2
    first_times, last_times = (
        plain + beyond.variance * n + rounding / n
        for n, plain in zip((before, after), chance, strict=True)
    )
    first, last, scale = before / first_times, after / last_times, last_times / first_times

    def below(log: float, more_first: int, more_last: int) -> float:
        """The share of the mixture below a ratio."""
        p = 1 / (1 + scale * np.exp(-log))
        return float(beyond.weight @ special.betainc(last + more_last, first + more_first, p))

    def end(more_first: int, more_last: int, share: float) -> float:
        """The ratio below which this share of the mixture lies."""
        more = (more_first, more_last)
        middle, reach = float(np.log(after / before)), 1.0
        while not below(middle - reach, *more) < share < below(middle + reach, *more):
            reach *= 2
        return float(
            np.exp(
                optimize.brentq(lambda x: below(x, *more) - share, middle - reach, middle + reach)
            )
        )

    p = min(1.0, 2 * min(below(0.0, 1, 0), 1 - below(0.0, 0, 1)))
    ends = end(1, 0, tail) - 1, end(0, 1, 1 - tail) - 1
    return Change(int(before), int(after), after / before - 1, *ends, p)


def works_needed(
    sought: float, confidence: float, beyond: float = 0.0, fall: float = FALL
) -> float | None:
    """Works a year from which a `fall` between two single years is seen with the power `sought`;
    None where from none.

    The log of the ratio of two counts a and (1−f)a has variance (1 + 1/(1−f))/a by chance, which
    works make small, and s `beyond` it, which they do not; so a = (1 + 1/(1−f)) / (ln²(1−f)/(z_c +
    z_p)² − s), with z_c, z_p the normal quantiles of the interval and of the power. Where years
    vary by a tenth, no number of works is enough.

    >>> [works_needed(p, 0.95).__round__() for p in (0.8, 0.5)]
    [221, 108]
    >>> works_needed(0.8, 0.95, 2 * 0.05**2).__round__(), works_needed(0.8, 0.95, 2 * 0.1**2)
    (421, None)
    """
    quantiles = float(special.ndtri((1 + confidence) / 2) + special.ndtri(sought))
    room = (np.log(1 - fall) / quantiles) ** 2 - beyond
    return float((1 + 1 / (1 - fall)) / room) if room > 0 else None
