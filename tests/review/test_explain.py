"""What a person means by a name, and the works behind an edge."""

import csv
import datetime
import gzip
import json

import pytest

from coauth import review
from coauth.errors import NotFound
from coauth.review import candidates
from tests.support.world import page, place, rows, topic, work

DTU = {
    "id": "I96673099",
    "country_code": "DK",
    "ror": "https://ror.org/04qtj9h94",
    "display_name": "Technical University of Denmark",
}
AU = {
    "id": "I204337017",
    "country_code": "DK",
    "ror": "https://ror.org/01aj84f44",
    "display_name": "Aarhus University",
}
HIT = {
    "id": "I204983213",
    "country_code": "CN",
    "ror": "https://ror.org/01yqg2h08",
    "display_name": "Harbin Institute of Technology",
}
HEU = {
    "id": "I151727225",
    "country_code": "CN",
    "ror": "https://ror.org/03x80pn82",
    "display_name": "Harbin Engineering University",
}
HUST = {
    "id": "I100188998",
    "country_code": "CN",
    "ror": "https://ror.org/04e6y1282",
    "display_name": "Harbin University of Science and Technology",
}
LUND = {"id": "I20", "display_name": "Lund University"}
TWINS = [{"id": f"I{n}", "display_name": "Institute of Physics"} for n in (41, 42)]


def the_seven(asked):
    return next(w for w in asked.watchlists if w.enabled)


@pytest.fixture
def made(world):
    return world(
        work(1, 2020, [[DTU], [HIT]], publication_date="2020-03-01"),
        work(2, 2021, [[DTU], [HIT], [LUND]], topics=["T10275"]),
        work(3, 2021, [[DTU], [HIT]], is_retracted=True),
        work(4, 2022, [[AU], [HEU], [HUST]]),
        work(5, 2022, [[AU], *([t] for t in TWINS)]),
        work(6, 2019, [[DTU], [LUND]]),
        work(7, 2021, [[DTU], [HIT]]),
    )


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("I96673099", DTU),
        ("https://openalex.org/I96673099", DTU),
        ("https://ror.org/04qtj9h94", DTU),
        ("04qtj9h94", DTU),
        ("DTU", DTU),
        ("dtu", DTU),
        (" DTU ", DTU),
        ("Technical University of Denmark", DTU),
        ("technical university of denmark", DTU),
        ("Denmark", DTU),
        ("hit", HIT),
        ("HIT", HIT),
        ("AU", AU),
        ("Lund", LUND),
        ("harbin institute", HIT),
    ],
)
def test_what_a_person_may_type(made, asked, said, meant):
    """An OpenAlex id, a ROR, an alias, a list's entry, a name or a part of one that fits exactly
    one institution.
    """
    assert review.resolve(said, made.institutions, asked) == meant["id"]


@pytest.mark.parametrize("said", ["Harbin", "University", "Institute of Physics"])
def test_what_fits_several_is_not_guessed(made, asked, said):
    """Several candidates are listed with id and country, most works first, and none is taken, even
    where names are equal.
    """
    with pytest.raises(
        NotFound, match=f"'{said}' fits . institutions, name one by its id: "
    ) as refused:
        review.resolve(said, made.institutions, asked)
    if said == "Harbin":
        assert str(refused.value).endswith(
            "I204983213 Harbin Institute of Technology (CN); I100188998 Harbin University of Science and Technology (CN); "
            "I151727225 Harbin Engineering University (CN)"
        )


@pytest.mark.parametrize("said", ["RH", "rh", "KU", "beihang", "SDU"])
def test_an_alias_of_an_institution_that_is_not_here_is_nobody(made, asked, said):
    """RH is Rigshospitalet or nobody: never the one institution with rh in its name (Aarhus)."""
    with pytest.raises(
        NotFound, match=rf"no institution of this vintage is '{said}' \(https://ror\.org/"
    ):
        review.resolve(said, made.institutions, asked)


