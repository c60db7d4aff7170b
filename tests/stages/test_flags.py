"""Review cues: what touches a list, by id and lineage and never by name, with the works behind
each.
"""

import csv
import datetime
import itertools
import re
import shutil
from collections import Counter

import pytest

from coauth import queries
from coauth.errors import QueryError
from coauth.stages import flags
from tests.support.commands import CHECKOUT
from tests.support.listed import BIT, HIT, NJUST, QUANTA, SHENZHEN, chinese
from tests.support.world import place, rows, url, work

ZIJIN = {
    "id": "I990",
    "country_code": "CN",
    "ror": "https://ror.org/0387aje64",
    "lineage": ["I990", NJUST],
}
LAB = {
    "id": "I991",
    "country_code": "CN",
    "ror": "https://ror.org/03zxdkx17",
    "lineage": ["I991", HIT],
    "display_name": "A laboratory",
}


def the_seven(asked):
    (miit,) = (w for w in asked.watchlists if w.enabled)
    return miit


def listing(asked, match="lineage", **dates):
    """The shipped watchlist with HIT's dates, or another way to match."""
    miit = the_seven(asked)
    entries = tuple(e.model_copy(update=dates) if e.id == "hit" else e for e in miit.entry)
    return (miit.model_copy(update={"match": match, "entry": entries}),)


def cues(made, *columns):
    return rows(made.found.flags, *columns)


def look_alikes(real_records):
    """The 22 rows as (institution on a record, what its row says: whether it is HIT)."""
    with (real_records / "lists/miit_confusables.csv").open(encoding="utf-8") as file:
        told = list(csv.DictReader(file))
    assert len(told) == 22
    return [
        (
            {
                "id": r["openalex"] or f"I90{n}",
                "ror": f"https://ror.org/{r['ror']}",
                "display_name": r["name"],
                "country_code": r["country"],
            },
            r["why"].startswith("IS HIT"),
        )
        for n, r in enumerate(told)
    ]


def test_every_look_alike_is_what_its_row_says(world, real_records):
    """22 institutions with a name like one of the seven, each on a work with DTU: 21 are no
    listing, no flag, no membership; one is HIT.
    """
    alike = look_alikes(real_records)
    made = world(*(work(n, 2020, [["I1"], [i]]) for n, (i, _) in enumerate(alike)))
    (own,) = (i["id"] for i, is_hit in alike if is_hit)
    assert made.institutions.num_rows == 23
    assert rows(made.listed, "institution_id", "entry_id", "match_method") == [(own, "hit", "ror")]
    assert cues(made, "source", "target", "entry_id") == [("I1", own, "hit")]
    assert [g for g in rows(made.memberships, "group_id") if g.startswith("list:")] == ["list:miit"]


def test_a_look_alike_is_no_entry_of_the_seven(asked, real_records):
    """None of the 21 ids is on the list, as an entry or as a record withdrawn in its favour."""
    seven = the_seven(asked).entry
    ids = {e.openalex for e in seven} | {r for e in seven for r in (e.ror, *e.withdrawn)}
    assert not [
        i["id"]
        for i, is_hit in look_alikes(real_records)
        if not is_hit and ids & {i["id"], i["ror"]}
    ]


def test_a_look_alike_name_without_an_id_is_nothing(world, real_records):
    """The same 22 names on records without an institution, in the address alone: nothing is listed
    and nothing flagged.
    """
    strings = [
        {
            "institutions": [],
            "affiliations": [{"raw_affiliation_string": i["display_name"], "institution_ids": []}],
        }
        for i, _ in look_alikes(real_records)
    ]
    made = world(*(work(n, 2020, [["I1"], said]) for n, said in enumerate(strings)))
    assert made.listed.num_rows == made.found.flags.num_rows == 0


