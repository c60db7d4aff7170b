"""The shipped questions are right, and a wrong question is refused with its file, its key and all
its neighbours.
"""

import csv
import re
import shutil
from pathlib import Path

import pytest

from coauth import queries
from coauth.errors import QueryError
from coauth.openalex.text_match import Phrases, fold
from tests.support.commands import CHECKOUT

SHIPPED = CHECKOUT / "queries"


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(SHIPPED, tmp_path / "queries"))


def edit(folder, file, old, new):
    path = folder / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def refusal(folder):
    with pytest.raises(QueryError) as refused:
        queries.load(folder)
    return str(refused.value)


WRONG = [
    (
        "scope.toml",
        "last_year = 2024",
        "last_yaer = 2024",
        "scope.toml: last_yaer: unknown key, did you mean 'last_year'?",
    ),
    ("scope.toml", "last_year = 2024", "", "scope.toml: last_year: Field required"),
    (
        "scope.toml",
        "last_year = 2024",
        'last_year = "2024"',
        "scope.toml: last_year: Input should be a valid integer",
    ),
    (
        "scope.toml",
        "last_year = 2024",
        "last_year = 2024.0",
        "scope.toml: last_year: Input should be a valid integer",
    ),
    (
        "scope.toml",
        "last_year = 2024",
        "last_year = 2010",
        "last_year 2010 is before first_year 2011",
    ),
    ("scope.toml", '"DK"', '"dk"', "scope.toml: countries.0: String should match pattern"),
    ("scope.toml", '"DK"', "", "scope.toml: countries: "),
    ("scope.toml", '"DK"', '"DK", "*"', 'countries: "*" is every country, so it stands alone'),
    (
        "scope.toml",
        "max_institutions = 50",
        "max_institutions = 1",
        "scope.toml: max_institutions: ",
    ),
    ("scope.toml", "title =", "title = =", "scope.toml: not TOML"),
    ("groups.toml", 'id = "nordic"', 'id = "china"', "group.id: listed twice: china"),
    (
        "groups.toml",
        'id = "nordic"',
        'id = "international"',
        "group.id: listed twice: international",
    ),
    (
        "groups.toml",
        "name_da",
        "name_dk",
        "groups.toml: group.0.name_dk: unknown key, did you mean 'name_da'?",
    ),
    (
        "events.toml",
        '["russia"]',
        '["rusia"]',
        "events.toml: event 'russia-suspension': series: no group or watchlist makes 'rusia', did you mean 'russia'?",
    ),
    (
        "events.toml",
        "list:miit",
        "list:mit",
        "no group or watchlist makes 'list:mit', did you mean 'list:miit'?",
    ),
    (
        "events.toml",
        'id = "uris"',
        'id = "russia-suspension"',
        "event.id: listed twice: russia-suspension",
    ),
    ("events.toml", "2022-03-01", '"soon"', "events.toml: event.0.date: "),
    (
        "measures.toml",
        "[[2011, 2013], [2022, 2024]]",
        "[[2011, 2022], [2022, 2024]]",
        "windows must follow each other without overlap",
    ),
    ("measures.toml", '"pagerank"', '"pagerang"', "measures.toml: measures.3: "),
    (
        "measures.toml",
        'betweenness = "exact"',
        "betweenness = { pivots = 0 }",
        "measures.toml: betweenness.",
    ),
    ("measures.toml", "replicates = 400", "replicates = 4", "measures.toml: replicates: "),
    ("institutions.toml", "04qtj9h94", "04qtj9h9", "institutions.toml: aliases.DTU: "),
    (
        "institutions.toml",
        "drop_ancestors = true",
        'drop_ancestors = "yes"',
        "institutions.toml: drop_ancestors: ",
    ),
    (
        "institutions.toml",
        "https://ror.org/04jewc589",
        "https://ror.org/02cdjts56",
        "https://ror.org/02cdjts56 is itself succeeded",
    ),
    (
        "institutions.toml",
        "https://ror.org/045gqp102",
        "https://ror.org/02cdjts56",
        "successors: listed twice: https://ror.org/02cdjts56",
    ),
    (
        "institutions.toml",
        'part_of = "https://ror.org/035b05819',
        'part_off = "https://ror.org/035b05819',
        "institutions.toml: components.0.part_off: unknown key, did you mean 'part_of'?",
    ),
    (
        "institutions.toml",
        "= 0.3334",
        "= 0.4",
        "institutions.toml: joint.0: Value error, weights: sum to 1.0666, not to 1: Geocenter Denmark",
    ),
    (
        "institutions.toml",
        "= 0.3334",
        "= -0.3334",
        "institutions.toml: joint.0.weights.https://ror.org/035b05819: Input should be greater than 0",
    ),
    (
        "institutions.toml",
        'universities = ["https://ror.org/03yrrjy16"]',
        "universities = []",
        "institutions.toml: associated.16.universities: ",
    ),
    (
        "institutions.toml",
        'universities = ["https://ror.org/03yrrjy16"]',
        'universities = ["https://ror.org/03yrrjy16", "https://ror.org/03yrrjy16"]',
        "universities: listed twice: https://ror.org/03yrrjy16",
    ),
    (
        "institutions.toml",
        'universities = ["https://ror.org/03yrrjy16"]',
        'universities = ["https://ror.org/03mchdq19"]',
        "associated: https://ror.org/03mchdq19 is itself associated; point straight to the university",
    ),
    (
        "institutions.toml",
        'institution = "https://ror.org/00ey0ed83"',
        'institution = "https://ror.org/01cyz3n15"',
        "associated: https://ror.org/01cyz3n15 is under components too; one institution follows one rule",
    ),
    (
        "institutions.toml",
        'part_of = "https://ror.org/00ey0ed83"',
        'part_of = "https://ror.org/01cyz3n15"',
        "components: https://ror.org/01cyz3n15 is itself a component; point straight to the whole",
    ),
    (
        "institutions.toml",
        'part_of = "https://ror.org/00ey0ed83"',
        'part_of = "https://ror.org/04cz2sw33"',
        "components: https://ror.org/04cz2sw33 is itself joint; point straight to its owners",
    ),
    (
        "institutions.toml",
        'institution = "https://ror.org/00ey0ed83"',
        'institution = "https://ror.org/01yqg2h08"',
        "institutions.toml: associated: https://ror.org/01yqg2h08 is on the watchlist 'miit' (hit); it must stand alone",
    ),
    (
        "scope.toml",
        "count_duplicates = false",
        "count_duplicates = 0",
        "scope.toml: count_duplicates: Input should be a valid boolean",
    ),
    ("watchlists/miit.toml", "enabled = true", 'enabled = "off"', "miit.toml: enabled: "),
    ("watchlists/miit.toml", "I125839683", "I82880672", "entry.openalex: listed twice: I82880672"),
    ("watchlists/miit.toml", 'openalex = "I125839683"', "", "entry.openalex: missing for bit"),
    ("watchlists/miit.toml", "valid_from", "valid_form", ""),
    (
        "watchlists/miit.toml",
        'id = "heu"',
        'id = "heu"\nvalid_form = 2020-06-05',
        "entry.2.valid_form: unknown key, did you mean 'valid_from'?",
    ),
    ("watchlists/miit.toml", 'id = "miit"', 'id = "aspi44"', "two lists share the id 'aspi44'"),
    (
        "reference/dfir_brief_56.toml",
        'series = "iran"',
        'series = "irna"',
        "reference: dfir-brief-56: direction: series: no group or watchlist makes 'irna', did you mean 'iran'?",
    ),
    (
        "reference/dfir_brief_56.toml",
        'stated = "rose"',
        'stated = "up"',
        "dfir_brief_56.toml: direction.0.stated: ",
    ),
    (
        "reference/dfir_brief_56.toml",
        "persons = 59",
        "",
        "dfir_brief_56.toml: admissions.2: Value error, give exactly one of stated, change and persons",
    ),
    (
        "reference/openalex_2024-08.toml",
        "29045, 28107, 29635]",
        "29045, 28107]",
        "counts: every series has a number for every year",
    ),
    (
        "reference/openalex_2024-08.toml",
        'partners = ["RU"]',
        'partners = ["CN"]',
        "counts.partners: listed twice: CN",
    ),
    (
        "reference/openalex_2024-08.toml",
        "tolerance = 0.15",
        "tolerence = 0.15",
        "openalex_2024-08.toml: tolerence: unknown key, did you mean 'tolerance'?",
    ),
    (
        "reference/openalex_2024-08.toml",
        "levels = [2011, 2022]",
        "",
        "counts need first_year, levels, tolerance and change",
    ),
    (
        "technologies/aspi44.toml",
        '"T10275"',
        '"10275"',
        "aspi44.toml: technology.0.core_topics.0: ",
    ),
    ("technologies/aspi44.toml", '"nanofabricat*"', '""', "aspi44.toml: technology.0.phrases.0: "),
    ("technologies/aspi44.toml", '"nanofabricat*"', '"*"', "aspi44.toml: technology.0.phrases.0: "),
    (
        "technologies/aspi44.toml",
        'id = "coatings"',
        'id = "nanoscale_materials"',
        "technology.id: listed twice: nanoscale_materials",
    ),
    (
        "technologies/aspi44.toml",
        'eu10 = ["EU10"]',
        'eu10 = ["EU11"]',
        "aspi44.toml: technology.0.eu10.0: ",
    ),
    (
        "technologies/aspi44.toml",
        "core_min_score = 0.5",
        "core_min_score = 50",
        "aspi44.toml: core_min_score: ",
    ),
]