@pytest.mark.parametrize("said", ["Atlantis", "I9667309", "https://ror.org/000000000", ".*", "("])
def test_nobody_is_told(made, asked, said):
    """What fits no institution is said so, and a pattern is not a name."""
    with pytest.raises(NotFound, match="no institution '"):
        review.resolve(said, made.institutions, asked)


def test_one_entry_name_in_two_lists_is_ambiguous(made, asked):
    """Where two lists call different institutions by one id, both are candidates."""
    (miit,) = (w for w in asked.watchlists if w.enabled)
    other = miit.model_copy(
        update={"id": "mine", "entry": (miit.entry[2].model_copy(update={"id": "hit"}),)}
    )
    with pytest.raises(NotFound, match="'hit' fits 2 institutions"):
        review.resolve(
            "hit", made.institutions, asked.model_copy(update={"watchlists": (miit, other)})
        )


def test_the_works_of_a_pair_newest_first_with_their_cues(made, asked):
    """Every shared work in either order of the pair, excluded ones marked and without a cue, each
    with its own cues only.
    """
    found = review.pair(made.made, HIT["id"], DTU["id"], asked, left_out=True)
    assert found == review.pair(made.made, DTU["id"], HIT["id"], asked, left_out=True)
    assert [w for w in found if w["included"]] == review.pair(
        made.made, DTU["id"], HIT["id"], asked
    )
    assert [(w["work_id"], w["included"], w["exclusion_reason"]) for w in found] == [
        ("W2", True, None),
        ("W3", False, "retracted"),
        ("W7", True, None),
        ("W1", True, None),
    ]
    by_id = {
        w["work_id"]: [(c["kind"], c["entry_id"], c["match_method"]) for c in w["cues"]]
        for w in found
    }
    assert by_id["W1"] == by_id["W7"] == [("watchlist", "hit", "id")]
    assert sorted(by_id["W2"]) == [
        ("technology", "nanoscale_materials", "topic"),
        ("watchlist", "hit", "id"),
    ]
    assert by_id["W3"] == []
    assert {(c["kind"], c["standing"]) for w in found for c in w["cues"]} == {
        ("technology", "indicative, unmeasured"),
        ("watchlist", "assessment"),
    }
    assert found[0]["n_institutions"] == 3
    assert type(found[0]["year"]) is int


def test_the_works_of_a_pair_in_a_year(made, asked):
    """A year chooses; a pair that shares no work has none."""
    assert [
        w["work_id"] for w in review.pair(made.made, DTU["id"], HIT["id"], asked, (2020, 2020))
    ] == ["W1"]
    assert review.pair(made.made, DTU["id"], HIT["id"], asked, (2015, 2015)) == []
    assert review.pair(made.made, DTU["id"], AU["id"], asked) == []


def test_many_pairs_at_once_are_told_as_each_alone(made, asked):
    """Cues and doubts of a pair are its own, whoever else is asked about; a pair is answered in the
    order it was named in.
    """
    ends = [
        (HIT["id"], DTU["id"]),
        (DTU["id"], "I20"),
        (AU["id"], HEU["id"]),
        (DTU["id"], AU["id"]),
    ]
    told = review.pairs(made.made, ends, asked, left_out=True)
    assert list(told) == ends
    assert told == {(a, b): review.pair(made.made, a, b, asked, left_out=True) for a, b in ends}
    assert [len(works) for works in told.values()] == [4, 2, 1, 0]


def test_a_work_says_what_a_report_counts_it_by(world, asked):
    """Field, day, rank by citations, company and areas: so that a number of the report is a count
    of works listed with that property.
    """
    ranked = {"citation_normalized_percentile": {"value": 0.95, "is_in_top_10_percent": True}}
    one = world(
        work(
            1,
            2020,
            [[DTU], [HIT], [{"id": "I21", "type": "company"}]],
            topics=[topic("T10275", field=31)],
            **ranked,
        ),
        work(2, 2019, [[DTU], [HIT]]),
    )
    told = review.listing(one.made, "miit", asked)
    keys = ("field_id", "publication_date", "is_top_10_percent", "has_company", "areas")
    assert [[w[k] for k in keys] for w in told] == [
        ["31", datetime.date(2020, 6, 15), True, True, ["EU10"]],
        [None, datetime.date(2019, 6, 15), None, False, []],
    ]


