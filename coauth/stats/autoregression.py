"""How far a series wanders from its trend by itself, and how alike neighbouring periods are: neither
is known of a short series, so both are averaged over.

Values y_t on a log scale have a known chance variance 1/I_t, and beside it a level u_t that wanders:

    y_t = x_t·b + u_t + e_t,    u_t = ρ u_{t−1} + √(1−ρ²) ε_t,    ε_t ~ N(0, σ²)

Estimated AR(1) errors are too narrow for series this short (Turner et al. 2021, doi
10.1186/s12874-021-01364-0), since they take ρ as known. Here for every σ in 0 … 0.9 and ρ in 0 …
0.95 the generalised least squares coefficients are normal; these normals are mixed by their
restricted likelihood (Patterson & Thompson 1971, doi 10.1093/biomet/58.3.545). Beforehand σ is as
likely as σ·exp(−σ/0.3), a gamma of shape 2 that keeps away from 0 (Chung et al. 2013, doi
10.1007/s11336-013-9328-2): chance alone explains a short series too well, and were every σ equally
likely, a placebo date was called in up to 6 % of series with ρ = 0.8. ρ is as likely as 1/√(1−ρ²),
the root of the information that an AR(1) series bears on it (Jeffreys' rule, and the reference
prior of Berger & Yang 1994, Econometric Theory 10, 461): were every ρ equally likely, short series
would be taken for less alike than they are.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from coauth.stats.incidence import Floats

SIGMA_GRID = 0.9 * np.linspace(0, 1, 25) ** 2
"""σ, in logs: 0.5 would let a period be two thirds more or a third fewer than its mean, by itself;
of two series held against each other both count. Closer together where a large series can tell them
apart.
"""
RHO_GRID = np.linspace(0, 0.95, 20)
"""ρ of one period with the next; negative ones would only narrow intervals."""
COUNTED = 0.1
"""the same of the count of one group: chosen in 200 worlds a cell of other seeds, in which a change was then
called in at most 4 % where there is none, and a true fall found up to twice as often as by `TYPICAL`
"""
TYPICAL = 0.3
"""the likeliest σ before anything is seen; it and the shape were chosen in worlds of other seeds
than those of the tables
"""


def _prior(typical: float) -> Floats:
    return np.outer(SIGMA_GRID**1.5 * np.exp(-SIGMA_GRID / typical), 1 / np.sqrt(1 - RHO_GRID**2))


PRIOR = _prior(TYPICAL)
"""of each σ (√σ of it for the distance to the next) and ρ, before anything is seen"""

_HALF = (
    0.5  # a work: added to each year's, or a series that begins with nothing would have no slope
)
_FEWEST = 3  # years, for a trend and something beside it
_CURVED = 7  # years from which a trend may bend: three more than coefficients
_LEAST = 1e-4  # of the largest weight: what weighs less is not carried along


class Coefficients(NamedTuple):
    """Of a regression, under every σ and ρ."""

    weight: Floats
    """of each σ and ρ, in the order of `PRIOR`; adds up to 1"""
    value: Floats
    """σ-and-ρ × coefficients"""
    error: Floats


def regress(
    design: Floats, values: Floats, information: Floats, at: Floats, prior: Floats = PRIOR
) -> Coefficients:
    """Generalised least squares of `values` on `design` for every σ and ρ, weighted by restricted
    likelihood and prior; `at` is the time of each value in periods.
    """
    # scaled by chance, the variance is I + σ²K with K = QΛQᵀ: turned by Qᵀ, the periods are
    # independent for every σ
    root = np.sqrt(information)
    spectrum, turn = np.linalg.eigh(root[:, None] * correlation(at) * root)
    columns, turned = (
        np.swapaxes(turn, 1, 2) @ (root[:, None] * design),
        np.swapaxes(turn, 1, 2) @ (root * values),
    )
    precise = 1 / (1 + SIGMA_GRID[:, None, None] ** 2 * spectrum)
    precision = np.swapaxes(columns * precise[..., None], 2, 3) @ columns
    covariance = np.linalg.inv(precision)
    value = (covariance @ np.swapaxes(columns, 1, 2) @ (precise * turned)[..., None])[..., 0]
    rest = turned - (columns @ value[..., None])[..., 0]
    likelihood = (np.log(precise) - precise * rest**2).sum(axis=-1) / 2 - np.linalg.slogdet(
        precision
    )[1] / 2
    weight = (prior * np.exp(likelihood - likelihood.max())).ravel()
    error = np.sqrt(np.diagonal(covariance, axis1=2, axis2=3))
    each = (len(weight), design.shape[1])
    return Coefficients(weight / weight.sum(), value.reshape(each), error.reshape(each))


def correlation(at: Floats) -> Floats:
    """Of u at each time with u at each other, under every ρ: ρ × times × times."""
    apart = np.abs(np.subtract.outer(at, at))
    return np.where(apart == 0, 1.0, RHO_GRID[:, None, None] ** apart)


class Beyond(NamedTuple):
    """Variance of the log of a count beyond chance, as far as it tells two years apart; not known,
    but each of these by its weight.
    """

    weight: Floats
    variance: Floats


CHANCE = Beyond(np.ones(1), np.zeros(1))
"""Nothing beyond chance."""


def beyond(works: Floats, first: int, last: int) -> Beyond:
    """σ²(1 − ρ^k) of a series of yearly counts, for the years at `first` and `last`, k apart: the
    change between them has twice that variance beside 1/a + 1/b of chance.

    `works` is in the order of the years, NaN where a count is not to be used. The level is a
    trend of the log, curved where seven years or more are known, with a step half-way between the
    two years: growth that slows down, or a true change, would else count as wandering and hide the
    change itself. `CHANCE` where fewer than three counts are known, or
    none is above 0: nothing can be told then.

    >>> steady, restless = (beyond(np.array([a, b] * 7), 9, 12) for a, b in ((100.0, 100), (60.0, 140)))
    >>> for found in (steady, restless):                # the logs of the second vary by 0.44
    ...     print(round(float(np.sqrt(found.weight @ found.variance)), 2))
    0.05
    0.47
    """
    at = np.flatnonzero(~np.isnan(works)).astype(float)
    counts = works[~np.isnan(works)]
    if len(at) < _FEWEST or not counts.any():
        return CHANCE
    columns = [np.ones(len(at)), at - at.mean()]
    step = at >= (first + last + 1) // 2
    if step.any() and not step.all() and len(at) > _FEWEST:
        columns.append(step.astype(float))
    if len(at) >= _CURVED:
        columns.append((at - at.mean()) ** 2)
    design = np.column_stack(columns)
    weight = regress(design, *_linear(design, counts + _HALF), at, _prior(COUNTED)).weight
    variance = np.outer(SIGMA_GRID**2, 1 - RHO_GRID ** abs(last - first)).ravel()
    kept = weight > _LEAST * weight.max()
    return Beyond(weight[kept] / weight[kept].sum(), variance[kept])


def _linear(design: Floats, counts: Floats) -> tuple[Floats, Floats]:
    """Working logs of counts and their information at the Poisson maximum likelihood, by iteratively
    reweighted least squares; counts above 0 have one, and 100 steps reach it.
    """
    eta = np.log(counts)
    for _ in range(100):
        information = np.exp(eta)
        working = eta + counts / information - 1
        weighted = design.T * information
        before, eta = eta, design @ np.linalg.solve(weighted @ design, weighted @ working)
        if np.max(np.abs(eta - before)) < 1e-10:
            break
    return working, information
