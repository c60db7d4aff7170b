"""Whose centrality changed between two windows, how sure that is, and whether it can be said at all: -> SHIFTS.

A verdict is given in words, and only where it stands against chance (an interval and a false discovery rate) and
against the publishers' metadata (complete works weighted for coverage; the institution's own rate of partial works).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from coauth.incidence import Floats, Incidence, Integers, comparisons, incidence
from coauth.queries import Measures, Period, Scope, Years
from coauth.tables import SHIFTS
from coauth.uncertainty.completeness import Completeness
from coauth.uncertainty.dispersion import Dispersion, tail
from coauth.uncertainty.permutation import permuted
from coauth.uncertainty.resampling import Interval, Replicates, interval

ROSE, FELL, UNCLEAR, NOT_COMPARABLE = "rose", "fell", "no clear change", "not comparable: coverage"
VARIANTS = ("k", "all", "complete", "reweighted")

TITLES = {
    "strength": "Strength (collaborative works; moves with the country's output and OpenAlex's growth)",
    "strength_share": "Share of all strength (free of the size of the whole)",
    "pagerank": "PageRank (N × PR; 1 = the mean institution of its window)",
    "eigenvector": "Eigenvector centrality (of the largest component, squares summing to 1)",
    "participation": "Participation (chance that two partners drawn by weight are of different countries)",
    "exposure": "Exposure (share of its strength that goes to listed institutions)",
}


def judge(
    replicates: Replicates, works: pa.Table, affiliations: pa.Table, roster_ids: Collection[str], scope: Scope, measures: Measures
) -> pa.Table:
    """SHIFTS of the roster, for every comparison whose two windows are measured and hold works.

    The roster of a comparison is the domestic institutions and `roster_ids` (listed ones) with at least
    `measures.roster_min_works` collaborative works of at most K institutions in the two windows *together*. Asked of each
    window, it would hide an institution that vanished; asked of either, it would pick those of the small ones that chance
    made large in one window, and their return to the mean would pass for shifts (one in seven at p < 0.05 in simulation
    without any shift). A window in which an institution has none counts as 0 for every measure.

    `p_permuted` stands beside it for the share: works shuffled between the windows, `measures.permutations` times for each of the roster
    (`coauth.uncertainty.permutation`). It decides nothing: the t-based p is there for every measure, and the permutation was simulated in too few worlds
    (38 without a shift, 16 with one in six shifted) to prefer either by its rate of false finds.

    For each of `measures.resampled` that is in `TITLES` (the intervals of the others do not hold for changes) and each variant: change = after − before, its percentile interval from independent
    replicates of the two windows, a two-sided p (`two_sided`), and q over the roster (`false_discovery`).

    The rows of variants all, complete and reweighted say plainly what their own interval and q say. The row of variant k
    gives the verdict:

    1. `not comparable: coverage`, where the institution's share of partial works rose above what its works' publishers,
       fields, years and team sizes explain (`_Coverage`) by more than `measures.partial_jump` with
       z > `measures.partial_jump_z`: works of its own are then hidden. Likewise where its value rose while that share
       fell, by itself and against what was expected: hidden works have come to light.
    2. `rose` or `fell`, where the reweighted change has an interval that excludes 0 and q ≤ `measures.false_discovery_rate`, and
       the change of k has its sign. The reweighted change alone is tested, since under a publisher's loss it alone is one of
       the institutions: q of k would there be the small one of lost metadata, and each reweighted interval by itself a
       second look at one of many (one world in ten to five without any shift had a false find so, tests/simulation).
    3. `no clear change` otherwise.

    `verdict_complete_coverage` is what complete works alone would say. It decides nothing: works that a publisher
    spoiled leave that set too, so it can make a false fall worse.
    """
    world = incidence(works, affiliations)
    domestic = affiliations.filter(affiliations["is_domestic"])["institution_id"].to_pylist()
    members = replicates.at({*domestic, *roster_ids})
    coverage = _Coverage(world, Completeness.of(world.works))
    counted = world.only((world.team >= 2) & (world.team <= scope.max_institutions))
    dispersion = Dispersion.of(counted, measures.counting)
    rows: list[dict[str, object]] = []
    for period in comparisons(scope, measures):
        if not all(world.within(window).any() for window in period):
            continue  # an empty window is a harvest that is not there, not a fall of everybody
        both = replicates.works[period[0]][members] + replicates.works[period[1]][members]
        roster = members[both >= measures.roster_min_works]
        names = replicates.institutions[roster]
        jumps = [coverage.jump(str(name), period) for name in names]
        shuffled = _shuffled(counted, names, period, dispersion, measures)
        for measure in (name for name in measures.resampled if name in TITLES):
            changes = {v: _Changes.between(replicates, roster, period, measure, v, measures) for v in VARIANTS}
            for i, name in enumerate(names):
                rows += _verdicts(str(name), i, changes, jumps[i], replicates, measures)
                if measure == "strength_share":
                    rows[-len(VARIANTS)]["p_permuted"] = shuffled[i]
    return SHIFTS.of([{"counting": replicates.counting} | row for row in rows])


def _shuffled(world: Incidence, names: NDArray[np.object_], period: Period, dispersion: Dispersion, measures: Measures) -> list[float | None]:
    """p of each name's share by permutation; None where none is asked for."""
    times = measures.permutations * len(names)
    if not times:
        return [None] * len(names)
    at = np.searchsorted(world.institutions.astype(str), names.astype(str))
    first, second = (dispersion.factors(window).of("share", names) for window in period)
    p: list[float | None] = permuted(world, measures.counting, at, period, (first, second), times, measures.seed).tolist()
    return p


