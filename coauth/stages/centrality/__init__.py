"""Who is central, in every window of years, and how sure that is: WORKS and AFFILIATIONS ->
CENTRALITY.

The graph is that of the country's works: two foreign institutions are tied only by works that also
have a domestic author. Weights are strengths (larger is closer); only `paths` turns them into
distances.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain

import joblib
import numpy as np
import pyarrow as pa

from coauth.queries import Measures, Scope, Years
from coauth.stages.centrality.basis import Basis, Partners
from coauth.stages.centrality.measures import rate, variants
from coauth.stages.centrality.window import Common, Counted, Window
from coauth.stats.bootstrap import Replicates
from coauth.stats.completeness import complete_weights
from coauth.stats.counting import Counting
from coauth.stats.incidence import Flags, Incidence, comparisons, incidence, windows
from coauth.stats.influence import LeaveOneOut
from coauth.stats.mentions import credit, harvest_weights

_PROCESS = 2.5e8
"""Bytes of a process with Python, its packages and the matrices of a window."""


def measure(
    works: pa.Table,
    affiliations: pa.Table,
    scope: Scope,
    measures: Measures,
    institutions: pa.Table | None = None,
    listed: pa.Table | None = None,
    mentions: pa.Table | None = None,
    *,
    write: Callable[[Iterator[pa.RecordBatch]], object],
    workers: int = 1,
    memory: float = math.inf,
) -> Replicates:
    """CENTRALITY of every sliding window to `write`, in order of its key; returns what `shifts`
    needs of the windows that are compared.

    What each measure is, its unit, its direction and its interval: `coauth.queries.registry`; its
    formula and source: the function named there.

    How a work counts: `coauth.stats.counting`. participation needs the table `institutions`,
    exposure `listed`.

    The institutions of a window are those with a work of at least two institutions; who has none
    has no row. Variant `k` (works of at most `scope.max_institutions`) has all measures. `all`,
    `complete` and `reweighted` (complete works, each weighted by about 1/P(complete), see
    `coauth.stats.completeness`; both of at most K) have those that can be resampled: a
    replicate lacks 37 % of the works, which shifts whatever rests on the pattern of edges. Harmonic
    closeness gets its own in variant `strongest`, a smaller graph of the works of `k`
    (`coauth.stages.centrality.path_bootstrap`), in the windows of `measures.path_windows`; rarefied degree, to
    `measures.rarefied_share` of the works of the smallest window, from leaving out each work in
    turn (`coauth.stages.centrality.partners.jackknife`). With `mentions`, the windows that are
    compared have a variant `named` too, for `shifts` alone: that of `reweighted`, with the
    institutions on their works that unmatched strings name (`coauth.stats.mentions`). Which measures get one at all
    `measures.resampled` says. The interval speaks of which works there happened to be, not of
    coverage (`coauth.stats.bootstrap`), and is widened for works that come in bursts
    (`coauth.stats.overdispersion`).

    Beside the sliding windows stand single years, for `measures.single_years` alone. The rows are
    millions: `write` gets them window by window, as each is measured, and has to read them all.
    `rank` is among all institutions of the row's graph, `fixed_rank` among the fixed roster
    (`_fixed_roster`), which has the same members in every window; the ends of both are confidence
    sets that hold for all of them at once (`coauth.stats.rank_sets`). `workers` processes share the
    windows; fewer where all would take more than `memory` bytes, what is handed over apart, and at
    least one. No byte depends on their number.

    Raises `MeasureFailed` where a measure does not converge or lacks the table it needs; no other
    is put in its place.

    >>> from types import SimpleNamespace as Some
    >>> from coauth.tables.schemas import AFFILIATIONS, WORKS
    >>> about = {"year": 2020, "publisher": "P", "n_authors": 2, "affiliation_status": "complete", "included": True}
    >>> works = pa.Table.from_pylist([{"work_id": w, "field_id": None} | about for w in ("W1", "W2", "W3")])
    >>> affiliations = pa.Table.from_pylist([{"work_id": w, "institution_id": i, "is_domestic": i == "I1"}
    ...     for w, i in (("W1", "I1"), ("W1", "I2"), ("W2", "I1"), ("W2", "I3"), ("W3", "I1"))])
    >>> scope = Some(first_year=2020, last_year=2020, years=range(2020, 2021), settled=(2020,), max_institutions=50)
    >>> asked = Some(window=1, comparisons=(), measures=("strength", "betweenness"), resampled=("strength",), seed=1, single_years=(),
    ...     counting="newman", betweenness="exact", replicates=100, confidence=0.95, roster_min_works=1,
    ...     rarefied_share=0.5, path_windows="compared", fixed_roster=Some(among="domestic", min_works=1))
    >>> batches = []
    >>> _ = measure(works, affiliations, scope, asked, write=batches.extend)    # W3 has one institution: no edge, not counted
    >>> for row in pa.Table.from_batches(batches).to_pylist():
    ...     if row["variant"] == "k":
    ...         print(*(row[c] for c in ("institution_id", "measure", "value", "rank")), row["low"] is not None)
    I1 betweenness 1.0 1 False
    I1 strength 2.0 1 True
    I2 betweenness 0.0 2 False
    I2 strength 1.0 2 True
    I3 betweenness 0.0 2 False
    I3 strength 1.0 2 True
    """
    world = incidence(works, affiliations)
    sliding = windows(scope, measures)
    compared = sorted({w for pair in comparisons(scope, measures) for w in pair})
    small = (world.team >= 2) & (world.team <= scope.max_institutions)
    several = world.team >= 2
    joint = world.only(several)
    stands_for = complete_weights(world.works)[several]
    weights = variants(joint, stands_for, scope.max_institutions)
    counted = Counted.of(joint, weights, measures, scope.settled)
    partners = Partners.of(institutions, listed)
    domestic = set(affiliations.filter(affiliations["is_domestic"])["institution_id"].to_pylist())
    roster = domestic.union(() if listed is None else listed["institution_id"].to_pylist())
    freedom = counted.dispersion["k"].freedom
    replicates = _judged(world, roster, small, compared, scope, measures, freedom)
    common = Common(
        measures,
        partners,
        replicates.freedom,
        _fixed_roster(world, domestic, small, sliding, measures),
        replicates.institutions,
        min(
            (
                int(measures.rarefied_share * (small & world.within(window)).sum())
                for window in sliding
            ),
            default=0,
        ),
    )
    named = (
        []
        if mentions is None or not mentions.num_rows
        else _named(world, works, affiliations, mentions, domestic, compared, scope, measures)
    )
    del world, small, several  # windows are cut from `joint`
    years = [(year, year) for year in scope.years if measures.single_years]
    asked = sorted({*sliding, *compared, *years})  # as the key of CENTRALITY begins

    def cut(window: Years) -> Window:
        shown: set[str] = {
            *(measures.measures if window in sliding else ()),
            *(measures.single_years if window in years else ()),
        }
        return counted.cut(window, shown, sliding=window in sliding, compared=window in compared)

    at_once = int(max(1, min(workers, len(asked), memory / _room(joint, asked, measures))))
    shared = joblib.Parallel(
        at_once, batch_size=1, pre_dispatch="n_jobs", return_as="generator"
    )  # no window waits in memory

    def measured() -> Iterator[pa.RecordBatch]:
        for rows, kept in shared(
            joblib.delayed(common.measure)(window, workers // at_once)
            for window in chain(
                map(cut, asked), (every.cut(w) for every in named for w in compared)
            )
        ):
            for key, (value, drawn) in kept.items():
                replicates.value[key], replicates.draws[key] = value, drawn
            yield from rows.to_batches()

    write(measured())
    for window in compared:
        weighted = np.where(joint.within(window), counted.weights["reweighted"], 0.0)
        complete = joint.only(weighted > 0)
        counting = Counting.of(complete, measures.counting)
        replicates.leave_one_out[window] = LeaveOneOut(
            complete,
            counting,
            weighted[weighted > 0],
            partial(rate, Basis(complete, counting, partners)),
        )
    return replicates


def _named(
    world: Incidence,
    works: pa.Table,
    affiliations: pa.Table,
    mentions: pa.Table,
    domestic: set[str],
    compared: list[Years],
    scope: Scope,
    measures: Measures,
) -> list[Counted]:
    """The works with whom their unmatched strings name, weighted for what was never harvested."""
    named = incidence(*credit(works, affiliations, mentions))
    weight = complete_weights(named.works) * harvest_weights(world, named, domestic, compared)
    several = (named.team >= 2) & (named.team <= scope.max_institutions)
    return [Counted.of(named.only(several), {"named": weight[several]}, measures, scope.settled)]


def _room(world: Incidence, windows: list[Years], measures: Measures) -> float:
    """Bytes that a process takes at most to measure a window: itself and, in each replicate, a byte
    a work and eight numbers an institution.
    """
    works = max((int(world.within(window).sum()) for window in windows), default=0)
    return _PROCESS + measures.replicates * (works + 64 * len(world.institutions))


def _fixed_roster(
    world: Incidence, domestic: set[str], small: Flags, sliding: list[Years], measures: Measures
) -> set[str]:
    """The institutions with at least `measures.fixed_roster.min_works` collaborative works (of at
    most K institutions) in every sliding window, of the country alone where `among` says so.
    """
    present = np.ones(len(world.institutions), bool)
    for window in sliding:
        present &= world.count(small & world.within(window)) >= measures.fixed_roster.min_works
    names = set(world.institutions[present].tolist())
    if measures.fixed_roster.among == "all":
        return names
    return names & domestic


def _judged(
    world: Incidence,
    roster: set[str],
    small: Flags,
    compared: list[Years],
    scope: Scope,
    measures: Measures,
    freedom: float,
) -> Replicates:
    """Room for what `shifts` needs, only of those of `roster` with enough works (those of `small`)
    in two windows that are compared.
    """
    works = {window: world.count(small & world.within(window)) for window in compared}
    enough = np.zeros(len(world.institutions), bool)
    for before, after in comparisons(scope, measures):
        enough |= works[before] + works[after] >= measures.roster_min_works
    enough &= np.array([name in roster for name in world.institutions], bool)
    return Replicates(
        world.institutions[enough],
        measures.counting,
        {w: n[enough] for w, n in works.items()},
        {},
        {},
        freedom,
        {},
    )