@pytest.mark.parametrize(
    ("institution", "entry", "method"),
    [
        (chinese(HIT), "hit", "id"),
        ({"id": "I992", "country_code": "CN", "ror": "https://ror.org/01yqg2h08"}, "hit", "ror"),
        (LAB, "hit", "lineage"),
        (LAB | {"ror": None}, "hit", "lineage"),
        (SHENZHEN, "hit", "ror"),
        (SHENZHEN | {"lineage": ["I991"]}, "hit", "ror"),
        (ZIJIN, None, None),
        (ZIJIN | {"id": NJUST, "lineage": [NJUST]}, "njust", "id"),
        (
            {
                "id": "I993",
                "country_code": "CN",
                "display_name": "Harbin Institute of Technology",
                "ror": None,
            },
            None,
            None,
        ),
        ({"id": "I2049832130", "country_code": "CN", "ror": None}, None, None),
    ],
    ids=[
        "id",
        "ROR alone",
        "descendant",
        "descendant without ROR",
        "withdrawn ROR",
        "withdrawn ROR without lineage",
        "excluded descendant",
        "listed although excluded",
        "name alone",
        "longer id",
    ],
)
def test_how_an_institution_is_known(world, institution, entry, method):
    """By id, by ROR and by lineage, the strictest first; an excluded descendant and a name are
    nothing.
    """
    made = world(work(1, 2020, [["I1"], [institution]]))
    assert rows(made.listed, "list_id", "entry_id", "match_method") == (
        [("miit", entry, method)] if entry else []
    )
    assert made.found.flags.num_rows == made.found.evidence.num_rows == bool(entry)


def test_a_strict_list_knows_no_descendants(world, asked):
    """match = "strict" takes ids and RORs alone."""
    records = [work(1, 2020, [["I1"], [LAB]]), work(2, 2020, [["I1"], [chinese(HIT)]])]
    assert rows(
        world(*records, watchlists=listing(asked, "strict")).listed,
        "institution_id",
        "match_method",
    ) == [(HIT, "id")]


def test_an_institution_rolled_up_into_another_stays_listed(world, asked):
    """A listed institution that was merged is found under its successor."""
    step = asked.rollup.successors[0].model_copy(
        update={
            "institution": "https://ror.org/01yqg2h08",
            "successor": "https://ror.org/000001299",
        }
    )
    rollup = asked.rollup.model_copy(update={"successors": (step,)})
    made = world(
        work(1, 2020, [["I1"], [chinese(HIT) | {"ror": step.institution}], ["I12"]]), rollup=rollup
    )
    assert rows(made.listed, "institution_id", "entry_id", "match_method") == [("I12", "hit", "id")]


def test_every_edge_that_touches_the_entry_is_flagged(world):
    """Of a work of DTU, HIT and Lund: the pairs with HIT, domestic and foreign; the pair without it
    is not.
    """
    made = world(work(1, 2020, [["I1"], [chinese(HIT)], ["I20"]]))
    assert cues(
        made, "source", "target", "kind", "entry_id", "domestic_pair", "works", "weight"
    ) == [
        ("I1", HIT, "watchlist", "hit", True, 1, 0.5),
        ("I20", HIT, "watchlist", "hit", False, 1, 0.5),
    ]


def test_two_listed_ends_are_two_cues(world):
    """HIT with BIT is a cue for each entry; HIT with its own laboratory is one cue for HIT, on one
    work, with both matches as evidence.
    """
    made = world(work(1, 2020, [["I1"], [chinese(HIT)], [chinese(BIT)]]))
    assert [c for c in cues(made, "source", "target", "entry_id", "works") if "I1" not in c] == [
        (BIT, HIT, "bit", 1),
        (BIT, HIT, "hit", 1),
    ]
    made = world(work(1, 2020, [["I1"], [chinese(HIT)], [LAB]]))
    assert cues(made, "source", "target", "entry_id", "works") == [
        ("I1", HIT, "hit", 1),
        ("I1", "I991", "hit", 1),
        (HIT, "I991", "hit", 1),
    ]
    both = [
        e
        for e in rows(made.found.evidence, "source", "target", "matched_id", "match_method")
        if e[0] == HIT
    ]
    assert both == [(HIT, "I991", HIT, "id"), (HIT, "I991", "I991", "lineage")]