@pytest.mark.parametrize(
    ("file", "old", "new", "says"), [w for w in WRONG if w[3]], ids=lambda v: str(v)[:30]
)
def test_every_kind_of_fault_is_named(folder, file, old, new, says):
    """An unknown key, a missing value, a wrong type, a broken reference or a repetition is told by
    file and key, with what was meant.
    """
    edit(folder, file, old, new)
    said = refusal(folder)
    assert says in said
    assert "coauth queries check" in said


def test_all_faults_are_named_at_once(folder):
    """Six faults in five files give six lines and one advice, so that one reading mends everything."""
    edit(folder, "scope.toml", '"DK"', '"Denmark"')
    edit(folder, "scope.toml", "max_institutions", "max_institution")
    edit(folder, "groups.toml", "figure = false", "figur = false")
    edit(folder, "watchlists/miit.toml", "version", "versoin")
    (folder / "events.toml").unlink()
    (folder / "sql" / "edges.txt").write_text("")
    said = refusal(folder).splitlines()
    for file in (
        "scope.toml: countries.0",
        "scope.toml: max_institution: unknown key",
        "groups.toml: group.4.figur",
        "miit.toml: versoin",
        "events.toml: missing",
        "edges.txt: no such question",
    ):
        assert sum(file in line for line in said) == 1, file
    assert said[-1] == "mend them and run `coauth queries check`"


