"""The data of the network explorer: what it holds, what it leaves out and says so, and what it must
never hold.
"""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from coauth.pipeline import networks
from coauth.pipeline.project import Project
from coauth.pipeline.vintage_tables import VintageTables
from coauth.report import explorer
from coauth.report.context import ReportContext
from coauth.report.text import Words
from tests.support.reports import BEIHANG, about, briefed, explore

SCRIPTS = Path(explorer.__file__).parent


@pytest.fixture(scope="module")
def context(records, asked):
    return briefed(records, asked)


def pair(data, *ends):
    ids = [i[0] for i in data["institutions"]]
    return next(p for p in data["pairs"] if {ids[p[0]], ids[p[1]]} == set(ends))


def test_a_pair_holds_its_works_by_year_and_apart_those_above_k(context):
    data = explore(context).data
    assert data["first"] == 2011
    assert pair(data, "I1", BEIHANG["id"])[2] == [[11, 2], [12, 0, 1]]
    assert pair(data, "I1", "I20")[2] == [[1, 1], [11, 1], [12, 0, 1]]


def test_an_institution_holds_its_works_with_another(context):
    """Newman strength: works of at most K institutions, each once; W7 is of I2 alone, W3 of too
    many.
    """
    strength = {i[0]: i[6] for i in explore(context).data["institutions"]}
    assert strength["I1"] == [0, 1, *[0] * 9, 3, 0, 0]
    assert strength["I2"] == [0] * 11 + [1, 0, 1]


def test_windows_are_those_of_the_measures(context):
    windows = explore(context).data["windows"]
    assert (windows[0], windows[-1], len(windows)) == ([2011, 2013], [2022, 2024], 12)


def test_a_listed_pair_has_its_entry_and_its_works(context):
    data = explore(context).data
    found = pair(data, "I1", BEIHANG["id"])
    assert [data["entries"][e][1:] for e, _, _ in found[3]] == [
        ["The seven MIIT universities", "Beihang University"]
    ] * 2
    assert [c[1:] for c in found[3]] == [[11, 2], [12, 1]]
    assert [data["works"][w][0] for w, _, _ in found[4]] == ["W3", "W1", "W2"]
    assert {data["bases"][b] for _, _, b in found[4]} == {
        "matched by OpenAlex id; whether it was on the list at publication is unknown"
    }
    first = data["works"][found[4][1][0]]
    assert first == ["W1", "10.1/1", context.tables["works"].to_pylist()[0]["title"], 2022]


def test_without_leave_no_work_is_in_the_page(context):
    """Not in the works, not as a basis, nowhere: the public page holds counts alone."""
    shown = explore(context, works=False)
    assert (shown.data["works"], shown.data["bases"], shown.data["named"]) == ([], [], False)
    assert not any(p[4] for p in shown.data["pairs"])
    assert pair(shown.data, "I1", BEIHANG["id"])[3]
    assert not re.search(r"W\d|10\.1/|alert|Of matters", shown.embedded)


def test_no_text_can_end_the_script_element(context):
    embedded = explore(context).embedded
    assert "<" not in embedded
    data = json.loads(embedded)
    assert "<script>alert(1)</script>" in data["works"][pair(data, "I1", BEIHANG["id"])[4][1][0]][2]


def test_what_is_cut_is_said(context, monkeypatch):
    """One institution, the ends of listed pairs, one partner each; of the works only one listed."""
    for name, bound in (("STRONGEST", 1), ("PARTNERS", 1), ("CUED", 0), ("WORKS", 1)):
        monkeypatch.setattr(explorer, name, bound)
    shown = explore(context)
    assert {i[0] for i in shown.data["institutions"]} == {"I1", "I2", BEIHANG["id"]}
    assert len(shown.data["works"]) == 1
    assert "Shown are 3 of 4 institutions: the 1 with most works" in shown.notes[0]
    assert shown.notes[-1].endswith("2 are left out here.")


def test_a_listed_pair_known_only_from_large_works_is_counted_as_left_out(records, asked):
    notes = explore(
        briefed([r for r in records if not r["id"].endswith(("W1", "W2"))], asked)
    ).notes
    assert any(
        n.startswith("1 domestic–foreign pairs with a listed institution are not on the map")
        for n in notes
    )


