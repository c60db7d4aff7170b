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
from coauth.queries.registry import MEASURES
from coauth.stages.centrality.basis import Basis, Partners
from coauth.stages.centrality.measures import Rating, evaluate
from coauth.stats.bootstrap import interval, spread, weigh
from coauth.stats.counting import Counting
from coauth.stats.incidence import Floats, Incidence
from coauth.stats.overdispersion import Factors

VARIANT = "strongest"
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
    """These measures on the graph induced by the
    `measures.strongest` institutions of largest strength; of equally strong ones those with the
    smaller ids. Value and replicates are of this one graph and of its institutions; what a work
    counts for between two of them is what it counts for in the whole (`coauth.stats.counting`).

    `measures.path_replicates` replicates. Of a measure whose interval is from paths value ± t·sd,
    because the shortest of several ways of chance lengths is shorter than that of their
    means: replicates lie too high (by 3 to 5 % in simulation), their spread does not suffer.
    Of any other percentiles. Spreads are widened for bursts (`coauth.stats.overdispersion`), as a share's for betweenness,
    which no common factor moves, and as a count's for harmonic closeness, which is in works.

    `workers` processes share the replicates; no byte depends on their number.
    """
    if not names or not len(world.institutions):
        return
    counted = Counting.of(world, measures.counting)
    strength = np.asarray(counted.strength.sum(axis=1))
    chosen = np.sort(np.argsort(-strength, kind="stable")[: measures.strongest])
    counted, ids = counted.among(chosen), world.institutions[chosen]
    basis = Basis(world, counted, Partners(None, None))
    value = evaluate(basis, names, np.ones((len(counted.pair), 1)))
    tasks = [
        range(r, min(r + _TASK, measures.path_replicates))
        for r in range(0, measures.path_replicates, _TASK)
    ]
    shared = joblib.Parallel(min(workers, len(tasks)))(
        joblib.delayed(_replicates)(basis, names, window, task, measures) for task in tasks
    )
    for name, values in value.items():
        record, point = MEASURES[name], values[:, 0]
        factor = factors.of(record.spread, ids)[:, None]
        drawn = np.concatenate([replicates[name] for replicates in shared], axis=1)
        widened = np.maximum(values + factor * (drawn - values), record.range[0])
        ends = (spread if record.interval == "paths" else interval)(
            point, widened, measures.confidence, freedom
        )
        yield Rating(name, VARIANT, ids, point, widened, ends.clip(*record.range), among=len(ids))


def _replicates(
    basis: Basis, names: Collection[str], window: Years, replicates: range, measures: Measures
) -> dict[str, Floats]:
    """{measure: institutions × replicates}."""
    works = len(basis.counting.pair)
    weights = [weigh(works, window, r, measures) for r in replicates]
    return evaluate(basis, names, np.column_stack(weights))