@pytest.mark.parametrize(
    "stranger",
    ["scpoe.toml", "watchlists/deep/x.toml", "watchlist/miit.toml", "sql/edges.sq", "notes.md"],
)
def test_a_file_that_asks_nothing_is_refused(folder, stranger):
    """A misspelt file name is named, not passed over; hidden files are nobody's question."""
    (folder / stranger).parent.mkdir(parents=True, exist_ok=True)
    (folder / stranger).write_text("")
    (folder / ".DS_Store").write_text("")
    said = refusal(folder)
    assert stranger in said
    assert "DS_Store" not in said


def test_a_second_enabled_set_of_technologies_is_refused(folder):
    """Profiles name one set, so two enabled at once are told by name; a disabled one is welcome."""
    text = (
        (folder / "technologies/aspi44.toml")
        .read_text("utf-8")
        .replace('id = "aspi44"', 'id = "mine"', 1)
    )
    (folder / "technologies/mine.toml").write_text(text, "utf-8")
    assert "enabled: aspi44, mine; enable one set at a time" in refusal(folder)
    edit(folder, "technologies/mine.toml", "enabled = true", "enabled = false")
    assert [s.id for s in queries.load(folder).technologies] == [
        "aspi44",
        "aspi64",
        "aspi74",
        "mine",
    ]


