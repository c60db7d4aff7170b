"""The step of one series at one date: a segmented regression whose error may be overdispersed and
autocorrelated.

y_t works of the group stand against r_t others in period t:

    log E[y_t] − log E[r_t] = x_t·b + u_t,    u_t = ρ u_{t−1} + √(1−ρ²) ε_t,    ε_t ~ N(0, σ²)

This is the Poisson regression of y_t with log r_t as offset, except that r_t is not taken as known:
given their sum n_t, y_t is binomial, and the others' chance is in the interval too. u_t is what
makes neighbouring periods alike and counts more spread than chance.

x_t of a segmented regression (Wagner et al. 2002, doi 10.1046/j.1365-2710.2002.00430.x) are 1, the
time t in years, [t ≥ T] (its coefficient is the *step*), (t − T)[t ≥ T], and for quarters one of
each season. Newey–West and estimated AR(1) errors are too narrow for series this short (Turner et
al. 2021, doi 10.1186/s12874-021-01364-0), since they take ρ as known. Here σ and ρ are not
estimated but averaged over: the fit is linearised at the binomial maximum likelihood, where
Var(y-residual) = 1/(n p(1−p)) + σ² on the log-odds scale, and for every σ in 0 … 0.9 and ρ in 0 …
0.95 the generalised least squares step is normal; these normals are mixed by their restricted
likelihood (Patterson & Thompson 1971, doi 10.1093/biomet/58.3.545). Beforehand σ is as likely as
σ·exp(−σ/0.3), a gamma of shape 2 that keeps away from 0 (Chung et al. 2013, doi
10.1007/s11336-013-9328-2): chance alone explains a short series too well, and were every σ equally
likely, a placebo date was called in up to 6 % of series with ρ = 0.8. ρ is as likely as 1/√(1−ρ²),
the root of the information that an AR(1) series bears on it (Jeffreys' rule, and the reference
prior of Berger & Yang 1994, Econometric Theory 10, 461): were every ρ equally likely, short series
would be taken for less alike than they are. The interval is that of the mixture.

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
from coauth.stats.counts import FALL

Array = npt.NDArray[np.float64]

SIGMA_GRID = 0.9 * np.linspace(0, 1, 25) ** 2
"""σ, in logs: 0.5 would let a period be two thirds more or a third fewer than its mean, by itself;
of two series held against each other both count. Closer together where a large series can tell them
apart.
"""
RHO_GRID = np.linspace(0, 0.95, 20)
"""ρ of one period with the next; negative ones would only narrow intervals."""
TYPICAL = 0.3
"""the likeliest σ before anything is seen; it and the shape were chosen in worlds of other seeds
than those of the tables
"""
PRIOR = np.outer(SIGMA_GRID**1.5 * np.exp(-SIGMA_GRID / TYPICAL), 1 / np.sqrt(1 - RHO_GRID**2))
"""of each σ (√σ of it for the distance to the next) and ρ, before anything is seen"""


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
            self.weight @ np.outer(SIGMA_GRID**2, step @ _alike(2 * a_year) @ step).ravel()
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
    # scaled by chance, the variance is I + σ²K with K = QΛQᵀ: turned by Qᵀ, the periods are
    # independent for every σ
    root = np.sqrt(information)
    spectrum, turn = np.linalg.eigh(root[:, None] * _alike(len(counts)) * root)
    columns, values = (
        np.swapaxes(turn, 1, 2) @ (root[:, None] * design),
        np.swapaxes(turn, 1, 2) @ (root * odds),
    )
    precise = 1 / (1 + SIGMA_GRID[:, None, None] ** 2 * spectrum)
    precision = np.swapaxes(columns * precise[..., None], 2, 3) @ columns
    covariance = np.linalg.inv(precision)
    coefficient = (covariance @ np.swapaxes(columns, 1, 2) @ (precise * values)[..., None])[..., 0]
    rest = values - (columns @ coefficient[..., None])[..., 0]
    likelihood = (np.log(precise) - precise * rest**2).sum(axis=-1) / 2 - np.linalg.slogdet(
        precision
    )[1] / 2
    weight = (PRIOR * np.exp(likelihood - likelihood.max())).ravel()
    error = np.sqrt(np.diagonal(covariance, axis1=2, axis2=3))
    each = (len(weight), design.shape[1])
    return Fit(
        weight / weight.sum(),
        coefficient.reshape(each),
        error.reshape(each),
        float((1 / information).mean()),
    )


def _alike(periods: int) -> Array:
    """Correlation of each period with each other, under every ρ: ρ × periods × periods."""
    apart = np.abs(np.subtract.outer(np.arange(periods), np.arange(periods)))
    return np.where(apart == 0, 1.0, RHO_GRID[:, None, None] ** apart)


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
