"""The questions of coauth/docs/howto/ask.md, each against a count in plain Python over the tables."""

import json
import re
import shlex

import pyarrow.parquet as pq
import pytest

from coauth import queries as questions
from coauth.report.data import frames
from tests.support import plain_count
from tests.support.commands import CHECKOUT, coauth

PAGE = (CHECKOUT / "coauth/docs/howto/ask.md").read_text("utf-8")
LINES = [
    line.removeprefix("$ coauth count ")
    for block in re.findall(r"```console\n(.*?)```", PAGE, re.S)
    for line in block.splitlines()
]
DTU, KU, AU = "I96673099", "I124055696", "I204337017"
CHINA = [("country", "CN")]
P = (2018, 2020), (2022, 2024)
ALL = (2011, 2024)

ASKED = {
    "China --compare 2018-2020 2022-2024 --drivers institution": ([CHINA], [], P),
    "quantum China --by year": ([CHINA, [("area", "EU3")]], ["year"], ALL),
    "DTU --by year": ([[("home", DTU)]], ["year"], ALL),
    "ingeniørvidenskab --by year": ([[("field", "22")]], ["year"], ALL),
    "DTU Kina --by year": ([CHINA, [("home", DTU)]], ["year"], ALL),
    "miit --by institution": ([[("list", "miit")]], ["home"], ALL),
    "--by group,year --of international": ([], ["group", "year"], ALL),
    "miit --by year --of international": ([[("list", "miit")]], ["year"], ALL),
    "--by year": ([], ["year"], ALL),
    "Norden --by partner": ([[("group", "nordic")]], ["country"], ALL),
    "Sweden Norway --by year": ([[("country", "SE"), ("country", "NO")]], ["year"], ALL),
    "--partner abroad --by field --years 2020-2024": (
        [[("group", "international")]],
        ["field"],
        (2020, 2024),
    ),
    "USA --by institution,year": ([[("country", "US")]], ["home", "year"], ALL),
    "miit --by entry": ([[("list", "miit")]], ["entry"], ALL),
    "Beihang --by institution": ([[("abroad", "I82880672")]], ["home"], ALL),
    "--technology AI --by partner --years 2022-2024": (
        [[("area", "EU2")]],
        ["country"],
        (2022, 2024),
    ),
    "China --by area": ([CHINA], ["area"], ALL),
    "--technology quantum_computing --by abroad": (
        [[("technology", "quantum_computing")]],
        ["abroad"],
        ALL,
    ),
    "--status preprint --by year": ([[("status", "preprint")]], ["year"], ALL),
    "--field Medicin --by institution,size": ([[("field", "27")]], ["home", "size"], ALL),
    "--type article --by window": ([[("type", "article")]], ["window"], ALL),
    "--institution KU,AU --by institution --years 2018-2024": (
        [[("home", KU), ("home", AU)]],
        ["home"],
        (2018, 2024),
    ),
    "Iran Russia --by group,status": (
        [[("country", "IR"), ("country", "RU")]],
        ["group", "status"],
        ALL,
    ),
    "--size 51+ --by year": ([[("size", "51+")]], ["year"], ALL),
    "DTU --by abroad --years 2022-2024": ([[("home", DTU)]], ["abroad"], (2022, 2024)),
    "--by publisher --years 2024": ([], ["publisher"], (2024, 2024)),
    "--by list,type": ([], ["list", "type"], ALL),
    "China --compare 2018-2020 2022-2024 --by institution": ([CHINA], ["home"], P),
    "--compare 2018-2020 2022-2024 --by partner": ([], ["country"], P),
    "DTU --compare 2018-2020 2022-2024 --drivers partner": ([[("home", DTU)]], [], P),
    "China --compare 2018-2020 2022-2024 --drivers field": ([CHINA], [], P),
}
"""Each question with its clauses, axes and years, as the plain count takes them."""
ONLY = {
    "Norden --by partner": {"SE", "NO", "FI", "IS"},
    "--institution KU,AU --by institution --years 2018-2024": {KU, AU},
    "miit --by entry": None,
}
"""Cells that are told alone where the same kind of thing is asked for: of overlapping works."""
NAME = {"home": "institution", "country": "partner"}
"""What a dimension is called as a column."""


