"""Who is central, in every window of years, and how sure that is: WORKS and AFFILIATIONS -> CENTRALITY.

The graph is that of the country's works: two foreign institutions are tied only by works that also have a domestic
author. Weights are strengths (larger is closer); only `paths` turns them into distances.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa

from coauth.centrality.partners import Partners
from coauth.centrality.rating import Rating, patterns, places, ranks, rate, resampled, variants
from coauth.centrality.strongest import strongest
from coauth.incidence import Flags, Incidence, Integers, comparisons, incidence, windows
from coauth.incidence.counting import Counting
from coauth.queries import Measures, Scope, Years
from coauth.tables import CENTRALITY
from coauth.uncertainty.completeness import complete_weights
from coauth.uncertainty.dispersion import Dispersion
from coauth.uncertainty.influence import LeaveOneOut
from coauth.uncertainty.resampling import Replicates, draw, interval
from coauth.uncertainty.unevenness import widened


def measure(
    works: pa.Table, affiliations: pa.Table, scope: Scope, measures: Measures,
    institutions: pa.Table | None = None, listed: pa.Table | None = None, *, workers: int = 1,
) -> tuple[pa.Table, Replicates]:  # fmt: skip
    """CENTRALITY of every sliding window, and what `shifts` needs of the windows that are compared.

    ===============  =================================================  ====================  =========
    measure          definition on w_ij, N institutions                 unit                  interval
    ===============  =================================================  ====================  =========
    strength         s_i = Σ_j w_ij; newman: i's collaborative works    works                 resampled
    strength_share   s_i / Σ s                                          share                 resampled
    pagerank         N × PageRank, damping 0.85                         1 = the mean          resampled
    eigenvector      first eigenvector of the giant component           ‖x‖₂ = 1              resampled
    participation    1 − Σ_c (s_ic/s_i)² over partner countries         probability           resampled
    exposure         Σ_{j listed} w_ij / s_i                            share                 resampled
    degree           number of j with w_ij > 0                          institutions          none
    degree_rarefied  its expectation in so many works drawn             institutions          jackknife
    harmonic         Σ_j 1/d_ij / (N−1), d = Σ 1/w along the path       works                 `strongest`
    betweenness      share of shortest paths through i, same d          mean over the pairs   none
    ===============  =================================================  ====================  =========

    How a work counts: `coauth.incidence.counting`. participation needs the table `institutions`, exposure `listed`.

    The institutions of a window are those with a work of at least two institutions; who has none has no row. Variant
    `k` (works of at most `scope.max_institutions`) has all measures. `all`, `complete` and `reweighted` (complete works,
    each weighted by about 1/P(complete), see `coauth.uncertainty.completeness`; both of at most K) have those that can be resampled: a
    replicate lacks 37 % of the works, which shifts whatever rests on the pattern of edges. Harmonic closeness gets its own in variant
    `strongest`, a smaller graph of the works of `k` (`coauth.centrality.strongest`), in the windows of `measures.path_windows`; rarefied degree, to `measures.rarefied_share` of the
    works of the smallest window, from leaving out each work in turn (`coauth.centrality.partners.jackknife`). Which measures get
    one at all `measures.resampled` says. The interval
    speaks of which works there happened to be, not of coverage (`coauth.uncertainty.resampling`), and is widened for works that come in
    bursts (`coauth.uncertainty.dispersion`). Sources stand with each measure in `coauth.centrality.paths`, `.spectra` and `.partners`.

    Beside the sliding windows stand single years, for `measures.single_years` alone. `rank` is among all institutions of the row's
    graph, `fixed_rank` among the fixed roster (`_fixed_roster`), which has the same members in every window.
    `workers` processes share the paths; no byte depends on their number.

    Raises `MeasureFailed` where a measure does not converge or lacks the table it needs; no other is put in its place.

    >>> from types import SimpleNamespace as Some
    >>> from coauth.tables import AFFILIATIONS, WORKS
    >>> about = {"year": 2020, "publisher": "P", "n_authors": 2, "affiliation_status": "complete", "included": True}
    >>> works = pa.Table.from_pylist([{"work_id": w, "field_id": None} | about for w in ("W1", "W2", "W3")])
    >>> affiliations = pa.Table.from_pylist([{"work_id": w, "institution_id": i, "is_domestic": i == "I1"}
    ...     for w, i in (("W1", "I1"), ("W1", "I2"), ("W2", "I1"), ("W2", "I3"), ("W3", "I1"))])
    >>> scope = Some(first_year=2020, last_year=2020, years=range(2020, 2021), max_institutions=50)
    >>> asked = Some(window=1, comparisons=(), measures=("strength", "betweenness"), resampled=("strength",), seed=1, single_years=(),
    ...     counting="newman", betweenness="exact", replicates=100, confidence=0.95, roster_min_works=1,
    ...     rarefied_share=0.5, path_windows="compared", fixed_roster=Some(among="domestic", min_works=1))
    >>> table, _ = measure(works, affiliations, scope, asked)       # W3 has one institution: no edge, not counted
    >>> for row in table.filter(pa.compute.equal(table["variant"], "k")).to_pylist():
    ...     print(*(row[c] for c in ("institution_id", "measure", "value", "rank")), row["low"] is not None)
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
    weights = variants(joint, complete_weights(world.works)[several], scope.max_institutions)
    dispersion = {variant: Dispersion.of(joint, measures.counting, weight) for variant, weight in weights.items()}
    partners = Partners.of(institutions, listed)
    rarefied_to = min((int(measures.rarefied_share * (small & world.within(window)).sum()) for window in sliding), default=0)
    kept = _Kept.of(world, compared, scope, measures, dispersion["k"].freedom)
    written = _Written(measures, kept.replicates.freedom, _fixed_roster(world, affiliations, small, sliding, measures))
    years = [(year, year) for year in scope.years if measures.single_years]
    blocks = [CENTRALITY.empty()]
    for window in sorted({*sliding, *compared, *years}):
        rows = joint.within(window)
        team, inside = joint.only(rows), {variant: weight[rows] for variant, weight in weights.items()}
        factors = {variant: found.factors(window) for variant, found in dispersion.items()}
        factors["reweighted"] = factors["reweighted"].times(joint.institutions, widened(joint, weights["reweighted"], window))
        shown = {*(measures.measures if window in sliding else ()), *(measures.single_years if window in years else ())}
        names = {name for name in measures.resampled if name in shown or window in compared}
        times = draw(len(team.team), window, measures)
        for rating in resampled(team, inside, times, names, measures.counting, factors, partners):
            if rating.measure in shown:
                blocks.append(written.rows(window, rating))
            if window in compared:
                kept.keep(window, rating)
        within_k = team.only(inside["k"] > 0)
        if window in compared:
            weighted = inside["reweighted"]
            complete = team.only(weighted > 0)
            counted = Counting.of(complete, measures.counting)
            kept.replicates.leave_one_out[window] = LeaveOneOut(complete, counted, weighted[weighted > 0], partial(rate, partners, complete))
        if window in sliding:
            found = list(patterns(within_k, measures, partners, rarefied_to, workers))
            if window in compared or measures.path_windows == "all":
                found += strongest(within_k, window, names & shown, measures, factors["k"], kept.replicates.freedom, workers)
            blocks += [written.rows(window, rating) for rating in found]
    return CENTRALITY.check(pa.concat_tables(blocks)), kept.replicates


