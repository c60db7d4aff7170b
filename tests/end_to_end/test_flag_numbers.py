"""Every number of flagged works in the sample's report is the number of distinct works `coauth
explain --json` lists for it.

The answers of `explain` are asked for once, for all pairs and lists; what is walked are the
report's own files, cell by cell. That the page tells the numbers of these files and no other is
held by `test_report.py`; what an earlier vintage said is walked in `test_since.py`.
"""

import json
from collections import Counter
from datetime import date

import pandas as pd
import pytest
from lxml import etree

from coauth import review
from coauth.pipeline.project import Project
from coauth.pipeline.vintage_tables import VintageTables
from coauth.queries import Years
from coauth.report.data.frames import last_window, window_before
from coauth.tables.contract import MARK
from coauth.tables.schemas import AREAS
from tests.support.commands import coauth

GEXF = "{http://gexf.net/1.3}"
OF_OTHER_WORKS = {
    "all international works, by partner group": {"year", "group_id", "author_works", "works_low"},
    "PhD admissions": {"admissions"},
    "coverage": {"share_complete"},
    "publishers": {"publisher"},
    "partner groups": {"matched_ratio"},
    "shares, in two windows": {"verdict_complete_coverage"},
    "shares, by window": {"rank_low", "value"},
    "shares before and after": {"value_before", "value_after"},
    "measures": {"comparable", "larger"},
    "losses": {"step", "reason"},
    "facts on the data": {"fact"},
}
"""Files beside the report that count no flagged works, by columns they have."""


class Told:
    """What `explain` lists, by pair and by list."""

    def __init__(self, root):
        project = Project(root)
        self.made, self.asked = VintageTables(project.cache.find()), project.queries
        flags = self.made["flags"].select(["source", "target"]).to_pandas().drop_duplicates()
        pairs = self.made["pairs"].select(["source", "target"]).to_pandas().drop_duplicates()
        self.listed = set(self.made["listed"]["institution_id"].to_pylist())
        ends = pd.concat([flags, pairs[pairs["target"].isin(self.listed)]])
        self._pairs = review.pairs(
            self.made, zip(ends["source"], ends["target"], strict=True), self.asked
        )
        self._lists = {i: review.listing(self.made, i, self.asked) for i in self.asked.lists()}
        self.small = self.asked.scope.max_institutions
        self.last, self.before = last_window(self.asked), window_before(self.asked)

    def pair(self, a, b, years=None):
        return within(self._pairs[min(a, b), max(a, b)], years)

    def list(self, list_id, years=None):
        return within(self._lists[list_id], years)

    def strength(self, institution, years=None):
        """Works of a listed institution with another, of at most K institutions."""
        return [
            w
            for w in of_place(self.list("miit", years), {institution})
            if w["n_institutions"] <= self.small
        ]


def within(works, years: Years | None):
    return [w for w in works if years is None or years[0] <= w["year"] <= years[1]]


def of_entry(works, list_id, entry_id, kind="watchlist"):
    return [
        w
        for w in works
        if any(
            (c["kind"], c["list_id"], c["entry_id"]) == (kind, list_id, entry_id) for c in w["cues"]
        )
    ]


def of_place(works, institutions):
    return [
        w
        for w in works
        if any(c["kind"] == "watchlist" and c["matched_id"] in institutions for c in w["cues"])
    ]


def about(works, area):
    return [w for w in works if area in w["areas"]]


@pytest.fixture(scope="module")
def told(sample_root):
    return Told(sample_root)


@pytest.fixture(scope="module")
def folder(sample_root):
    (found,) = (f for f in (sample_root / "reports").iterdir() if (f / "report.html").exists())
    return found


@pytest.fixture(scope="module")
def files(folder):
    """The CSVs of the report."""
    read = (pd.read_csv(p) for p in sorted((folder / "tables").glob("*.csv")))
    return [frame.rename(columns=lambda c: c.removeprefix(f"{MARK}: ")) for frame in read]


