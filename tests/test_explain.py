"""What a person means by a name, and the works behind an edge."""

import datetime
import json
import re
from collections import Counter

import pandas as pd
import pyarrow.compute as pc
import pytest
from world import page, place, rows, topic, work

from coauth import explain, pipeline, publish, tables
from coauth.errors import NotFound
from coauth.explain import candidates
from coauth.report.findings import last_window, window_before
from coauth.tables import AREAS

DTU = {"id": "I96673099", "country_code": "DK", "ror": "https://ror.org/04qtj9h94", "display_name": "Technical University of Denmark"}
AU = {"id": "I204337017", "country_code": "DK", "ror": "https://ror.org/01aj84f44", "display_name": "Aarhus University"}
HIT = {"id": "I204983213", "country_code": "CN", "ror": "https://ror.org/01yqg2h08", "display_name": "Harbin Institute of Technology"}
HEU = {"id": "I151727225", "country_code": "CN", "ror": "https://ror.org/03x80pn82", "display_name": "Harbin Engineering University"}
HUST = {"id": "I100188998", "country_code": "CN", "ror": "https://ror.org/04e6y1282", "display_name": "Harbin University of Science and Technology"}
LUND = {"id": "I20", "display_name": "Lund University"}
TWINS = [{"id": f"I{n}", "display_name": "Institute of Physics"} for n in (41, 42)]


def the_seven(asked):
    return next(w for w in asked.watchlists if w.enabled)


@pytest.fixture
def made(world):
    return world(
        work(1, 2020, [[DTU], [HIT]], publication_date="2020-03-01"), work(2, 2021, [[DTU], [HIT], [LUND]], topics=["T10275"]),
        work(3, 2021, [[DTU], [HIT]], is_retracted=True), work(4, 2022, [[AU], [HEU], [HUST]]), work(5, 2022, [[AU], *([t] for t in TWINS)]),
        work(6, 2019, [[DTU], [LUND]]), work(7, 2021, [[DTU], [HIT]]),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("I96673099", DTU), ("https://openalex.org/I96673099", DTU), ("https://ror.org/04qtj9h94", DTU), ("04qtj9h94", DTU), ("DTU", DTU),
        ("dtu", DTU), (" DTU ", DTU), ("Technical University of Denmark", DTU), ("technical university of denmark", DTU), ("Denmark", DTU),
        ("hit", HIT), ("HIT", HIT), ("AU", AU), ("Lund", LUND), ("harbin institute", HIT),
    ],
)  # fmt: skip
def test_what_a_person_may_type(made, asked, said, meant):
    """An OpenAlex id, a ROR, an alias, a list's entry, a name or a part of one that fits exactly one institution."""
    assert explain.resolve(said, made.institutions, asked) == meant["id"]


@pytest.mark.parametrize("said", ["Harbin", "University", "Institute of Physics"])
def test_what_fits_several_is_not_guessed(made, asked, said):
    """Several candidates are listed with id and country, most works first, and none is taken, even where names are equal."""
    with pytest.raises(NotFound, match=f"'{said}' fits . institutions, name one by its id: ") as refused:
        explain.resolve(said, made.institutions, asked)
    if said == "Harbin":
        assert str(refused.value).endswith(
            "I204983213 Harbin Institute of Technology (CN); I100188998 Harbin University of Science and Technology (CN); "
            "I151727225 Harbin Engineering University (CN)"
        )


@pytest.mark.parametrize("said", ["RH", "rh", "KU", "beihang", "SDU"])
def test_an_alias_of_an_institution_that_is_not_here_is_nobody(made, asked, said):
    """RH is Rigshospitalet or nobody: never the one institution with rh in its name (Aarhus)."""
    with pytest.raises(NotFound, match=rf"no institution of this vintage is '{said}' \(https://ror\.org/"):
        explain.resolve(said, made.institutions, asked)


@pytest.mark.parametrize("said", ["Atlantis", "I9667309", "https://ror.org/000000000", ".*", "("])
def test_nobody_is_told(made, asked, said):
    """What fits no institution is said so, and a pattern is not a name."""
    with pytest.raises(NotFound, match="no institution '"):
        explain.resolve(said, made.institutions, asked)