def test_every_flag_is_the_count_of_its_evidence(world):
    """Over many works of both kinds, works of a flag are the distinct works of its evidence, and
    its weight is theirs.
    """
    teams = [
        ["I1", HIT],
        ["I1", HIT, "I20"],
        ["I2", HIT, NJUST, "I30"],
        ["I1", "I20"],
        ["I1", "I2", "I10", "I11", "I12"],
    ]
    records = [
        work(
            n,
            2018 + n % 3,
            [[chinese(i) if len(i) > 4 else i] for i in teams[n % 5]],
            topics=[QUANTA] if n % 2 else [],
        )
        for n in range(60)
    ]
    made = world(*records)
    key = ("year", "source", "target", "kind", "list_id", "entry_id")
    evidence = set(rows(made.found.evidence, *key, "work_id"))
    counted = Counter(e[:6] for e in evidence)
    assert {tuple(f[:6]): f[6] for f in cues(made, *key, "works")} == dict(counted)
    size = dict(rows(made.works, "work_id", "n_institutions"))
    for flag in cues(made, *key, "weight"):
        assert flag[6] == pytest.approx(
            sum(1 / (size[e[6]] - 1) for e in evidence if e[:6] == flag[:6]), abs=1e-9
        )
    edges = {e[:3]: e[3] for e in rows(made.edges, "year", "source", "target", "works")}
    for year, source, target, kind, *_, works in cues(
        made, "year", "source", "target", "kind", "works"
    ):
        assert (
            works == edges[year, source, target]
            if kind == "watchlist"
            else works <= edges[year, source, target]
        )


DATED = [
    ({}, "2020-06-04", "unknown", None),
    ({"valid_from": datetime.date(2020, 6, 5)}, "2020-06-04", "no", 0),
    ({"valid_from": datetime.date(2020, 6, 5)}, "2020-06-05", "yes", 1),
    ({"valid_from": datetime.date(2020, 6, 5)}, None, "unknown", None),
    (
        {"valid_from": datetime.date(2020, 6, 5), "valid_to": datetime.date(2021, 2, 1)},
        "2021-02-01",
        "yes",
        1,
    ),
    (
        {"valid_from": datetime.date(2020, 6, 5), "valid_to": datetime.date(2021, 2, 1)},
        "2021-02-02",
        "no",
        0,
    ),
    ({"valid_to": datetime.date(2021, 1, 1)}, "2020-06-04", "unknown", None),
    ({"valid_from": datetime.date(2020, 6, 5)}, "2020-01-01", "unknown", None),
    ({"valid_from": datetime.date(2019, 6, 5)}, "2020-01-01", "yes", 1),
    ({"valid_from": datetime.date(2021, 6, 5)}, "2020-01-01", "no", 0),
    (
        {"valid_from": datetime.date(2019, 6, 5), "valid_to": datetime.date(2020, 6, 5)},
        "2020-01-01",
        "unknown",
        None,
    ),
]


@pytest.mark.parametrize(("dates", "published", "listed", "count"), DATED)
def test_a_list_is_held_against_the_day_of_publication(
    world, asked, dates, published, listed, count
):
    """Listed from valid_from to valid_to, both days included; where a day is not known (1 January
    may be a year) neither is the answer.
    """
    made = world(
        work(1, 2020, [["I1"], [chinese(HIT)]], publication_date=published),
        watchlists=listing(asked, **dates),
    )
    assert rows(made.found.evidence, "listed_at_publication") == [listed]
    assert cues(made, "works", "works_listed") == [(1, count)]


def test_listed_works_are_counted_only_where_all_are_known(world, asked):
    """Of three works one before, one after the listing: 1 of 2; with a third of unknown day the
    number is withheld.
    """
    days = ["2020-06-01", "2020-06-09"]
    lists = listing(asked, valid_from=datetime.date(2020, 6, 5))
    records = [
        work(n, 2020, [["I1"], [chinese(HIT)]], publication_date=d) for n, d in enumerate(days)
    ]
    assert cues(world(*records, watchlists=lists), "works", "works_listed") == [(2, 1)]
    unknown = work(9, 2020, [["I1"], [chinese(HIT)]], publication_date=None)
    assert cues(world(*records, unknown, watchlists=lists), "works", "works_listed") == [(3, None)]


