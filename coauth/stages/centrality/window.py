"""One window measured and written down: what a process is handed, and what it hands back."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from coauth.errors import MeasureFailed
from coauth.queries import Measures, Years
from coauth.queries.registry import MEASURES, select
from coauth.stages.centrality.basis import Partners
from coauth.stages.centrality.measures import Rating, patterns, ranks, resampled
from coauth.stages.centrality.path_bootstrap import strongest
from coauth.stats import rank_sets
from coauth.stats.bootstrap import Interval, Values, draw, interval
from coauth.stats.design_effect import design_effect_ratio
from coauth.stats.incidence import Flags, Floats, Incidence, Integers
from coauth.stats.overdispersion import Dispersion, Factors
from coauth.tables.schemas import CENTRALITY

WEIGHTED = {"reweighted", "named"}
"""Variants whose works stand for others too."""

Candidates = dict[Values, tuple[Floats, NDArray[np.float32]]]
"""Values and resampled values of the institutions that may be judged."""


@dataclass(frozen=True)
class Window:
    """The works of some years, and what is to be told of them."""

    years: Years
    world: Incidence
    """works of two institutions or more"""
    weights: dict[str, Floats]
    """variant -> how much each of these works counts"""
    factors: dict[str, Factors]
    """variant -> how much wider than Poisson's its spread is"""
    measures: set[str]
    """measures that stand in the table"""
    sliding: bool
    compared: bool


@dataclass(frozen=True)
class Counted:
    """Works of two institutions or more of all years, from which windows are cut."""

    world: Incidence
    weights: dict[str, Floats]
    """variant -> how much each of these works counts"""
    dispersion: dict[str, Dispersion]

    @classmethod
    def of(
        cls,
        world: Incidence,
        weights: dict[str, Floats],
        measures: Measures,
        settled: Collection[int],
    ) -> Counted:
        """How the works vary is told from the `settled` years, which no later harvest will fill."""
        rule = measures.counting
        return cls(
            world,
            weights,
            {v: Dispersion.of(world, rule, w, settled) for v, w in weights.items()},
        )

    def cut(
        self,
        window: Years,
        measures: set[str] | frozenset[str] = frozenset(),
        *,
        sliding: bool = False,
        compared: bool = True,
    ) -> Window:
        """One window, of which the table shows these measures."""
        rows = self.world.within(window)
        factors = {variant: found.factors(window) for variant, found in self.dispersion.items()}
        for variant in factors.keys() & WEIGHTED:
            factors[variant] = factors[variant].times(
                self.world.institutions,
                design_effect_ratio(self.world, self.weights[variant], window),
            )
        inside = {variant: weight[rows] for variant, weight in self.weights.items()}
        world = self.world.only(rows)
        return Window(window, world, inside, factors, set(measures), sliding, compared)