class Walk:
    """Numbers held against works, and how many of each kind there were."""

    def __init__(self, files):
        self.files, self.taken, self.seen = files, set(), Counter()

    def rows(self, *columns):
        """The rows of the one file that has these columns."""
        ((n, frame),) = ((n, f) for n, f in enumerate(self.files) if set(columns) <= set(f.columns))
        self.taken.add(n)
        return frame.to_dict("records")

    def holds(self, number, works, *what):
        assert number == len({w["work_id"] for w in works}) == len(works), what
        self.seen[what[0]] += 1


# -- what the command prints


def test_the_command_prints_what_is_walked(told, sample_root):
    """`coauth explain --json`, of a pair, of a year, of a list and of a set: the very answers that
    numbers are held against below.
    """
    a, b = "I96673099", "I82880672"  # DTU and Beihang

    def printed(*words):
        return json.loads(coauth(sample_root, "explain", *words, "--json").stdout)

    def plain(works):
        return json.loads(json.dumps(works, default=str))

    assert printed(a, b) == plain(told.pair(a, b)) != []
    assert printed(b, a, "--year", "2022-2024") == plain(told.pair(a, b, (2022, 2024))) != []
    assert (
        printed("--list", "miit", "--year", "2022") == plain(told.list("miit", (2022, 2022))) != []
    )
    assert printed("--list", "aspi44") == plain(told.list("aspi44")) != []


def test_every_flag_counts_the_works_of_its_pair(told):
    """Every review cue of every year, pair and entry: no flag without its works, no work with a cue
    without its flag.
    """
    flags = told.made["flags"].to_pandas()
    assert set(flags["kind"]) >= {"watchlist", "technology"}
    assert len(flags) > 5_000
    counted = flags.set_index(["source", "target", "year", "kind", "list_id", "entry_id"])[
        "works"
    ].to_dict()
    listed = {
        (a, b, w["year"], c["kind"], c["list_id"], c["entry_id"], w["work_id"])
        for a, b in {key[:2] for key in counted}
        for w in told.pair(a, b)
        for c in w["cues"]
    }
    assert Counter(key[:6] for key in listed) == counted


# -- the report's tables and figures


def page_one(walk, told):
    """The sentences on a list: its works in the first and last year of the headline change."""
    years = dict(zip(("before", "after"), told.asked.measures.headline_change, strict=True))
    for row in walk.rows("section", "name", "value"):
        series, _, side = row["name"].rpartition(".")
        if series.startswith("list:") and side in years:
            walk.holds(
                row["value"],
                told.list(series.removeprefix("list:"), (years[side],) * 2),
                "page one and Figure 2's text",
                row["section"],
                side,
            )


def figure_2(walk, told):
    """Works a year with a list. The group beside it is there by its index alone, and not flagged."""
    for row in walk.rows("group_id", "works", "index"):
        if row["group_id"].startswith("list:"):
            walk.holds(
                row["works"],
                told.list(row["group_id"].removeprefix("list:"), (row["year"],) * 2),
                "Figure 2",
                row["year"],
            )
        else:
            assert pd.isna(row["works"])


def entries(walk, told):
    for row in walk.rows("entry_id", "name", "total"):
        mine = of_entry(told.list("miit"), "miit", row["entry_id"])
        walk.holds(row["total"], mine, "entries", row["entry_id"])
        for year in (c for c in row if c.isdigit()):
            walk.holds(row[year], within(mine, (int(year),) * 2), "entries", row["entry_id"], year)


