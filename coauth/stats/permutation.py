"""Did an institution's share shift between two windows, or could the works as well lie the other
way round?

The works of both windows are shuffled between them, within their fields, so that each window keeps
as many of each field as it has. What is compared is studentised, as it has to be where the two
windows differ in size and spread (Janssen 1997, doi 10.1016/S0167-7152(97)00043-6; Chung & Romano
2013, doi 10.1214/13-AOS1090).
"""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from coauth.queries import Period
from coauth.stats.counting import Counting
from coauth.stats.incidence import Flags, Floats, Incidence, Integers
from coauth.stats.overdispersion import series

_AT_ONCE = 64


def permuted(
    world: Incidence,
    rule: str,
    roster: Integers,
    period: Period,
    factors: tuple[Floats, Floats],
    replicates: int,
    seed: int,
) -> Floats:
    """Two-sided p that the strength shares of the institutions at columns `roster` are those of one
    and the same time.

    t = (x₂ − x₁)/√(v₁ + v₂), with x the share and v its Poisson variance
    (`coauth.stats.overdispersion.series`); observed variances are widened by φ = factor² in each
    window, because shuffled works are independent and true ones come in bursts. p = (1 + #{|t*| ≥
    |t|})/(R + 1), R = `replicates`. With 40 replicates per institution of the roster the smallest
    p, 1/(R + 1), is half of what Benjamini–Hochberg asks of a single find at a rate of 0.05.

    `world` holds the works that count (two institutions or more, at most K).
    """
    here = world.only(world.within(period[0]) | world.within(period[1]))
    adds = Counting.of(here, rule).strength
    work = np.asarray(adds.sum(axis=0))
    place = {name: i for i, name in enumerate(here.institutions)}
    rows = adds[[place[name] for name in world.institutions[roster]]]
    late = here.within(period[1])
    (x1, v1), (x2, v2) = (series(rows, taken[:, None], work)["share"] for taken in (~late, late))
    observed = np.abs(
        _studentised(x2 - x1, factors[0][:, None] ** 2 * v1 + factors[1][:, None] ** 2 * v2)
    )
    generator = np.random.Generator(
        np.random.PCG64(np.random.SeedSequence([seed, *period[0], *period[1]]))
    )
    strata = _strata(here)
    reached = np.zeros(len(rows.indptr) - 1, np.int64)
    for first in range(0, replicates, _AT_ONCE):
        labels = _shuffled(late, strata, min(_AT_ONCE, replicates - first), generator)
        (x1, v1), (x2, v2) = (series(rows, taken, work)["share"] for taken in (~labels, labels))
        reached += (np.abs(_studentised(x2 - x1, v1 + v2)) >= observed * (1 - 1e-12)).sum(axis=1)
    return np.asarray((1 + reached) / (replicates + 1))


def _studentised(difference: Floats, variance: Floats) -> Floats:
    return np.divide(
        difference, np.sqrt(variance), out=np.zeros_like(difference), where=variance > 0
    )


def _strata(world: Incidence) -> list[Integers]:
    field = pc.fill_null(world.works["field_id"], "").to_numpy(zero_copy_only=False)
    return [np.flatnonzero(field == name) for name in np.unique(field.astype(str))]


def _shuffled(
    late: Flags, strata: list[Integers], times: int, generator: np.random.Generator
) -> NDArray[np.bool_]:
    """Labels works × times: in each stratum as many late ones as there are, drawn anew."""
    labels = np.zeros((len(late), times), bool)
    for rows in strata:
        keys = generator.random((times, len(rows)))
        after = int(late[rows].sum())
        if after:
            chosen = np.argpartition(keys, after - 1, axis=1)[:, :after]
            labels[rows[chosen], np.arange(times)[:, None]] = True
    return labels
