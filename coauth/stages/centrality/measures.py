"""The measures of one window: which works count in each variant, the values, and the values of
every replicate.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pkgutil import resolve_name

import numpy as np
from numpy.typing import NDArray

from coauth.queries import Measures
from coauth.queries.registry import MEASURES, group_by_function, select
from coauth.stages.centrality.basis import Basis, Partners
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


@dataclass(frozen=True)
class Rating:
    """One measure of one variant, for the institutions that have it."""

    measure: str
    variant: str
    institutions: NDArray[np.object_]
    value: Floats
    draws: Floats = field(default_factory=lambda: np.zeros((0, 0)))
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
    """These measures, of each variant, with their replicates; `times` is works × replicates. The
    variant's `factors` widen them beyond Poisson's spread. Replicates are let go here once they are
    handed out.
    """
    for variant, weight in weights.items():
        rows = weight > 0
        part, weight, drawn = world.only(rows), weight[rows, None], times[rows]  # noqa: PLW2901
        if not len(part.institutions):
            continue
        basis = Basis(part, Counting.of(part, counting), partners)
        for function, several in group_by_function(names):
            blocks = chain([weight], _blocks(weight, drawn, len(part.institutions)))
            results = function(basis, several, blocks)
            first = next(results)
            valued = {name: _valued(first[name]) for name in several}
            replicates = _side_by_side(results, valued, drawn.shape[1])
            for name, at in valued.items():
                ids, value, record = part.institutions[at], first[name][at], MEASURES[name]
                factor = factors[variant].of(record.spread, ids)[:, None]
                _widen(replicates[name], value, factor, record.range[0])
                yield Rating(name, variant, ids, value[:, 0], replicates.pop(name))


def _blocks(weight: Floats, times: NDArray[np.int8], institutions: int) -> Iterator[Floats]:
    """What each work counts in some replicates at a time, made anew for each function: all at once
    take eight times the room of `times`.
    """
    width = min(max(_CELLS // institutions, 20), 40)
    return (weight * times[:, s : s + width] for s in range(0, times.shape[1], width))


def _valued(values: Floats) -> Integers:
    """The institutions that have a value."""
    return np.flatnonzero(~np.isnan(values[:, 0]))


def _side_by_side(
    blocks: Iterator[Mapping[str, Floats]], rows: Mapping[str, Integers], columns: int
) -> dict[str, Floats]:
    """{measure: these rows of its blocks}; no block is kept beside the whole."""
    filled = {name: np.empty((len(at), columns)) for name, at in rows.items()}
    first = 0
    for block in blocks:
        last = first + next(iter(block.values())).shape[1]
        for name, at in rows.items():
            filled[name][:, first:last] = block[name][at]
        first = last
    return filled


def _widen(replicates: Floats, value: Floats, factor: Floats, low: float) -> None:
    """Writes value + factor·(drawn − value), not below `low`, over `replicates`: no second matrix of
    replicates.
    """
    replicates -= value
    replicates *= factor
    replicates += value
    np.maximum(replicates, low, out=replicates)


def evaluate(basis: Basis, names: Collection[str], weights: Floats) -> dict[str, Floats]:
    """{measure: institutions × columns of work weights}; NaN where an institution has no value."""
    return {
        name: values
        for function, several in group_by_function(names)
        for block in function(basis, several, [weights])
        for name, values in block.items()
        if name in several
    }


def patterns(
    world: Incidence, measures: Measures, partners: Partners, rarefied_to: int, workers: int = 1
) -> Iterator[Rating]:
    """The measures that are not `resampled`: they rest on the pattern of edges, or have no interval
    asked for. Of them only those with a variance have one here.
    """
    names = set(measures.measures) - ({*measures.resampled} & {*select("works")})
    if not names or not len(world.institutions):
        return
    pivots = None if measures.betweenness == "exact" else measures.betweenness.pivots
    counted = Counting.of(world, measures.counting)
    basis = Basis(world, counted, partners, rarefied_to, pivots, measures.seed, workers)
    for name, values in evaluate(basis, names, np.ones((len(world.team), 1))).items():
        record, at = MEASURES[name], _valued(values)
        value, ends = values[at, 0], None
        if record.variance and name in measures.resampled:
            ends = within(value, resolve_name(record.variance)(basis)[at], measures.confidence)
        to = rarefied_to if record.rarefied else None
        yield Rating(name, "k", world.institutions[at], value, ends=ends, rarefied_to=to)


def rate(basis: Basis, measure: str, weights: Floats) -> Floats:
    """A measure for each column of work weights; `absent` where an institution has no value."""
    return np.nan_to_num(
        evaluate(basis, (measure,), weights)[measure], nan=MEASURES[measure].absent
    )


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
