"""The tables of a public edition, counted again by hand: rounded counts, and what is made of them."""

import re

import numpy as np
import pandas as pd
import pytest

from coauth import public
from coauth.public import VARIANCE, Rounding
from coauth.report import document
from coauth.stages import events
from coauth.stats.counts import compare_counts
from coauth.tables import schemas
from tests.support import page_reader
from tests.support.public_worlds import belongs, series, tables, with_groups, works
from tests.support.reports import about

YEARS = (2020, 2022)
SECRET = Rounding(b"a secret")
WORKS = (
    *(w for year in range(2020, 2023) for w in works(year, 90)),
    *(w for year in range(2020, 2023) for w in works(year, 41, "US")),
    *(w for year in range(2020, 2023) for w in works(year, 6, "US", complete=False)),
    *works(2020, 30, "CN", area=True),
    *works(2021, 28, "CN", listed=True),
    *works(2021, 12, "CN IR"),
    *works(2022, 17, "CN"),
    *works(2022, 13, "CN", listed=True, area=True),
    *works(2020, 3, "IR"),
)


@pytest.fixture(scope="module")
def own(asked):
    asked = with_groups(asked, YEARS, asia="CN IR", china="CN", iran="IR", usa="US")
    measures = asked.measures.model_copy(update={"headline_change": YEARS})
    return asked.model_copy(update={"measures": measures})


@pytest.fixture(scope="module")
def edition(own):
    return public.edition(tables(WORKS, own), own, SECRET)


def rounded(some):
    """The published number of these works; None for "<5"."""
    ids = [w.id for w in some]
    (value,) = SECRET.round([len(ids)], [int(SECRET.keys(ids).sum()) if ids else 0])
    return None if np.isnan(value) else int(value)


def test_every_series_is_rounded_by_its_works(edition, own):
    told = {
        (r["group_id"], r["basis"], r["year"]): r for r in edition["copublications"].to_pylist()
    }
    named = {
        (n, "institution" if n.startswith("list:") else "union"): of
        for n, of in series(own).items()
    }
    abroad = frozenset(c for w in WORKS for c in w.countries)
    named |= {("international", basis): (abroad, False) for basis in ("union", "institution")}
    assert {(g, b) for g, b, _ in told} == named.keys()
    for (name, basis), of in named.items():
        for year in range(YEARS[0], YEARS[1] + 1):
            mine = [w for w in WORKS if w.year == year and belongs(w, *of)]
            assert told[name, basis, year]["works"] == rounded(mine), (name, year)
    assert told["iran", "union", 2020]["works"] is None
    assert told["list:miit", "institution", 2020]["works"] == 0


def test_shares_and_intervals_are_made_of_rounded_counts(edition):
    rows = edition["copublications"].to_pandas()
    whole = rows[rows["group_id"] == "international"].set_index(["basis", "year"])["works"]
    small = rows["works"].isna()
    assert small.sum() >= 1
    assert rows.loc[small, ["works_low", "works_high", "share", "share_low"]].isna().all(axis=None)
    for r in rows[~small].itertuples():
        of = max(whole[r.basis, r.year], r.works)
        assert r.share == (r.works / of if r.base == "international" else pytest.approx(r.share))
        assert r.share <= 1
        if r.works:
            off = 1.96 * np.sqrt(r.works + VARIANCE)
            assert r.works_high - r.works > 0.9 * off
    assert rows["author_works"].isna().all()


def test_coverage_is_by_year_and_counts_no_person(edition):
    rows = edition["coverage"].to_pylist()
    assert [r["year"] for r in rows] == [2020, 2021, 2022]
    for r in rows:
        mine = [w for w in WORKS if w.year == r["year"]]
        assert r["works"] == rounded(mine)
        assert r["works_complete"] == rounded([w for w in mine if w.complete])
        assert {r[k] for k in ("publisher", "field_id", "authorships")} == {None}


def test_works_of_a_window_are_the_sum_of_its_published_years(edition):
    """A number of its own would hold the years up to a sum."""
    told = {(r["group_id"], r["year"]): r["works"] for r in edition["copublications"].to_pylist()}
    rows = {(r["series"], r["area_id"]): r for r in edition["profiles"].to_pylist()}
    china = sum(told["china", y] for y in range(2020, 2023))
    assert rows["china", "EU3"]["total"] == china
    assert rows["china", "EU3"]["works"] == rounded([w for w in WORKS if w.area])
    assert rows["china", "EU1"]["works"] == 0