def test_a_listed_institution_at_home_is_listed_alone_too(world, asked):
    """Where the scope is the list's own country, works of one listed institution make no pair and
    no cue, and are works with the list all the same, as Figure 2 counts them. Years that are not
    measured are listed when they are asked for, without cues.
    """
    one = world(
        work(1, 2020, [[HIT]]),
        work(2, 2020, [[HIT], [DTU]]),
        work(3, 2025, [[HIT], [DTU]]),
        scope={"countries": ["CN"]},
    )
    counted = rows(one.copublications, "year", "group_id", "works")
    assert [
        (year, works)
        for year, group, works in counted
        if group == "list:miit" and works and year <= 2024
    ] == [(2020, 2)]
    assert [(w["work_id"], len(w["cues"])) for w in review.listing(one.made, "miit", asked)] == [
        ("W1", 0),
        ("W2", 1),
    ]
    assert [
        (w["work_id"], w["cues"]) for w in review.listing(one.made, "miit", asked, (2025, 2025))
    ] == [("W3", [])]
    assert [w["work_id"] for w in review.pair(one.made, HIT["id"], DTU["id"], asked)] == ["W2"]
    assert [
        w["work_id"] for w in review.pair(one.made, HIT["id"], DTU["id"], asked, (2020, 2025))
    ] == ["W3", "W2"]


def test_a_missing_value_is_none_and_not_a_number(world, asked):
    """What a work lacks is None in the record, for JSON and for a reader."""
    one = world(work(1, 2020, [[DTU], [LUND]], doi=None, title=None))
    (found,) = review.pair(one.made, DTU["id"], "I20", asked)
    assert (found["doi"], found["title"], found["exclusion_reason"]) == (None, None, None)


def test_the_works_of_a_list(made, asked):
    """Every counted work with an institution of the list, newest first, each once, with the list's
    cues and what the work is about.
    """
    found = review.listing(made.made, "miit", asked)
    assert [w["work_id"] for w in found] == ["W4", "W2", "W7", "W1"]
    assert [[c["entry_id"] for c in w["cues"]] for w in found] == [
        ["heu"],
        ["nanoscale_materials", "hit"],
        ["hit"],
        ["hit"],
    ]
    assert found[1]["cues"][0] | {"score": None} == {
        "kind": "technology",
        "list_id": "aspi44",
        "entry_id": "nanoscale_materials",
        "match_method": "topic",
        "matched_id": "T10275",
        "matched_string": None,
        "listed_at_publication": "unknown",
        "standing": "indicative, unmeasured",
        "listed_today": None,
        "areas": ["EU10"],
        "score": None,
        "title_only": True,
    }
    assert [w["work_id"] for w in review.listing(made.made, "aspi44", asked)] == ["W2"]
    assert [w["work_id"] for w in review.listing(made.made, "miit", asked, (2021, 2021))] == [
        "W2",
        "W7",
    ]


def test_an_unknown_or_disabled_list_is_told(made, asked):
    """A list that is not there, or not enabled, is refused with those that are."""
    with pytest.raises(NotFound, match="no enabled list 'mit'; there are: miit, aspi44"):
        review.listing(made.made, "mit", asked)
    off = asked.model_copy(
        update={"watchlists": (the_seven(asked).model_copy(update={"enabled": False}),)}
    )
    with pytest.raises(NotFound, match="no enabled list 'miit'; there are: aspi44"):
        review.listing(made.made, "miit", off)