def test_technology_cues_have_a_domestic_end(world):
    """Of a quantum-dot work of DTU, Lund and Beijing the pairs with DTU are cues; Lund–Beijing is
    not.
    """
    made = world(
        work(1, 2020, [["I1"], ["I20"], ["I10"]], topics=[QUANTA]),
        work(2, 2020, [["I1"], ["I2"]], topics=[QUANTA]),
    )
    found = cues(
        made, "source", "target", "kind", "list_id", "entry_id", "domestic_pair", "works_listed"
    )
    kind = ("technology", "aspi44", "nanoscale_materials")
    assert found == [
        ("I1", "I10", *kind, True, None),
        ("I1", "I2", *kind, False, None),
        ("I1", "I20", *kind, True, None),
    ]
    assert set(
        rows(made.found.evidence, "match_method", "matched_id", "listed_at_publication")
    ) == {("topic", "T10275", "unknown")}


@pytest.mark.parametrize(
    ("of_area", "of_all", "flagged"),
    [(1, 4, True), (1, 5, False), (4, 4, True), (1, 3, False), (0, 4, False)],
)
def test_profiles_begin_at_both_thresholds(world, asked, of_area, of_all, flagged):
    """With profile_share 0.25 and profile_min_works 4, an institution of 1 in 4 works has a
    profile; 1 in 5, or 1 in 3, has none.
    """
    measures = asked.measures.model_copy(update={"profile_share": 0.25, "profile_min_works": 4})
    made = world(
        *(
            work(n, 2020, [["I1"], ["I10"]], topics=[QUANTA] if n < of_area else [])
            for n in range(of_all)
        ),
        measures=measures,
    )
    profile = [
        f
        for f in cues(made, "kind", "source", "target", "list_id", "entry_id", "works")
        if f[0] == "technology_profile"
    ]
    assert profile == (
        [("technology_profile", "I1", "I10", "aspi44", "EU10", of_all)] if flagged else []
    )


def test_profiles_are_of_the_foreign_end_of_domestic_pairs(world, asked):
    """Neither DTU's own profile nor a foreign–foreign pair is a cue; the foreign end is what
    matched.
    """
    measures = asked.measures.model_copy(update={"profile_share": 0.25, "profile_min_works": 1})
    made = world(
        work(1, 2020, [["I1"], ["I2"], ["I10"], ["I20"]], topics=[QUANTA]), measures=measures
    )
    found = [
        f
        for f in rows(made.found.evidence, "kind", "source", "target", "matched_id", "match_method")
        if f[0] == "technology_profile"
    ]
    assert {f[1:4] for f in found} == {
        (*sorted((d, f)), f) for d in ("I1", "I2") for f in ("I10", "I20")
    }
    assert {f[4] for f in found} == {"profile"}


def test_what_does_not_count_gives_no_cue(world):
    """A retracted work, a preliminary year and a work of HIT alone with itself give none, though
    all are rows.
    """
    made = world(
        work(1, 2020, [["I1"], [chinese(HIT)]], is_retracted=True),
        work(2, 2025, [["I1"], [chinese(HIT)]]),
        work(3, 2020, [[chinese(HIT) | {"country_code": "DK"}]]),
    )
    assert made.works.num_rows == 3
    assert rows(made.listed, "entry_id") == ["hit"]
    assert made.found.flags.num_rows == 0


