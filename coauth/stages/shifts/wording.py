"""What is said of a change: its numbers in a sentence, and the reason for a verdict."""

from __future__ import annotations

from coauth.queries import Measures, Period
from coauth.queries.registry import MEASURES
from coauth.stages.shifts.changes import Changes
from coauth.stages.shifts.coverage_breaks import Jump
from coauth.stages.shifts.identity import Move

TELLING = 0.25
"""A change that may be larger than this part of the value cannot be told: it is the fall that the
rules are held to (`tests/studies/simulation`).
"""


POOLED = "1 = the mean institution of those compared"


def of_itself(change: Changes, i: int, measures: Measures) -> str:
    """A change, and whether its own interval and q let it stand."""
    said = describe(change, i, measures)
    if change.sign(i) == 0:
        return f"{said}: the interval does not exclude no change."
    if change.q[i] > measures.false_discovery_rate:
        return f"{said}: too likely a chance find among so many institutions (allowed: q ≤ {measures.false_discovery_rate:g})."
    return f"{said}."


def describe(change: Changes, i: int, measures: Measures) -> str:
    """A change with its numbers; no full stop yet."""
    record = MEASURES[change.measure]
    title = f"{record.title} ({POOLED})" if record.pooled else record.phrase
    (b0, b1), (a0, a1) = change.period
    works = {
        "all": ", all works",
        "k": "",
        "complete": ", complete works only",
        "reweighted": ", complete works weighted",
        "named": ", complete works weighted, with institutions that strings name",
    }
    return (
        f"{title}{works[change.variant]} went from {_number(change.measure, change.before[i])} in {b0}–{b1} to "
        f"{_number(change.measure, change.after[i])} in {a0}–{a1}, a change of {signed(change, i)} "
        f"({measures.confidence:.0%} interval {interval(change, i)}, {q(change.q[i])} over {len(change.q)} institutions)"
    )


def jumped(jump: Jump, period: Period) -> str:
    """Why own coverage makes two windows incomparable."""
    went = "rose" if jump.rise > 0 else "fell"
    seen = "; ".join(
        f"{first}–{last}: {observed:.0%} seen, {expected:.0%} expected"
        for (first, last), observed, expected in zip(
            period, jump.observed, jump.expected, strict=True
        )
    )
    return (
        f"its share of works with incomplete affiliations {went} by {abs(jump.rise) * 100:.0f} percentage points against what "
        f"publishers, fields, years and team sizes explain ({seen}; z = {jump.z:.1f}), so the change may be one of metadata"
    ).replace("-", "−")


def moved_id(move: Move, name: str) -> str:
    """Why the works of an institution seem to have moved to or from another id."""
    way = "gained" if name == move.source else "lost"
    return (
        f"{move.other(name)}, of the same country or lineage, {way} about as many works, with the same partners and fields "
        f"(Hellinger distance {move.distance:.2f}, nearer than any other past), so works may have moved between the two ids"
    )


def undone(weighted: Changes, i: int) -> str:
    """How many of its works would have to be lost for the interval to reach no change; nothing of a
    measure that does not grow with them.
    """
    if (part := weighted.tipping(i)) is None:
        return ""
    first, last = weighted.period[weighted.by(i) < 0]
    return f" It would disappear if {part:.0%} of its works in {first}–{last} had lost their match."


def bounded(weighted: Changes, i: int, confidence: float) -> str:
    """How large a change there may have been all the same."""
    if (part := weighted.bound(i)) is None:
        return ""
    if part <= TELLING:
        return f" A change of more than {part:.0%} can be ruled out ({confidence:.0%})."
    return f" It cannot be told: it may have changed by up to {part:.0%}."


def without_strings(named: Changes, i: int) -> str:
    """That a change is another one once institutions count that strings name."""
    seen = f"{signed(named, i)} (interval {interval(named, i)}, {q(named.q[i])})"
    return f"not where works count on which an affiliation string names an institution without a match: {seen}"


def _number(measure: str, value: float) -> str:
    record = MEASURES[measure]
    return record.number(value) + (" %" if record.unit == "share" else "")


def moved(measure: str, value: float) -> str:
    """A difference with its sign; of shares in percentage points."""
    return MEASURES[measure].number(value, "+")


def signed(change: Changes, i: int) -> str:
    points = " percentage points" if MEASURES[change.measure].unit == "share" else ""
    return moved(change.measure, change.by(i)) + points


def interval(change: Changes, i: int) -> str:
    return f"{moved(change.measure, change.ends.low[i])} to {moved(change.measure, change.ends.high[i])}"


def q(value: float) -> str:
    return f"q = {value:.3f}" if value >= 0.0005 else "q < 0.0005"
