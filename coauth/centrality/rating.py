"""The measures of one window: which works count in each variant, the values, and the values of every replicate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from coauth.centrality.partners import Partners, rarefied_degree
from coauth.centrality.paths import betweenness, distance, shortest_paths
from coauth.centrality.spectra import eigenvector, pagerank
from coauth.counting import Counting
from coauth.dispersion import Factors
from coauth.incidence import Floats, Incidence, Integers
from coauth.queries import Measures

_CELLS = 1 << 18  # institutions × replicates carried through the sparse products at once, within 20 … 40 replicates
_ROUGH = 1e-7  # Σ|x − T(x)| at which a replicate's PageRank is good enough for a percentile


@dataclass(frozen=True)
class Rating:
    """One measure of one variant, for the institutions that have it."""

    measure: str
    variant: str
    institutions: NDArray[np.object_]
    value: Floats
    drawn: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    """institutions × replicates; no columns where the measure is not resampled"""
    places: tuple[Integers, Integers] | None = None
    """best and worst rank of the interval"""
    rarefied_to: int | None = None


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
    return {"all": np.ones(len(small)), "k": small, "complete": complete, "reweighted": complete * stands_for}


def resampled(
    world: Incidence, weights: dict[str, Floats], times: NDArray[np.int8], measures: Measures, factors: dict[str, Factors], partners: Partners
) -> Iterator[Rating]:
    """The resampled measures of each variant, with their replicates; `times` is works × replicates. The variant's `factors` widen
    them beyond Poisson's spread."""
    for variant, weight in weights.items():
        rows = weight > 0
        part, weight, drawn = world.only(rows), weight[rows], times[rows]  # noqa: PLW2901
        if not len(part.institutions):
            continue
        counted = Counting.of(part, measures.counting)
        strength = np.asarray(counted.strength @ weight)
        width = min(max(_CELLS // len(part.institutions), 20), 40)
        blocks = [drawn[:, s : s + width] for s in range(0, drawn.shape[1], width)]
        strengths = np.hstack([counted.strength @ (weight[:, None] * b) for b in blocks])
        of_count, of_share = (factors[variant].of(kind, part.institutions)[:, None] for kind in ("count", "share"))
        if "strength" in measures.resampled:
            yield _rated("strength", variant, part.institutions, strength, strengths, of_count, measures)
        if "strength_share" in measures.resampled:
            whole = strengths.sum(axis=0)
            shares = np.divide(strengths, whole, out=np.zeros_like(strengths), where=whole > 0)
            yield _rated("strength_share", variant, part.institutions, strength / strength.sum(), shares, of_share, measures)
        if "pagerank" in measures.resampled:
            value = pagerank(counted, weight[:, None])[:, 0]
            values = np.hstack([pagerank(counted, weight[:, None] * b, _ROUGH) for b in blocks])
            yield _rated("pagerank", variant, part.institutions, value, values, of_share, measures)
        for name in ("participation", "exposure"):
            if name in measures.resampled:
                ratios = partners.measure(name, part, counted, weight[:, None], *(weight[:, None] * b for b in blocks))
                # works in bursts go to the same partners, so a ratio rests on fewer of them too
                yield _rated(name, variant, part.institutions, ratios[0][:, 0], np.hstack(ratios[1:]), of_share, measures)


def patterns(
    world: Incidence, measures: Measures, partners: Partners, rarefied_to: int, workers: int = 1
) -> Iterator[Rating]:
    """The measures that rest on the pattern of edges, without interval; and any other that is not resampled."""
    asked = [m for m in measures.measures if m not in measures.resampled]
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
        yield Rating(ratio, "k", ids, partners.measure(ratio, world, counted, np.ones((len(world.team), 1)))[0][:, 0])
    if "degree" in asked:
        yield Rating("degree", "k", ids, np.diff(graph.indptr).astype(np.float64))
    if "degree_rarefied" in asked:
        yield Rating("degree_rarefied", "k", ids, rarefied_degree(Counting.of(world, "full"), rarefied_to), rarefied_to=rarefied_to)
    if "eigenvector" in asked:
        nodes, vector = eigenvector(graph)
        yield Rating("eigenvector", "k", ids[nodes], vector)
    pivots = None if measures.betweenness == "exact" else measures.betweenness.pivots
    if "harmonic" in asked:
        harmonic, between = shortest_paths(distance(graph), pivots=pivots, seed=measures.seed, workers=workers)
        yield Rating("harmonic", "k", ids, harmonic)
    elif "betweenness" in asked:
        between = betweenness(distance(graph), pivots=pivots, seed=measures.seed, workers=workers)
    if "betweenness" in asked:
        yield Rating("betweenness", "k", ids, between)


def rate(partners: Partners, world: Incidence, measure: str, counted: Counting, weights: Floats) -> Floats:
    """A measure that can be resampled, for each column of work weights."""
    if measure == "pagerank":
        return pagerank(counted, weights)
    strength = np.asarray(counted.strength @ weights)
    if measure == "strength":
        return strength
    if measure == "strength_share":
        return np.asarray(strength / np.maximum(strength.sum(axis=0), 1.0))
    return partners.measure(measure, world, counted, weights)[0]


def _rated(
    measure: str, variant: str, ids: NDArray[np.object_], value: Floats, drawn: Floats, factor: Floats, measures: Measures
) -> Rating:
    drawn = np.maximum(value[:, None] + factor * (drawn - value[:, None]), 0.0)  # none of these measures can be negative
    return Rating(measure, variant, ids, value, drawn, _places(drawn, measures))


def _places(drawn: Floats, measures: Measures) -> tuple[Integers, Integers]:
    tail, last = (1 - measures.confidence) / 2, drawn.shape[1] - 1
    at = [int(np.floor(tail * last)), int(np.ceil((1 - tail) * last))]  # ranks are whole: the order statistics outside
    best, worst = np.partition(ranks(drawn.T), at, axis=0)[at]
    return best, worst


def ranks(values: NDArray[np.number]) -> Integers:
    """1 = largest, along each row; ties share the better rank. Values equal to seven digits are tied: further digits of
    a sum depend on the order of its parts, and would rank alike institutions by their ids.

    >>> ranks(np.array([[3.0, 5.0, 3.0, 1.0]])).tolist()
    [[2, 1, 2, 4]]
    """
    falling = -values.astype(np.float32)
    order = np.argsort(falling, axis=1)
    ordered = np.take_along_axis(falling, order, axis=1)
    place = np.broadcast_to(np.arange(values.shape[1]), values.shape).copy()
    place[:, 1:][ordered[:, 1:] == ordered[:, :-1]] = 0
    ranked = np.empty(values.shape, np.int64)
    np.put_along_axis(ranked, order, np.maximum.accumulate(place, axis=1) + 1, axis=1)
    return ranked