def test_a_set_holds_what_it_includes(folder, asked):
    """44 ⊂ 64 ⊂ 74, each defined once; with what has no definition they are the names ASPI gives.
    The areas come along.
    """
    sets = {s.id: s for s in asked.technologies}
    assert [s.enabled for s in asked.technologies] == [True, False, False]
    assert [len(s.technology) for s in asked.technologies] == [44, 60, 69]
    assert sets["aspi74"].technology[:60] == sets["aspi64"].technology
    assert sets["aspi64"].technology[:44] == sets["aspi44"].technology
    assert sets["aspi74"].eu10 == sets["aspi44"].eu10
    assert [len(sets[i].no_definition) for i in ("aspi64", "aspi74")] == [4, 5]
    assert sets["aspi64"].marked("radar") == "indicative"


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        (
            'includes = "aspi44"',
            'includes = "aspi4"',
            "'aspi64': includes: no set 'aspi4', did you mean 'aspi",
        ),
        ('includes = "aspi44"', 'includes = "aspi74"', "includes this set in turn"),
        (
            "core_min_score = 0.5",
            "core_min_score = 0.7",
            "'aspi64': core_min_score: 0.7, and 0.5 in 'aspi44', which it includes",
        ),
        ('id = "radar"', 'id = "coatings"', "technology.id: listed twice: coatings"),
    ],
)
def test_a_set_that_cannot_be_completed_is_told(folder, was, now, said):
    """An unknown set, a circle, another threshold and a technology of both are each a fault of the
    file that includes.
    """
    edit(folder, "technologies/aspi64.toml", was, now)
    told = refusal(folder)
    assert said in told
    assert "\n" not in told


def test_no_folder_and_no_text_are_refused(folder, tmp_path):
    """A missing folder, a folder in a file's place and bytes that are no text are each one line."""
    with pytest.raises(QueryError, match="coauth init"):
        queries.load(tmp_path / "nowhere")
    (folder / "scope.toml").unlink()
    (folder / "scope.toml").mkdir()
    (folder / "groups.toml").write_bytes(b"\xff\xfe")
    said = refusal(folder)
    assert "scope.toml: Is a directory" in said
    assert "groups.toml: not TOML" in said


def test_the_fingerprint_knows_every_byte(folder, asked):
    """The same files give the same fingerprint anywhere; one byte or one file's name gives another."""
    assert queries.load(folder).fingerprint == asked.fingerprint
    seen = {asked.fingerprint}
    for path in sorted(p for p in folder.rglob("*") if p.suffix in {".toml", ".sql"}):
        before = path.read_bytes()
        path.write_bytes(before + b"\n")
        seen.add(queries.load(folder).fingerprint)
        path.write_bytes(before)
    (folder / "sql/edges.sql").rename(folder / "sql/edge.sql")
    seen.add(queries.load(folder).fingerprint)
    assert len(seen) == 2 + sum(p.suffix in {".toml", ".sql"} for p in folder.rglob("*"))


def test_the_scope_decides_whether_a_harvest_goes_on(asked):
    """What is harvested changes the scope's fingerprint; what only counts later (title, last year,
    K) does not.
    """
    scope = asked.scope
    for same in (
        {"title": "x"},
        {"last_year": 2025},
        {"max_institutions": 60},
        {"preliminary_years": 0},
        {"types": scope.types[::-1]},
    ):
        assert scope.model_copy(update=same).fingerprint == scope.fingerprint
    for other in ({"countries": ("DK", "GL")}, {"first_year": 2012}, {"types": scope.types[:-1]}):
        assert scope.model_copy(update=other).fingerprint != scope.fingerprint


