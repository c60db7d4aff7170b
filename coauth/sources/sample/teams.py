"""Who works with whom: countries, then institutions, then a seat for each author."""

import math
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, pairwise

from coauth.sources.sample import topics
from coauth.sources.sample.atlas import Atlas, Urn, atlas, world
from coauth.sources.sample.effects import EFFECTS, UNMATCHED
from coauth.sources.sample.random import Chance
from coauth.sources.sample.work import Work


@dataclass(frozen=True)
class Consortium:
    """The same institutions again and again, in works of more than 100 authors. Ranges: least and
    most a work.
    """

    topic: str
    danish: tuple[str, ...]
    authors: tuple[int, int]
    institutions: tuple[int, int]


CONSORTIA = {
    "collider": Consortium("T10048", ("ku", "dtu"), (800, 2200), (150, 300)),
    "survey": Consortium("T10026", ("ku", "dtu_space", "au"), (150, 600), (60, 120)),
    "cohort": Consortium("T10027", ("rh", "ku", "ssi"), (101, 300), (60, 80)),
}
_LARGEST = ("collider", 2018, 3000)

# An author who names a child often names its parent too; a lineage-blind reader then sees an edge
# inside one organisation.
_ALSO_NAMES_PARENT = {
    "rh": ("capital", 0.25),
    "dtu_space": ("dtu", 0.5),
    "nwpu_lab": ("nwpu", 0.5),
    "hit_lab": ("hit", 0.5),
}
_CHILD_OF_SEVEN = {"nwpu": "nwpu_lab", "hit": "hit_lab"}

# Danish institutions a work: running shares of 1, 2, 3, 4 for each kind of work.
_FOREIGN_WORKS, _DOMESTIC_WORKS = (0.60, 0.88, 1.0), (0.0, 0.65, 0.90, 1.0)


def fill(batch: list[Work], year: int, chance: Chance) -> None:
    """Give the works of one year their institutions and seats."""
    places = atlas()
    for work in batch:
        if work.role in CONSORTIA:
            _convene(work, places, chance)
        else:
            _choose_danish(work, places, chance)
            if work.role == "miit":
                _choose_seven(work, places, chance)
            _make_room(work)
    _choose_countries(batch, year, chance)
    for work in batch:
        _choose_abroad(work, places, chance)
        _seat(work, places, chance)


def _draw(team: Urn, count: int, members: list[int], chance: Chance) -> list[int]:
    """Up to `count` different members not yet taken (fewer where a small country has no more)."""
    found: list[int] = []
    for _ in range(20 * count):
        if len(found) == count:
            break
        member = team.members[chance.weighted(team.cumulative)]
        if member not in members and member not in found:
            found.append(member)
    return found


def _convene(work: Work, places: Atlas, chance: Chance) -> None:
    consortium = CONSORTIA[work.role]
    fewest, most = consortium.institutions
    work.authors = consortium.authors[0] + chance.below(
        consortium.authors[1] - consortium.authors[0]
    )
    if (work.role, work.year) == _LARGEST[:2]:
        work.authors = _LARGEST[2]
    work.danish = [places.by_key[key] for key in consortium.danish]
    # each institution sends somebody
    size = min(work.authors, fewest + chance.below(most - fewest + 1)) - len(work.danish)
    work.abroad = list(_roster(work.role)[:size])


@cache
def _roster(role: str) -> tuple[int, ...]:
    """A consortium's foreign institutions, in the order in which they joined."""
    places = atlas()
    chance = Chance(list(CONSORTIA).index(role), "atlas")
    countries = world()["partners"]["countries"]
    sizes = list(accumulate(c["works"][-1] for c in countries))
    roster: list[int] = []
    while len(roster) < CONSORTIA[role].institutions[1]:
        drawn = places.foreign[countries[chance.weighted(sizes)]["code"]]
        roster += _draw(drawn, 1, roster, chance)
    return tuple(roster)


def _choose_danish(work: Work, places: Atlas, chance: Chance) -> None:
    """The planted institution first, if there is one, then others by their weight in the work's
    domain.
    """
    own = next((places.by_key[e.key] for e in EFFECTS if e.role == work.role), None)
    count = (
        1 if work.solo else 1 + chance.weighted(_FOREIGN_WORKS if work.foreign else _DOMESTIC_WORKS)
    )
    if work.role == UNMATCHED.role:
        work.own_seats = 2 + chance.below(3)
        count = max(count, 1 if work.foreign and chance.happens(0.05) else 2)
    work.danish = [own] if own is not None else []
    drawn = places.danish(topics.domain_of(work.topics[0]), work.year)
    work.danish += _draw(drawn, count - len(work.danish), work.danish, chance)