def _fixed_roster(world: Incidence, affiliations: pa.Table, small: Flags, sliding: list[Years], measures: Measures) -> set[str]:
    """The institutions with at least `measures.fixed_roster.min_works` collaborative works (of at most K institutions) in every
    sliding window, of the country alone where `among` says so."""
    present = np.ones(len(world.institutions), bool)
    for window in sliding:
        present &= world.count(small & world.within(window)) >= measures.fixed_roster.min_works
    names = set(world.institutions[present].tolist())
    if measures.fixed_roster.among == "all":
        return names
    return names & set(affiliations.filter(affiliations["is_domestic"])["institution_id"].to_pylist())


class _Kept:
    """Gathers what `shifts` needs, only of institutions with enough works in two windows that are compared."""

    def __init__(self, replicates: Replicates, indices: Integers) -> None:
        self.replicates, self.indices = replicates, indices

    @classmethod
    def of(cls, world: Incidence, compared: list[Years], scope: Scope, measures: Measures, freedom: float) -> _Kept:
        counted: Flags = (world.team >= 2) & (world.team <= scope.max_institutions)
        works = {window: world.count(counted & world.within(window)) for window in compared}
        enough = np.zeros(len(world.institutions), bool)
        for before, after in comparisons(scope, measures):
            enough |= works[before] + works[after] >= measures.roster_min_works
        indices = np.flatnonzero(enough)
        ids = world.institutions[indices]
        return cls(Replicates(ids, measures.counting, {w: n[indices] for w, n in works.items()}, {}, {}, freedom, {}), indices)

    def keep(self, window: Years, rating: Rating) -> None:
        """float32 holds a count up to 16 million exactly, and anything else to seven digits, for half the memory."""
        ids = self.replicates.institutions
        value, drawn = np.zeros(len(ids)), np.zeros((len(ids), rating.drawn.shape[1]), np.float32)
        _, here, there = np.intersect1d(ids, rating.institutions, assume_unique=True, return_indices=True)
        value[here], drawn[here] = rating.value[there], rating.drawn[there]
        key = (window, rating.variant, rating.measure)
        self.replicates.value[key], self.replicates.drawn[key] = value, drawn