def test_preliminary_years_are_the_last_measured_ones(asked):
    """Two preliminary years of 2011–2024 are 2023 and 2024; none are none."""
    assert asked.scope.model_copy(update={"preliminary_years": 2}).preliminary == {2023, 2024}
    assert asked.scope.model_copy(update={"preliminary_years": 0}).preliminary == set()


def test_disabled_lists_are_no_table(asked):
    """SQL sees entries, exclusions and areas of enabled lists only."""
    off = asked.model_copy(
        update={
            "watchlists": tuple(w.model_copy(update={"enabled": False}) for w in asked.watchlists),
            "technologies": tuple(
                t.model_copy(update={"enabled": False}) for t in asked.technologies
            ),
        }
    )
    names = ("entries", "unlisted_descendants", "technology_areas")
    assert [off.tables()[n].num_rows for n in names] == [0, 0, 0]
    assert [asked.tables()[n].num_rows > 0 for n in names] == [True, True, True]
    assert off.tables()["entries"].schema == asked.tables()["entries"].schema


def test_the_home_country_is_no_partner(asked):
    """No partner group holds a country of the scope, and Hong Kong, Macao and Taiwan are in no
    group but the one that says so.
    """
    members = {g.id: set(g.countries) for g in asked.groups.group}
    assert not set(asked.scope.countries) & set().union(*members.values())
    assert [g for g, c in members.items() if c & {"HK", "MO"}] == ["china-hk-mo"]
    assert members["china"] == {"CN"}


def test_every_topic_of_a_technology_exists(asked, real_records):
    """Every core and gated topic id of the shipped technologies is one of OpenAlex's 4,516 topics,
    and none is both.
    """
    with (real_records / "openalex/topics.csv").open(encoding="utf-8") as file:
        known = {row["topic_id"]: row["topic_name"] for row in csv.DictReader(file)}
    assert len(known) == 4_516
    for technology in (t for s in asked.technologies for t in s.technology):
        assert not set(technology.core_topics) & set(technology.gated_topics), technology.id
        assert {*technology.core_topics, *technology.gated_topics} <= set(known), technology.id


def test_the_names_beside_topic_ids_are_theirs(real_records):
    """A comment naming a topic names the topic of that id, so that a reviewer reads what the rule
    does.
    """
    with (real_records / "openalex/topics.csv").open(encoding="utf-8") as file:
        known = {
            row["topic_id"]: {row["topic_name"], row["topic_name_2025_02"]}
            for row in csv.DictReader(file)
        }
    said = [
        s
        for path in sorted(SHIPPED.glob("technologies/*.toml"))
        for s in re.findall(r'"(T\d+)",\s*# (.+)', path.read_text("utf-8"))
    ]
    assert len(said) > 400
    assert [s for s in said if s[1].strip() not in known[s[0]]] == []


def test_the_seven_are_the_seven(asked, real_records):
    """The MIIT list holds exactly the seven universities, each with its own OpenAlex id and ROR."""
    with (real_records / "lists/miit_seven_sons.csv").open(encoding="utf-8") as file:
        known = list(csv.DictReader(file))
    wanted = {(r["key"], r["openalex"], r["ror"]) for r in known}
    miit = next(w for w in asked.watchlists if w.enabled)
    assert {(e.id, e.openalex, e.ror) for e in miit.entry} == wanted
    assert len(wanted) == 7


