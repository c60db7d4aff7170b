"""Small worlds that public editions are made of: works of a few years, each with its partner
countries, and the tables that an edition is counted from.
"""

from collections.abc import Iterable
from typing import NamedTuple

import pyarrow as pa

from coauth.engine.duck import DuckDB
from coauth.queries import Group, Groups
from coauth.stages import copublications
from coauth.tables import schemas

KU, BEIHANG = "I1", "I82880672"
ABROAD = {"CN": "I10", "IR": "I20", "US": "I30", "DE": "I40", "SE": "I50", "IN": "I60"}
"""The institution of each country that is on no list."""
AREA = "EU3"


class Work(NamedTuple):
    """A work with an institution at home, of these partner countries. `listed`: with Beihang, its
    Chinese partner; `complete`: every authorship has an institution; `area`: it is of AREA.
    """

    id: str
    year: int
    countries: frozenset[str] = frozenset()
    listed: bool = False
    complete: bool = True
    area: bool = False


def works(
    year: int, number: int, countries: str = "", prefix: str = "", **more: bool
) -> list[Work]:
    """So many works alike; `countries` as "CN IR"."""
    places = frozenset(countries.split())
    name = f"{year}{prefix}{countries.replace(' ', '')}{''.join(sorted(more))}"
    return [Work(f"W{name}{n}", year, places, **more) for n in range(number)]


def with_groups(queries, years, **countries: str):
    """The queries for these years and groups, each given as "CN IR"."""
    groups = tuple(
        Group(id=name, name=name.title(), name_da=name, countries=tuple(c.split()), source="test")
        for name, c in countries.items()
    )
    scope = queries.scope.model_copy(update={"first_year": years[0], "last_year": years[1]})
    return queries.model_copy(update={"scope": scope, "groups": Groups(group=groups)})


def series(queries) -> dict[str, tuple[frozenset[str], bool]]:
    """Countries of each published series, and whether only works with the list count."""
    return {g.id: (frozenset(g.countries), False) for g in queries.groups.group} | {
        "list:miit": (frozenset(("CN",)), True)
    }


def belongs(work: Work, countries: frozenset[str], listed: bool) -> bool:
    return bool(work.countries & countries) and (work.listed or not listed)


def institutions(work: Work) -> list[str]:
    abroad = [BEIHANG if c == "CN" and work.listed else ABROAD[c] for c in sorted(work.countries)]
    return [KU, *abroad]


def tables(some: Iterable[Work], queries):
    """The tables of `coauth.public.edition`."""
    some = list(some)
    technology = next(
        (s.id, t.id)
        for s in queries.technologies
        if s.enabled
        for t in s.technology
        if t.eu10 == (AREA,)
    )
    named = [("international", (frozenset(c for w in some for c in w.countries), False))]
    memberships = schemas.MEMBERSHIPS.of(
        {"year": w.year, "group_id": name, "basis": basis, "work_id": w.id}
        | {"author_share": None if basis == "union" else 0.5}
        for name, of in (*named, *series(queries).items())
        for w in some
        if belongs(w, *of)
        for basis in ("union", "institution")
        if basis == "institution" or not name.startswith("list:")
    )
    engine = DuckDB(queries.sql, queries.tables(), threads=1)
    counts = copublications.count(memberships, schemas.WORKS.empty(), queries.scope, 0.95, engine)
    members = {w.id: institutions(w) for w in some}
    countries = {KU: "DK", BEIHANG: "CN"} | {i: c for c, i in ABROAD.items()}
    return {name: t.empty() for name, t in schemas.ALL.items()} | {
        "affiliations": pa.Table.from_pylist(
            [
                {
                    "work_id": w,
                    "institution_id": i,
                    "author_share": 1 / len(of),
                    "is_domestic": i == KU,
                }
                for w, of in members.items()
                for i in of
            ]
        ),
        "institutions": schemas.INSTITUTIONS.of(
            {
                "institution_id": i,
                "name": i,
                "country_code": c,
                "is_domestic": c == "DK",
                "lineage": [i],
                "rolled_up_from": [],
                "works": 9,
                "author_works": 9.0,
                "author_works_matched": 9.0,
            }
            for i, c in countries.items()
        ),
        "listed": schemas.LISTED.of(
            [
                {
                    "institution_id": BEIHANG,
                    "list_id": "miit",
                    "entry_id": "beihang",
                    "match_method": "id",
                    "standing": "assessment",
                    "listed_today": True,
                }
            ]
        ),
        "works": pa.Table.from_pylist(
            [
                {
                    "work_id": w.id,
                    "year": w.year,
                    "included": True,
                    "affiliation_status": "complete" if w.complete else "partial",
                    "n_institutions": len(members[w.id]),
                }
                for w in some
            ]
        ),
        "memberships": memberships,
        "copublications": counts,
        "technologies": schemas.TECHNOLOGIES.of(
            {
                "work_id": w.id,
                "list_id": technology[0],
                "technology_id": technology[1],
                "basis": "topic",
                "topic_id": "T1",
                "title_only": False,
            }
            for w in some
            if w.area
        ),
    }


# -- drawn at random


def draw(rng, years, kinds) -> list[Work]:
    """Works of every kind in every year: many kinds with none, some with a handful."""
    return [
        kind._replace(id=f"W{kind.year}{''.join(sorted(kind.countries))}{kind.listed}{n}")
        for year in years
        for kind in kinds(year)
        for n in range(rng.poisson(rng.gamma(0.25, 3.0)))
    ]


def change(rng, some, most) -> list[Work]:
    """The works of a later vintage: in each year some are gone and some new, `most` in all."""
    later = []
    for year in sorted({w.year for w in some}):
        mine = [w for w in some if w.year == year]
        moves = int(rng.integers(most + 1))
        lost = set(rng.choice(len(mine), min(moves // 2, len(mine)), replace=False))
        later += [w for n, w in enumerate(mine) if n not in lost]
        new = rng.choice(len(mine), min(moves - len(lost), len(mine)), replace=False)
        later += [mine[n]._replace(id=f"{mine[n].id}new") for n in new]
    return later


def regroup(rng, queries, years, countries):
    """The queries with groups of their own: a cover, a part of it, and the parts of another."""
    names = rng.permutation(countries)
    cover, cut = names[: rng.integers(2, 6)], rng.integers(1, 4)
    parts = {"cover": cover, "part": cover[: rng.integers(1, len(cover))], "one": names[:cut]}
    rest = {"two": names[cut:], "last": names[-1:]}
    return with_groups(
        queries, years, **{name: " ".join(c) for name, c in (parts | rest).items() if len(c)}
    )