def test_only_admissions_that_are_public_already_are_told(own):
    given = tables(WORKS, own) | {
        "admissions": schemas.ADMISSIONS.of(
            {
                "year": 2021,
                "country_code": "total",
                "admissions": 2000,
                "suppressed": False,
                "source": source,
                "retrieved": pd.Timestamp("2026-01-02").date(),
            }
            for source in (schemas.STATBANK, "a register")
        )
    }
    (row,) = public.edition(given, own, SECRET)["admissions"].to_pylist()
    assert row["source"] == schemas.STATBANK


def test_a_revision_is_the_difference_of_two_published_counts(own, edition):
    later = [*WORKS, *works(2022, 6, "US", prefix="new"), *works(2020, 9, "IR", prefix="new")]
    now = public.edition(tables(later, own), own, SECRET)
    rows = public.revisions(now["copublications"], edition["copublications"], "before")
    moved = {(r["series"], r["year"]): r["works"] for r in rows.to_pylist()}
    one, other = (
        {
            (r["group_id"], r["year"]): r["works"]
            for r in e["copublications"].to_pylist()
            if r["basis"] == schemas.own_basis(r["group_id"])
        }
        for e in (now, edition)
    )
    both = {k for k in one if one[k] is not None and other[k] is not None}
    assert moved == {k: one[k] - other[k] for k in both}
    assert ("iran", 2020) not in moved
    assert moved["usa", 2021] == 0
    assert set(rows["cause"].to_pylist()) == {"not told"}


def test_policy_dates_are_tested_on_published_counts_alone(asked):
    """A series with a count that is not told is not tested; the others as anyone could."""
    own = with_groups(asked, (2013, 2024), china="CN", iran="IR", usa="US")
    some = [
        w
        for year in range(2013, 2025)
        for w in (
            *works(year, 60 + 4 * (year % 3), "US"),
            *works(year, 40, "CN"),
            *works(year, 3 if year == 2018 else 30, "IR"),
        )
    ]
    counts = public.edition(tables(some, own), own, SECRET)["copublications"]
    rows = events.regress_counts(counts, own.events, own.scope, 0.95).to_pandas()
    assert set(rows["series"]) == {"china"}
    works_of = counts.to_pandas().query("group_id == 'china'")["works"].sum()
    assert set(rows["works_before"] + rows["works_after"]) == {works_of}


def test_a_year_without_a_work_is_a_count(asked, caplog):
    """0 is told, and all other international works are those of the series of all."""
    own = with_groups(asked, (2013, 2024), china="CN", usa="US")
    some = [
        w
        for year in range(2013, 2025)
        for w in (*works(year, 60, "US"), *works(year, 0 if year == 2018 else 40, "CN"))
    ]
    counts = public.edition(tables(some, own), own, SECRET)["copublications"]
    assert 0 in counts.to_pandas().query("group_id == 'china' and year == 2018")["works"].tolist()
    rows = events.regress_counts(counts, own.events, own.scope, 0.95).to_pandas()
    assert "china" in set(rows["series"])
    assert "of no work" not in caplog.text


# -- the page


@pytest.fixture(scope="module", params=["en", "da"])
def page(request, edition, own, tmp_path_factory):
    folder = tmp_path_factory.mktemp("public")
    language = request.param
    document.build(
        edition | {"revisions": schemas.REVISIONS.empty(), "events": schemas.EVENTS.empty()},
        folder,
        queries=own,
        about=about().public,
        language=language,
    )
    suffix = "" if language == "en" else ".da"
    return language, folder, (folder / f"report{suffix}.html").read_text("utf-8")


def test_the_page_says_that_counts_are_rounded_before_it_gives_one(page):
    language, _, text = page
    first = {"en": "Counts are rounded", "da": "Antal er afrundet"}[language]
    assert text.index(first) < text.index("<section")
    assert "&lt;5" in text
    seen = re.sub(r"<(style|svg|script)\b.*?</\1>", " ", text, flags=re.DOTALL).lower()
    assert not {"nan", "withheld", "diskretioneret"} & set(re.findall(r"\w+", seen))


def test_every_number_of_the_page_is_a_cell_of_a_table(page):
    language, folder, text = page
    assert page_reader.wrong(text, folder, language) == []


def test_a_change_is_as_unsure_as_its_rounding_makes_it(edition, own, page):
    _, folder, _ = page
    row = pd.read_csv(folder / "tables/table-1.csv").set_index("group_id").loc["china"]
    sure = compare_counts(int(row["before"]), int(row["after"]), 0.95)
    assert row["low"] < sure.low
    assert row["high"] > sure.high