def test_every_campus_a_source_names_is_sought(asked, real_records):
    """All 51 names of the seven and their campuses on the US Entity List would be candidates of
    `flags check`, each of its own university.
    """
    with (real_records / "lists/miit_seven_sons.csv").open(encoding="utf-8") as file:
        named = [
            (r["key"], name)
            for r in csv.DictReader(file)
            for name in r["bis_entity_list_aliases"].split("; ")
        ]
    entries = [
        (e.id, n)
        for w in asked.watchlists
        if w.enabled
        for e in w.entry
        for n in (e.name, *e.aliases)
    ]
    sought = Phrases(n for _, n in entries)
    assert [
        (key, name)
        for key, name in named
        if {entries[i][0] for i, _, _ in sought.find(fold(name))} != {key}
    ] == []
    assert len(named) == 51


def test_every_fault_of_the_roll_up_is_named_at_once(folder):
    """A misspelt key and two wrong sums are three lines; where every entry is right by itself, all
    crossings are told together.
    """
    edit(folder, "institutions.toml", "drop_ancestors", "drop_ancestor")
    edit(folder, "institutions.toml", "= 0.3334", "= 0.4")
    edit(folder, "institutions.toml", "= 0.5,", "= 0.6,")
    said = refusal(folder).splitlines()
    for fault in (
        "drop_ancestor: unknown key",
        "drop_ancestors: Field required",
        "joint.0: Value error, weights: sum to 1.0666",
        "joint.1: Value error, weights: sum to 1.1",
    ):
        assert sum(f"institutions.toml: {fault}" in line for line in said) == 1, fault
    shutil.copy(SHIPPED / "institutions.toml", folder / "institutions.toml")
    edit(folder, "institutions.toml", "https://ror.org/04jewc589", "https://ror.org/02cdjts56")
    edit(folder, "institutions.toml", "https://ror.org/040ck2b86", "https://ror.org/00ey0ed83")
    (line,) = refusal(folder).splitlines()
    assert "successors: https://ror.org/02cdjts56 is itself succeeded" in line
    assert "associated: https://ror.org/00ey0ed83 is under components too" in line


def test_the_roll_up_is_what_ror_says(asked, real_records):
    """Components and joint ones are ROR children of where they go, sites by name aside; associated
    are the healthcare partners of a university.
    """
    with (real_records / "ror/ror_dk_relations.csv").open(encoding="utf-8") as file:
        told = list(csv.DictReader(file))
    down = {(r["related_ror"], r["ror"]) for r in told if r["relation"] == "parent"}
    child = {(r["ror"], r["related_ror"]) for r in told if r["relation"] == "child"} | down
    across = {(r["ror"], r["related_ror"]) for r in told if r["relation"] == "related"}
    rollup, above = asked.rollup, {(below, over) for over, below in child}
    sites = {c.institution for c in rollup.components if "a site by its name" in c.source}
    assert {
        (c.institution, c.part_of) for c in rollup.components if c.institution not in sites
    } <= above
    assert len(sites) == 2
    for joint in rollup.joint:
        assert set(joint.weights) == {over for below, over in above if below == joint.institution}
    partners = {(a.institution, u) for a in rollup.associated for u in a.universities}
    through = {
        (a.institution, u)
        for a in rollup.associated
        for u in a.universities
        if "which is related" in a.source
    }
    related = across | {(b, a) for a, b in across}
    assert partners - related == through
    clinics = {r["ror"] for r in told if "healthcare" in r["types"] and r["status"] == "active"}
    assert {
        (i, u)
        for i, u in related
        if u in {u for _, u in partners} and i in clinics - rollup.into.keys()
    } <= partners


def test_successors_and_aliases_are_those_of_ror(asked, real_records):
    """Rolled up are exactly the Danish organisations that ROR gives a successor, into it; aliases
    are Danish and active in ROR.
    """
    with (real_records / "ror/ror_dk_relations.csv").open(encoding="utf-8") as file:
        told = list(csv.DictReader(file))
    gone = {
        (r["ror"], r["related_ror"])
        for r in told
        if r["relation"] == "successor" and r["status"] != "active"
    }
    assert {(s.institution, s.successor) for s in asked.rollup.successors} == gone
    assert set(asked.rollup.aliases.values()) <= {r["ror"] for r in told if r["status"] == "active"}
