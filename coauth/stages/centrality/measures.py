"""The measures of one window: which works count in each variant, the values, and the values of
every replicate.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from coauth.queries import Measures
from coauth.stages.centrality.partners import Partners, jackknife, rarefied_degree
from coauth.stages.centrality.paths import betweenness, distance, shortest_paths
from coauth.stages.centrality.spectral import eigenvector, pagerank
from coauth.stats.bootstrap import Interval, within
from coauth.stats.counting import Counting
from coauth.stats.incidence import Floats, Incidence, Integers
from coauth.stats.overdispersion import Factors

_CELLS = (
    1 << 18
    # institutions × replicates carried through the sparse products at once, within 20 … 40
    # replicates
)
_ROWS = 8  # replicates ranked at once: they stay in the processor's cache
_ROUGH = 1e-7  # Σ|x − T(x)| at which a replicate's PageRank is good enough for a percentile
_NEAR = 1e-5  # ‖Wx − λx‖/λ at which a replicate's eigenvector is
DRAWN = ("strength", "strength_share", "pagerank", "eigenvector", "participation", "exposure")
"""Measures that works drawn again and again do not shift: `resampled` makes their intervals, of
every variant.
"""


@dataclass(frozen=True)
class Rating:
    """One measure of one variant, for the institutions that have it."""

    measure: str
    variant: str
    institutions: NDArray[np.object_]
    value: Floats
    drawn: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    """institutions × replicates; no columns where there are none"""
    ends: Interval | None = None
    """of the interval, where it is not the percentiles of the replicates"""
    rarefied_to: int | None = None
    among: int | None = None
    """institutions of the graph, where it is not that of all"""


def variants(world: Incidence, stands_for: Floats, most: int) -> dict[str, Floats]:
    """How much each work counts in each variant.

    >>> import pyarrow as pa, scipy.sparse as sp
    >>> works = pa.table({"affiliation_status": ["complete", "partial", "complete"]})
    >>> teams = sp.csr_array(np.array([[1, 1, 0], [1, 1, 0], [1, 1, 1]]))
    >>> weights = variants(Incidence(teams, np.array(["I1", "I2", "I3"], object), works), np.array([2.0, 0.0, 1.25]), most=2)
    >>> {name: w.tolist() for name, w in weights.items()}
    {'all': [1.0, 1.0, 1.0], 'k': [1.0, 1.0, 0.0], 'complete': [1.0, 0.0, 0.0], 'reweighted': [2.0, 0.0, 0.0]}
    """
    small = (world.team <= most).astype(np.float64)
    complete = small * world.complete
    return {
        "all": np.ones(len(small)),
        "k": small,
        "complete": complete,
        "reweighted": complete * stands_for,
    }


def resampled(
    world: Incidence,
    weights: dict[str, Floats],
    times: NDArray[np.int8],
    names: Collection[str],
    counting: str,
    factors: dict[str, Factors],
    partners: Partners,
) -> Iterator[Rating]:
    """The measures of `names` that are among `DRAWN`, of each variant, with their replicates;
    `times` is works × replicates. The variant's `factors` widen them beyond Poisson's spread.
    Replicates are let go here once they are handed out.
    """
    for variant, weight in weights.items():
        rows = weight > 0
        part, weight, drawn = world.only(rows), weight[rows, None], times[rows]  # noqa: PLW2901
        if not len(part.institutions):
            continue
        counted, ids = Counting.of(part, counting), part.institutions
        blocks = partial(_blocks, weight, drawn, len(ids))
        of_count, of_share = (
            factors[variant].of(kind, ids)[:, None] for kind in ("count", "share")
        )
        whole = (len(ids), drawn.shape[1])
        if {"strength", "strength_share"} & {*names}:
            strength, strengths = (
                counted.strength @ weight,
                _filled(whole, (counted.strength @ block for block in blocks())),
            )
            if "strength" in names:
                yield _rated("strength", variant, ids, strength, strengths.copy(), of_count)
            if "strength_share" in names:
                total = strengths.sum(axis=0)
                np.divide(strengths, total, out=strengths, where=total > 0)
                yield _rated(
                    "strength_share", variant, ids, strength / strength.sum(), strengths, of_share
                )
            del strengths
        if "pagerank" in names:
            value = pagerank(counted, weight)
            yield _rated(
                "pagerank",
                variant,
                ids,
                value,
                _filled(whole, (pagerank(counted, block, _ROUGH) for block in blocks())),
                of_share,
            )
        if "eigenvector" in names:
            nodes, start = eigenvector(counted, weight)
            found = (eigenvector(counted, block, _NEAR, start=start)[1] for block in blocks())
            yield _rated(
                "eigenvector",
                variant,
                ids[nodes],
                start,
                _filled((len(nodes), whole[1]), found),
                of_share[nodes],
            )
        for name in ("participation", "exposure"):
            if name in names:
                ratios = partners.measure(name, part, counted, chain([weight], blocks()))
                # works in bursts go to the same partners, so a ratio rests on fewer of them too
                yield _rated(name, variant, ids, next(ratios), _filled(whole, ratios), of_share)


def _blocks(weight: Floats, drawn: NDArray[np.int8], institutions: int) -> Iterator[Floats]:
    """What each work counts in some replicates at a time, made anew for each measure: all at once
    take eight times the room of `drawn`.
    """
    width = min(max(_CELLS // institutions, 20), 40)
    return (weight * drawn[:, s : s + width] for s in range(0, drawn.shape[1], width))


def _filled(shape: tuple[int, int], blocks: Iterator[Floats]) -> Floats:
    """institutions × replicates, the blocks side by side; none is kept beside the whole."""
    filled, at = np.empty(shape), 0
    for block in blocks:
        filled[:, at : at + block.shape[1]] = block
        at += block.shape[1]
    return filled


def patterns(
    world: Incidence, measures: Measures, partners: Partners, rarefied_to: int, workers: int = 1
) -> Iterator[Rating]:
    """The measures that rest on the pattern of edges, of them only rarefied degree with an
    interval; and any other that is not resampled.
    """
    asked = [m for m in measures.measures if m not in measures.resampled or m not in DRAWN]
    if not asked or not len(world.institutions):
        return
    ids, counted = world.institutions, Counting.of(world, measures.counting)
    graph, strength = counted.project(), np.asarray(counted.strength.sum(axis=1))
    if "strength" in asked:
        yield Rating("strength", "k", ids, strength)
    if "strength_share" in asked:
        yield Rating("strength_share", "k", ids, strength / strength.sum())
    if "pagerank" in asked:
        yield Rating("pagerank", "k", ids, pagerank(counted, np.ones((len(world.team), 1)))[:, 0])
    for ratio in [n for n in ("participation", "exposure") if n in asked]:
        yield Rating(
            ratio,
            "k",
            ids,
            next(partners.measure(ratio, world, counted, [np.ones((len(world.team), 1))]))[:, 0],
        )
    if "degree" in asked:
        yield Rating("degree", "k", ids, np.diff(graph.indptr).astype(np.float64))
    if "degree_rarefied" in asked:
        full = Counting.of(world, "full")
        value = rarefied_degree(full, rarefied_to)
        ends = (
            within(value, jackknife(full, rarefied_to), measures.confidence)
            if "degree_rarefied" in measures.resampled
            else None
        )
        yield Rating("degree_rarefied", "k", ids, value, ends=ends, rarefied_to=rarefied_to)
    if "eigenvector" in asked:
        nodes, vector = eigenvector(counted, np.ones((len(world.team), 1)))
        yield Rating("eigenvector", "k", ids[nodes], vector[:, 0])
    pivots = None if measures.betweenness == "exact" else measures.betweenness.pivots
    if "harmonic" in asked:
        harmonic, between = shortest_paths(
            distance(graph), pivots=pivots, seed=measures.seed, workers=workers
        )
        yield Rating("harmonic", "k", ids, harmonic)
    elif "betweenness" in asked:
        between = betweenness(distance(graph), pivots=pivots, seed=measures.seed, workers=workers)
    if "betweenness" in asked:
        yield Rating("betweenness", "k", ids, between)


def rate(
    partners: Partners, world: Incidence, measure: str, counted: Counting, weights: Floats
) -> Floats:
    """One of `DRAWN`, for each column of work weights; an eigenvector is 0 outside of its
    component.
    """
    if measure == "pagerank":
        return pagerank(counted, weights)
    if measure == "eigenvector":
        nodes, found = eigenvector(counted, weights)
        values = np.zeros((len(world.institutions), weights.shape[1]))
        values[nodes] = found
        return values
    strength = np.asarray(counted.strength @ weights)
    if measure == "strength":
        return strength
    if measure == "strength_share":
        return np.asarray(strength / np.maximum(strength.sum(axis=0), 1.0))
    return next(partners.measure(measure, world, counted, [weights]))


def _rated(
    measure: str,
    variant: str,
    ids: NDArray[np.object_],
    value: Floats,
    drawn: Floats,
    factor: Floats,
) -> Rating:
    """value + factor·(drawn − value), written over `drawn`: no second matrix of replicates."""
    drawn -= value
    drawn *= factor
    drawn += value
    np.maximum(drawn, 0.0, out=drawn)  # none of these measures can be negative
    return Rating(measure, variant, ids, value[:, 0], drawn)


def places(drawn: Floats, confidence: float) -> tuple[Integers, Integers]:
    """Best and worst rank of each row of institutions × replicates in its interval."""
    tail, last = (1 - confidence) / 2, drawn.shape[1] - 1
    at = [
        int(np.floor(tail * last)),
        int(np.ceil((1 - tail) * last)),
    ]  # ranks are whole: the order statistics outside
    ranked = np.empty(drawn.shape, np.int32)
    for start in range(0, drawn.shape[1], _ROWS):
        ranked[:, start : start + _ROWS] = ranks(drawn[:, start : start + _ROWS].T).T
    ranked.sort(axis=1)
    best, worst = ranked[:, at].T.astype(np.int64)
    return best, worst


def ranks(values: NDArray[np.number]) -> Integers:
    """1 = largest, along each row; ties share the better rank. Values equal to seven digits are
    tied: further digits of a sum depend on the order of its parts, and would rank alike
    institutions by their ids.

    >>> ranks(np.array([[3.0, 5.0, 3.0, 1.0]])).tolist()
    [[2, 1, 2, 4]]
    """
    rows, count = values.shape
    ranked = np.empty(values.shape, np.int64)
    for start in range(0, rows, _ROWS):
        falling = np.ascontiguousarray(-values[start : start + _ROWS], np.float32)
        order = np.argsort(falling, axis=1)
        order += np.arange(len(order))[:, None] * count
        ordered = falling.ravel()[order]
        place = np.tile(np.arange(1, count + 1), (len(order), 1))
        place[:, 1:] *= ordered[:, 1:] != ordered[:, :-1]
        ranked[start : start + _ROWS].reshape(-1)[order] = np.maximum.accumulate(place, axis=1)
    return ranked