def test_the_evidence_shows_the_string_it_stands_on(world):
    """The first affiliation string of the listed institution is shown; without any the institution
    is still the match.
    """
    author = {
        "institutions": [place(chinese(HIT))],
        "affiliations": [
            {"raw_affiliation_string": t, "institution_ids": [url(HIT)]}
            for t in ("School of Physics, HIT", "Harbin")
        ],
    }
    bare = {"institutions": [place(chinese(HIT))]}
    made = world(work(1, 2020, [["I1"], author]), work(2, 2020, [["I1"], bare]))
    assert rows(made.found.evidence, "work_id", "matched_string") == [
        ("W1", "Harbin"),
        ("W2", None),
    ]


def test_a_disabled_list_gives_nothing(world, asked):
    """enabled = false takes a list out of listings, flags and memberships."""
    miit = the_seven(asked)
    made = world(
        work(1, 2020, [["I1"], [chinese(HIT)]]),
        watchlists=(miit.model_copy(update={"enabled": False}),),
    )
    assert made.listed.num_rows == made.found.flags.num_rows == 0


MY_LIST = """
id = "aland"
name = "Institutions Åland watches"
name_da = "Institutioner Åland holder øje med"
enabled = true
kind = "designation"
match = "strict"
source = "made for a test"
version = "1"
retrieved = 2021-01-01
licence = "CC0"
[[entry]]
id = "lund"
name = "Lund University"
openalex = "I20"
valid_from = 2019-01-01
valid_to = 2020-12-31
[[entry]]
id = "umea"
name = "Umeå University"
ror = "https://ror.org/000002199"
kind = "assessment"
[[unmatchable]]
name = "The Unfindable Institute"
reason = "nobody has given it an id"
"""


def folder_with(tmp_path, text):
    shutil.copytree(CHECKOUT / "queries", tmp_path / "queries")
    (tmp_path / "queries/watchlists/aland.toml").write_text(text, "utf-8")
    return tmp_path / "queries"


def test_another_country_watches_another_list_by_one_file(world, tmp_path):
    """One TOML and no Python: matched by id or by ROR, dated, with its standing, and told apart
    when published and today.
    """
    asked = queries.load(folder_with(tmp_path, MY_LIST))
    made = world(
        work(1, 2020, [["I1"], ["I20"]]),
        work(2, 2021, [["I1"], ["I20"]]),
        work(3, 2021, [["I1"], ["I21"]]),
        watchlists=asked.watchlists,
    )
    assert rows(
        made.listed, "institution_id", "entry_id", "match_method", "standing", "listed_today"
    ) == [("I20", "lund", "id", "designation", False), ("I21", "umea", "ror", "assessment", True)]
    assert cues(made, "year", "target", "list_id", "works", "works_listed") == [
        (2020, "I20", "aland", 1, 1),
        (2021, "I20", "aland", 1, 0),
        (2021, "I21", "aland", 1, None),
    ]
    assert "list:aland" in rows(made.memberships, "group_id")


def test_an_edited_list_is_another_list(tmp_path, asked):
    """Enabled lists are known by version and digest: a new version, or an edit that forgot to say
    so, shows in `coauth compare`.
    """
    mine = queries.load(folder_with(tmp_path, MY_LIST))
    assert set(mine.lists()) == {"aland", "aspi44", "miit"}
    assert {i: v for i, v in mine.lists().items() if i != "aland"} == asked.lists()
    (tmp_path / "queries/watchlists/aland.toml").write_text(
        MY_LIST.replace("2020-12-31", "2020-11-30"), "utf-8"
    )
    edited = queries.load(tmp_path / "queries").lists()["aland"]
    assert edited.startswith("1 (")
    assert edited != mine.lists()["aland"]