def flagged_pairs(walk, told):
    """By period, year and area; and the row's own command lists these works and no other."""
    for row in walk.rows("command", "works_listed"):
        _, _, a, b, _, span = row["command"].split()
        listed = told.pair(a, b, tuple(map(int, span.split("-"))))
        assert listed == of_entry(listed, row["list_id"], row["entry_id"])
        walk.holds(row["works"], listed, "pairs", a, b)
        for year in range(told.last[0], told.last[1] + 1):
            walk.holds(
                row[f"works_{year}"], within(listed, (year, year)), "pairs by year", a, b, year
            )
        for area in AREAS:
            walk.holds(row[f"works_{area}"], about(listed, area), "pairs by area", a, b, area)


def pairs_that_moved(walk, told):
    for row in walk.rows("before", "after", "beyond", "foreign"):
        for side, years in (("before", told.before), ("after", told.last)):
            listed = told.pair(row["domestic"], row["foreign"], years)
            walk.holds(
                row[side],
                of_entry(listed, row["list_id"], row["entry_id"]),
                "pairs that moved",
                row["domestic"],
                row["foreign"],
                side,
            )


def intensities(walk, told):
    """Of the heat map its listed partners: works of at most K institutions, as the null model sees
    them.
    """
    for row in (r for r in walk.rows("ric", "expected", "apart_from_1") if r["listed"]):
        shared = told.pair(row["domestic"], row["partner"], (row["first_year"], row["last_year"]))
        walk.holds(
            row["works"],
            [w for w in shared if w["n_institutions"] <= told.small],
            "intensities",
            row["domestic"],
            row["partner"],
        )


def area_profiles(walk, told):
    for row in walk.rows("series", "area_id", "total"):
        if row["series"].startswith("list:"):
            listed = told.list(row["series"].removeprefix("list:"), told.last)
            walk.holds(row["total"], listed, "areas", row["series"])
            walk.holds(
                row["works"], about(listed, row["area_id"]), "areas", row["series"], row["area_id"]
            )


def areas_by_year(walk, told):
    for row in (r for r in walk.rows("side", "area_id", "total") if r["side"] == "listed"):
        listed = told.list("miit", (row["year"],) * 2)
        walk.holds(row["total"], listed, "areas by year", row["year"])
        walk.holds(
            row["works"],
            about(listed, row["area_id"]),
            "areas by year",
            row["year"],
            row["area_id"],
        )


def benefits(walk, told):
    """Works, those that have a rank by citations, those in the top tenth, those with a company."""
    for row in (r for r in walk.rows("cue", "works_ranked") if r["cue"] != "none"):
        listed = told.list(row["cue"].partition(":")[2], told.last)
        ranked = [w for w in listed if w["is_top_10_percent"] is not None]
        walk.holds(row["works"], listed, "benefits", row["cue"])
        walk.holds(row["works_ranked"], ranked, "benefits", row["cue"], "ranked")
        walk.holds(
            round(row["top_10"] * len(ranked), 6),
            [w for w in ranked if w["is_top_10_percent"]],
            "benefits",
            row["cue"],
            "top tenth",
        )
        walk.holds(
            round(row["company"] * len(listed), 6),
            [w for w in listed if w["has_company"]],
            "benefits",
            row["cue"],
            "company",
        )


def fields(walk, told):
    for row in walk.rows("field_id", "works none"):
        for cue in (
            c.removeprefix("works ") for c in row if c.startswith("works ") and c != "works none"
        ):
            listed = told.list(cue.partition(":")[2], told.last)
            walk.holds(
                row[f"works {cue}"],
                [w for w in listed if w["field_id"] == str(row["field_id"])],
                "fields",
                cue,
                row["field_id"],
            )