@dataclass(frozen=True)
class _Written:
    """Writes ratings down as rows of CENTRALITY."""

    measures: Measures
    freedom: float
    roster: set[str]
    """the institutions of the fixed roster"""

    def rows(self, window: Years, rating: Rating) -> pa.Table:
        n, of = len(rating.institutions), pa.scalar
        columns = {
            "first_year": np.full(n, window[0]), "last_year": np.full(n, window[1]),
            "institution_id": pa.array(rating.institutions, pa.string()), "measure": pa.repeat(rating.measure, n),
            "counting": pa.repeat(self.measures.counting, n), "variant": pa.repeat(rating.variant, n), "value": rating.value,
            "rarefied_to": pa.repeat(of(rating.rarefied_to, pa.int64()), n), "among": pa.repeat(of(rating.among, pa.int64()), n),
        }  # fmt: skip
        if rating.ends is not None:
            columns |= rating.ends._asdict()
        elif rating.drawn.shape[1]:
            columns |= interval(rating.value, rating.drawn, self.measures.confidence, self.freedom)._asdict()
        members = np.array([name in self.roster for name in rating.institutions], bool)
        for name, ranked in (("rank", np.ones(n, bool)), ("fixed_rank", members)):
            found = {name: ranks(rating.value[None, ranked])[0]}
            if rating.drawn.shape[1]:
                best, worst = places(rating.drawn[ranked], self.measures.confidence)
                found |= {f"{name}_low": best, f"{name}_high": worst}
            columns |= {key: _at(ranked, rank) for key, rank in found.items()}
        nothing = {name: pa.nulls(n) for name in CENTRALITY.schema.names if name not in columns}
        return pa.table(columns | nothing).select(CENTRALITY.schema.names).cast(CENTRALITY.schema)


def _at(rows: Flags, found: Integers) -> pa.Array:
    """What was found of these rows, null in the others."""
    filled = np.zeros(len(rows), np.int64)
    filled[rows] = found
    return pa.array(filled, mask=~rows)
