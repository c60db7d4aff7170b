"""How many works a pair would share if the same institutions had met on the same works by chance.

The null model keeps how many works each institution has and how many domestic and foreign
institutions each work has, within every year and field, and is uniform over all ways that is
possible (`coauth.stages.intensity.curveball`; on why such a bipartite null and none on the projected graph:
Neal, Domagalski & Sagan 2021, doi 10.1038/s41598-021-03238-3). Domestic institutions are dealt
among works apart from foreign ones: a work is here because of its domestic institution, so a null
that dealt both together would hold works that no harvest could, and would put every
domestic–foreign pair above it.

    z = (C_XY − mean) / sd,   p = (1 + #{null ≥ C_XY}) / (R + 1)

and likewise #{null ≤ C_XY}; the two-sided p is twice the smaller. With R states p cannot fall below
1/(R+1). So where fewer than 10 states reach C_XY, the tail is that of a Poisson with the null's
mean, never above what ten would have given. A sum of draws without replacement has lighter tails
than this Poisson (Hoeffding 1956, doi 10.1214/aoms/1177728178).

q is Benjamini–Hochberg's (1995, doi 10.1111/j.2517-6161.1995.tb02031.x). A pair is in PAIRS because
it has many works, which is what is tested; so its family is every domestic–foreign pair of the
window that could have had as many: both ends have at least `smallest_pair` works, which the null
keeps. The pairs that did not count with p = 1.

States are a round of trades apart. On the sample a pair's works in one state correlate by 0.33 with
those in the next and by 0.12 with those after, so R states tell of the mean what R/2 independent
ones would: at R = 400 a z of 3 is known to ±0.17. Time grows with the places of the matrix, R and
the meetings on its works: 5 CPU-seconds for the sample (60,000 places, R = 400), and by
extrapolation from 50 rounds about 400 for 500,000 works (1.5 million places, 74,000 pairs), in 0.7
GB.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import pdtr, pdtrc

from coauth.queries import Measures
from coauth.stages.intensity.curveball import Trades, ranks
from coauth.stats.incidence import Flags, Floats, Incidence, Integers

FEWEST = 10
"""States at least as extreme, from which on their share is taken for the tail."""


def compare(
    world: Incidence, domestic: Flags, pairs: Mapping[str, NDArray[Any]], measures: Measures
) -> dict[str, Floats]:
    """expected, null_z, p_value and q_value of `pairs`: columns first_year, last_year, source,
    target (positions), works, and `expected` from margins, which stays where nothing is sampled.

    One walk over the works of all years serves all windows, since no work trades with one of
    another year. NaN where nothing was sampled, and for z where the null does not vary. Memory: a
    few numbers per place, pair and window; a state is counted and forgotten.
    """
    unknown = np.full(len(pairs["works"]), np.nan)
    if not measures.null_samples:
        return dict.fromkeys(("null_z", "p_value", "q_value"), unknown)
    works, total, squares = (np.zeros(len(unknown), np.int64) for _ in range(3))
    works += pairs["works"]
    reached, below = np.zeros_like(works), np.zeros_like(works)
    for shared in _states(world, domestic, pairs, measures):
        total += shared
        squares += shared * shared
        reached += shared >= works
        below += shared <= works
    samples = measures.null_samples
    mean = total / samples
    spread = np.sqrt(np.maximum(squares - total * mean, 0.0) / max(samples - 1, 1))
    z = np.divide(works - mean, spread, out=unknown.copy(), where=spread > 0)
    p = two_sided(works, reached, below, mean, samples)
    return {
        "expected": mean,
        "null_z": z,
        "p_value": p,
        "q_value": _over_the_window(p, world, domestic, pairs, measures),
    }


def two_sided(
    works: Integers, reached: Integers, below: Integers, mean: Floats, samples: int
) -> Floats:
    """p of each pair; `reached` and `below` are the states with at least and at most its works.

    >>> two_sided(np.array([5, 9]), np.array([100, 0]), np.array([320, 400]), np.array([4.0, 2.0]), 400).round(4).tolist()
    [0.5037, 0.0005]
    """
    ceiling = (1 + FEWEST) / (samples + 1)
    upper = np.where(
        reached >= FEWEST,
        (1 + reached) / (samples + 1),
        np.minimum(pdtrc(works - 1, mean), ceiling),
    )
    lower = np.where(
        below >= FEWEST, (1 + below) / (samples + 1), np.minimum(pdtr(works, mean), ceiling)
    )
    return np.asarray(np.minimum(2 * np.minimum(upper, lower), 1.0))


def _over_the_window(
    p: Floats,
    world: Incidence,
    domestic: Flags,
    pairs: Mapping[str, NDArray[Any]],
    measures: Measures,
) -> Floats:
    from scipy import stats  # noqa: PLC0415  takes a third of the time in which the command line starts

    q = np.ones_like(p)
    for first in np.unique(pairs["first_year"]):
        here = pairs["first_year"] == first
        able = (
            world.count(world.within((int(first), int(pairs["last_year"][here][0]))))
            >= measures.smallest_pair
        )
        family = int((able & domestic).sum()) * int((able & ~domestic).sum())
        q[here] = np.minimum(stats.false_discovery_control(p[here]) * family / here.sum(), 1.0)
    return q


def _states(
    world: Incidence, domestic: Flags, pairs: Mapping[str, NDArray[Any]], measures: Measures
) -> Iterator[Integers]:
    """Works of each pair in its window, for one state of the null after the other."""
    trades = _sides(world, domestic)
    left, right, work = _meetings(trades.start)
    first = int(world.year.min())
    year, years = world.year[work] - first, int(world.year.max()) - first + 1
    width = len(world.institutions)
    wanted, pair = np.unique(pairs["source"] * width + pairs["target"], return_inverse=True)
    sources, targets = (np.isin(np.arange(width), pairs[end]) for end in ("source", "target"))
    begins, ends = (
        np.clip(pairs[name] - first + add, 0, years)
        for name, add in (("first_year", 0), ("last_year", 1))
    )
    by_year = np.zeros((years + 1, len(wanted)), np.int64)
    generator = np.random.Generator(
        np.random.PCG64(np.random.SeedSequence([measures.seed, first, years]))
    )
    for columns in trades.states(measures.null_samples, generator):
        source, target = columns[left], columns[right]
        met = np.flatnonzero(sources[source] & targets[target])
        key = source[met] * width + target[met]
        at = np.minimum(np.searchsorted(wanted, key), len(wanted) - 1)
        hit = wanted[at] == key
        counted = np.bincount(year[met[hit]] * len(wanted) + at[hit], minlength=years * len(wanted))
        np.cumsum(counted.reshape(years, -1), axis=0, out=by_year[1:])
        yield by_year[ends, pair] - by_year[begins, pair]


def _sides(world: Incidence, domestic: Flags) -> Trades:
    """Every work as two rows, its domestic institutions and, `len(world.year)` further on, its
    foreign ones.
    """
    here = world.matrix.tocoo()
    row, column = here.coords
    count = len(world.year)
    cell = strata(world)
    stratum = np.concatenate([2 * cell, 2 * cell + 1])
    return Trades.of(
        row.astype(np.int64) + count * ~domestic[column], column.astype(np.int64), stratum
    )


def strata(world: Incidence) -> Integers:
    """Number of each work's year and field."""
    cell, _ = pd.factorize(
        pd.MultiIndex.from_arrays([world.year, world.works["field_id"].to_pandas().fillna("")])
    )
    return np.asarray(cell, np.int64)


def _meetings(start: Integers) -> tuple[Integers, Integers, Integers]:
    """Every meeting of a domestic place with a foreign one on a work: the two places and the work.
    Trades move none.
    """
    size = np.diff(start)
    ours, theirs = size[: len(size) // 2], size[len(size) // 2 :]
    work = np.repeat(np.arange(len(ours)), ours * theirs)
    rank = ranks(ours * theirs)
    return start[work] + rank // theirs[work], start[len(ours) + work] + rank % theirs[work], work