# -- changes


def two_sided(change: Floats, drawn: NDArray[np.float64], freedom: float) -> Floats:
    """p of no change: 2·P(T > |change|/sd), sd that of the replicates (rows: institutions), T Student's with `freedom` degrees.

    Counting replicates on the far side of zero resolves no less than 1/R, which could never make q ≤ 0.05 for a single true
    shift in a large roster. Replicates that do not vary tell nothing: p = 1.

    >>> two_sided(np.array([0.0, 9.0, 1.0]), np.array([[-1.0, 1.0] * 200, [8.0, 10.0] * 200, [1.0] * 400]), np.inf).round(4).tolist()
    [1.0, 0.0, 1.0]
    """
    spread = drawn.std(axis=1)
    return tail(np.divide(change, spread, out=np.zeros_like(change), where=spread > 0), freedom)


def false_discovery(p: Floats) -> Floats:
    """Benjamini–Hochberg q (1995, doi 10.1111/j.2517-6161.1995.tb02031.x): the least rate at which each is called.

    >>> false_discovery(np.array([0.01, 0.04, 0.03, 0.5])).round(4).tolist()
    [0.04, 0.0533, 0.0533, 0.5]
    """
    order = np.argsort(-p, kind="stable")
    scaled = p[order] * len(p) / np.arange(len(p), 0, -1)
    q = np.empty_like(p)
    q[order] = np.minimum(np.minimum.accumulate(scaled), 1.0)
    return q


@dataclass(frozen=True)
class _Changes:
    """One measure and variant between two windows, one entry for each of the roster."""

    measure: str
    variant: str
    period: Period
    before: Floats
    after: Floats
    ends: Interval
    p: Floats
    q: Floats

    @classmethod
    def between(
        cls, replicates: Replicates, roster: Integers, period: Period, measure: str, variant: str, measures: Measures
    ) -> _Changes:
        def of(window: Years) -> tuple[Floats, Floats]:
            key = (window, variant, measure)
            if key not in replicates.value:  # no work of this variant in the window
                return np.zeros(len(roster)), np.zeros((len(roster), measures.replicates))
            return replicates.value[key][roster], replicates.drawn[key][roster].astype(np.float64)

        (before, was), (after, became) = of(period[0]), of(period[1])
        ends = interval(after - before, became - was, measures.confidence, replicates.freedom)
        p = two_sided(after - before, became - was, replicates.freedom)
        return cls(measure, variant, period, before, after, ends, p, false_discovery(p))

    def sign(self, i: int) -> int:
        """+1 or −1 where the interval excludes 0 and the change lies on that side, else 0."""
        change = self.after[i] - self.before[i]
        return int(change > 0 and self.ends.low[i] > 0) - int(change < 0 and self.ends.high[i] < 0)

    def plain(self, i: int, rate: float) -> str:
        return {1: ROSE, -1: FELL}.get(self.sign(i), UNCLEAR) if self.q[i] <= rate else UNCLEAR

    def row(self, name: str, i: int) -> dict[str, object]:
        (b0, b1), (a0, a1) = self.period
        return {
            "institution_id": name, "measure": self.measure, "variant": self.variant,
            "before_first": b0, "before_last": b1, "after_first": a0, "after_last": a1,
            "before": self.before[i], "after": self.after[i], "change": self.after[i] - self.before[i],
            **{name: end[i] for name, end in self.ends._asdict().items()}, "p_value": self.p[i], "q_value": self.q[i],
        }  # fmt: skip