def test_one_entry_name_in_two_lists_is_ambiguous(made, asked):
    """Where two lists call different institutions by one id, both are candidates."""
    (miit,) = (w for w in asked.watchlists if w.enabled)
    other = miit.model_copy(update={"id": "mine", "entry": (miit.entry[2].model_copy(update={"id": "hit"}),)})
    with pytest.raises(NotFound, match="'hit' fits 2 institutions"):
        explain.resolve("hit", made.institutions, asked.model_copy(update={"watchlists": (miit, other)}))


def test_the_works_of_a_pair_newest_first_with_their_cues(made, asked):
    """Every shared work in either order of the pair, excluded ones marked and without a cue, each with its own cues only."""
    found = explain.pair(made.made, HIT["id"], DTU["id"], asked, left_out=True)
    assert found == explain.pair(made.made, DTU["id"], HIT["id"], asked, left_out=True)
    assert [w for w in found if w["included"]] == explain.pair(made.made, DTU["id"], HIT["id"], asked)
    assert [(w["work_id"], w["included"], w["exclusion_reason"]) for w in found] == [
        ("W2", True, None), ("W3", False, "retracted"), ("W7", True, None), ("W1", True, None)]  # fmt: skip
    by_id = {w["work_id"]: [(c["kind"], c["entry_id"], c["match_method"]) for c in w["cues"]] for w in found}
    assert by_id["W1"] == by_id["W7"] == [("watchlist", "hit", "id")]
    assert sorted(by_id["W2"]) == [("technology", "nanoscale_materials", "topic"), ("watchlist", "hit", "id")]
    assert by_id["W3"] == []
    assert {(c["kind"], c["standing"]) for w in found for c in w["cues"]} == {("technology", "indicative, unmeasured"), ("watchlist", "assessment")}
    assert found[0]["n_institutions"] == 3
    assert type(found[0]["year"]) is int


def test_the_works_of_a_pair_in_a_year(made, asked):
    """A year chooses; a pair that shares no work has none."""
    assert [w["work_id"] for w in explain.pair(made.made, DTU["id"], HIT["id"], asked, (2020, 2020))] == ["W1"]
    assert explain.pair(made.made, DTU["id"], HIT["id"], asked, (2015, 2015)) == []
    assert explain.pair(made.made, DTU["id"], AU["id"], asked) == []


def test_a_missing_value_is_none_and_not_a_number(world, asked):
    """What a work lacks is None in the record, for JSON and for a reader."""
    one = world(work(1, 2020, [[DTU], [LUND]], doi=None, title=None))
    (found,) = explain.pair(one.made, DTU["id"], "I20", asked)
    assert (found["doi"], found["title"], found["exclusion_reason"]) == (None, None, None)


def test_the_works_of_a_list(made, asked):
    """Every counted work with an institution of the list, newest first, each once, with the list's cues and what the work is about."""
    found = explain.listing(made.made, "miit", asked)
    assert [w["work_id"] for w in found] == ["W4", "W2", "W7", "W1"]
    assert [[c["entry_id"] for c in w["cues"]] for w in found] == [["heu"], ["nanoscale_materials", "hit"], ["hit"], ["hit"]]
    assert found[1]["cues"][0] | {"score": None} == {
        "kind": "technology", "list_id": "aspi44", "entry_id": "nanoscale_materials", "match_method": "topic", "matched_id": "T10275",
        "matched_string": None, "listed_at_publication": "unknown", "standing": "indicative, unmeasured", "listed_today": None,
        "areas": ["EU10"], "score": None, "title_only": True}  # fmt: skip
    assert [w["work_id"] for w in explain.listing(made.made, "aspi44", asked)] == ["W2"]
    assert [w["work_id"] for w in explain.listing(made.made, "miit", asked, (2021, 2021))] == ["W2", "W7"]


def test_an_unknown_or_disabled_list_is_told(made, asked):
    """A list that is not there, or not enabled, is refused with those that are."""
    with pytest.raises(NotFound, match="no enabled list 'mit'; there are: miit, aspi44"):
        explain.listing(made.made, "mit", asked)
    off = asked.model_copy(update={"watchlists": (the_seven(asked).model_copy(update={"enabled": False}),)})
    with pytest.raises(NotFound, match="no enabled list 'miit'; there are: aspi44"):
        explain.listing(made.made, "miit", off)