def test_a_malformed_list_gets_all_its_errors_at_once_with_line_and_key(tmp_path):
    """Seven faults of every kind in one list: seven lines, each with the line in the file and the
    key.
    """
    text = (
        MY_LIST.replace('kind = "designation"', 'kind = "accusation"')
        .replace("valid_to", "valid_till")
        .replace('"I20"', '"20"')
    )
    text = (
        text.replace('id = "umea"', 'id = "lund"')
        .replace('ror = "https://ror.org/000002199"', "")
        .replace('licence = "CC0"\n', "")
    )
    text = text.replace('reason = "nobody has given it an id"', "")
    with pytest.raises(QueryError) as refused:
        queries.load(folder_with(tmp_path, text))
    said = [line.rpartition("aland.toml: ")[2] for line in str(refused.value).splitlines()]
    assert sorted(line.partition(":")[0] for line in said[:-1]) == [
        "entry.0.openalex",
        "entry.0.valid_till",
        "entry.1",
        "entry.id",
        "kind",
        "licence",
        "unmatchable.0.reason",
    ]
    lines = dict(enumerate(text.splitlines(), 1))
    told = {
        line.partition(":")[0]: int(m[1])
        for line in said
        if (m := re.search(r"\(line (\d+)\)", line))
    }
    assert lines[told["kind"]] == 'kind = "accusation"'
    assert lines[told["entry.0.openalex"]] == 'openalex = "20"'
    assert lines[told["entry.0.valid_till"]] == "valid_till = 2020-12-31"
    assert lines[told["entry.1"]] == "[[entry]]"
    assert lines[told["unmatchable.0.reason"]] == "[[unmatchable]]"


def test_the_shipped_lists_are_what_their_sources_hold(asked, real_records):
    """Every id of a shipped list stands in the file it was taken from, every name is an entry or
    unmatchable, and only MIIT is enabled.
    """
    lists = {w.id: w for w in asked.watchlists}
    assert [w.id for w in asked.watchlists if w.enabled] == ["miit"]
    by_ror = {}
    for name in (
        "lists/aspi_cdut_2019.csv",
        "lists/us_section1286_fy2025.csv",
        "openalex/institutions_10k_2024-12.csv",
    ):
        with (real_records / name).open(encoding="utf-8") as file:
            for r in csv.DictReader(file):
                for ror, openalex in itertools.zip_longest(
                    r["ror"].split(), r.get("openalex", r.get("openalex_id")).split(), fillvalue=""
                ):
                    by_ror.setdefault(f"https://ror.org/{ror}", set()).add(openalex or None)
    elsewhere = {
        "lobachevsky-state-university-of-nizhny-novgorod"
    }  # its ids stand beside the list, not in it
    for w in asked.watchlists:
        for e in w.entry:
            assert e.id in elsewhere or e.openalex in by_ror[e.ror] | {None}, (w.id, e.id)
    sizes = {"aspi2019": 159, "us1286_cn": 108, "us1286_ru": 33, "us1286_ir": 9, "us_bis_cn": 60}
    assert {
        i: len(lists[i].entry)
        + sum("talent programme" not in u.reason for u in lists[i].unmatchable)
        for i in sizes
    } == sizes
    assert all(
        w.kind == ("designation" if w.id.startswith("us") else "assessment")
        for w in asked.watchlists
    )


def test_pairs_are_ordered_by_facts_that_can_be_counted(world):
    """First works with cues of both kinds, then how many with either, then the most recent; only
    domestic–foreign pairs.
    """
    hit, njust, bit = (chinese(i) for i in (HIT, NJUST, BIT))
    made = world(
        work(1, 2018, [["I1"], [njust]], topics=[QUANTA]),
        *(work(10 + n, 2020, [["I1"], [hit]]) for n in range(3)),
        work(20, 2019, [["I1"], ["I20"]], topics=[QUANTA]),
        work(21, 2021, [["I2"], [bit]]),
        work(30, 2021, [["I1"], ["I2"]], topics=[QUANTA]),
    )
    found = flags.ordered(
        made.found.evidence, made.institutions, {"nanoscale_materials": "indicative"}
    )
    assert found.to_numpy().tolist() == [
        ["I1", NJUST, 1, 1, 1, 2018, "indicative"],
        ["I1", HIT, 0, 3, 0, 2020, ""],
        ["I2", BIT, 0, 1, 0, 2021, ""],
        ["I1", "I20", 0, 0, 1, 2019, "indicative"],
    ]
    none = world(work(1, 2020, [["I1"], ["I20"]]))
    assert flags.ordered(none.found.evidence, none.institutions, {}).empty