def test_what_was_listed_when_is_said_in_each_cue(world, asked):
    """The answer for the day of publication travels to the reader."""
    (miit,) = (w for w in asked.watchlists if w.enabled)
    entries = tuple(
        e.model_copy(update={"valid_from": datetime.date(2020, 6, 5)}) for e in miit.entry
    )
    one = world(
        work(1, 2020, [[DTU], [HIT]], publication_date="2020-06-04"),
        work(2, 2020, [[DTU], [HIT]], publication_date="2020-06-05"),
        watchlists=(miit.model_copy(update={"entry": entries}),),
    )
    found = {
        w["work_id"]: w["cues"][0]["listed_at_publication"]
        for w in review.pair(one.made, DTU["id"], HIT["id"], asked)
    }
    assert found == {"W1": "no", "W2": "yes"}


def test_near_misses_name_matches_look_alikes_and_the_absent(made, asked):
    """Each entry once or more: matched and how, look-alikes that share the place word and another,
    or never seen.
    """
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
    return [
        (f["entry_id"], f["finding"], f["name"], f["works"])
        for f in candidates.check(made.made, [page(*records)], asked)
    ]


def addressed(*strings, ids=()):
    """An author with these addresses, matched to these institutions."""
    return {
        "institutions": [place(i) for i in ids],
        "affiliations": [
            {"raw_affiliation_string": s, "institution_ids": [place(i)["id"] for i in ids]}
            for s in strings
        ],
    }


STRINGS = [
    ("Harbin Institute of Technology, Weihai 264209, China", [], ("hit", "string without id")),
    ("哈尔滨工业大学（威海）", [], ("hit", "string without id")),
    ("HIT Shenzhen", [{"id": "I20"}], ("hit", "string of another")),
    ("NUAA, Nanjing", [], ("nuaa", "string without id")),
    ("Beijing Institute of Technology Zhuhai", [], ("bit", "string without id")),
    ("Harbin Institute of Technology", [HIT], None),
    ("Beijing Institute of Petrochemical Technology", [], None),
    ("南京工业大学", [], None),
    ("Coll. Ship Building, HRBEU, Harbin", [], ("heu", "string without id")),
    ("School of Science, HITSZ, Shenzhen", [], ("hit", "string without id")),
    ("NUST, Islamabad", [], None),
    ("Faculty of Sciences, HIT, Holon, Israel", [], None),
    ("BIT Mesra, Ranchi; a bit of everything", [], None),
    ("HEU project office, Brussels", [], None),
    ("Department of NPU design", [], None),
    ("", [], None),
]


@pytest.mark.parametrize(("string", "ids", "wanted"), STRINGS, ids=[s[0][:30] for s in STRINGS])
def test_strings_that_name_an_entry_are_candidates_and_never_flags(
    world, asked, string, ids, wanted
):
    """A campus or name in an address without the entry's id is shown for a person, with its works,
    and counted nowhere.
    """
    record = work(1, 2020, [[DTU], addressed(string, ids=ids)])
    made = world(record)
    strings = [f for f in findings(made, asked, record) if f[1].startswith("string")]
    assert strings == ([(*wanted, string, 1)] if wanted else [])
    assert (made.found.flags.num_rows == 0) == (ids != [HIT])


def test_strings_are_counted_by_work_and_only_of_harvested_works(world, asked):
    """One string on two works is two works, twice on one is one; a record that is no work in scope
    is not read.
    """
    record = [
        work(n, 2020, [[DTU], addressed("HIT Weihai"), addressed("HIT Weihai")]) for n in (1, 2)
    ]
    outside = work(3, 1990, [[DTU], addressed("HIT Weihai")])
    made = world(*record, outside)
    (found,) = (
        f
        for f in candidates.check(made.made, [page(*record, outside)], asked)
        if f["finding"] == "string without id"
    )
    assert (found["works"], found["examples"]) == (2, ["W1", "W2"])