def test_what_was_listed_when_is_said_in_each_cue(world, asked):
    """The answer for the day of publication travels to the reader."""
    (miit,) = (w for w in asked.watchlists if w.enabled)
    entries = tuple(e.model_copy(update={"valid_from": datetime.date(2020, 6, 5)}) for e in miit.entry)
    one = world(
        work(1, 2020, [[DTU], [HIT]], publication_date="2020-06-04"), work(2, 2020, [[DTU], [HIT]], publication_date="2020-06-05"),
        watchlists=(miit.model_copy(update={"entry": entries}),),
    )  # fmt: skip
    found = {w["work_id"]: w["cues"][0]["listed_at_publication"] for w in explain.pair(one.made, DTU["id"], HIT["id"], asked)}
    assert found == {"W1": "no", "W2": "yes"}


def test_near_misses_name_matches_look_alikes_and_the_absent(made, asked):
    """Each entry once or more: matched and how, look-alikes that share the place word and another, or never seen."""
    found = candidates.check(made.made, [], asked)
    by_entry = {}
    for row in found:
        by_entry.setdefault(row["entry_id"], []).append((row["finding"], row["institution_id"]))
    assert by_entry["hit"] == [("matched by id", HIT["id"]), ("look-alike, not listed", HUST["id"])]
    assert by_entry["heu"] == [("matched by id", HEU["id"]), ("look-alike, not listed", HUST["id"])]
    assert by_entry["nuaa"] == [("never occurs", None)]
    assert by_entry.pop(None) == [("day open", None)]
    assert set(by_entry) == {e.id for e in the_seven(asked).entry}
    assert HUST["id"] not in rows(made.listed, "institution_id")


def findings(made, asked, *records):
    return [(f["entry_id"], f["finding"], f["name"], f["works"]) for f in candidates.check(made.made, [page(*records)], asked)]


def addressed(*strings, ids=()):
    """An author with these addresses, matched to these institutions."""
    return {"institutions": [place(i) for i in ids], "affiliations": [
        {"raw_affiliation_string": s, "institution_ids": [place(i)["id"] for i in ids]} for s in strings]}  # fmt: skip


STRINGS = [
    ("Harbin Institute of Technology, Weihai 264209, China", [], ("hit", "string without id")),
    ("哈尔滨工业大学（威海）", [], ("hit", "string without id")),
    ("HIT Shenzhen", [{"id": "I20"}], ("hit", "string of another")),
    ("NUAA, Nanjing", [], ("nuaa", "string without id")),
    ("Beijing Institute of Technology Zhuhai", [], ("bit", "string without id")),
    ("Harbin Institute of Technology", [HIT], None),
    ("Beijing Institute of Petrochemical Technology", [], None),
    ("南京工业大学", [], None),
    ("NUST, Islamabad", [], None),
    ("", [], None),
]


@pytest.mark.parametrize(("string", "ids", "wanted"), STRINGS, ids=[s[0][:30] for s in STRINGS])
def test_strings_that_name_an_entry_are_candidates_and_never_flags(world, asked, string, ids, wanted):
    """A campus or name in an address without the entry's id is shown for a person, with its works, and counted nowhere."""
    record = work(1, 2020, [[DTU], addressed(string, ids=ids)])
    made = world(record)
    strings = [f for f in findings(made, asked, record) if f[1].startswith("string")]
    assert strings == ([(*wanted, string, 1)] if wanted else [])
    assert (made.found.flags.num_rows == 0) == (ids != [HIT])


def test_strings_are_counted_by_work_and_only_of_harvested_works(world, asked):
    """One string on two works is two works, twice on one is one; a record that is no work in scope is not read."""
    record = [work(n, 2020, [[DTU], addressed("HIT Weihai"), addressed("HIT Weihai")]) for n in (1, 2)]
    outside = work(3, 1990, [[DTU], addressed("HIT Weihai")])
    made = world(*record, outside)
    (found,) = (f for f in candidates.check(made.made, [page(*record, outside)], asked) if f["finding"] == "string without id")
    assert (found["works"], found["examples"]) == (2, ["W1", "W2"])