def _choose_seven(work: Work, places: Atlas, chance: Chance) -> None:
    """One of the seven MIIT universities (two in one work of ten), sometimes through a laboratory
    of its own.
    """
    rows = world()["miit"]["institutions"]
    seven = Urn(tuple(range(len(rows))), tuple(accumulate(row["weight"][0] for row in rows)))
    for chosen in _draw(seven, 2 if chance.happens(0.1) else 1, [], chance):
        key = rows[chosen]["key"]
        if key in _CHILD_OF_SEVEN and chance.happens(0.15):
            key = _CHILD_OF_SEVEN[key]
        work.abroad.append(places.by_key[key])
    if chance.happens(0.3):
        work.abroad += _draw(places.foreign["CN"], 1, work.abroad, chance)


def _make_room(work: Work) -> None:
    """A team has at least one author for each institution, and one more where a partner country is
    to come.
    """
    waiting = 1 if work.foreign and not work.abroad else 0
    work.authors = max(work.authors, _seats_taken(work) + waiting)


def _seats_taken(work: Work) -> int:
    return work.own_seats - 1 + len(work.danish) + len(work.abroad)


def _choose_countries(batch: list[Work], year: int, chance: Chance) -> None:
    """Give each partner country its number of works of the year; large teams have more countries.

    The MIIT works come on top of China's number: they are over-represented on purpose.
    """
    teams = [work for work in batch if work.foreign and work.role not in CONSORTIA]
    room = {work.number: work.authors - _seats_taken(work) for work in teams}
    reach = {work.number: math.sqrt(work.authors) for work in teams}
    for code, count in _partner_works(batch, year):
        free = [w for w in teams if room[w.number] and not (code == "CN" and w.role == "miit")]
        free.sort(key=lambda work: chance.unit() / reach[work.number])
        for work in free[:count]:
            work.countries.append(code)
            room[work.number] -= 1
    _leave_none_alone(teams, chance)


def _partner_works(batch: list[Work], year: int) -> list[tuple[str, int]]:
    """Partner countries and their works in `year`, most first, without those of the consortia."""
    partners, scale = world()["partners"], world()["danish_works"]["scale"]
    places = atlas()
    convened = [
        {places.institutions[i].country for i in work.abroad}
        for work in batch
        if work.role in CONSORTIA
    ]
    wanted = []
    for country in partners["countries"]:
        works = round(scale * _between(partners["anchor_years"], country["works"], year))
        wanted.append(
            (country["code"], max(0, works - sum(country["code"] in c for c in convened)))
        )
    return sorted(wanted, key=lambda pair: (-pair[1], pair[0]))


def _between(years: list[int], values: list[int], year: int) -> float:
    """Straight lines between the anchors, the last value held after them."""
    for (y0, v0), (y1, v1) in pairwise(zip(years, values, strict=True)):
        if y0 <= year <= y1:
            return v0 + (v1 - v0) * (year - y0) / (y1 - y0)
    return values[-1]


def _leave_none_alone(teams: list[Work], chance: Chance) -> None:
    """A foreign work without a country gets one from a work that has several: countries keep their
    numbers.
    """
    donors = [work for work in teams if len(work.countries) > 1]
    chance.shuffle(donors)
    for work in teams:
        if work.countries or work.abroad:
            continue
        donor = donors.pop()
        work.countries.append(donor.countries.pop(chance.below(len(donor.countries))))
        if len(donor.countries) > 1:
            donors.insert(0, donor)


def _choose_abroad(work: Work, places: Atlas, chance: Chance) -> None:
    """One institution in each partner country, and more of them while there are authors."""
    for code in work.countries:
        work.abroad += _draw(places.foreign[code], 1, work.abroad, chance)
    for code in work.countries:
        if _seats_taken(work) < work.authors and chance.happens(0.25):
            work.abroad += _draw(places.foreign[code], 1, work.abroad, chance)


def _seat(work: Work, places: Atlas, chance: Chance) -> None:
    """Every institution has an author; the others sit with the first institutions more often than
    with the last.
    """
    institutions = work.danish + work.abroad
    seats = institutions + [work.danish[0]] * (work.own_seats - 1)
    open_to = institutions[1:] if work.role == UNMATCHED.role else institutions
    while len(seats) < work.authors:
        draw = chance.unit()
        seats.append(open_to[int(draw * draw * len(open_to))])
    chance.shuffle(seats)
    work.seats = [_affiliated(institution, work, places, chance) for institution in seats]


def _affiliated(institution: int, work: Work, places: Atlas, chance: Chance) -> tuple[int, ...]:
    """An author's institutions: mostly one; sometimes its parent too, or a second one of the work
    in the same country.
    """
    parent, often = _ALSO_NAMES_PARENT.get(places.institutions[institution].key, (None, 0.0))
    if parent and chance.happens(often):
        return (institution, places.by_key[parent])
    if work.role in ("background", "miit") and not work.solo and chance.happens(0.05):
        country = places.institutions[institution].country
        others = [
            i
            for i in work.danish + work.abroad
            if i != institution and places.institutions[i].country == country
        ]
        if others:
            return (institution, chance.one_of(others))
    return (institution,)