def policy_dates(walk, told):
    """Works of a list before and after a date, by year or by quarter; of a comparison by
    institution those that have a match and none of its works.
    """
    dates = {e.id: e.date for e in told.asked.events.event}
    matched = [r for r in walk.rows("control_id", "field_distance") if not pd.isna(r["control_id"])]
    for row in (
        r
        for r in walk.rows("works_before", "works_after", "left_out")
        if r["series"].startswith("list:")
    ):
        day, mine = (
            dates[row["event_id"]],
            [
                m
                for m in matched
                if (m["series"], m["event_id"]) == (row["series"], row["event_id"])
            ],
        )
        works, shared = told.list(row["series"].removeprefix("list:")), set()
        if row["method"] == "did":
            ends = [(m["institution_id"], m["control_id"]) for m in mine]
            everyone = [(t, c) for t in {t for t, _ in ends} for c in {c for _, c in ends}]
            shared = {
                w["work_id"]
                for found in review.pairs(told.made, everyone, told.asked).values()
                for w in found
            }
            works = [w for w in of_place(works, {t for t, _ in ends}) if w["work_id"] not in shared]
        undated = [w for w in works if row["period"] == "quarter" and not dated(w)]
        works = [w for w in works if w not in undated]
        start = (day.year + row["lag"], (day.month - 1) // 3 if row["period"] == "quarter" else 0)
        earlier = [
            w
            for w in works
            if (
                w["year"],
                (w["publication_date"].month - 1) // 3 if row["period"] == "quarter" else 0,
            )
            < start
        ]
        what = "policy dates", row["event_id"], row["method"], row["period"], row["lag"]
        walk.holds(row["works_before"], earlier, *what, "before")
        walk.holds(row["works_after"], [w for w in works if w not in earlier], *what, "after")
        assert row["left_out"] == len(undated) + len(shared), what


def dated(work):
    """By more than its year: 1 January often stands for that."""
    day = work["publication_date"]
    return isinstance(day, date) and day.year == work["year"] and (day.month, day.day) != (1, 1)


def matched_institutions(walk, told):
    dates = {e.id: e.date for e in told.asked.events.event}
    for row in walk.rows("control_id", "field_distance"):
        works = of_place(told.list(row["series"].removeprefix("list:")), {row["institution_id"]})
        walk.holds(
            row["works_before"],
            within(works, (0, dates[row["event_id"]].year - 1)),
            "matched institutions",
            row["institution_id"],
        )


def strengths(walk, told):
    """Works of a listed institution with another, of at most K institutions."""
    for row in (
        r for r in walk.rows("institution_id", "strength") if r["institution_id"] in told.listed
    ):
        walk.holds(
            row["strength"],
            told.strength(row["institution_id"], (row["first_year"], row["last_year"])),
            "strengths",
            row["institution_id"],
        )


PARTS = (
    page_one,
    figure_2,
    entries,
    flagged_pairs,
    pairs_that_moved,
    intensities,
    area_profiles,
    areas_by_year,
    benefits,
    fields,
    policy_dates,
    matched_institutions,
    strengths,
)


def test_every_number_of_flagged_works_in_the_report_is_what_explain_lists(told, files):
    """All files beside the page: each is walked, or known to count other works, so that a new one
    is not forgotten.
    """
    walk = Walk(files)
    for part in PARTS:
        before = walk.seen.total()
        part(walk, told)
        assert walk.seen.total() > before, part.__name__
    left = [set(f.columns) for n, f in enumerate(files) if n not in walk.taken]
    assert not [
        columns
        for columns in left
        if not any(of_other <= columns for of_other in OF_OTHER_WORKS.values())
    ]


# -- the explorer and the networks


def test_every_number_of_flagged_works_in_the_explorer_is_what_explain_lists(told, folder, files):
    """Of every pair with a cue on the map: works by year, by entry and year, the works named, and
    how many there was no room for; of every listed institution its works with another, by year.
    """
    (told_,) = etree.parse(folder / "report.html", etree.HTMLParser(huge_tree=True)).xpath(
        "//script[@id='explorer-data']/text()"
    )
    data = json.loads(told_)
    names = {
        ("watchlist", e.name): (w.id, e.id)
        for w in told.asked.watchlists
        if w.enabled
        for e in w.entry
    }
    names |= {
        ("technology", t.name): (s.id, t.id)
        for s in told.asked.technologies
        if s.enabled
        for t in s.technology
    }
    entries = [
        (kind, *names[kind, name.removesuffix(" (indicative, unmeasured)")])
        for kind, _, name in data["entries"]
    ]
    named = {w[0] for w in data["works"]}
    cued = [p for p in data["pairs"] if p[3]]
    assert len(cued) > 1_000
    behind, walk = set(), Walk([])
    for a, b, by_year, cues, works in cued:
        shared = told.pair(data["institutions"][a][0], data["institutions"][b][0])
        for year, small, *large in by_year:
            here = within(shared, (data["first"] + year,) * 2)
            walk.holds(
                small, [w for w in here if w["n_institutions"] <= told.small], "works", a, b, year
            )
            walk.holds(
                sum(large),
                [w for w in here if w["n_institutions"] > told.small],
                "works above K",
                a,
                b,
                year,
            )
        for entry, year, number in cues:
            kind, *of = entries[entry]
            walk.holds(
                number,
                of_entry(within(shared, (data["first"] + year,) * 2), *of, kind),
                "cues",
                a,
                b,
                year,
            )
        mine = {
            w["work_id"]
            for w in shared
            if any(c["kind"] != "technology_profile" for c in w["cues"])
        }
        assert {data["works"][w][0] for w, _, _ in works} == mine & named, (a, b)
        behind |= mine
    assert walk.seen["cues"] >= len(cued)
    for place, *_, by_year, _ in (i for i in data["institutions"] if i[0] in told.listed):
        for year, number in enumerate(by_year, data["first"]):
            walk.holds(number, told.strength(place, (year, year)), "institutions", place, year)
    assert walk.seen["institutions"] > 5 * len(told.asked.scope.years)
    (unnamed,) = (
        r["value"] for r in Walk(files).rows("section", "name", "value") if r["name"] == "unnamed"
    )
    assert named <= behind
    assert len(behind) == len(named) + unnamed


@pytest.mark.parametrize(
    ("name", "pairs"),
    [
        ("network", 300),
        ("network-all", 1_000),
        ("network-gephi-lite", 1_000),
        ("network-dynamic", 1_000),
    ],
)
def test_every_number_of_flagged_works_in_the_networks_is_what_explain_lists(
    told, folder, name, pairs
):
    """Works of every pair with a review cue, by year where the file has years; of every listed
    institution all works, and those with another.
    """
    walk, years, dynamic = (
        Walk([]),
        None if name == "network-dynamic" else told.last,
        name == "network-dynamic",
    )
    for _, element in etree.iterparse(folder / f"{name}.gexf", tag=(f"{GEXF}node", f"{GEXF}edge")):
        values = [
            (v.get("for"), v.get("timestamp"), v.get("value"))
            for v in element.iter(f"{GEXF}attvalue")
        ]
        plain = {key: value for key, at, value in values if at is None}
        if (place := element.get("id")) in told.listed:
            walk.holds(
                int(plain["works"]), of_place(told.list("miit"), {place}), "institutions", place
            )
            walk.holds(
                round(float(plain["strength_total" if dynamic else "strength"]), 6),
                told.strength(place, years),
                "institutions",
                place,
                "strength",
            )
        if plain.get("review_cue") == "true":
            ends = element.get("source"), element.get("target")
            shared = told.pair(*ends, years)
            small = [w for w in shared if w["n_institutions"] <= told.small]
            walk.holds(int(plain["works_all"]), shared, "pairs", *ends)
            walk.holds(int(plain["works_total" if dynamic else "works"]), small, "pairs", *ends)
            for year, number in (
                (int(at), int(value)) for key, at, value in values if key == "works" and at
            ):
                walk.holds(number, within(small, (year, year)), "pairs by year", *ends, year)
        element.clear()
    assert walk.seen["pairs"] > pairs
    assert (walk.seen["pairs by year"] > 0) == dynamic
    assert walk.seen["institutions"] > 5
