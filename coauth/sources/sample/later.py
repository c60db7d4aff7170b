"""What OpenAlex did to the sample world until a later day: planted changes, so that a second
vintage has something to tell.

Works are changed in their records, not in the plan, so that every other record stays as it was to
the byte. Only works that lack nothing, have no second record and lie in one foreign country take
part: what a change does to a count can then be told from the work alone.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

from coauth.sources.sample.atlas import atlas
from coauth.sources.sample.plan import works
from coauth.sources.sample.random import Chance
from coauth.sources.sample.records import AS_OF, institution, serve
from coauth.sources.sample.work import COMPLETE, Work

PLANTED = {
    "new publications": 30,
    "added": 40,
    "removed": 12,
    "re-dated": 10,
    "re-affiliated": 14,
    "excluded differently": 8,
}
"""Works by what became of them, a seventh of each with a listed university where there are so many.
"""

SINCE = 2018
"""Changed works are of this year or later: OpenAlex mends the new more than the old."""
PARTNERS = ("CN", "US", "SE", "DE")
MOVED_TO = "US-1"
"""Where the authors abroad of a re-affiliated work belong on the later day."""


class Change(NamedTuple):
    """A work before and after: its year and foreign country on each day (None: no record that
    counts), and whether it is a listed one's.
    """

    cause: str
    id: str
    before: tuple[int, str, bool] | None
    after: tuple[int, str, bool] | None


@lru_cache(maxsize=1)
def changes(seed: int, day: datetime.date) -> tuple[tuple[Change, Work], ...]:
    """What is planted between `AS_OF` and a later day, with the works concerned (of added and new
    ones, the copies made of others).
    """
    chance = Chance(seed, "later")
    chosen = _candidates(seed)
    number = len(works(seed))
    planted: list[tuple[Change, Work]] = []
    for cause, count in PLANTED.items():
        for n in range(count):
            among = chosen["miit" if n % 7 == 0 else "background"]
            work = among.pop(chance.below(len(among)))
            if cause in ("new publications", "added"):
                number += 1
                work = _another(
                    work,
                    number,
                    _between(day, chance) if cause == "new publications" else work.date,
                )
            planted.append((_change(cause, work), work))
    return tuple(planted)


def _candidates(seed: int) -> dict[str, list[Work]]:
    """Works that may be changed, by role."""
    everything = works(seed)
    copied = {w.original for w in everything if w.number != w.original}
    fitting = [
        w
        for w in everything
        if w.number == w.original
        and w.number not in copied
        and w.year >= SINCE
        and w.type == "article"
        and not w.retracted
        and all(fate == COMPLETE for fate in w.fate)
        and _one_partner(w)
    ]
    return {role: [w for w in fitting if w.role == role] for role in ("background", "miit")}


def _one_partner(work: Work) -> bool:
    """One foreign country, and nobody there who belongs here as well."""
    seats = [_countries(seat) for seat in work.seats]
    abroad = set().union(*seats) - {"DK"}
    return (
        len(abroad) == 1
        and abroad <= set(PARTNERS)
        and all(len(countries) == 1 for countries in seats)
    )


def _countries(seat: tuple[int, ...]) -> set[str]:
    return {atlas().institutions[i].country for i in seat}


def _between(day: datetime.date, chance: Chance) -> datetime.date:
    return AS_OF + datetime.timedelta(days=1 + chance.below((day - AS_OF).days))


def _another(work: Work, number: int, date: datetime.date) -> Work:
    """A work like this one under an id, title and DOI of its own."""
    title = f"{work.title.rpartition(':')[0]}: study {number:05d}"
    return replace(
        work,
        number=number,
        original=number,
        year=date.year,
        date=date,
        title=title,
        doi=f"https://doi.org/10.5555/sample.later.{number:06d}",
    )


def _change(cause: str, work: Work) -> Change:
    """Read off the work alone, never off a record."""
    listed = work.role == "miit"
    partner = min(set().union(*map(_countries, work.seats)) - {"DK"})
    was = (work.year, partner, listed)
    became = {
        "re-dated": (work.year + 1, partner, listed),
        "re-affiliated": (work.year, MOVED_TO.partition("-")[0], False),
    }.get(cause, was)
    before = None if cause in ("new publications", "added") else was
    return Change(
        cause, work.id, before, None if cause in ("removed", "excluded differently") else became
    )


def read_on(
    records: Iterable[dict[str, Any]], seed: int, day: datetime.date
) -> Iterator[dict[str, Any]]:
    """The records of the world as they stand on a later day, sorted like the first ones."""
    by_id = {change.id: change.cause for change, _ in changes(seed, day)}
    made = [w for change, w in changes(seed, day) if change.before is None]
    stood = [_changed(r, by_id.get(r["id"])) for r in records if by_id.get(r["id"]) != "removed"]
    yield from sorted([*stood, *serve(made, seed)], key=lambda r: (r["publication_date"], r["id"]))


def _changed(record: dict[str, Any], cause: str | None) -> dict[str, Any]:
    if cause == "re-dated":
        year = record["publication_year"] + 1
        return record | {
            "publication_year": year,
            "publication_date": f"{year}{record['publication_date'][4:]}",
        }
    if cause == "excluded differently":
        return record | {"is_retracted": True}
    return (
        record | {"authorships": [_moved(a) for a in record["authorships"]]}
        if cause == "re-affiliated"
        else record
    )


def _moved(authorship: dict[str, Any]) -> dict[str, Any]:
    """An author abroad, now at `MOVED_TO`; those at home stay."""
    if "DK" in authorship["countries"]:
        return authorship
    place = atlas().institutions[atlas().by_key[MOVED_TO]]
    strings = [a | {"institution_ids": [place.id]} for a in authorship["affiliations"]]
    return authorship | {
        "institutions": [institution(place)],
        "countries": [place.country],
        "affiliations": strings,
    }
