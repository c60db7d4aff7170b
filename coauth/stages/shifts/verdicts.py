"""Which of four verdicts a change gets, and why."""

from __future__ import annotations

from coauth.queries import Measures
from coauth.stages.shifts import wording
from coauth.stages.shifts.changes import Changes
from coauth.stages.shifts.coverage_breaks import Jump
from coauth.stages.shifts.identity import Move
from coauth.stats.bootstrap import Replicates

ROSE, FELL, UNCLEAR, NOT_COMPARABLE = "rose", "fell", "no clear change", "not comparable: coverage"
STRINGS, IDENTITY = "not comparable: strings", "not comparable: identity"

EXPLAINED = 0.8
"""A change that shrinks below this part of itself, and into the noise, once institutions count that
strings name without a match is one of strings; one that shrinks less is merely unclear.
"""


def rows(
    name: str,
    i: int,
    changes: dict[str, Changes],
    jump: Jump | None,
    move: Move | None,
    replicates: Replicates,
    measures: Measures,
) -> list[dict[str, object]]:
    """A row of SHIFTS for each variant. The first is k's, and has the verdict; the others say what
    they say of themselves.
    """
    verdict, reason = decided(i, changes, jump, measures)
    if verdict in (ROSE, FELL):
        if other := _instead(name, i, changes, move, measures):
            verdict, reason = other[0], f"{reason[:-1]}, but {other[1]}."
        else:
            reason += wording.undone(changes["reweighted"], i)
            reason += rests_on_one(name, i, changes["reweighted"], replicates)
    elif verdict == UNCLEAR:
        reason += wording.bounded(changes["reweighted"], i, measures.confidence)
    judged, *others = (
        change.row(name, i)
        | {"verdict": _plain(change, i, measures), "reason": wording.of_itself(change, i, measures)}
        for change in changes.values()
    )
    complete = _plain(changes["complete"], i, measures)
    return [
        judged | {"verdict": verdict, "reason": reason, "verdict_complete_coverage": complete},
        *others,
    ]


def decided(
    i: int, changes: dict[str, Changes], jump: Jump | None, measures: Measures
) -> tuple[str, str]:
    """Verdict and reason, by the rules of `coauth.stages.shifts.judge`."""
    k, weighted = changes["k"], changes["reweighted"]
    told = wording.describe(k, i, measures)
    if jump is not None and jump.hides(k.gain(i), measures):
        return NOT_COMPARABLE, f"{told}, but {wording.jumped(jump, k.period)}."
    alone, plain = (_plain(change, i, measures) for change in (k, weighted))
    if plain == UNCLEAR and alone == UNCLEAR:
        return UNCLEAR, wording.of_itself(k, i, measures)
    seen = f"{wording.signed(weighted, i)} (interval {wording.interval(weighted, i)}, {wording.q(weighted.q[i])})"
    if plain == UNCLEAR:
        return (
            UNCLEAR,
            f"{told}, but this disappears when complete works are weighted for their publishers' coverage: {seen}.",
        )
    if weighted.sign(i) * k.by(i) <= 0:
        return (
            UNCLEAR,
            f"{told}, but complete works weighted for their publishers' coverage point the other way: {seen}.",
        )
    how = "and it stands when" if alone == plain else "which is unclear by itself, but clear when"
    unseen = (
        "; it has no work in one of the windows, so its own coverage there cannot be checked"
        if jump is None
        else ""
    )
    return (
        plain,
        f"{told}, {how} complete works are weighted for their publishers' coverage: {seen}{unseen}.",
    )


def _instead(
    name: str, i: int, changes: dict[str, Changes], move: Move | None, measures: Measures
) -> tuple[str, str] | None:
    """What to say in place of a rise or fall, and why: works seem to have moved to or from another
    id, or the change goes with what strings name without a match.
    """
    if move is not None:
        return IDENTITY, wording.moved_id(move, name)
    if (named := changes.get("named")) is None:
        return None
    change = changes["reweighted"]
    less = named.by(i) * change.by(i) < EXPLAINED * change.by(i) ** 2
    chance = named.q[i] > measures.false_discovery_rate
    if named.sign(i) == change.sign(i) and not (less and chance):
        return None
    return (STRINGS if less else UNCLEAR), wording.without_strings(named, i)


def _plain(change: Changes, i: int, measures: Measures) -> str:
    """What a change says by itself of how central the institution is."""
    if not change.sign(i) or change.q[i] > measures.false_discovery_rate:
        return UNCLEAR
    return ROSE if change.gain(i) > 0 else FELL


def rests_on_one(name: str, i: int, change: Changes, replicates: Replicates) -> str:
    """Names the work without which the interval, moved along, would no longer exclude 0."""
    before, after = (
        replicates.leave_one_out[window].without(change.measure, name) for window in change.period
    )
    left = {work: change.after[i] - value / change.scale[0] for work, value in before.items()} | {
        work: value / change.scale[1] - change.before[i] for work, value in after.items()
    }
    if not left:
        return ""
    work = min(sorted(left), key=lambda w: left[w] * change.sign(i))
    moved = left[work] - change.by(i)
    if change.ends.low[i] + moved > 0 or change.ends.high[i] + moved < 0:
        return ""
    return f" It rests on one work: without {work} the change would be {wording.moved(change.measure, left[work])}, and its interval would not exclude no change."