@pytest.fixture(scope="module")
def folder(sample_root):
    (tables,) = (sample_root / "cache").glob("*/tables")
    return tables


@pytest.fixture(scope="module")
def every(sample_root, folder):
    return plain_count.facts(folder, questions.load(sample_root / "queries"))


def answer(root, line):
    return json.loads(coauth(root, "count", *shlex.split(line), "--json").stdout)


def plain(every, line):
    """The cells of a question, with each window or period as its first year."""
    clauses, axes, years = ASKED[line]
    spans = years if isinstance(years[0], tuple) else (years,)
    by = [a for a in axes if a != "window"]
    if "window" in axes:
        spans = [(y, y + 2) for y in range(2011, 2023)]
    cells = {}
    for first, last in spans:
        for cell, works in plain_count.count(every, clauses, by, first, last).items():
            cells[(*cell, *([first] if len(spans) > 1 else []))] = works
    only = ONLY.get(line)
    return {c: n for c, n in cells.items() if only is None or c[0] in only}


def test_the_page_asks_these_and_no_others():
    """At least twenty questions; an option about files changes none."""
    bare = {re.sub(r" (-o|--language|--excel) \S+", "", line) for line in LINES}
    assert bare - {"miit --years 2022-2024 --works"} == set(ASKED)
    assert len(ASKED) >= 20


@pytest.mark.parametrize("line", ASKED)
def test_works_are_those_of_a_plain_count(sample_root, every, line):
    """Every cell has as many works as the loop finds, and no cell is missing or too many."""
    rows = answer(sample_root, line)["rows"]
    axes = [NAME.get(a, a) for a in ASKED[line][1] if a not in ("year", "window")]
    cells = {}
    for row in rows:
        key = tuple(row[a] for a in axes)
        if "before_works" in row:
            for side in ("before", "after"):
                cells[*key, row[f"{side}_first_year"]] = row[f"{side}_works"]
        else:
            when = {"year": (str(row["first_year"]),), "window": (row["first_year"],)}
            part = next((when[a] for a in ASKED[line][1] if a in when), ())
            cells[*key, *part] = row["works"]
    expected = plain(every, line)
    assert {c: n for c, n in cells.items() if n} == expected
    assert sum(expected.values()) > 0


@pytest.mark.parametrize("line", [x for x in ASKED if "--drivers" in x])
def test_contributions_are_those_of_a_plain_count_and_add_up(sample_root, every, line):
    """Each work is divided evenly; the parts sum to the change."""
    found = answer(sample_root, line)
    clauses, _, periods = ASKED[line]
    axis = line.rpartition(" ")[2]
    dimension = {"institution": "home", "partner": "country"}.get(axis, axis)
    allowed = {"CN"} if dimension == "country" and clauses == [CHINA] else None
    sums = {}
    for side, (first, last) in zip(("before", "after"), periods, strict=True):
        for work in every.values():
            if first <= work.year <= last and all(
                any(v in work.values[d] for d, v in clause) for clause in clauses
            ):
                values = work.values[dimension] & (allowed or work.values[dimension]) or {"none"}
                for value in values:
                    sums[value, side] = sums.get((value, side), 0) + 1 / len(values) / 3
    rows = {r[axis]: r for r in found["drivers"]}
    assert set(rows) == {value for value, _ in sums}
    for value, row in rows.items():
        for side in ("before", "after"):
            assert row[side] == pytest.approx(sums.get((value, side), 0), abs=1e-6)
        assert row["low"] <= row["contribution"] <= row["high"]
    (whole,) = found["rows"]
    assert sum(r["contribution"] for r in rows.values()) == pytest.approx(
        whole["difference"], abs=1e-6
    )


