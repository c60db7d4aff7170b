"""The step of one series at one date: a segmented regression whose error may be overdispersed and
autocorrelated.

y_t works of the group stand against r_t others in period t:

    log E[y_t] − log E[r_t] = x_t·b + u_t,    u_t = ρ u_{t−1} + √(1−ρ²) ε_t,    ε_t ~ N(0, σ²)

This is the Poisson regression of y_t with log r_t as offset, except that r_t is not taken as known:
given their sum n_t, y_t is binomial, and the others' chance is in the interval too. u_t is what
makes neighbouring periods alike and counts more spread than chance.

x_t of a segmented regression (Wagner et al. 2002, doi 10.1046/j.1365-2710.2002.00430.x) are 1, the
time t in years, [t ≥ T] (its coefficient is the *step*), (t − T)[t ≥ T], and for quarters one of
each season. The fit is linearised at the binomial maximum likelihood, where Var(y-residual) =
1/(n p(1−p)) + σ² on the log-odds scale; σ and ρ are not estimated but averaged over
(`coauth.stats.autoregression`, with sources), and the interval is that of the mixture.

How often these intervals hold a planted fall, and how often a placebo date is called, is in
tests/studies/simulation/RESULTS.md. A σ of 0 makes them wide, since they allow for a spread that is not
there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize
from scipy.special import expit, ndtr, ndtri

from coauth.errors import MeasureFailed
from coauth.stats.autoregression import RHO_GRID, SIGMA_GRID, correlation, regress
from coauth.stats.counts import FALL

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Fit:
    """The coefficients of a regression under every σ and ρ, with the weight of each."""

    weight: Array
    coefficient: Array
    """σ-and-ρ × coefficients"""
    error: Array
    noise: float
    """mean variance of a period's log-odds by chance alone"""

    def value(self, column: int) -> float:
        return float(self.weight @ self.coefficient[:, column])

    def below(self, column: int) -> Callable[[float], float]:
        """P(coefficient < x)."""
        return lambda x: float(
            self.weight @ ndtr((x - self.coefficient[:, column]) / self.error[:, column])
        )

    def interval(self, column: int, confidence: float) -> tuple[float, float]:
        reach = 10 * self.error[:, column]
        ends = (
            float((self.coefficient[:, column] - reach).min()),
            float((self.coefficient[:, column] + reach).max()),
        )
        below = self.below(column)
        low, high = (
            optimize.brentq(lambda x, tail=tail: below(x) - tail, *ends)
            for tail in ((1 - confidence) / 2, (1 + confidence) / 2)
        )
        return float(low), float(high)

    def p_value(self, column: int) -> float:
        """Two-sided, of the coefficient being 0."""
        below = self.below(column)(0.0)
        return 2 * min(below, 1 - below)

    @property
    def dispersion(self) -> float:
        """How many times the variance by chance alone a period's variance is, on average over σ."""
        return 1 + float(self.weight @ np.repeat(SIGMA_GRID, len(RHO_GRID)) ** 2) / self.noise

    def beyond(self, a_year: int) -> float:
        """Variance, beyond chance, of the log-odds of one year less those of the year before, of
        `a_year` periods each.
        """
        step = np.repeat([-1.0, 1.0], a_year) / a_year
        return float(
            self.weight
            @ np.outer(SIGMA_GRID**2, step @ correlation(np.arange(2.0 * a_year)) @ step).ravel()
        )

    @property
    def autocorrelation(self) -> float:
        return float(self.weight @ np.tile(RHO_GRID, len(SIGMA_GRID)))


def design(periods: int, start: int, a_year: int, trend: bool = True) -> Array:
    """x_t: 1, the step at `start`, and with `trend` the time in years and its change; for quarters,
    three of season.

    >>> design(4, 2, 1).tolist()
    [[1.0, 0.0, -1.5, -0.0], [1.0, 0.0, -0.5, -0.0], [1.0, 1.0, 0.5, 0.0], [1.0, 1.0, 1.5, 1.0]]
    """
    at = np.arange(periods)
    after = (at >= start).astype(float)
    years = at / a_year
    columns = [
        np.ones(periods),
        after,
        *([years - years.mean(), after * (years - start / a_year)] if trend else []),
    ]
    return np.column_stack(
        [*columns, *((at % a_year == season) - 1 / a_year for season in range(1, a_year))]
    )


def fit(design: Array, counts: Array, total: Array) -> Fit:
    """The regression of `counts` out of `total` on `design`.

    >>> halved = fit(design(14, 9, 1), np.where(np.arange(14) < 9, 400.0, 200.0), np.where(np.arange(14) < 9, 2400.0, 2200.0))
    >>> round(float(np.exp(halved.value(1))), 6), abs(halved.value(3)) < 1e-9
    (0.5, True)

    Raises `MeasureFailed` if the binomial fit does not converge.
    """
    odds, information = _likeliest(design, counts, total)
    found = regress(design, odds, information, np.arange(len(counts), dtype=float))
    return Fit(found.weight, found.value, found.error, float((1 / information).mean()))


def _likeliest(design: Array, counts: Array, total: Array) -> tuple[Array, Array]:
    """Working log-odds and their information at the binomial maximum likelihood, by iteratively
    reweighted least squares.
    """
    eta = np.log((counts + 0.5) / (total - counts + 0.5))
    for _ in range(50):
        p = expit(eta)
        information = total * p * (1 - p)
        working = eta + (counts - total * p) / information
        beta = np.linalg.solve(
            design.T @ (information[:, None] * design), design.T @ (information * working)
        )
        before, eta = eta, design @ beta
        if np.max(np.abs(eta - before)) < 1e-10:
            return working, information
    raise MeasureFailed(
        "events: the segmented regression did not converge in 50 steps; look at the series in copublications"
    )


def power(half_width: float, confidence: float, fall: float = FALL) -> float:
    """Probability that an interval of this half-width would leave out 0 if the level fell by
    `fall`.

    >>> round(power(0.2, 0.95), 2), round(power(2.0, 0.95), 2)
    (0.8, 0.06)
    """
    quantile = float(ndtri((1 + confidence) / 2))
    shift = -np.log(1 - fall) * quantile / half_width
    return float(ndtr(shift - quantile) + ndtr(-shift - quantile))