# -- coverage


@dataclass(frozen=True)
class Jump:
    """How an institution's share of partial works moved against what was to be expected of its works."""

    observed: tuple[float, float]
    expected: tuple[float, float]
    error: float

    @property
    def rise(self) -> float:
        return (self.observed[1] - self.expected[1]) - (self.observed[0] - self.expected[0])

    @property
    def z(self) -> float:
        return self.rise / self.error if self.error > 0 else 0.0

    def hides(self, change: float, measures: Measures) -> bool:
        """Whether the change of a measure may be one of the institution's own coverage."""
        if self.rise > measures.partial_jump and self.z > measures.partial_jump_z:
            return True
        cleared = min(-self.rise, self.observed[0] - self.observed[1])  # expected may rise by others' losses alone
        return change > 0 and cleared > measures.partial_jump and -self.z > measures.partial_jump_z


class _Coverage:
    """Partial works of one institution, against P(complete) fitted on the works of all others.

    An institution's own works are left out of the fit: at a publisher where it is most of the country's output, its own
    loss would else be what is "expected".
    """

    def __init__(self, world: Incidence, completeness: Completeness) -> None:
        self._world, self._completeness = world, completeness
        self._column = {name: i for i, name in enumerate(world.institutions)}

    def jump(self, name: str, period: Period) -> Jump | None:
        """None where a window has no work of it: there is then no rate of its own to look at."""
        index = self._world.by_institution.indptr[self._column[name] :][:2]
        own = self._world.by_institution.indices[slice(*index)]
        observed, expected, variance = [], [], 0.0
        for first, last in period:
            rows = own[(self._world.year[own] >= first) & (self._world.year[own] <= last)].astype(np.int64)
            if not len(rows):
                return None
            p, spread = self._completeness.without(rows)
            observed.append(1 - float(self._world.complete[rows].mean()))
            expected.append(1 - float(p.mean()))
            variance += float(spread.sum()) / len(rows) ** 2
        return Jump((observed[0], observed[1]), (expected[0], expected[1]), variance**0.5)


# -- words


def _verdicts(
    name: str, i: int, changes: dict[str, _Changes], jump: Jump | None, replicates: Replicates, measures: Measures
) -> list[dict[str, object]]:
    rate = measures.false_discovery_rate
    rows = []
    for change in changes.values():
        row = change.row(name, i)
        row |= {"verdict": change.plain(i, rate), "reason": _of_itself(change, i, measures)}
        rows.append(row)
    verdict, reason = _decided(i, changes, jump, measures)
    if verdict in (ROSE, FELL):
        reason += _one_work(name, i, changes["reweighted"], replicates)
    rows[0] |= {"verdict": verdict, "reason": reason, "verdict_complete_coverage": changes["complete"].plain(i, rate)}
    return rows


