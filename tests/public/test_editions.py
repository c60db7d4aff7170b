"""Public editions: an attacker with every file of them side by side finds no small cell, and would
without further suppression.
"""

import csv
import dataclasses
import json
import os
import re
import shutil
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coauth import public as disclosure
from coauth.engine.duck import DuckDB
from coauth.errors import DisclosureError
from coauth.pipeline import public
from coauth.pipeline.project import Project
from coauth.pipeline.vintage_tables import VintageTables
from coauth.public import Counted, Earlier, Tie, exposed, withhold
from coauth.public.cells import Reaches
from coauth.public.editions import decide
from coauth.public.suppression import small
from coauth.queries import Groups
from coauth.report import document
from coauth.report.vintage_info import About
from coauth.stages import copublications
from coauth.stats import areas
from coauth.storage import Vintage
from coauth.storage.table_store import store
from coauth.tables import schemas
from tests.support import disclosure_audit, page_reader
from tests.support.attacker import Reader, given_back, own, pair, relations
from tests.support.commands import coauth

YEARS = (2018, 2022)
WINDOW = (2020, 2022)
AREA = "EU3"
BEIHANG, KU, XI = "I82880672", "I1", "I2"
ABROAD = "abroad"


class Some(NamedTuple):
    """`n` works of a year in these series; by text only, without all affiliations, in the area."""

    year: int
    n: int
    series: tuple[str, ...] = ()
    text: bool = False
    partial: bool = False
    area: bool = False


CHINA, IRAN, LISTED = ("china", "asia"), ("iran", "asia"), ("china", "asia", "list:miit")
QUIET = tuple(
    s
    for y in range(YEARS[0], YEARS[1] + 1)
    for s in (Some(y, 60), Some(y, 30, (ABROAD,)), Some(y, 20, ("nordic",)))
)
FIRST = (
    *QUIET,
    Some(2018, 40, CHINA),
    Some(2018, 20, IRAN),
    Some(2018, 12, LISTED),
    Some(2018, 2, partial=True),
    Some(2019, 40, CHINA),
    Some(2019, 3, IRAN),  # Asia less China: three
    Some(2020, 2, CHINA),
    Some(2020, 12, LISTED),
    Some(2020, 15, IRAN),  # China less the list: two
    Some(2021, 20, CHINA),
    Some(2021, 3, LISTED),
    Some(2021, 11, IRAN),  # the list's window less its other years: three
    Some(2022, 16, CHINA),
    Some(2022, 2, CHINA, text=True),
    Some(2022, 8, LISTED),
    Some(2022, 9, IRAN),  # international, both ways: two
    Some(2022, 3, CHINA, area=True),
    Some(2022, 4, LISTED, area=True),
    Some(2022, 30, (ABROAD,), area=True),
)
"""Every way in which counts of this world give a small one back, once each."""
SECOND = tuple(Some(2019, 9, IRAN) if s == Some(2019, 3, IRAN) else s for s in FIRST)
"""A quarter later: no Iranian small cell any more, and China's count of 2019 is the same."""

ADMITTED = (
    (2020, "CN", 50),
    (2020, "IR", 3),
    (2020, "total", 60),
    (2021, "CN", 40),
    (2021, "IR", 3),
    (2021, "DK", 30),
    (2021, "international", 43),
    (2021, "total", 73),
    (2022, "CN", 40),
    (2022, "IR", None),
    (2022, "total", 42),
)
"""In 2021 all from abroad gives Iran's three back, and so does the total with those from home; in
2022 the source itself withholds Iran, and its total gives the two back.
"""
HIDDEN = {("IR", "register", 2022, 2022, ""): 2}


@pytest.fixture(scope="module")
def small_asked(asked):
    group = {g.id: g for g in asked.groups.group}
    asia = group["china"].model_copy(
        update={"id": "asia", "name": "Asia", "countries": ("CN", "IR")}
    )
    return asked.model_copy(
        update={
            "scope": asked.scope.model_copy(update={"first_year": YEARS[0], "last_year": YEARS[1]}),
            "groups": Groups(group=(asia, group["china"], group["iran"], group["nordic"])),
            "measures": asked.measures.model_copy(update={"headline_change": (2019, 2021)}),
        }
    )