def test_merged_and_withdrawn_rors_are_told(world, asked):
    """An id with another ROR than the list's, a withdrawn record that is the entry, and an entry whose ROR has a successor."""
    moved = HIT | {"ror": "https://ror.org/000000099"}
    shenzhen = {"id": "I991", "country_code": "CN", "ror": "https://ror.org/00hwfqh10", "display_name": "HIT Graduate School"}
    records = [work(1, 2020, [[DTU], [moved]]), work(2, 2020, [[DTU], [shenzhen]])]
    found = findings(world(*records), asked, *records)
    assert ("hit", "ROR differs", HIT["display_name"], None) in found
    assert ("hit", "ROR withdrawn", "HIT Graduate School", None) in found
    step = asked.rollup.successors[0].model_copy(update={"institution": HEU["ror"], "successor": "https://ror.org/000000099"})
    asked = asked.model_copy(update={"rollup": asked.rollup.model_copy(update={"successors": (step,)})})
    assert ("heu", "ROR withdrawn", f"{HEU['ror']} -> https://ror.org/000000099", None) in findings(world(*records), asked, *records)


def test_unmatchable_entries_stay_in_sight(world, asked):
    """An enabled list's institutions without an id are named with the reason."""
    lists = tuple(w.model_copy(update={"enabled": w.id == "us_bis_cn"}) for w in asked.watchlists)
    asked = asked.model_copy(update={"watchlists": lists})
    record = work(1, 2020, [[DTU], [HIT]])
    found = findings(world(record, watchlists=lists), asked, record)
    assert sum(f[1] == "unmatchable" for f in found) == 34
    (told,) = (f[2] for f in found if f[1] == "day open")
    assert told.startswith("23 of 26 entries")
    assert ("harbin-institute-of-technology", "matched by id", HIT["display_name"], None) in found


def test_the_eight_real_works_are_candidates_and_the_nine_look_alikes_are_not(world, asked, real_records):
    """Real works known by names alone: eight name one of the seven and are candidates by that entry; nine mentions of look-alikes
    (Nanjing, NUIST, Beijing University of Technology, USTC) are not; nothing is flagged by a name."""
    with (real_records / "openalex/works/dk_cn_works.jsonl").open(encoding="utf-8") as file:
        told = [json.loads(line) for line in file]
    records = [
        work(int(t["paper_id"].rpartition("W")[2]), t["publication_year"], [[DTU], *(addressed(name) for name in t["institutions"].get("CN", ()))])
        for t in told
    ]  # fmt: skip
    made = world(*records, scope={"first_year": 1900})
    assert made.works.num_rows == len({t["paper_id"] for t in told})
    found = [f for f in candidates.check(made.made, [page(*records)], asked) if f["finding"].startswith("string")]
    assert {(f["entry_id"], f["name"], f["works"]) for f in found} == {
        ("hit", "Harbin Institute of Technology", 5), ("bit", "Beijing Institute of Technology", 1), ("beihang", "Beihang University", 1),
        ("nwpu", "Northwestern Polytechnical University", 1)}  # fmt: skip
    alike = ("Nanjing University", "Nanjing University of Information Science and Technology", "Beijing University of Technology",
             "University of Science and Technology of China")  # fmt: skip
    assert sum(name in alike for t in told for name in t["institutions"].get("CN", ())) == 9
    assert made.listed.num_rows == made.found.flags.num_rows == 0


SERUM = {"id": "I11", "display_name": "National Vaccine and Serum Institute"}
FISHERIES = {"id": "I12", "display_name": "Shandong Freshwater Fisheries Research Institute"}


def reasons(made, asked, a, b):
    return [{d["reason"] for d in w["doubts"]} for w in explain.pair(made.made, a, b, asked)]


@pytest.mark.parametrize(
    ("place_", "string", "wanted"),
    [
        (SERUM, "Statens Serum Institut, Copenhagen", {"not in the strings"}),
        (FISHERIES, "DTU Aqua, National Institute of Aquatic Resources, Charlottenlund", {"not in the strings"}),
        (HIT, "Beijing Xiaomi, Haidian", {"not in the strings"}),
        (HIT, "Sch. of Astronautics, Harbin Inst. of Tech., Harbin 150001", set()),
        (HIT, "HIT Shenzhen, Xili", set()),
        (HIT, "哈尔滨工业大学航天学院", set()),
        (HIT, None, {"no string"}),
    ],
)
def test_a_mis_assigned_affiliation_shows_its_reason(world, asked, place_, string, wanted):
    """As on real works (Danish serum authors under a Chinese serum institute, DTU Aqua under Shandong's fisheries): the institution's
    name is in no string matched to it. An abbreviation, a listed campus or another script is no such reason."""
    author = addressed(*([string] if string else []), ids=[place_])
    made = world(work(1, 2020, [[DTU], author]))
    assert reasons(made, asked, DTU["id"], place_["id"]) == [wanted]