def _decided(i: int, changes: dict[str, _Changes], jump: Jump | None, measures: Measures) -> tuple[str, str]:
    k, weighted = changes["k"], changes["reweighted"]
    told = _told(k, i, measures)
    if jump is not None and jump.hides(k.after[i] - k.before[i], measures):
        return NOT_COMPARABLE, f"{told}, but {_jumped(jump, k.period)}."
    alone, plain = (change.plain(i, measures.false_discovery_rate) for change in (k, weighted))
    if plain == UNCLEAR and alone == UNCLEAR:
        return UNCLEAR, _of_itself(k, i, measures)
    seen = f"{_signed(weighted, i)} (interval {_range(weighted, i)}, {_q(weighted.q[i])})"
    if plain == UNCLEAR:
        return UNCLEAR, f"{told}, but this disappears when complete works are weighted for their publishers' coverage: {seen}."
    if weighted.sign(i) * (k.after[i] - k.before[i]) <= 0:
        return UNCLEAR, f"{told}, but complete works weighted for their publishers' coverage point the other way: {seen}."
    how = "and it stands when" if alone == plain else "which is unclear by itself, but clear when"
    unseen = "; it has no work in one of the windows, so its own coverage there cannot be checked" if jump is None else ""
    return plain, f"{told}, {how} complete works are weighted for their publishers' coverage: {seen}{unseen}."


def _of_itself(change: _Changes, i: int, measures: Measures) -> str:
    told = _told(change, i, measures)
    if change.sign(i) == 0:
        return f"{told}: the interval does not exclude no change."
    if change.q[i] > measures.false_discovery_rate:
        return f"{told}: too likely a chance find among so many institutions (allowed: q ≤ {measures.false_discovery_rate:g})."
    return f"{told}."


def _told(change: _Changes, i: int, measures: Measures) -> str:
    title = TITLES[change.measure]
    (b0, b1), (a0, a1) = change.period
    works = {"all": ", all works", "k": "", "complete": ", complete works only", "reweighted": ", complete works weighted"}
    return (
        f"{title}{works[change.variant]} went from {_number(change.measure, change.before[i])} in {b0}–{b1} to "
        f"{_number(change.measure, change.after[i])} in {a0}–{a1}, a change of {_signed(change, i)} "
        f"({measures.confidence:.0%} interval {_range(change, i)}, {_q(change.q[i])} over {len(change.q)} institutions)"
    )


def _one_work(name: str, i: int, change: _Changes, replicates: Replicates) -> str:
    """Names the work without which the interval, moved along, would no longer exclude 0."""
    before, after = (replicates.leave_one_out[window].without(change.measure, name) for window in change.period)
    left = {work: change.after[i] - value for work, value in before.items()} | {w: value - change.before[i] for w, value in after.items()}
    if not left:
        return ""
    work = min(sorted(left), key=lambda w: left[w] * change.sign(i))
    moved = left[work] - (change.after[i] - change.before[i])
    if change.ends.low[i] + moved > 0 or change.ends.high[i] + moved < 0:
        return ""
    return f" It rests on one work: without {work} the change would be {_moved(change.measure, left[work])}, and its interval would not exclude no change."


def _jumped(jump: Jump, period: Period) -> str:
    moved = "rose" if jump.rise > 0 else "fell"
    seen = "; ".join(
        f"{first}–{last}: {observed:.0%} seen, {expected:.0%} expected"
        for (first, last), observed, expected in zip(period, jump.observed, jump.expected, strict=True)
    )
    return (
        f"its share of works with incomplete affiliations {moved} by {abs(jump.rise) * 100:.0f} percentage points against what "
        f"publishers, fields, years and team sizes explain ({seen}; z = {jump.z:.1f}), so the change may be one of metadata"
    ).replace("-", "−")


_DIGITS = {"strength": ",.0f", "strength_share": ".2f", "pagerank": ",.2f", "eigenvector": ".3f", "participation": ".3f", "exposure": ".2f"}
_SHARES = ("strength_share", "exposure")


def _number(measure: str, value: float) -> str:
    return f"{100 * value:.2f} %" if measure in _SHARES else format(value, _DIGITS[measure])


def _moved(measure: str, value: float) -> str:
    """A difference with its sign; of shares in percentage points."""
    return format(100 * value if measure in _SHARES else value, f"+{_DIGITS[measure]}").replace("-", "−")


def _signed(change: _Changes, i: int) -> str:
    points = " percentage points" if change.measure in _SHARES else ""
    return _moved(change.measure, change.after[i] - change.before[i]) + points


def _range(change: _Changes, i: int) -> str:
    return f"{_moved(change.measure, change.ends.low[i])} to {_moved(change.measure, change.ends.high[i])}"


def _q(value: float) -> str:
    return f"q = {value:.3f}" if value >= 0.0005 else "q < 0.0005"
