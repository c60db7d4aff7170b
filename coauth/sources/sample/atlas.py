"""The places of the sample world: real Danish, Chinese and look-alike institutions by id, and
invented foreign ones.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import accumulate
from typing import Any

from coauth.sources.sample.effects import CONTROL, LOSS, RISE, UNMATCHED

INVENTED = 1300
"""Foreign institutions, shared out over countries by (co-publications)^0.8: large countries have
larger ones too.
"""

_KINDS = (
    ("University", "education"),
    ("University", "education"),
    ("Hospital", "healthcare"),
    ("University", "education"),
    ("Institute", "facility"),
    ("University", "education"),
    ("Company", "company"),
    ("Agency", "government"),
)


@dataclass(frozen=True, slots=True)
class Institution:
    """One institution. `weight`: relative works, by domain of the topic (Danish) or as one number
    (foreign).
    """

    index: int
    key: str
    id: str
    name: str
    ror: str | None
    country: str
    type: str
    weight: tuple[float, ...]
    ancestors: frozenset[int]
    lineage: tuple[str, ...]
    """Own id and those of all ancestors, sorted as strings like OpenAlex does: order says nothing.
    """
    first_person: int
    persons: int
    years: tuple[int, int] = (0, 9999)


@dataclass(frozen=True)
class Urn:
    """Institutions to draw from, with the running sum of their weights."""

    members: tuple[int, ...]
    cumulative: tuple[float, ...]


@dataclass(frozen=True)
class Atlas:
    institutions: tuple[Institution, ...]
    by_key: dict[str, int]
    country_names: dict[str, str]
    foreign: dict[str, Urn]
    """By country code; the seven MIIT universities are not in it, their works are planted by
    number.
    """

    def danish(self, domain: int, year: int) -> Urn:
        """Danish institutions that exist in `year`, by their weight in a domain (1 life, 2 social,
        3 physical, 4 health).
        """
        return _danish(self, domain, year)

    def __hash__(self) -> int:  # one atlas a process: lets `cache` take it as an argument
        return id(self)


@cache
def world() -> dict[str, Any]:
    """The facts in `world.toml`."""
    return tomllib.loads(files(__package__).joinpath("world.toml").read_text(encoding="utf-8"))


@cache
def atlas() -> Atlas:
    """All institutions. There is no chance in it: every seed lives in the same geography."""
    rows = [*_listed(), *_invented()]
    by_key = {row["key"]: index for index, row in enumerate(rows)}
    institutions: list[Institution] = []
    first_person = 1
    for index, row in enumerate(rows):
        persons = 3000 if row["country"] == "DK" else 400
        institutions.append(_institution(index, row, rows, by_key, first_person, persons))
        first_person += persons
    planted = {"miit", "miit child"}
    foreign: dict[str, Urn] = {}
    for country in world()["partners"]["countries"]:
        members = [
            i
            for i, r in enumerate(rows)
            if r["country"] == country["code"] and r["group"] not in planted
        ]
        foreign[country["code"]] = _drawn(members, [institutions[i].weight[0] for i in members])
    names = {"DK": "Denmark"} | {c["code"]: c["name"] for c in world()["partners"]["countries"]}
    return Atlas(tuple(institutions), by_key, names, foreign)


@cache
def _danish(places: Atlas, domain: int, year: int) -> Urn:
    members = [
        i.index
        for i in places.institutions
        if i.country == "DK" and i.weight[domain - 1] > 0 and i.years[0] <= year <= i.years[1]
    ]
    return _drawn(members, [places.institutions[i].weight[domain - 1] for i in members])


def _drawn(members: list[int], weights: list[float]) -> Urn:
    return Urn(tuple(members), tuple(accumulate(weights)))


def _listed() -> list[dict[str, Any]]:
    """The institutions `world.toml` names, and the three invented Danish ones that carry the
    planted effects.
    """
    facts = world()
    rows = [row | {"country": "DK", "group": "danish"} for row in facts["danish"]["institutions"]]
    rows += [row | {"country": "CN", "group": "miit"} for row in facts["miit"]["institutions"]]
    rows += [row | {"country": "CN", "group": "miit child"} for row in facts["miit"]["children"]]
    rows += [row | {"group": "lookalike"} for row in facts["lookalikes"]["institutions"]]
    for number, effect in enumerate((RISE, LOSS, UNMATCHED), start=1):
        rows.append(
            {
                "key": effect.key,
                "name": effect.name,
                "id": f"I999008{number:04d}",
                "ror": None,
                "type": "facility",
                "weight": [0, 0, 0, 0],
                "country": "DK",
                "group": "planted",
            }
        )
    if not any(row["key"] == CONTROL.key for row in rows):
        raise KeyError(CONTROL.key)
    return rows


def _invented() -> list[dict[str, Any]]:
    """Foreign institutions, Zipf-like in size within their country; the fifth and ninth belong to
    the first.
    """
    countries = world()["partners"]["countries"]
    sizes = {c["code"]: c["works"][-1] ** 0.8 for c in countries}
    rows: list[dict[str, Any]] = []
    for code, size in sizes.items():
        count = max(4, round(INVENTED * size / sum(sizes.values())))
        for rank in range(1, count + 1):
            noun, kind = _KINDS[(rank - 1) % len(_KINDS)]
            number = len(rows) + 1
            rows.append(
                {
                    "key": f"{code}-{rank}",
                    "name": f"Sample {noun} {code}-{rank:03d}",
                    "id": f"I99900{number:05d}",
                    # no ROR id holds the letter l; half of the invented ones have none, as small
                    # institutions do
                    "ror": f"0l{number:05d}00" if rank % 2 else None,
                    "type": kind,
                    "weight": [100 / rank**0.9],
                    "country": code,
                    "group": "invented",
                    "parents": [f"{code}-1"] if rank in (5, 9) and count >= 20 else [],
                }
            )
    return rows


def _institution(
    index: int,
    row: dict[str, Any],
    rows: list[dict[str, Any]],
    by_key: dict[str, int],
    first_person: int,
    persons: int,
) -> Institution:
    ancestors = _ancestors(row, rows, by_key)
    return Institution(
        index=index,
        key=row["key"],
        id=_address(row),
        name=f"{row['name']} [sample]",
        ror=f"https://ror.org/{row['ror']}" if row["ror"] else None,
        country=row["country"],
        type=row["type"],
        weight=tuple(row["weight"]),
        ancestors=frozenset(ancestors),
        lineage=tuple(sorted([_address(row), *(_address(rows[a]) for a in ancestors)])),
        first_person=first_person,
        persons=persons,
        years=tuple(row.get("years", (0, 9999))),
    )


def _ancestors(row: dict[str, Any], rows: list[dict[str, Any]], by_key: dict[str, int]) -> set[int]:
    found: set[int] = set()
    for key in row.get("parents", ()):
        found |= {by_key[key]} | _ancestors(rows[by_key[key]], rows, by_key)
    return found


def _address(row: dict[str, Any]) -> str:
    return f"https://openalex.org/{row['id']}"