def test_same_tables_same_bytes(context):
    assert explore(context).embedded == explore(context).embedded


@pytest.fixture(scope="module")
def sampled(sample_root):
    project = Project(sample_root)
    vintage = project.cache.vintages()[-1]
    made = VintageTables(vintage)
    network = networks.network(project, vintage, tables=made, counting="newman")
    shown = explorer.explore(
        ReportContext(made, project.queries, about(synthetic=True), Words("da")),
        explorer.Atlas(network, vintage.layout, True),
    )
    return shown.data, made


def test_the_strongest_partners_are_all_there(sampled):
    """Of every institution shown, in every window, among the institutions shown: counted anew from
    the edges.
    """
    data, made = sampled
    ids = [i[0] for i in data["institutions"]]
    held = {frozenset((ids[p[0]], ids[p[1]])) for p in data["pairs"]}
    edges = made["edges"].to_pandas().query("source in @ids and target in @ids and works_k > 0")
    for first, last in (data["windows"][0], data["windows"][-1]):
        works = (
            edges[edges["year"].between(first, last)].groupby(["source", "target"])["works_k"].sum()
        )
        both = pd.concat([works, works.swaplevel()])
        for institution, partners in both.groupby(level=0):
            weakest = partners.nlargest(explorer.PARTNERS).min()
            assert all(
                frozenset((institution, other)) in held
                for _, other in partners[partners > weakest].index
            )


def test_strengths_are_the_measured_ones_and_lie_in_their_intervals(sampled):
    data, made = sampled
    rows = (
        made["centrality"]
        .to_pandas()
        .query(
            "measure == 'strength' and counting == 'newman' and variant == 'k' and first_year == 2022 and last_year == 2024"
        )
    )
    measured = rows.set_index("institution_id")["value"]
    for i, _, _, _, _, _, years, intervals in data["institutions"]:
        assert sum(years[-3:]) == round(measured.get(i, 0))
        if intervals[-1]:
            assert intervals[-1][0] <= sum(years[-3:]) <= intervals[-1][1]


def test_every_listed_pair_of_the_sample_is_there_with_all_its_works(sampled):
    data, made = sampled
    ids = [i[0] for i in data["institutions"]]
    flags = (
        made["flags"]
        .to_pandas()
        .query("kind == 'watchlist' and domestic_pair and 2011 <= year <= 2024")
    )
    evidence = (
        made["evidence"]
        .to_pandas()
        .query("2011 <= year <= 2024")
        .groupby(["source", "target"])["work_id"]
        .agg(set)
    )
    held = {tuple(sorted((ids[p[0]], ids[p[1]]))): p for p in data["pairs"]}
    wanted = set(zip(flags["source"], flags["target"], strict=True))
    assert len(wanted) > 50
    for ends in wanted:
        assert {data["works"][w][0] for w, _, _ in held[ends][4]} == evidence[ends]


def test_the_page_stays_of_bounded_size(sampled):
    data, _ = sampled
    assert len(explorer.Explorer(data, (), {}).embedded) < 1_500_000


def test_the_scripts_ask_for_words_there_are_and_use_all_of_them():
    code = "".join(p.read_text("utf-8") for p in sorted(SCRIPTS.glob("*.js")))
    asked = set(re.findall(r'say\("(\w+)"', code)) | {
        m for m in explorer.CALLED if f'"{m}"' in code
    }
    kinds = {f"cue_{k}" for k in explorer.CUES} if "`cue_${" in code else set()
    assert asked | kinds == set(explorer.CALLED)
    for language in ("en", "da"):
        spoken = {
            k.removeprefix("explorer.say_")
            for k in Words(language).entries
            if k.startswith("explorer.say_")
        }
        assert spoken == set(explorer.CALLED)


def test_the_scripts_take_no_markup_from_data():
    code = "".join(p.read_text("utf-8") for p in sorted(SCRIPTS.parent.rglob("*.js")))
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|fetch\(|XMLHttpRequest|import\(",
        code,
    )
