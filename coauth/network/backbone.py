"""Which pairs say more than the volumes of their ends: p-values of pairs, for drawing a network
that is too dense.

* `projection`: the co-authorship graph is a projection of works × institutions, so a pair is judged against what both
  margins alone would give: institutions with so many works, works with so many institutions. This is the stochastic
  degree sequence model (Neal 2014, doi 10.1016/j.socnet.2014.06.001; Neal, Domagalski & Sagan 2021,
  doi 10.1038/s41598-021-03238-3) within each year, with the probabilities of the bipartite configuration model.
* `disparity`: simpler and quicker; judges the weights of a node's edges against an even split of its strength, and
  knows nothing of works.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.special import gammainc

from coauth.errors import MeasureFailed
from coauth.network.edges import Ints, Mask, Pairs
from coauth.stats.incidence import Incidence, incidence

Floats = NDArray[np.float64]


def disparity(pairs: Pairs) -> Floats:
    """Per pair the smaller α of its two ends: (1 − w/s)^(k−1), the chance of a share w/s or more of
    a node's strength s falling on one of its k edges if strength were split at random (Serrano,
    Boguñá & Vespignani 2009, doi 10.1073/pnas.0808904106). An end with one edge says nothing and
    counts as 1.
    """
    strength, degree = pairs.strength, pairs.partners
    alphas = []
    for end in (pairs.source, pairs.target):
        share = pairs.weight / np.maximum(strength[end], 1)
        alphas.append(np.where(degree[end] > 1, (1 - share) ** np.maximum(degree[end] - 1, 1), 1.0))
    return np.minimum(*alphas)


def projection(
    pairs: Pairs,
    ids: pa.Array,
    works: pa.Table,
    affiliations: pa.Table,
    years: tuple[int, int],
    largest: int | None,
) -> Floats:
    """Per pair P(X ≥ works they share) had each year's works fallen on institutions by volume
    alone.

    Of a year's works with 2 to `largest` institutions, institution i stands on a work of k
    institutions with probability p_ik = x_i y_k / (1 + x_i y_k), where x and y make every
    institution's expected number of works, and every work's expected number of institutions, what
    they were. The works two institutions share are then a sum of independent trials with mean μ =
    Σ_years Σ_k n_k p_ik p_jk. Its upper tail is bounded by that of the Poisson distribution with
    the same mean wherever more than μ + 1 works are shared (Hoeffding 1956, doi
    10.1214/aoms/1177728178), which is what is returned: towards keeping too few pairs, and close
    where the p are small.

    Raises `MeasureFailed` where no x and y are found.
    """
    world = incidence(works, affiliations)
    small = (world.team >= 2) & (world.team <= (largest or np.inf))
    mean = np.zeros(len(pairs.source))
    for year in range(years[0], years[1] + 1):
        part = world.only(small & world.within((year, year)))
        if len(part.team):
            mean += _expected(part, pairs, ids)
    return np.asarray(gammainc(np.maximum(pairs.works, 1), mean))


def discovered(p: Floats, pairs: Pairs, rate: float) -> Mask:
    """The pairs kept by Benjamini & Hochberg (1995, doi 10.1111/j.2517-6161.1995.tb02031.x) at that
    rate.

    The family is every pair of institutions with an edge, those that share no work (p = 1)
    included: to test only pairs that were seen together would call the rarest of them strong for
    having been seen at all.
    """
    seen = np.flatnonzero(pairs.weight > 0)
    nodes = len(np.union1d(pairs.source[seen], pairs.target[seen]))
    family = nodes * (nodes - 1) / 2
    ordered = np.sort(p[seen])
    passing = np.flatnonzero(ordered <= rate * np.arange(1, len(seen) + 1) / max(family, 1))
    limit = ordered[passing[-1]] if len(passing) else -1.0
    return (pairs.weight > 0) & (p <= limit)


def _expected(world: Incidence, pairs: Pairs, ids: pa.Array) -> Floats:
    """Mean number of shared works of every pair in one year. Institutions of equal volume share
    their probabilities.
    """
    volume, volume_of, institutions = np.unique(
        world.count(np.ones(len(world.team), bool)), return_inverse=True, return_counts=True
    )
    size, works = np.unique(world.team, return_counts=True)
    chance = chances(volume, institutions, size, works)
    shared = np.einsum(
        "ik,jk,k->ij", chance, chance, works.astype(float)
    )  # no BLAS: its sums depend on threads
    place = pc.index_in(ids, value_set=pa.array(world.institutions, pa.string()))
    row = np.append(volume_of, -1)[
        pc.fill_null(place, len(volume_of)).to_numpy(zero_copy_only=False)
    ]
    source, target = row[pairs.source], row[pairs.target]
    return np.where((source >= 0) & (target >= 0), shared[source, target], 0.0)


def chances(volume: Ints, institutions: Ints, size: Ints, works: Ints) -> Floats:
    """p[i, k] of institutions with `volume[i]` works (so many of them) on works of `size[k]`
    institutions (so many).

    An institution on every work, or a work with every institution, has p = 1 and is taken out
    first: no finite x or y stands for it.

    >>> chances(np.array([1, 2]), np.array([2, 1]), np.array([2]), np.array([2])).round(6).tolist()   # one is on both works
    [[0.5], [1.0]]
    """
    p = np.zeros((len(volume), len(size)))
    everywhere, whole = volume == works.sum(), size == institutions.sum()
    if everywhere.any():
        p[everywhere] = 1.0
        size = size - institutions[everywhere].sum()
    elif whole.any():
        p[:, whole] = 1.0
        volume = volume - works[whole].sum()
    rows, columns = (
        np.flatnonzero(~everywhere & (volume > 0)),
        np.flatnonzero((size > 0) & ~(whole & ~everywhere.any())),
    )
    if len(rows) and len(columns):
        solve = chances if everywhere.any() or whole.any() else _fitted
        p[np.ix_(rows, columns)] = solve(
            volume[rows], institutions[rows], size[columns], works[columns]
        )
    return p


def _fitted(
    volume: Ints,
    institutions: Ints,
    size: Ints,
    works: Ints,
    tolerance: float = 1e-6,
    most: int = 100_000,
) -> Floats:
    """Fixed-point iteration of the likelihood's equations (Vallarano et al. 2021, doi
    10.1038/s41598-021-93830-4), until every expected volume is met to `tolerance` of itself.
    """
    x, y = volume / np.sqrt((volume * institutions).sum()), size / np.sqrt((size * works).sum())
    for _ in range(most):
        x = volume / (works * y / (1 + np.outer(x, y))).sum(axis=1)
        y = size / ((institutions * x)[:, None] / (1 + np.outer(x, y))).sum(axis=0)
        odds = np.outer(x, y)
        p = odds / (1 + odds)
        if np.abs((p * works).sum(axis=1) / volume - 1).max() < tolerance:
            return np.asarray(p)
    raise MeasureFailed(
        "backbone: no chances fit the volumes of institutions and works; use the disparity filter instead"
    )