def test_merged_and_withdrawn_rors_are_told(world, asked):
    """An id with another ROR than the list's, a withdrawn record that is the entry, and an entry
    whose ROR has a successor.
    """
    moved = HIT | {"ror": "https://ror.org/000000099"}
    shenzhen = {
        "id": "I991",
        "country_code": "CN",
        "ror": "https://ror.org/00hwfqh10",
        "display_name": "HIT Graduate School",
    }
    records = [work(1, 2020, [[DTU], [moved]]), work(2, 2020, [[DTU], [shenzhen]])]
    found = findings(world(*records), asked, *records)
    assert ("hit", "ROR differs", HIT["display_name"], None) in found
    assert ("hit", "ROR withdrawn", "HIT Graduate School", None) in found
    step = asked.rollup.successors[0].model_copy(
        update={"institution": HEU["ror"], "successor": "https://ror.org/000000099"}
    )
    asked = asked.model_copy(
        update={"rollup": asked.rollup.model_copy(update={"successors": (step,)})}
    )
    assert ("heu", "ROR withdrawn", f"{HEU['ror']} -> https://ror.org/000000099", None) in findings(
        world(*records), asked, *records
    )


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


def test_the_eight_real_works_are_candidates_and_the_nine_look_alikes_are_not(
    world, asked, real_records
):
    """Real works known by names alone: eight name one of the seven and are candidates by that
    entry; nine mentions of look-alikes (Nanjing, NUIST, Beijing University of Technology, USTC) are
    not; nothing is flagged by a name.
    """
    with (real_records / "openalex/works/dk_cn_works.jsonl").open(encoding="utf-8") as file:
        told = [json.loads(line) for line in file]
    records = [
        work(
            int(t["paper_id"].rpartition("W")[2]),
            t["publication_year"],
            [[DTU], *(addressed(name) for name in t["institutions"].get("CN", ()))],
        )
        for t in told
    ]
    made = world(*records, scope={"first_year": 1900})
    assert made.works.num_rows == len({t["paper_id"] for t in told})
    found = [
        f
        for f in candidates.check(made.made, [page(*records)], asked)
        if f["finding"].startswith("string")
    ]
    assert {(f["entry_id"], f["name"], f["works"]) for f in found} == {
        ("hit", "Harbin Institute of Technology", 5),
        ("bit", "Beijing Institute of Technology", 1),
        ("beihang", "Beihang University", 1),
        ("nwpu", "Northwestern Polytechnical University", 1),
    }
    alike = (
        "Nanjing University",
        "Nanjing University of Information Science and Technology",
        "Beijing University of Technology",
        "University of Science and Technology of China",
    )
    assert sum(name in alike for t in told for name in t["institutions"].get("CN", ())) == 9
    assert made.listed.num_rows == made.found.flags.num_rows == 0


def test_the_22_look_alikes_are_no_candidates(world, asked, real_records):
    """Names of institutions like the seven, as addresses with their acronyms where their rows say
    one: the one that is HIT is a candidate, no other.
    """
    with (real_records / "lists/miit_confusables.csv").open(encoding="utf-8") as file:
        alike = [
            f"{r['name']} ({r['why']})" if "acronym" in r["why"] else r["name"]
            for r in csv.DictReader(file)
        ]
    records = [work(n, 2020, [["I1"], addressed(name)]) for n, name in enumerate(alike)]
    found = [f for f in findings(world(*records), asked, *records) if f[1].startswith("string")]
    assert len(alike) == 22
    assert found == [
        ("hit", "string without id", "Harbin Institute of Technology Shenzhen Graduate School", 1)
    ]


