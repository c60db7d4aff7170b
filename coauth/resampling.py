"""How sure a number is that rests on works: the works are drawn again, many times (Efron 1979, doi 10.1214/aos/1176344552).

What the intervals speak of: another draw of the *collaborative* works of the same years and fields. What they do not:
coverage, wrong matches, or how many works there were, which is taken as given. Only collaborative works are drawn: the
others carry no edge, and drawing them too would make the number of collaborations, and not only who had them, uncertain.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from coauth.incidence import Floats, Incidence, Integers
from coauth.queries import Measures, Years

SMALLEST_STRATUM = 10
"""Works below which strata of a year are thrown together: n works drawn within a stratum show only (n−1)/n of their
variance, and a work alone in its stratum none."""

Values = tuple[Years, str, str]
"""(window, variant, measure)"""


@dataclass(frozen=True)
class Replicates:
    """Values and resampled values of the institutions large enough to be judged, for the windows that are compared."""

    institutions: NDArray[np.object_]
    counting: str
    works: dict[Years, Integers]
    """collaborative works of at most K institutions of each institution"""
    value: dict[Values, Floats]
    """0 where an institution has no such work: it is not in that window's graph"""
    drawn: dict[Values, NDArray[np.float32]]
    """institutions × replicates"""

    def at(self, ids: Collection[str]) -> Integers:
        """Where those of `ids` that are here stand."""
        wanted = set(ids)
        return np.array([i for i, name in enumerate(self.institutions) if name in wanted], np.int64)


def strata(world: Incidence, most: int) -> Integers:
    """Stratum of each work: year × field; a work without field, or of more than `most` institutions, is in one of the
    year's own. Strata of fewer than ten works are joined within their year, and what is then still small over the window.

    >>> import pyarrow as pa, scipy.sparse as sp
    >>> works = pa.table({"year": [2020] * 21, "field_id": ["17"] * 10 + ["27"] * 6 + [None] * 4 + ["17"]})
    >>> teams = sp.csr_array(np.array([[1, 1, 0]] * 20 + [[1, 1, 1]]))
    >>> strata(Incidence(teams, np.array(["I1", "I2", "I3"], object), works), most=2).tolist()
    [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    """
    fields = pc.unique(world.works["field_id"]).drop_null().sort()
    field = pc.fill_null(pc.index_in(world.works["field_id"], fields), len(fields)).to_numpy().astype(np.int64)
    field[world.team > most] = len(fields) + 1
    year = world.year + 1  # 0 is kept for what is joined over the window
    code = year * (len(fields) + 3) + field + 1
    for joined in (year * (len(fields) + 3), np.zeros_like(year)):
        _, stratum, size = np.unique(code, return_inverse=True, return_counts=True)
        code = np.where(size[stratum.reshape(-1)] < SMALLEST_STRATUM, joined, code)
    return np.unique(code, return_inverse=True)[1].reshape(-1).astype(np.int64)


def draw(stratum: Integers, window: Years, measures: Measures) -> NDArray[np.int16]:
    """How often each work is drawn: works × replicates; within a stratum as many as it has, with replacement.

    Seeded by `measures.seed` and the window alone, so a window's draws do not depend on what else is measured, and the
    variants of a measure see the same draws: what differs between them is then the variant.

    >>> from types import SimpleNamespace
    >>> times = draw(np.array([0, 0, 1, 1, 1]), (2020, 2022), SimpleNamespace(seed=1, replicates=100))
    >>> times.shape, set(times[:2].sum(axis=0).tolist()), set(times[2:].sum(axis=0).tolist())
    ((5, 100), {2}, {3})
    """
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence([measures.seed, *window])))
    order = np.argsort(stratum, kind="stable")
    size = np.bincount(stratum)
    start = np.concatenate([[0], np.cumsum(size)[:-1]]).astype(np.int64)[stratum[order]]
    span = size[stratum[order]]
    times = np.empty((len(stratum), measures.replicates), np.int16)
    for replicate in range(measures.replicates):
        chosen = start + (generator.random(len(order)) * span).astype(np.int64)
        times[order, replicate] = np.bincount(chosen, minlength=len(order))
    return times


def interval(drawn: NDArray[np.number], confidence: float) -> tuple[Floats, Floats]:
    """Percentile interval of each row of institutions × replicates."""
    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn, (tail, 1 - tail), axis=1)
    return low, high


