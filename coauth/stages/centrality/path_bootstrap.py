"""Harmonic closeness with an interval: on the graph of the strongest institutions, its works
weighted by chance.

A replicate that lacks 37 % of the works is another graph: ties of one work are gone, and with them
ways round. In the Bayesian bootstrap (Rubin 1981, doi 10.1214/aos/1176345338) no work is lost: each
has a weight drawn from Exp(1), of mean and variance 1 as the Poisson(1) of the other measures. The
weights are not brought to a fixed sum, for the reason given in `coauth.stats.bootstrap`: how
many works there were is left to chance too.

Betweenness can be had in the same way, and `measures.toml` does not take it: its 95 % intervals
held the truth in 88 % of simulated worlds (`tests/studies/simulation/PATHS.md`), most often because an
institution on no shortest path is on none in any replicate either.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import joblib
import numpy as np

from coauth.queries import Measures, Years
from coauth.stages.centrality.measures import Rating
from coauth.stages.centrality.paths import betweenness, distance, harmonic, shortest_paths
from coauth.stats.bootstrap import interval, spread, weigh
from coauth.stats.counting import Counting
from coauth.stats.incidence import Floats, Incidence
from coauth.stats.overdispersion import Factors

VARIANT = "strongest"
PATHS = ("harmonic", "betweenness")
_TASK = 10  # replicates handed to a process together


def strongest(
    world: Incidence,
    window: Years,
    names: Collection[str],
    measures: Measures,
    factors: Factors,
    freedom: float,
    workers: int = 1,
) -> Iterator[Rating]:
    """`harmonic` and `betweenness`, those of `names`, on the graph induced by the
    `measures.strongest` institutions of largest strength; of equally strong ones those with the
    smaller ids. Value and replicates are of this one graph and of its institutions; what a work
    counts for between two of them is what it counts for in the whole (`coauth.stats.counting`).

    `measures.path_replicates` replicates. Betweenness: percentiles. Harmonic closeness: value ±
    t·sd, because the shortest of several ways of chance lengths is shorter than that of their
    means: replicates lie too high (by 3 to 5 % in simulation), their spread does not suffer.
    Spreads are widened for bursts (`coauth.stats.overdispersion`), as a share's for betweenness,
    which no common factor moves, and as a count's for harmonic closeness, which is in works.

    `workers` processes share the replicates; no byte depends on their number.
    """
    asked = [name for name in PATHS if name in names]
    if not asked or not len(world.institutions):
        return
    counted = Counting.of(world, measures.counting)
    strength = np.asarray(counted.strength.sum(axis=1))
    chosen = np.sort(np.argsort(-strength, kind="stable")[: measures.strongest])
    counted, ids = counted.among(chosen), world.institutions[chosen]
    value = _rated(counted, asked, np.ones(len(counted.pair)))
    tasks = [
        range(r, min(r + _TASK, measures.path_replicates))
        for r in range(0, measures.path_replicates, _TASK)
    ]
    shared = joblib.Parallel(min(workers, len(tasks)))(
        joblib.delayed(_several)(counted, asked, window, task, measures) for task in tasks
    )
    drawn = np.concatenate(shared, axis=2)
    for name, point, replicates in zip(asked, value, drawn, strict=True):
        factor = factors.of("share" if name == "betweenness" else "count", ids)[:, None]
        spreading = np.maximum(point[:, None] + factor * (replicates - point[:, None]), 0.0)
        ends = (interval if name == "betweenness" else spread)(
            point, spreading, measures.confidence, freedom
        )
        yield Rating(name, VARIANT, ids, point, spreading, ends, among=len(ids))


def _several(
    counted: Counting, asked: list[str], window: Years, replicates: range, measures: Measures
) -> Floats:
    """Measures × institutions × replicates."""
    works = len(counted.pair)
    return np.stack(
        [_rated(counted, asked, weigh(works, window, r, measures)) for r in replicates], axis=-1
    )


def _rated(counted: Counting, asked: list[str], weights: Floats) -> Floats:
    """Measures × institutions, each work weighted."""
    lengths = distance(counted.project(weights))
    if len(asked) == 1:
        return {"harmonic": harmonic, "betweenness": betweenness}[asked[0]](lengths)[None]
    return np.stack(shortest_paths(lengths))