def test_a_work_older_than_the_institution_shows_it(world, asked):
    """HEU was founded in 1953: a work of 1952 says so, one of 1953 does not."""
    made = world(work(1, 1953, [[DTU], [HEU]]), work(2, 1952, [[DTU], [HEU]]), scope={"first_year": 1900})
    assert reasons(made, asked, DTU["id"], HEU["id"]) == [set(), {"older than institution"}]


def test_hyper_authored_works_and_scores_near_the_threshold_show_it(world, asked):
    """More institutions than K; a core topic with a score of 0.5 to 0.6 and no phrase that would carry it."""
    many = [[{"id": f"I{n}", "country_code": "SE"}] for n in range(200, 250)]
    near, phrase = ("T10275", 0.55), "Quantum dots"
    made = world(
        work(1, 2020, [[DTU], [HIT], *many]), work(2, 2020, [[DTU], [HIT]], topics=[topic(*near)]),
        work(3, 2020, [[DTU], [HIT]], topics=[topic(*near)], title=phrase),
        work(4, 2020, [[DTU], [HIT]], topics=[topic("T10275", 0.6)]),
    )  # fmt: skip
    assert reasons(made, asked, DTU["id"], HIT["id"]) == [{"hyper-authored"}, {"score near threshold"}, set(), set()]



@pytest.fixture(scope="module")
def sampled(sample_root):
    project = pipeline.Project(sample_root)
    return publish.read(project.cache.find()), project.queries


def narrowed(made, institution):
    """The tables with only what concerns an institution's works: thousands of questions are asked of them below."""
    works = pc.field("work_id").isin(made["affiliations"].filter(pc.field("institution_id") == institution)["work_id"].combine_chunks().unique())
    ends = (pc.field("source") == institution) | (pc.field("target") == institution)
    return made | {n: made[n].filter(works) for n in ("works", "affiliations", "technologies")} | {"evidence": made["evidence"].filter(ends)}


@pytest.mark.parametrize("nth", [4, pytest.param(1, marks=pytest.mark.whole)])
def test_every_number_of_flagged_works_is_what_explain_lists_by_pair(sampled, nth):
    """All review cues of every nth institution of the sample, of every kind: the works of a flag are the distinct works `coauth explain A B --year Y` lists with it."""
    made, asked = sampled
    flags = made["flags"].to_pandas()
    flags = flags[flags["source"].isin(sorted(flags["source"].unique())[::nth])]
    assert set(flags["kind"]) >= {"watchlist", "technology"}
    seen = 0
    for source, of_source in flags.groupby("source"):
        near = narrowed(made, source)
        for target, rows_ in of_source.groupby("target"):
            told = {(r.year, r.kind, r.list_id, r.entry_id): r.works for r in rows_.itertuples()}
            listed = [(w["year"], c["kind"], c["list_id"], c["entry_id"], w["work_id"])
                      for w in explain.pair(near, source, target, asked) for c in w["cues"]]  # fmt: skip
            assert Counter(key[:4] for key in set(listed)) == told, (source, target)
            seen += len(told)
    assert seen == len(flags) > 5_000 / nth**2


def test_every_number_of_a_list_is_what_explain_lists_by_year(sampled):
    """Each year's count of a watchlist in the table behind Figure 2 is the number of works `coauth explain --list L --year Y` gives."""
    made, asked = sampled
    counted = made["copublications"].to_pandas()
    counted = counted[counted["group_id"].str.startswith("list:") & (counted["basis"] == "institution")]
    assert len(counted) >= len(asked.scope.years)
    for row in counted.itertuples():
        listed = explain.listing(made, row.group_id.removeprefix("list:"), asked, (row.year, row.year))
        assert len({w["work_id"] for w in listed}) == len(listed) == row.works, row.year