@dataclass(frozen=True)
class Common:
    """What is the same for every window."""

    measures: Measures
    partners: Partners
    freedom: float
    roster: set[str]
    """the institutions of the fixed roster"""
    judged: NDArray[np.object_]
    """the institutions whose values are kept, in windows that are compared"""
    rarefied_to: int

    def measure(self, window: Window, workers: int) -> tuple[pa.Table, Candidates]:
        """Its part of CENTRALITY, checked, and what is kept for `shifts`."""
        blocks, kept = [CENTRALITY.empty()], Candidates()
        for rating in self._resampled(window):
            if rating.measure in window.measures:
                blocks.append(self._rows(window.years, rating))
            if window.compared:
                kept[window.years, rating.variant, rating.measure] = self._kept(rating)
            del rating  # its replicates, before the next ones are made
        if window.sliding:
            blocks += [
                self._rows(window.years, rating) for rating in self._patterns(window, workers)
            ]
        return CENTRALITY.check(pa.concat_tables(blocks)), kept

    def _names(self, window: Window, interval: str) -> set[str]:
        """Measures of this window with an interval that is had so."""
        names = {*self.measures.resampled} & {*select(interval)}
        return names if window.compared else names & window.measures

    def _resampled(self, window: Window) -> Iterator[Rating]:
        times = draw(len(window.world.team), window.years, self.measures)
        yield from resampled(
            window.world,
            window.weights,
            times,
            self._names(window, "works"),
            self.measures.counting,
            window.factors,
            self.partners,
        )

    def _patterns(self, window: Window, workers: int) -> Iterator[Rating]:
        within_k, measures = window.world.only(window.weights["k"] > 0), self.measures
        yield from patterns(within_k, measures, self.partners, self.rarefied_to, workers)
        if window.compared or measures.path_windows == "all":
            names = self._names(window, "paths") & window.measures
            yield from strongest(
                within_k, window.years, names, measures, window.factors["k"], self.freedom, workers
            )

    def _kept(self, rating: Rating) -> tuple[Floats, NDArray[np.float32]]:
        """The measure's `absent` for an institution that is not here. float32 holds a count up to 16 million exactly,
        and anything else to seven digits, for half the memory.
        """
        shape, absent = (len(self.judged), rating.draws.shape[1]), MEASURES[rating.measure].absent
        value, drawn = np.full(shape[0], absent), np.full(shape, absent, np.float32)
        _, here, there = np.intersect1d(
            self.judged, rating.institutions, assume_unique=True, return_indices=True
        )
        value[here], drawn[here] = rating.value[there], rating.draws[there]
        return value, drawn

    def _rows(self, window: Years, rating: Rating) -> pa.Table:
        n, of = len(rating.institutions), pa.scalar
        columns = {
            "first_year": np.full(n, window[0]),
            "last_year": np.full(n, window[1]),
            "institution_id": pa.array(rating.institutions, pa.string()),
            "measure": pa.repeat(rating.measure, n),
            "counting": pa.repeat(self.measures.counting, n),
            "variant": pa.repeat(rating.variant, n),
            "value": rating.value,
            "rarefied_to": pa.repeat(of(rating.rarefied_to, pa.int64()), n),
            "among": pa.repeat(of(rating.among, pa.int64()), n),
        }
        ends = rating.ends
        if ends is None and rating.draws.shape[1]:
            ends = interval(rating.value, rating.draws, self.measures.confidence, self.freedom)
        if ends is not None:
            columns |= _about(rating, ends)._asdict()
        members = np.array([name in self.roster for name in rating.institutions], bool)
        for name, ranked in (("rank", np.ones(n, bool)), ("fixed_rank", members)):
            columns |= {key: _at(ranked, rank) for key, rank in self._ranks(name, rating, ranked)}
        nothing = {name: pa.nulls(n) for name in CENTRALITY.schema.names if name not in columns}
        return pa.table(columns | nothing).select(CENTRALITY.schema.names).cast(CENTRALITY.schema)

    def _ranks(self, name: str, rating: Rating, rows: Flags) -> Iterator[tuple[str, Integers]]:
        """Rank of these rows, 1 being the most central, and the ends of its confidence set."""
        sign, value = MEASURES[rating.measure].sign, rating.value[rows]
        yield name, ranks(sign * value[None])[0]
        if rating.draws.shape[1]:
            drawn = rating.draws if rows.all() else rating.draws[rows]
            places = rank_sets.sets(value, drawn, self.measures.confidence, self.freedom)
            low, high = places if sign > 0 else (len(value) + 1 - end for end in places[::-1])
            yield f"{name}_low", low
            yield f"{name}_high", high


def _about(rating: Rating, ends: Interval) -> Interval:
    """The interval within the measure's range. Raises `MeasureFailed` where a value lies outside of
    its own.
    """
    value, ends = rating.value, ends.clip(*MEASURES[rating.measure].range)
    near = 1e-9 * np.maximum(np.abs(value), 1.0)  # rounding
    outside = np.flatnonzero(~((ends.low <= value + near) & (value - near <= ends.high)))
    if len(outside):
        i = outside[0]
        raise MeasureFailed(
            f"{rating.measure} ({rating.variant}): {len(outside)} values lie outside of their own interval, "
            f"{rating.institutions[i]} with {value[i]:g} not in {ends.low[i]:g} to {ends.high[i]:g}; take "
            f"'{rating.measure}' out of resampled in queries/measures.toml, and report this as a bug of coauth"
        )
    return ends


def _at(rows: Flags, indices: Integers) -> pa.Array:
    """What was found of these rows, null in the others."""
    filled = np.zeros(len(rows), np.int64)
    filled[rows] = indices
    return pa.array(filled, mask=~rows)