def made(some, asked):
    """The tables an edition is counted from, of a world's works."""
    works = [(f"W{k}-{n}", s) for k, s in enumerate(some) for n in range(s.n)]
    technology = next(
        (s.id, t.id)
        for s in asked.technologies
        if s.enabled
        for t in s.technology
        if t.eu10 == (AREA,)
    )
    members = [
        {
            "year": s.year,
            "group_id": g,
            "basis": b,
            "work_id": w,
            "author_share": None if b == "union" else 0.5,
        }
        for w, s in works
        if s.series
        for g in ("international", *s.series)
        if g != ABROAD
        for b in ("union", "institution")
        if (b == "union" or not s.text) and (b == "institution" or not g.startswith("list:"))
    ]
    memberships = schemas.MEMBERSHIPS.of(members)
    known = {
        "memberships": memberships,
        "copublications": copublications.count(
            memberships,
            schemas.WORKS.empty(),
            asked.scope,
            0.95,
            DuckDB(asked.sql, asked.tables(), threads=1),
        ),
        "coverage": schemas.COVERAGE.of(
            {
                "year": y,
                "publisher": p,
                "field_id": None,
                "works": n,
                "authorships": 2 * n,
                "authorships_with_institution": 2 * n - n * late,
                "works_complete": n - n * late,
            }
            for y in range(YEARS[0], YEARS[1] + 1)
            for p, late in (("A", False), ("B", True))
            if (n := sum(s.n for s in some if (s.year, s.partial) == (y, late)))
        ),
        "technologies": schemas.TECHNOLOGIES.of(
            {
                "work_id": w,
                "list_id": technology[0],
                "technology_id": technology[1],
                "basis": "topic",
                "topic_id": "T1",
                "title_only": False,
            }
            for w, s in works
            if s.area
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
            for i, c in ((KU, "DK"), (XI, "CN"), (BEIHANG, "CN"))
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
        "admissions": schemas.ADMISSIONS.of(
            {
                "year": y,
                "country_code": c,
                "admissions": n,
                "suppressed": n is None,
                "source": "register",
                "retrieved": date(2026, 1, 2),
            }
            for y, c, n in ADMITTED
        ),
    }
    return {name: t.empty() for name, t in schemas.ALL.items()} | known


def truth(some):
    """Every count of a world, straight from its rows."""
    found = dict.fromkeys(
        [
            (g, b, y, y, "")
            for y in range(YEARS[0], YEARS[1] + 1)
            for g, b in (
                ("asia", "union"),
                ("china", "union"),
                ("iran", "union"),
                ("nordic", "union"),
                ("list:miit", "institution"),
                ("international", "union"),
                ("international", "institution"),
                ("all", ""),
                ("complete", ""),
                ("all", "authorships"),
                ("with institution", "authorships"),
            )
        ]
        + [
            (g, b, *WINDOW, a)
            for g, b in (
                ("list:miit", "institution"),
                ("china", "union"),
                ("international", "union"),
            )
            for a in ("", *schemas.AREAS)
        ],
        0,
    )
    for s in some:
        year = (s.year, s.year, "")
        named = [
            (g, "institution" if g.startswith("list:") else "union")
            for g in s.series
            if g != ABROAD
        ]
        named += (
            [("international", "union"), *([] if s.text else [("international", "institution")])]
            if s.series
            else []
        )
        for name in [*named, ("all", ""), *([] if s.partial else [("complete", "")])]:
            found[*name, *year] += s.n
        found["all", "authorships", *year] += 2 * s.n
        found["with institution", "authorships", *year] += s.n * (1 if s.partial else 2)
        if s.year >= WINDOW[0]:
            for g, b in named:
                if (g, b, *WINDOW, "") in found:
                    found[g, b, *WINDOW, ""] += s.n
                    found[g, b, *WINDOW, AREA] += s.n * s.area
    return found | {(c, "register", y, y, ""): n for y, c, n in ADMITTED if n is not None} | HIDDEN


def about(quarter):
    return About(
        title="Denmark's international research collaboration",
        quarter=quarter,
        vintage=quarter,
        as_of=date(2026, 11, 20),
        synthetic=False,
        complete=True,
        level="unified",
        topic_model="v2",
        affiliation_matcher="3.0",
        source="OpenAlex API",
        records=None,
        works=None,
        profile="public",
    )


def written(edition, folder, asked):
    """All files of an edition but its networks."""
    public.write(edition.cells, folder, synthetic=False)
    document.build(
        edition.tables,
        folder,
        queries=asked,
        about=about(folder.name),
        language="en",
    )
    return Reader(folder, asked)


def listed_only(edition, folder, asked):
    """Its list of counts alone."""
    public.write(edition.cells, folder, synthetic=False)
    return Reader(folder, asked)


def earlier(edition, some, asked):
    rows = [
        (disclosure.Cell(*(r[f] for f in disclosure.Cell._fields)), r["value"])
        for r in edition.cells.to_pylist()
    ]
    return Earlier(
        "2026Q3",
        Counted.of(made(some, asked), asked),
        {c: v for c, v in rows if v is not None},
        frozenset(c for c, v in rows if v is None),
    )


@pytest.fixture(scope="module")
def editions(small_asked, tmp_path_factory):
    """Two quarters as published: readers of their files (of the second, its list of counts), and
    the truth.
    """
    folder = tmp_path_factory.mktemp("public")
    first = disclosure.edition(made(FIRST, small_asked), small_asked)
    second = disclosure.edition(
        made(SECOND, small_asked), small_asked, [earlier(first, FIRST, small_asked)]
    )
    return [
        (written(first, folder / "2026Q3", small_asked), truth(FIRST)),
        (listed_only(second, folder / "2026Q4", small_asked), truth(SECOND)),
    ]


# -- the attack


def test_the_attacker_wins_where_only_small_cells_are_withheld(small_asked, tmp_path, monkeypatch):
    """He finds all that was planted: Asia less China, China less the list, the list of 2021, text
    without institution, ...
    """
    monkeypatch.setattr(
        disclosure.editions,
        "decide",
        lambda counted, _: frozenset(c for c, v in counted.cells.items() if small(v)),
    )
    reader = listed_only(
        disclosure.edition(made(FIRST, small_asked), small_asked), tmp_path, small_asked
    )
    found = given_back([(reader, truth(FIRST))], small_asked)
    exact = {name: ends[0] for (_, name), ends in found.items() if ends[0] == ends[1]}
    assert exact["list:miit", "institution", 2021, 2021, ""] == 3
    assert exact[("asia", "union", 2019, 2019, ""), (("china", "union", 2019, 2019, ""),)] == 3
    assert {
        ("asia", "china"),
        ("china", "list:miit"),
        ("international", "international"),
        ("all", "complete"),
    } <= {(w[0], p[0][0]) for w, p in (n for n in exact if len(n) == 2)}
    assert found[0, ("IR", "register", 2022, 2022, "")] == (0, 2)


def test_the_attacker_learns_nothing_from_one_edition(editions, small_asked):
    assert given_back(editions[:1], small_asked) == {}


def test_nor_from_two_side_by_side(editions, small_asked):
    assert given_back(editions, small_asked) == {}


def test_a_second_edition_made_without_the_first_would_give_it_away(
    editions, small_asked, tmp_path
):
    """Asia 2019 stood in the first edition; China's forty, shown in the second, leave its three."""
    alone = listed_only(
        disclosure.edition(made(SECOND, small_asked), small_asked), tmp_path, small_asked
    )
    assert given_back([(alone, truth(SECOND))], small_asked) == {}
    assert any(
        ends == (3, 3)
        for ends in given_back([editions[0], (alone, truth(SECOND))], small_asked).values()
    )


def test_he_reads_every_number_that_is_shown_in_every_place(editions):
    """An attacker who cannot read would learn nothing either: what stands in the tables he also has
    from page and drawings.
    """
    reader, known = editions[0]
    counts = reader.counts
    assert all(known[k] == v for k, v in counts.items())
    shown = {
        (s, y)
        for s, _, y, last, _ in counts
        if y == last and s in ("asia", "china", "iran", "nordic")
    }
    assert len(shown) > 10
    for series, year in shown:
        assert reader.places(series, year) >= {
            "cells",
            "csv",
            "interval",
            "point",
            "grid",
            "drawing",
        }
    assert reader.drawn == shown | {
        (s, y) for s, _, y, last, _ in counts if y == last and s == "list:miit"
    }


def test_what_is_withheld_leaves_no_number_behind(editions):
    """No interval, share, index or change in its row, in any CSV; the page says that it is
    withheld.
    """
    folder, rows = editions[0][0].folder, 0
    named = {
        "unit",
        "year",
        "group_id",
        "series",
        "basis",
        "first_year",
        "last_year",
        "area",
        "area_id",
        "preliminary",
        "withheld",
        "total",
        "base",
    }
    for path in folder.glob("tables/*.csv"):
        with path.open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row.get("withheld") == "True":
                    rows += 1
                    assert not {k for k, v in row.items() if v} - named
    assert rows > 10
    page = (folder / "report.html").read_text("utf-8")
    assert page.count("withheld") > 10
    assert (
        "nan"
        not in re.sub(r"<(style|svg|script)\b.*?</\1>", " ", page, flags=re.DOTALL).lower().split()
    )


# -- what is withheld


def test_few_more_are_withheld_than_must_be(small_asked):
    """Small cells, and one or two for each thing that they or their rests are tied to; totals
    stand.
    """
    counted = Counted.of(made(FIRST, small_asked), small_asked)
    hidden = decide(counted)
    assert exposed(counted.cells, counted.ties, hidden) == []
    needless = [
        c
        for c in hidden
        if not small(counted.cells[c]) and not exposed(counted.cells, counted.ties, hidden - {c})
    ]
    assert len(needless) <= 1
    assert not any(c.series == "all" for c in hidden if c.unit == "works" and c.first_year != 2018)


def test_the_same_edition_again_is_the_same(small_asked):
    """One that was made before minds itself, and changes nothing."""
    first = disclosure.edition(made(FIRST, small_asked), small_asked)
    again = disclosure.edition(
        made(FIRST, small_asked), small_asked, [earlier(first, FIRST, small_asked)], "2026Q3"
    )
    assert again.cells.equals(first.cells)
    assert all(again.tables[name].equals(t) for name, t in first.tables.items())


def test_only_what_both_editions_show_is_compared(small_asked):
    first = disclosure.edition(made(FIRST, small_asked), small_asked)
    second = disclosure.edition(
        made(SECOND, small_asked), small_asked, [earlier(first, FIRST, small_asked)]
    )
    told = {(r["series"], r["year"]): r["works"] for r in second.tables["revisions"].to_pylist()}
    assert told["international", 2019] == 6
    assert ("iran", 2019) not in told
    assert {r["cause"] for r in second.tables["revisions"].to_pylist()} == {"not told"}


def test_what_was_published_cannot_be_taken_back(small_asked):
    """An edition that shows Asia and China of 2019 has given the three away: the next one says so
    and is not made.
    """
    counted = Counted.of(made(FIRST, small_asked), small_asked)
    shown = {c: v for c, v in counted.cells.items() if not small(v)}
    careless = Earlier("2026Q3", counted, shown, frozenset(counted.cells.keys() - shown.keys()))
    with pytest.raises(DisclosureError, match="earlier public editions"):
        disclosure.edition(made(FIRST, small_asked), small_asked, [careless])


@settings(max_examples=12, deadline=None)
@given(st.lists(st.lists(st.integers(0, 12), min_size=3, max_size=3), min_size=2, max_size=3))
def test_tables_of_two_sides_are_guarded_and_totals_too(inner):
    """Rows and columns and their sums, all exact: the classical case."""
    columns = len(inner[0])
    cells = {(r, c): v for r, row in enumerate(inner) for c, v in enumerate(row)}
    cells |= {(r, "sum"): sum(row) for r, row in enumerate(inner)} | {
        ("sum", c): sum(row[c] for row in inner) for c in range(columns)
    }
    ties = [
        Tie((r, "sum"), tuple((r, c) for c in range(columns)), exact=True)
        for r in range(len(inner))
    ]
    ties += [
        Tie(("sum", c), tuple((r, c) for r in range(len(inner))), exact=True)
        for c in range(columns)
    ]
    hidden = withhold(cells, ties, cost=lambda k: 10 if "sum" in k else 1)
    assert exposed(cells, ties, hidden) == []
    assert {k for k, v in cells.items() if small(v)} <= hidden


def test_a_pair_stands_only_where_it_leaves_enough_of_each_count_that_holds_it(small_asked):
    """Six works with Beihang: of eight with China two would be left; of six none; of a count that
    is or was withheld, nothing is shown. Nor where an earlier edition showed eight of that year:
    the same six, shown now, would leave its two.
    """
    world = made(FIRST, small_asked)
    world["edges"] = schemas.EDGES.of(
        {"year": y, "source": KU, "target": t}
        | {
            f"{c}{k}": 6
            for c in ("works", "weight", "strict_weight", "author_weight")
            for k in ("", "_k")
        }
        for t in (XI, BEIHANG)
        for y in range(2018, 2023)
    )
    china = {2018: 8, 2019: 6, 2020: 11, 2021: 40, 2022: 40}
    cells = {disclosure.Cell("works", "china", "union", y, y): n for y, n in china.items()}
    cells |= {
        disclosure.Cell("works", "list:miit", "institution", y, y): 6 if y < 2022 else 9
        for y in china
    }
    bounds = disclosure.Bounds(
        cells,
        frozenset({disclosure.Cell("works", "china", "union", 2021, 2021)}),
        Reaches(world, small_asked),
    )
    kept, taken_out = disclosure.public(world, bounds=bounds)
    there = {(r["target"], r["year"]) for r in kept["edges"].to_pylist()}
    assert there == {(XI, 2019), (XI, 2020), (XI, 2022), (BEIHANG, 2019), (BEIHANG, 2020)}
    assert taken_out == 5
    before = {
        disclosure.Cell("works", "china", "union", y, y): n for y, n in ((2020, 8), (2022, 16))
    }
    kept, _ = disclosure.public(world, bounds=dataclasses.replace(bounds, before=(before,)))
    assert there - {(r["target"], r["year"]) for r in kept["edges"].to_pylist()} == {
        (XI, 2020),
        (BEIHANG, 2020),
    }


# -- the sample, by the command: two quarters


class Quarter(NamedTuple):
    """A public edition of the sample: its vintage, its folder, and every count that is true of it."""

    vintage: Vintage
    folder: Path
    known: dict


@pytest.fixture(scope="module")
def project(sample_root, tmp_path_factory):
    """The sample in a project of its own."""
    root = tmp_path_factory.mktemp("sample") / "project"
    shutil.copytree(
        sample_root, root, copy_function=os.link, ignore=shutil.ignore_patterns("pages", "reports")
    )
    return Project(root)


def published(project, vintage, known):
    """The public edition of a vintage, written by the command."""
    coauth(project.root, "report", vintage.quarter, "--profile", "public")
    return Quarter(vintage, project.reports / f"SYNTHETIC-SAMPLE-{vintage.quarter}-public", known)


@pytest.fixture(scope="module")
def quarters(project):
    """Two public editions, three months apart. In between Iran's two works of 2011 became nine, and
    four of a pair with the USA seven.
    """
    vintage = project.cache.find()
    known = counted_truth(project, vintage) | counted_pairs(project, vintage)
    first = published(project, vintage, known)
    american = {
        key
        for key in Reader(first.folder, project.queries).counts
        if {"DK", "US"} == set(key[0].split()[2::2])
    }
    years = {key[2] for key in american}
    grown = next(
        key
        for key, works in known.items()
        if works == 4 and key[2] in years and {"DK", "US"} == set(key[0].split()[2::2])
    )
    more = {
        ("iran", "union", 2011, 2011, ""): 7,
        ("europe", "union", 2011, 2011, ""): 7,
        ("usa", "union", *grown[2:]): 3,
        grown: 3,
    }
    both = (
        ("international", "union"),
        ("international", "institution"),
        ("all", ""),
        ("complete", ""),
    )
    more |= {(*series, y, y, ""): n for y, n in ((2011, 7), (grown[2], 3)) for series in both}
    later = read_later(project, vintage, more)
    return [
        first,
        published(project, later, known | {key: known[key] + n for key, n in more.items()}),
    ]


@pytest.fixture(scope="module")
def readers(project, quarters):
    """Every file of both, read; of pairs the truth is what is wanted, and of those shown that they
    are shown rightly.
    """
    read = [Reader(q.folder, project.queries) for q in quarters]
    shown = set().union(*(r.counts.keys() for r in read))
    return [
        (
            r,
            {k: n for k, n in q.known.items() if k[1] != "network" or k in shown or n < 5}
            | listed(r),
        )
        for r, q in zip(read, quarters, strict=True)
    ]


def listed(reader):
    """Pairs with a list, which no table of the vintage has: as they are told."""
    return {k: n for k, n in reader.counts.items() if " list:" in k[0]}


def read_later(project, vintage, more):
    """The same vintage three months on, with so many works more in some of its counts."""
    path = project.cache.folder / f"{vintage.name}.2"
    shutil.copytree(
        vintage.path,
        path,
        copy_function=os.link,
        ignore=shutil.ignore_patterns("published.parquet"),
    )
    later = Vintage(path)
    later.record(started="2027-01-20", completed="2027-01-20")

    def grow(name, rows):
        table = vintage.read(name).to_pandas()
        for of, columns, n in rows:
            table.loc[table.index[(table[list(of)] == pd.Series(of)).all(axis=1)][0], columns] += n
        if name == "copublications":
            whole = table[table["group_id"] == "international"].set_index(["basis", "year"])[
                "works"
            ]
            table["share"] = (
                table["works"]
                / whole.reindex(pd.MultiIndex.from_frame(table[["basis", "year"]])).to_numpy()
            )
        store(
            path / "tables" / f"{name}.parquet",
            schemas.ALL[name],
            pa.Table.from_pandas(table, schema=schemas.ALL[name].schema, preserve_index=False),
            {},
        )

    grow(
        "copublications",
        [
            ({"group_id": s, "basis": b, "year": y}, ["works"], n)
            for (s, b, y, *_), n in more.items()
            if b in ("union", "institution")
        ],
    )
    grow(
        "coverage",
        [
            ({"year": y}, ["works" if s == "all" else "works_complete"], n)
            for (s, b, y, *_), n in more.items()
            if not b
        ],
    )
    works, members = (vintage.read(name).to_pandas() for name in ("works", "affiliations"))
    for (series, _, year, *_), n in ((k, n) for k, n in more.items() if k[1] == "network"):
        work = works[(works["year"] == year) & works["included"]].head(1)
        ends = members[members["institution_id"].isin(series.split()[1::2])].drop_duplicates(
            "institution_id"
        )
        works = pd.concat(
            [works, *(work.assign(work_id=f"W99{k}", n_institutions=2) for k in range(n))]
        )
        members = pd.concat([members, *(ends.assign(work_id=f"W99{k}") for k in range(n))])
    for name, table in (("works", works), ("affiliations", members)):
        store(
            path / "tables" / f"{name}.parquet",
            schemas.ALL[name],
            pa.Table.from_pandas(table, schema=schemas.ALL[name].schema, preserve_index=False),
            {},
        )
    return later


def counted_pairs(project, vintage):
    """Works of each pair and year of at least five, and of the largest of fewer that each country
    group has in a year; no listed institution's.
    """
    country = (
        vintage.read("institutions")
        .to_pandas()
        .set_index("institution_id")["country_code"]
        .fillna("")
    )
    on_list = set(vintage.read("listed")["institution_id"].to_pylist())
    edges = vintage.read("edges").to_pandas().query("works_k > 0")
    edges = edges[
        edges["year"].isin(project.queries.scope.years)
        & ~edges["source"].isin(on_list)
        & ~edges["target"].isin(on_list)
    ]
    edges = edges.assign(a=edges["source"].map(country), b=edges["target"].map(country))
    few = edges[edges["works_k"] < 5].sort_values(
        ["works_k", "source", "target"], ascending=[False, True, True]
    )
    few = few[(few["a"] == "DK") != (few["b"] == "DK")]
    groups = [set(g.countries) for g in project.queries.groups.group if g.figure]
    kept = [
        edges[edges["works_k"] >= 5],
        *(few[few["a"].isin(g) | few["b"].isin(g)].groupby("year").head(1) for g in groups),
    ]
    return {
        pair((r.source, r.a), (r.target, r.b), r.year): r.works_k
        for r in pd.concat(kept).itertuples()
    }


def counted_truth(project, vintage):
    """Every count of the sample, straight from its works."""
    scope, asked = project.queries.scope, project.queries
    years = range(scope.first_year, scope.last_year + 1)
    window = (scope.last_year - asked.measures.window + 1, scope.last_year)
    members = vintage.read("memberships").to_pandas()
    works = vintage.read("works").to_pandas().query("included")
    topic = areas.of_works(vintage.read("technologies"), asked)
    series = [(g.id, "union") for g in asked.groups.group if g.figure] + [
        ("list:miit", "institution"),
        ("international", "union"),
        ("international", "institution"),
    ]
    found = {}
    for g, b in series:
        mine = members[(members["group_id"] == g) & (members["basis"] == b)]
        found |= {(g, b, y, y, ""): int((mine["year"] == y).sum()) for y in years}
        if (g, b) in {("list:miit", "institution"), ("china", "union"), ("international", "union")}:
            mine = mine[mine["year"].between(*window)]
            found[g, b, *window, ""] = mine["work_id"].nunique()
            counts = topic[topic["work_id"].isin(set(mine["work_id"]))]["area_id"].value_counts()
            found |= {(g, b, *window, a): int(counts.get(a, 0)) for a in schemas.AREAS}
    for y in years:
        mine = works[works["year"] == y]
        found |= {
            ("all", "", y, y, ""): len(mine),
            ("complete", "", y, y, ""): int((mine["affiliation_status"] == "complete").sum()),
            ("all", "authorships", y, y, ""): int(mine["n_authors"].sum()),
            ("with institution", "authorships", y, y, ""): int(
                mine["n_authors_with_institution"].sum()
            ),
        }
    admitted = VintageTables(vintage)["admissions"].to_pylist()
    return found | {
        (r["country_code"], r["source"], r["year"], r["year"], ""): r["admissions"]
        for r in admitted
        if r["admissions"] is not None
    }


def test_the_attacker_learns_nothing_from_the_sample(project, quarters, readers):
    """From the first edition, nor from both: Iran's count of 2011 and the pair's are shown in the
    second, and what they were is not known.
    """
    (first, known), (second, _) = readers
    assert len(known.keys() - first.counts.keys()) >= 80
    assert {("iran", "union", 2011, 2011, "")} | {
        k for k, n in quarters[1].known.items() if k[1] == "network" and n != known.get(k, n)
    } <= second.counts.keys() - first.counts.keys()
    assert given_back(readers[:1], project.queries) == {}
    assert given_back(readers, project.queries) == {}


def test_the_attacker_has_pairs_from_page_and_network_and_ties_them_to_their_counts(
    project, readers
):
    """Every pair of the network stands in some count of a country or the list that is shown, so
    that he could subtract it.
    """
    for reader, known in readers:
        tied = {
            parts[0]
            for whole, parts, _ in relations(known, project.queries)
            if parts[0][1] == "network"
            and whole in reader.counts
            and whole[0] not in ("all", "international")
        }
        abroad = {k for k in reader.counts if k[1] == "network" and k[0].count(" DK") < 2}
        in_a_group = {
            k
            for k in abroad
            if set(k[0].split()[2::2])
            & {c for g in project.queries.groups.group if g.figure for c in g.countries} - {"DK"}
            or "list:" in k[0]
        }
        assert len(in_a_group) > 100
        assert in_a_group <= tied


def test_what_changed_is_the_difference_of_counts_both_show(readers, quarters):
    (first, _), (second, _) = readers
    told = disclosure_audit.rows(next(quarters[1].folder.glob("tables/*table-1.csv")))
    before, after = (
        {(s, y): n for (s, b, y, last, _), n in r.counts.items() if b == own(s) and y == last}
        for r in (first, second)
    )
    assert {s for s, *_ in told} >= {"international", "usa", "iran", "list:miit"}
    for series, years, change in told:
        both = [y for s, y in before.keys() & after.keys() if s == series]
        assert (len(both), sum(after[series, y] - before[series, y] for y in both)) == (
            int(years),
            int(change),
        )


def test_no_work_and_no_listed_institution_is_named_in_any_file(project, quarters):
    """Nor any loss or hash of a table, from which a guess could be checked."""
    vintage, folders = quarters[0].vintage, [q.folder for q in quarters]
    works = vintage.read("works", ["work_id", "doi", "title"])
    listed = set(vintage.read("listed")["institution_id"].to_pylist())
    institutions = vintage.read("institutions")
    institutions = institutions.filter(
        pc.is_in(institutions["institution_id"], value_set=pa.array(listed))
    )
    names = {
        n
        for c in ("institution_id", "ror", "name")
        for n in institutions[c].drop_null().to_pylist()
    }
    names |= {e.name for w in project.queries.watchlists if w.enabled for e in w.entry} - {None}
    forbidden = re.compile("|".join(re.escape(n) + r"(?!\w)" for n in sorted(names)))
    ids, dois, titles = (set(works[c].drop_null().to_pylist()) for c in ("work_id", "doi", "title"))
    files = [
        p for folder in folders for p in folder.rglob("*") if p.is_file() and p.suffix != ".png"
    ]
    assert {p.suffix for p in files} >= {".html", ".csv", ".svg", ".gexf", ".json", ".sql"}
    for path in files:
        text = printed(path)
        assert not forbidden.search(text), (path, forbidden.search(text))
        assert not set(re.findall(r"\bW\d+\b", text)) & ids
        assert not set(re.findall(r"10\.\d{4,}/[^\s\"<>]+", text)) & dois
        assert not any(t in text for t in sorted(titles)[::40]), path
    for folder in folders:
        run = json.loads((folder / "run.json").read_text("utf-8"))
        assert run["profile"] == "public"
        assert not run.keys() & {"losses", "rows", "tables_sha256"}


def printed(path):
    """The text of a file, that of a PDF as it is set."""
    return (
        "\n".join(disclosure_audit.paper(path))
        if path.suffix == ".pdf"
        else path.read_text("utf-8")
    )


# -- that the tables are all there is: every other file tells only what they tell


@pytest.fixture(
    scope="module",
    params=[(n, language) for n in (0, 1) for language in ("en", "da")],
    ids=lambda p: f"{('before', 'now')[p[0]]}-{p[1]}",
)
def told(quarters, request):
    """Of an edition in a language: folder, language, suffix of its files, its page, and the numbers
    it shows.
    """
    n, language = request.param
    folder, suffix = quarters[n].folder, "" if language == "en" else ".da"
    page = disclosure_audit.page(folder / f"report{suffix}.html")
    return folder, language, suffix, page, disclosure_audit.shown(page, folder, language)


def test_the_page_tells_only_cells_of_its_tables(told):
    folder, language, suffix, page, shown = told
    text = (folder / f"report{suffix}.html").read_text("utf-8")
    assert page_reader.wrong(text, folder, language) == []
    assert disclosure_audit.spoken(page) <= shown
    assert len(disclosure_audit.values(page)) > 500
    assert disclosure_audit.values(page) == disclosure_audit.values(
        disclosure_audit.page(folder / "report.html")
    )
    assert (
        disclosure_audit.data(page)
        == disclosure_audit.data(disclosure_audit.page(folder / "report.html"))
        != []
    )


def test_drawings_tell_only_values_of_the_table_behind_them(told):
    """By the places of their points, by the sentences of these, and by what is written in them;
    pixels come without words.
    """
    folder, language, suffix, page, shown = told
    drawings = sorted(folder.glob(f"figures/*figure-[0-9]{suffix}.svg"))
    looked = 0
    for path in drawings:
        name = path.name.removesuffix(".svg").removesuffix(suffix)
        table = folder / "tables" / f"{name}.csv"
        assert disclosure_audit.written(path) <= shown, path
        if not table.exists():  # the picture of the network, whose places come from what is shown
            assert "series-" not in path.read_text("utf-8")
            continue
        far, points = disclosure_audit.strays(path, table, along=name.endswith("-5"))
        assert far == [], path
        assert points > 20
        figure = next(
            f for f in page.iter("figure") if table.name in (f.xpath(".//a/@href") or [""])[0]
        )
        unknown, said = disclosure_audit.pointed(figure, table, language)
        assert unknown == set(), path
        looked += said
    assert looked > 300
    assert len(drawings) == 6
    assert {c for p in folder.glob("figures/*.png") for c in disclosure_audit.chunks(p)} == set()


def test_print_tells_no_number_that_the_page_does_not(told):
    folder, _, suffix, _, shown = told
    text, alts, own, attached = disclosure_audit.printed(folder / f"report{suffix}.pdf")
    scales = set().union(
        *(disclosure_audit.ticks(p) for p in folder.glob(f"figures/*figure-[0-9]{suffix}.svg"))
    )
    assert len(text) > 300
    assert text - scales <= shown
    assert len(alts) > 10
    assert alts <= shown
    assert set(own) == {"/Title", "/Creator", "/CreationDate", "/ModDate"}
    assert attached == []


@pytest.mark.parametrize("n", [0, 1])
def test_networks_tell_only_works_of_pairs_by_year_and_their_sums(project, quarters, n):
    """A weight is a count of works, so that none tells how many institutions a work has; a strength
    is a sum of weights.
    """
    folder, asked = quarters[n].folder, project.queries
    first, last = asked.scope.last_year - asked.measures.window + 1, asked.scope.last_year
    nodes, pairs = disclosure_audit.network(folder / "network-dynamic.gexf")
    for years, (around, ties) in [
        (range(9999), (nodes, pairs)),
        *(
            (range(first, last + 1), disclosure_audit.network(folder / f"network{x}.gexf"))
            for x in ("", "-gephi-lite")
        ),
    ]:
        for ends, tie in ties.items():
            works = {y: n for y, n in pairs[ends]["works"].items() if y in years}
            told = {
                k: tie[k]
                for k in tie.keys() - {"works", "weight", "weight_", "pair", "review_cue", "lists"}
            } | {"weight_": tie["weight_"]}
            total = {k: float(v) for k, v in told.items() if k not in ("first_year", "last_year")}
            assert total.keys() <= {"weight_", "weight_total", "works_total", "works_all"}
            assert set(total.values()) == {sum(works.values())}
            assert (int(tie["first_year"]), int(tie["last_year"])) == (min(works), max(works))
        strengths, partners = (
            disclosure_audit.strengths(ties, lambda t: t["weight_"]),
            disclosure_audit.strengths(ties, lambda t: 1),
        )
        for node, of in around.items():
            assert float(of.get("strength_total", of["strength"])) == strengths[node]
            assert int(of["partners"]) == partners[node]
    assert all(tie["weight"] == tie["works"] for tie in pairs.values())
    for year in asked.scope.years:
        strengths = disclosure_audit.strengths(pairs, lambda t, y=year: t["works"].get(y, 0))
        assert all(of["strength"].get(year, 0) == strengths[node] for node, of in nodes.items())


@pytest.mark.parametrize("n", [0, 1])
def test_what_is_neither_table_page_drawing_print_nor_network_is_no_count(
    project, quarters, sample_root, n
):
    """Statements and dictionaries are those of any edition; the record of the run tells what was
    asked and with what, and no more.
    """
    folder = quarters[n].folder
    files = [p for p in folder.rglob("*") if p.is_file()]
    assert {p.suffix for p in files} == {
        ".csv",
        ".sql",
        ".html",
        ".svg",
        ".png",
        ".pdf",
        ".gexf",
        ".json",
    }
    internal = next(p for p in (sample_root / "reports").iterdir() if p.is_dir())
    for path in folder.glob("*.dictionary.csv"):
        assert path.read_bytes() == (internal / path.name).read_bytes()
    assert all(
        path.read_text("utf-8") in project.queries.sql.values() for path in folder.rglob("*.sql")
    )
    assert set(json.loads((folder / "run.json").read_text("utf-8"))) == {
        "against",
        "as_of",
        "coauth",
        "complete",
        "files_sha256",
        "profile",
        "quarter",
        "queries_sha256",
        "scope",
        "seed",
        "source",
        "statbank",
        "synthetic",
        "topic_model",
        "versions",
        "vintage",
        "affiliation_matcher",
    }


def test_the_page_says_what_it_is_and_what_is_left_out(quarters):
    page = re.sub(
        r"<script\b.*?</script>",
        " ",
        (quarters[0].folder / "report.html").read_text("utf-8"),
        flags=re.DOTALL,
    )
    assert '<p class="edition">Public edition.</p>' in page
    assert "Counts of 1 to 4 are withheld" in page
    assert not re.search(r'<section id="(cues|shifts)"', page)
    assert "coauth explain" not in page
    assert "Internal edition" not in page


def test_same_vintage_same_bytes_and_the_internal_report_is_apart(project, quarters):
    vintage, folder, _ = quarters[0]
    before = {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*.csv")} | {
        "run": (folder / "run.json").read_bytes()
    }
    kept = vintage.published
    edition = public.edition(project, vintage, VintageTables(vintage))
    assert edition.cells.equals(kept)
    path = public.write(edition.cells, folder, synthetic=True)
    assert path.read_bytes() == before[path.relative_to(folder)]
    assert folder.name == "SYNTHETIC-SAMPLE-2026Q4-public"
    assert pd.read_csv(path)["withheld"].sum() >= 8