@pytest.fixture(scope="module")
def reported(sample_root):
    """The CSV files of the sample's report by what they hold: their numbers are not known beforehand."""
    (folder,) = (f for f in (sample_root / "reports").iterdir() if (f / "report.html").exists())
    found = [pd.read_csv(path).rename(columns=lambda c: c.removeprefix(f"{tables.MARK}: ")) for path in (folder / "tables").glob("*-[0-9]*.csv")]

    def with_columns(*wanted):
        (frame,) = (f for f in found if set(wanted) <= set(f.columns))
        return frame

    return with_columns


def works_of(listed, *, entry=None, area=None, list_id=None):
    """Distinct works of an answer of explain: all, those with a cue of an entry of a list, those about an area."""
    return {w["work_id"] for w in listed if (entry is None or any((c["list_id"], c["entry_id"]) == (list_id, entry) for c in w["cues"]))
            and (area is None or any(area in c["areas"] for c in w["cues"] if c["kind"] == "technology"))}  # fmt: skip


def test_every_number_of_flagged_works_in_the_report_is_what_explain_lists(sampled, reported):
    """The report's own files, cell by cell: pairs by period, year and area; pairs of two periods; lists by entry, year and area; benefits."""
    made, asked = sampled
    walked = Counter()

    def holds(what, number, works):
        assert number == len(works), what
        walked[what[0]] += 1

    pairs = reported("command", "works_listed")
    for row in pairs.to_dict("records"):
        _, _, a, b, _, span = row["command"].split()
        listed = explain.pair(made, a, b, asked, tuple(map(int, span.split("-"))))
        key = {"entry": row["entry_id"], "list_id": row["list_id"]}
        holds(("pair", a, b), row["works"], works_of(listed, **key))
        assert len(listed) == row["works"]  # the pair's command lists these works and no other
        for year in (int(c.removeprefix("works_")) for c in row if re.fullmatch(r"works_\d+", c)):
            holds(("year", a, b, year), row[f"works_{year}"], works_of([w for w in listed if w["year"] == year], **key))
        for area in AREAS:
            holds(("area", a, b, area), row[f"works_{area}"], works_of(listed, area=area, **key))
    moved = reported("before", "after", "beyond", "foreign")
    windows = {"before": window_before(asked), "after": last_window(asked)}
    for row in moved.to_dict("records"):
        for side, window in windows.items():
            listed = explain.pair(made, row["domestic"], row["foreign"], asked, window)
            holds(("moved", row["domestic"], row["foreign"], side), row[side], works_of(listed, entry=row["entry_id"], list_id=row["list_id"]))
    entries = reported("entry_id", "name", "total")
    whole = {i: explain.listing(made, i, asked) for i in asked.lists()}
    for row in entries.to_dict("records"):
        for year in (c for c in row if c.isdigit()):
            of_year = [w for w in whole["miit"] if w["year"] == int(year)]
            holds(("entry", row["entry_id"], year), row[year], works_of(of_year, entry=row["entry_id"], list_id="miit"))
    of_areas = reported("series", "area_id", "total")
    last = [w for w in whole["miit"] if last_window(asked)[0] <= w["year"] <= last_window(asked)[1]]
    for row in of_areas[of_areas["series"] == "list:miit"].to_dict("records"):
        holds(("listed area", row["area_id"]), row["works"], works_of(last, area=row["area_id"]))
        assert row["total"] == len(last)
    by_year = reported("side", "area_id")
    for row in by_year[by_year["side"] == "listed"].to_dict("records"):
        holds(("listed area year", row["year"], row["area_id"]), row["works"], works_of([w for w in whole["miit"] if w["year"] == row["year"]], area=row["area_id"]))
    gains = reported("cue", "works_ranked")
    for row in gains[gains["cue"] != "none"].to_dict("records"):
        listed = [w for w in whole[row["cue"].partition(":")[2]] if last_window(asked)[0] <= w["year"] <= last_window(asked)[1]]
        holds(("benefits", row["cue"]), row["works"], works_of(listed))
    assert set(walked) == {"pair", "year", "area", "moved", "entry", "listed area", "listed area year", "benefits"}