def test_a_share_and_a_coverage_are_those_of_a_plain_count(sample_root, every):
    """Of all quantum works; complete works of the same years and publishers."""
    (row,) = answer(sample_root, "quantum China 2018-2024")["rows"]
    quantum = [("area", "EU3")]
    counts = [
        plain_count.count(every, clauses, [], 2018, 2024)[()]
        for clauses in ([CHINA, quantum], [quantum])
    ]
    assert (row["works"], row["base_works"]) == tuple(counts)
    assert row["share"] == counts[0] / counts[1]
    assert row["coverage"] == pytest.approx(
        plain_count.coverage(every, [CHINA, quantum], 2018, 2024), abs=1e-8
    )


def test_figures_1_and_2_are_such_counts(sample_root, folder):
    """Works, share, and all four ends of their intervals are the same floats as `copublications`."""
    names = ["works", "works_low", "works_high", "share", "share_low", "share_high", "preliminary"]
    stored = {
        (r["group_id"], r["year"]): [r[n] for n in names]
        for r in pq.read_table(folder / "copublications.parquet").to_pylist()
        if r["basis"] == ("institution" if r["group_id"].startswith("list:") else "union")
        and r["year"] <= ALL[1]
    }
    groups = answer(sample_root, "--by group,year --of international")["rows"]
    counts = {(r["group"], r["first_year"]): [r[n] for n in names] for r in groups}
    assert counts == {k: v for k, v in stored.items() if not k[0].startswith("list:")}
    listed = answer(sample_root, "miit --by year --of international")["rows"]
    assert {("list:miit", r["first_year"]): [r[n] for n in names] for r in listed} == {
        k: v for k, v in stored.items() if k[0] == "list:miit"
    }


def test_the_headline_change_is_such_a_count(sample_root, folder):
    """The change in the legend of Figure 1: between two years, with its interval."""
    asked = questions.load(sample_root / "queries")
    stored = frames.changes(
        {"copublications": pq.read_table(folder / "copublications.parquet")},
        ["nordic", "europe", "international"],
        asked,
    ).set_index("group_id")
    for name, row in stored.iterrows():
        partner = "abroad" if name == "international" else name
        line = f"--partner {partner} --compare {row['first_year']:.0f} {row['last_year']:.0f}"
        (found,) = answer(sample_root, line)["rows"]
        counts = found["before_works"], found["after_works"]
        assert counts == (row["before"], row["after"])
        ends = [found[k] for k in ("change", "change_low", "change_high")]
        assert ends == pytest.approx([row["ratio"], row["low"], row["high"]], rel=1e-7)


def test_the_works_behind_an_answer_are_as_many(sample_root):
    """`--works` of the command that an answer gives."""
    found = answer(sample_root, "DTU China 2022-2024")
    words = shlex.split(found["command"])[2:]
    works = json.loads(coauth(sample_root, "count", *words, "--works", "--json").stdout)
    assert len({w["work_id"] for w in works}) == len(works) == found["rows"][0]["works"]
    assert {w["year"] for w in works} == {2022, 2023, 2024}
    again = json.loads(coauth(sample_root, "count", *words, "--json").stdout)
    assert again == found


def test_the_statement_runs_by_itself(sample_root, tmp_path):
    """What `--sql` prints, run by `coauth sql`, counts the same."""
    text = coauth(sample_root, "count", "quantum", "China", "--sql").stdout
    (tmp_path / "mine.sql").write_text(text, "utf-8")
    rows = json.loads(
        coauth(sample_root, "sql", "--run", str(tmp_path / "mine.sql"), "--json").stdout
    )
    (whole,) = answer(sample_root, "quantum China")["rows"]
    assert sum(r["works"] for r in rows) == whole["works"] > 0
