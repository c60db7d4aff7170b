"""How much more than a Poisson count an institution's works vary from year to year.

Works do not come singly: a project ends and writes five, a department has a good year. Intervals
that take every work for an independent event are then too narrow, and most for the largest
institutions. What is needed beyond Poisson is read from the years themselves (negative binomial, as
McCullagh & Nelder 1989, doi 10.1007/978-1-4899-3242-6, ch. 6, scale variances).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from coauth.queries import Years
from coauth.stats.counting import Counting
from coauth.stats.incidence import Floats, Incidence, Integers

PRIOR = 20.0
"""Degrees of freedom given to what institutions have in common. An institution's own years, a
handful, say little: with less (10) intervals covered 96.5 % and shifts were missed, with all (no
own part) one null world in twelve had a false find; see tests/studies/simulation/RESULTS.md.
"""


@dataclass(frozen=True)
class Dispersion:
    """Variance of each institution's yearly series against what Poisson gives it.

    x_it is the series in year t and v_it its Poisson variance: for strength x = Σ_p u_pi, v = Σ_p
    u_pi²; for its share, x = s_i/Σs and v = Σ_p (u_pi − x·U_p)²/(Σs)², U_p = Σ_i u_pi. Second
    differences d_t = x_(t−1) − 2x_t + x_(t+1) do away with level and trend, and E d² = Σ_c c²(v +
    θx²) over c = (1, −2, 1). All institutions together give θ = max(0, Σ(d² − Σc²v) / ΣΣc²x²), each
    alone φ_own = Σd²/ΣΣc²v. In a window the variance is φ times Poisson's,

        φ_i = max(1, (ν·φ_own + PRIOR·(1 + θ Σ_t x_t²/v)) / (ν + PRIOR))

    (x_t in units of the window's x), with ν the degrees of freedom of the n second differences,
    n²/Σρ² over all pairs of them (neighbours are correlated −2/3, the next 1/6). Tails are those of
    Student's t with ν + PRIOR degrees. Without three years on end nothing can be told: φ = 1, and
    the tails are normal.

    Weighted works have a dispersion of their own: losses of metadata, which weights make good, look
    like bursts in what is left. A jump at one date enters d twice and widens the intervals a
    little: that errs on the side of silence.
    """

    theta: dict[str, float]
    """θ of 'count' and of 'share'"""
    freedom: float
    _own: dict[str, Floats]
    _own_freedom: float
    _adds: sp.csr_array
    _year: Integers
    _institutions: NDArray[np.object_]

    @classmethod
    def of(
        cls,
        world: Incidence,
        rule: str,
        weight: Floats | None = None,
        among: Collection[int] | None = None,
    ) -> Dispersion:
        """From the years (`among` these) in which the world has works, each counted `weight` times.

        Years that still grow are no evidence of bursts: leave them out of `among`.
        """
        adds = Counting.of(world, rule).strength
        adds = adds if weight is None else sp.csr_array(adds.multiply(weight[None, :]))
        years = np.unique(world.year)
        years = years if among is None else years[np.isin(years, list(among))]
        middle = years[
            np.isin(years - 1, years) & np.isin(years + 1, years)
        ]  # a year without works is no year of few works
        if not len(middle):
            return cls(
                {"count": 0.0, "share": 0.0}, np.inf, {}, 0.0, adds, world.year, world.institutions
            )
        theta, own = {}, {}
        around = [series(adds, world.year[:, None] == middle + step) for step in (-1, 0, 1)]
        for kind in ("count", "share"):
            (x0, v0), (x1, v1), (x2, v2) = (year[kind] for year in around)
            squares, poisson, size = (
                (x0 - 2 * x1 + x2) ** 2,
                v0 + 4 * v1 + v2,
                x0**2 + 4 * x1**2 + x2**2,
            )
            theta[kind] = max(0.0, float((squares - poisson).sum() / size.sum()))
            total = poisson.sum(axis=1)
            own[kind] = np.divide(squares.sum(axis=1), total, out=np.ones(len(x0)), where=total > 0)
        apart = np.abs(middle[:, None] - middle)
        own_freedom = len(middle) ** 2 / float(
            ((apart == 0) + (apart == 1) * 4 / 9 + (apart == 2) / 36).sum()
        )
        return cls(
            theta, own_freedom + PRIOR, own, own_freedom, adds, world.year, world.institutions
        )

    def factors(self, window: Years) -> Factors:
        """√φ in the window."""
        ones = np.ones(len(self._institutions))
        found = {"count": ones, "share": ones}
        if self._own:
            inside = (self._year[:, None] >= window[0]) & (self._year[:, None] <= window[1])
            each = self._adds @ (self._year[:, None] == np.arange(window[0], window[1] + 1)).astype(
                np.float64
            )
            yearly = {"count": each, "share": each / max(each.sum(), 1.0)}
            for kind, (_, variance) in series(self._adds, inside).items():
                squares = (yearly[kind] ** 2).sum(axis=1)
                pooled = 1 + self.theta[kind] * np.divide(
                    squares, variance[:, 0], out=np.zeros(len(squares)), where=variance[:, 0] > 0
                )
                weighed = (self._own_freedom * self._own[kind] + PRIOR * pooled) / (
                    self._own_freedom + PRIOR
                )
                found[kind] = np.sqrt(np.maximum(weighed, 1.0))
        return Factors(
            {
                kind: dict(zip(self._institutions, f.tolist(), strict=True))
                for kind, f in found.items()
            }
        )


@dataclass(frozen=True)
class Factors:
    """How much wider than Poisson's the spread of a `count` or a `share` of each institution is: √φ
    in one window.
    """

    factors: dict[str, dict[str, float]]

    def of(self, kind: str, institutions: NDArray[np.object_]) -> Floats:
        """1 for an institution without works of the kind that was looked at."""
        return np.array([self.factors[kind].get(name, 1.0) for name in institutions])

    def times(self, institutions: NDArray[np.object_], more: Floats) -> Factors:
        """Wider still, institution by institution."""
        by = dict(zip(institutions, more.tolist(), strict=True))
        return Factors(
            {
                kind: {name: factor * by.get(name, 1.0) for name, factor in known.items()}
                for kind, known in self.factors.items()
            }
        )


def tail(z: Floats, freedom: float) -> Floats:
    """Two-sided p of a studentised change: 2·P(T > |z|).

    >>> tail(np.array([0.0, 1.96]), np.inf).round(3).tolist(), tail(np.array([2.086]), 20.0).round(3).tolist()
    ([1.0, 0.05], [0.05])
    """
    return np.asarray(2 * (ndtr(-np.abs(z)) if np.isinf(freedom) else stdtr(freedom, -np.abs(z))))


def stretch(confidence: float, freedom: float) -> float:
    """How much wider an interval is with Student's t than with the normal distribution.

    >>> round(stretch(0.95, 20.0), 3), stretch(0.95, np.inf)
    (1.064, 1.0)
    """
    upper = (1 + confidence) / 2
    return 1.0 if np.isinf(freedom) else float(stdtrit(freedom, upper) / ndtri(upper))


def series(
    adds: sp.csr_array, columns: NDArray[np.bool_], work: Floats | None = None
) -> dict[str, tuple[Floats, Floats]]:
    """{kind: (x, v)} of the rows of U in each column of works × columns, a column taking some of
    the works; see `Dispersion`.

    `work` is U_p, where `adds` has not the rows of all institutions.
    """
    taken, squares = columns.astype(np.float64), adds.copy()
    squares.data = squares.data**2
    work = np.asarray(adds.sum(axis=0)) if work is None else work
    count, variance = adds @ taken, squares @ taken
    total = np.maximum(work @ taken, 1.0)  # a work adds at least 2, or nothing
    share = count / total
    spread = variance - 2 * share * (adds @ (work[:, None] * taken)) + share**2 * (work**2 @ taken)
    return {"count": (count, variance), "share": (share, np.maximum(spread, 0.0) / total**2)}