def test_of_all_real_strings_only_the_one_that_names_an_entry_is_a_candidate(
    world, asked, real_records
):
    """Every distinct affiliation string of the real works at hand, matched to nobody: one names
    HIT; no acronym finds another.
    """
    with gzip.open(
        real_records / "openalex/works/full_works_613.jsonl.gz", "rt", encoding="utf-8"
    ) as file:
        told = [json.loads(line) for line in file]
    told += [
        json.loads((real_records / "openalex" / name).read_text("utf-8"))
        for name in (
            "works/damaged_dk_page.json",
            "responses/work.json",
            "responses/works_list.json",
        )
    ]
    strings = sorted(set(raw_strings(told)))
    assert len(strings) == 1_312
    records = [work(n, 2020, [["I1"], addressed(s)]) for n, s in enumerate(strings)]
    found = [f for f in findings(world(*records), asked, *records) if f[1].startswith("string")]
    assert found == [
        (
            "hit",
            "string without id",
            "School of Management, Harbin Institute of Technology, Harbin 150001, PR China",
            1,
        )
    ]


def raw_strings(told):
    """Affiliation strings wherever they stand in a record."""
    if isinstance(told, dict):
        said = [told.get("raw_affiliation_string"), *(told.get("raw_affiliation_strings") or ())]
        yield from (s for s in said if isinstance(s, str))
    for inner in (
        told.values() if isinstance(told, dict) else told if isinstance(told, list) else ()
    ):
        yield from raw_strings(inner)


SERUM = {"id": "I11", "display_name": "National Vaccine and Serum Institute"}
FISHERIES = {"id": "I12", "display_name": "Shandong Freshwater Fisheries Research Institute"}


def reasons(made, a, b):
    return [{d["reason"] for d in w["doubts"]} for w in review.pair(made.made, a, b, made.asked)]


@pytest.mark.parametrize(
    ("place_", "string", "wanted"),
    [
        (SERUM, "Statens Serum Institut, Copenhagen", {"not in the strings"}),
        (
            FISHERIES,
            "DTU Aqua, National Institute of Aquatic Resources, Charlottenlund",
            {"not in the strings"},
        ),
        (HIT, "Beijing Xiaomi, Haidian", {"not in the strings"}),
        (HIT, "Sch. of Astronautics, Harbin Inst. of Tech., Harbin 150001", set()),
        (HIT, "HIT Shenzhen, Xili", set()),
        (HIT, "哈尔滨工业大学航天学院", set()),
        (HIT, None, {"no string"}),
    ],
)
def test_a_mis_assigned_affiliation_shows_its_reason(world, place_, string, wanted):
    """As on real works (Danish serum authors under a Chinese serum institute, DTU Aqua under
    Shandong's fisheries): the institution's name is in no string matched to it. An abbreviation, a
    listed campus or another script is no such reason.
    """
    author = addressed(*([string] if string else []), ids=[place_])
    made = world(work(1, 2020, [[DTU], author]))
    assert reasons(made, DTU["id"], place_["id"]) == [wanted]


def test_a_work_older_than_the_institution_shows_it(world):
    """HEU was founded in 1953: a work of 1952 says so, one of 1953 does not."""
    made = world(
        work(1, 1953, [[DTU], [HEU]]), work(2, 1952, [[DTU], [HEU]]), scope={"first_year": 1900}
    )
    assert reasons(made, DTU["id"], HEU["id"]) == [set(), {"older than institution"}]


def test_hyper_authored_works_and_scores_near_the_threshold_show_it(world):
    """More institutions than K; a core topic with a score of 0.5 to 0.6 and no phrase that would
    carry it.
    """
    many = [[{"id": f"I{n}", "country_code": "SE"}] for n in range(200, 250)]
    near, phrase = ("T10275", 0.55), "Quantum dots"
    made = world(
        work(1, 2020, [[DTU], [HIT], *many]),
        work(2, 2020, [[DTU], [HIT]], topics=[topic(*near)]),
        work(3, 2020, [[DTU], [HIT]], topics=[topic(*near)], title=phrase),
        work(4, 2020, [[DTU], [HIT]], topics=[topic("T10275", 0.6)]),
    )
    assert reasons(made, DTU["id"], HIT["id"]) == [
        {"hyper-authored"},
        {"score near threshold"},
        set(),
        set(),
    ]
