"""What the records fail to show of the works: the background, and the two planted losses."""

from functools import cache

from coauth.sources.sample import effects
from coauth.sources.sample.atlas import atlas, world
from coauth.sources.sample.random import Chance
from coauth.sources.sample.work import BARE, COMPLETE, STRING, Work

_AUTHORSHIPS_LOST = 0.55
_STRING_STAYS = 0.2


def strip(works: list[Work], chance: Chance) -> None:
    """Decide the fate of every seat.

    Whether a record is stripped depends on publisher and year alone, so that 1/P(complete |
    publisher, year, more than one author) is the right weight. A work by one author cannot lose
    anything: someone Danish always stays.
    """
    for work in works:
        work.fate = [COMPLETE] * len(work.seats)
        stays = _someone_danish(work, chance)
        if chance.happens(strip_probability(work.publisher, work.year)):
            if _gives_one(work.publisher, work.year):
                work.fate = [COMPLETE if i == stays else BARE for i in range(len(work.seats))]
            else:
                _lose_some(work, stays, chance)
        if work.role == effects.UNMATCHED.role and work.year >= effects.CHANGE_YEAR:
            _lose_matches(work, stays, chance)


@cache
def strip_probability(publisher: int, year: int) -> float:
    """Probability that a record of this publisher and year has incomplete affiliations."""
    if _gives_one(publisher, year):
        return effects.STRIPPED_TO_ONE
    factor: float = world()["publishers"]["list"][publisher]["strip"]
    return factor * effects.background_strip(year)


@cache
def _gives_one(publisher: int, year: int) -> bool:
    name = world()["publishers"]["list"][publisher].get("name")
    return name == effects.LOSS_PUBLISHER and year >= effects.CHANGE_YEAR


def _someone_danish(work: Work, chance: Chance) -> int:
    """The seat that keeps its institution whatever happens, so that the work stays in a Danish
    harvest.

    Not one of the Unmatched Strings Institute if there is another, or its loss would be smaller
    than planted.
    """
    places = atlas()
    danish = [
        i for i, seat in enumerate(work.seats) if places.institutions[seat[0]].country == "DK"
    ]
    if work.role == effects.UNMATCHED.role:
        own = places.by_key[effects.UNMATCHED.key]
        danish = [i for i in danish if work.seats[i] != (own,)] or danish
    return chance.one_of(danish)


def _lose_some(work: Work, stays: int, chance: Chance) -> None:
    """Lose about half of the authorships' affiliations, and at least one."""
    others = [i for i in range(len(work.seats)) if i != stays]
    lost = [i for i in others if chance.happens(_AUTHORSHIPS_LOST)] or (
        [chance.one_of(others)] if others else []
    )
    for i in lost:
        work.fate[i] = STRING if chance.happens(_STRING_STAYS) else BARE


def _lose_matches(work: Work, stays: int, chance: Chance) -> None:
    own = (atlas().by_key[effects.UNMATCHED.key],)
    for i, seat in enumerate(work.seats):
        if (
            seat == own
            and i != stays
            and work.fate[i] == COMPLETE
            and chance.happens(effects.UNMATCHED_AUTHORSHIPS)
        ):
            work.fate[i] = STRING
