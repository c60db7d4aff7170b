"""Whose centrality changed between two windows, how sure that is, and whether it can be said at
all: -> SHIFTS.

A verdict is given in words, and only where it stands against chance (an interval and a false
discovery rate) and against the publishers' metadata (complete works weighted for coverage; the
institution's own rate of partial works).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from coauth.queries import Measures, Period, Scope
from coauth.queries.registry import select
from coauth.stages.shifts import verdicts
from coauth.stages.shifts.changes import Changes, false_discovery, two_sided
from coauth.stages.shifts.coverage_breaks import OwnCoverage
from coauth.stages.shifts.identity import Moves
from coauth.stages.shifts.verdicts import (
    FELL,
    IDENTITY,
    NOT_COMPARABLE,
    ROSE,
    STRINGS,
    UNCLEAR,
)
from coauth.stats.bootstrap import Replicates
from coauth.stats.completeness import Completeness
from coauth.stats.incidence import Incidence, comparisons, incidence
from coauth.stats.mentions import credit
from coauth.stats.overdispersion import Dispersion
from coauth.stats.permutation import permuted
from coauth.tables.schemas import SHIFTS

__all__ = [
    "FELL",
    "IDENTITY",
    "NOT_COMPARABLE",
    "ROSE",
    "STRINGS",
    "UNCLEAR",
    "false_discovery",
    "judge",
    "two_sided",
]

VARIANTS = ("k", "all", "complete", "reweighted", "named")


def judge(
    replicates: Replicates,
    works: pa.Table,
    affiliations: pa.Table,
    scope: Scope,
    measures: Measures,
    institutions: pa.Table | None = None,
    mentions: pa.Table | None = None,
) -> pa.Table:
    """SHIFTS of the roster, for every comparison whose two windows are measured and hold works.

    The roster of a comparison is the institutions of `replicates` (the domestic and the listed)
    with at least `measures.roster_min_works` collaborative works of at most K institutions in the
    two windows *together*. Asked of each window, it would hide an institution that vanished; asked
    of either, it would pick those of the small ones that chance made large in one window, and their
    return to the mean would pass for shifts (one in seven at p < 0.05 in simulation without any
    shift). A window in which an institution has none counts as 0 for every measure.

    `p_permuted` stands beside it for the share: works shuffled between the windows,
    `measures.permutations` times for each of the roster (`coauth.stats.permutation`). It
    decides nothing: the t-based p is there for every measure, and the permutation was simulated in
    too few worlds (38 without a shift, 16 with one in six shifted) to prefer either by its rate of
    false finds.

    For each of `measures.resampled` whose interval is from works drawn again (those of the others
    do not hold for changes) and each variant: change = after − before, its percentile interval from independent
    replicates of the two windows, a two-sided p (`two_sided`), and q over the roster
    (`false_discovery`).

    The rows of variants all, complete and reweighted say plainly what their own interval and q say.
    The row of variant k gives the verdict:

    1. `not comparable: coverage`, where the institution's share of partial works rose above what its works' publishers,
       fields, years and team sizes explain (`OwnCoverage`) by more than `measures.partial_jump` with
       z > `measures.partial_jump_z`: works of its own are then hidden. (A work is not partial for strings that name who is missing,
       where `mentions` are given.) Likewise where it became more central while that share
       fell, by itself and against what was expected: hidden works have come to light.
    2. `rose` (more central, whichever way the measure runs) or `fell`, where the reweighted change has an interval that excludes 0 and q ≤ `measures.false_discovery_rate`, and
       the change of k has its sign. The reweighted change alone is tested, since under a publisher's loss it alone is one of
       the institutions: q of k would there be the small one of lost metadata, and each reweighted interval by itself a
       second look at one of many (one world in ten to five without any shift had a false find so, tests/studies/simulation).
    3. `not comparable: identity` in place of either, where works seem to have moved between its id
       and another of its country or lineage (`Moves`; with `institutions` alone).
    4. `not comparable: strings` in place of either, where the change does not stand, and is smaller, in
       the variant `named`: with the institutions that unmatched strings name.
    5. `no clear change` otherwise.

    `verdict_complete_coverage` is what complete works alone would say. It decides nothing: works
    that a publisher spoiled leave that set too, so it can make a false fall worse.
    """
    world = incidence(works, affiliations)
    named = world if mentions is None else incidence(*credit(works, affiliations, mentions))
    coverage = OwnCoverage(named, Completeness.of(named.works))
    counted = world.only((world.team >= 2) & (world.team <= scope.max_institutions))
    dispersion = Dispersion.of(counted, measures.counting, among=scope.settled)
    rows: list[dict[str, object]] = []
    variants = [v for v in VARIANTS if v != "named" or any(v in key for key in replicates.value)]
    for period in comparisons(scope, measures):
        if not all(world.within(window).any() for window in period):
            continue  # an empty window is a harvest that is not there, not a fall of everybody
        both = replicates.works[period[0]] + replicates.works[period[1]]
        roster = np.flatnonzero(both >= measures.roster_min_works)
        names = replicates.institutions[roster]
        jumps = [coverage.jump(str(name), period) for name in names]
        moves = None if institutions is None else Moves(counted, period, institutions)
        moved = [None if moves is None else moves.of(str(name)) for name in names]
        shuffled = _shuffled(counted, names, period, dispersion, measures)
        for measure in (name for name in measures.resampled if name in select("works")):
            changes = {
                v: Changes.between(replicates, roster, period, measure, v, measures)
                for v in variants
            }
            for i, name in enumerate(names):
                rows += verdicts.rows(
                    str(name), i, changes, jumps[i], moved[i], replicates, measures
                )
                if measure == "strength_share":
                    rows[-len(variants)]["p_permuted"] = shuffled[i]
    return SHIFTS.of([{"counting": replicates.counting} | row for row in rows])


def _shuffled(
    world: Incidence,
    names: NDArray[np.object_],
    period: Period,
    dispersion: Dispersion,
    measures: Measures,
) -> list[float | None]:
    """p of each name's share by permutation; None where none is asked for."""
    times = measures.permutations * len(names)
    if not times:
        return [None] * len(names)
    at = np.searchsorted(world.institutions.astype(str), names.astype(str))
    first, second = (dispersion.factors(window).of("share", names) for window in period)
    p: list[float | None] = permuted(
        world, measures.counting, at, period, (first, second), times, measures.seed
    ).tolist()
    return p
