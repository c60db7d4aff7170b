"""Another country's questions under this scope: told once, tested on nothing, and a home country
that is nobody's partner.
"""

import json
import re

import pytest

from coauth.pipeline.project import Project
from coauth.queries import elsewhere
from coauth.report import text
from coauth.stages import events
from coauth.storage.disk import seal
from coauth.tables import schemas
from tests.support.commands import coauth, project
from tests.support.events import dated, harvest
from tests.support.sheets import empty_sheets
from tests.support.world import rows, work

BEIHANG = {
    "id": "I82880672",
    "country_code": "CN",
    "display_name": "Beihang University",
    "ror": "https://ror.org/00wk2mp56",
}
YEARS = range(2011, 2025)
TEAMS = [
    *[[[BEIHANG]]] * 3,
    *[[[BEIHANG], ["I10"]]] * 2,
    *[[[BEIHANG], ["I1"]]] * 3,
    *[[["I11"], ["I2"]]] * 2,
    *[[["I10"]]] * 6,
    *[[["I11"], ["I30"]]] * 3,
    [["I10"], ["I50"]],
]
"""A year of scope CN: 20 works, 8 of the listed university (3 of them international), 9
international.
"""


def records(*, bare=False):
    """The same every year; `bare`: without a topic and without a type of any institution, as old
    and trimmed records are.
    """
    made = [
        work(n, year, team, topics=() if bare else ("T10000",))
        for n, (year, team) in enumerate(((y, t) for y in YEARS for t in TEAMS), 1)
    ]
    for place in (p for r in made if bare for a in r["authorships"] for p in a["institutions"]):
        place["type"] = None
    return made


def of(asked, *countries, title="International research collaboration"):
    return asked.model_copy(
        update={"scope": asked.scope.model_copy(update={"countries": countries, "title": title})}
    )


# -- what is told


def test_the_shipped_questions_are_denmarks_own(asked):
    assert elsewhere.notices(asked, text.countries()) == []


def test_each_is_told_once(asked):
    """Title, groups, events and references of another country; what is of both is not told."""
    swedish = elsewhere.notices(of(asked, "SE", title=asked.scope.title), text.countries())
    assert [re.match(r"(\S+) (?:'([\w-]+)')?", n).groups() for n in swedish] == [
        ("scope.toml:", None),
        ("groups.toml:", "europe"),
        ("groups.toml:", "nordic"),
        ("events.toml:", "russia-suspension"),
        ("events.toml:", "uris"),
        ("reference/:", "dfir-brief-56"),
        ("reference/:", "openalex-2024-08"),
    ]
    assert "the title names Denmark" in swedish[0]
    assert "it is counted without it, as NO, FI, IS" in swedish[2]
    chinese = elsewhere.notices(of(asked, "CN"), text.countries())
    assert any(
        n.startswith("groups.toml: 'china' (China) holds CN, which is home here: it is left out")
        for n in chinese
    )
    assert sum(n.startswith("events.toml") for n in chinese) == len(asked.events.event)


@pytest.mark.parametrize(
    ("title", "told"),
    [
        ("Sveriges samarbejde", False),
        ("Sweden's works with China", False),
        ("Research collaboration", False),
        ("Danmarks samarbejde", True),
        ("Denmark’s works", True),
        ("THE UNITED STATES' WORKS", True),
        ("Iranian studies in a journal", False),
    ],
)
def test_a_title_is_another_countrys_where_it_names_only_others(asked, title, told):
    assert (
        any(
            "the title names" in n
            for n in elsewhere.notices(of(asked, "SE", title=title), text.countries())
        )
        is told
    )


def test_queries_check_and_the_start_of_a_harvest_tell(tmp_path):
    """Exit 0: it is a notice and no fault; as JSON in its own list; on stderr at the start of a
    harvest, unless -q.
    """
    root = project(tmp_path, quick=True)
    scope = root / "queries" / "scope.toml"
    assert "notice" not in coauth(root, "queries", "check").stdout
    scope.write_text(scope.read_text("utf-8").replace('["DK"]', '["SE"]'), "utf-8")
    printed = coauth(root, "queries", "check").stdout
    assert (
        printed.count("notice: ")
        == len(json.loads(coauth(root, "queries", "check", "--json").stdout)["notices"])
        == 7
    )
    (root / "records.jsonl").write_text(
        json.dumps(work(1, 2020, [["I20"], ["I1"]])) + "\n", "utf-8"
    )
    words = ("harvest", "--from", str(root / "records.jsonl"))
    assert coauth(root, *words, "-q").stderr.count("notice: ") == 0
    done = coauth(root, *words)
    assert done.stderr.count("notice: scope.toml: the title names Denmark") == 1
    assert "notice" not in done.stdout


# -- groups and dates


def test_home_is_no_partner(world):
    """Taken out of its groups; a group of nothing else has no series."""
    made = world(
        work(1, 2020, [["I20"], ["I60"]]),
        work(2, 2020, [["I20"], ["I21"]]),
        scope={"countries": ("SE",)},
    )
    counted = {
        g: n
        for g, b, y, n in rows(made.copublications, "group_id", "basis", "year", "works")
        if (b, y) == ("union", 2020)
    }
    assert (counted["nordic"], counted["europe"], counted["international"], counted["china"]) == (
        1,
        1,
        1,
        0,
    )
    assert {
        g.id: "SE" in g.countries for g in made.asked.partners if g.id in ("nordic", "europe")
    } == {"nordic": False, "europe": False}
    at_home = world(work(1, 2020, [["I10"], ["I50"]]), scope={"countries": ("CN",)})
    assert "china" not in rows(at_home.copublications, "group_id")
    assert at_home.asked.companion("miit") is None


def test_dates_of_others_are_not_tested(asked):
    """A policy of DK is tested on DK's works and on nobody else's; one without countries on
    everybody's; one of DK and SE on those of both.
    """
    made = harvest([40] * 14, [90] * 14)
    told = dated("china")
    for whose, home, tested in (
        ((), "SE", True),
        (("DK",), "DK", True),
        (("DK",), "SE", False),
        (("DK", "SE"), ("SE", "DK"), True),
        (("DK",), ("SE", "DK"), False),
    ):
        event = told.event[0].model_copy(update={"countries": whose})
        countries = (home,) if isinstance(home, str) else home
        found = made.regress(
            told.model_copy(update={"event": (event,)}), asked, countries=countries
        ).events
        assert (found.num_rows > 0) is tested, (whose, home)
    assert [e.id for e in of(asked, "SE").event_table()] == [
        "eu-critical-technologies",
        "eu-research-security",
    ]
    assert [e.id for e in of(asked, "NO").events_elsewhere()] == [e.id for e in asked.event_table()]


def test_a_list_at_home_is_tested_against_all_other_works(asked):
    """Of 30 works a year with the list 10 are international: the rest are the 90 other works, not
    the 40 other international ones.
    """
    made = harvest([0] * 14, [0] * 14)
    for year in YEARS:
        made.add(year, 10, "list:miit")
        made.add(year, 40)
        for international in (20, 50):
            before = len(made.members)
            made.add(year, international, *(["list:miit"] if international == 20 else []))
            made.members[before:] = [
                m for m in made.members[before:] if m["group_id"] != "international"
            ]
    members, when = (
        schemas.MEMBERSHIPS.of(made.members),
        events._when(schemas.WORKS.of(made.works), asked.scope),
    )
    series = events._against_the_rest("list:miit", members, when)
    assert (len(series.group), len(series.against)) == (30 * 14, 90 * 14)


# -- the report of a country where the listed ones are at home


@pytest.fixture(scope="module", params=[False, True], ids=["whole", "bare"])
def chinese(request, tmp_path_factory):
    root = project(tmp_path_factory.mktemp("china"), quick=True)
    for file, old, new in (
        ("scope.toml", '["DK"]', '["CN"]'),
        ("scope.toml", "Denmark's", "China's"),
    ):
        path = root / "queries" / file
        path.write_text(path.read_text("utf-8").replace(old, new, 1), "utf-8")
    (root / "records.jsonl").write_text(
        "".join(json.dumps(r) + "\n" for r in records(bare=request.param)), "utf-8"
    )
    coauth(root, "harvest", "--from", str(root / "records.jsonl"), "--as-of", "2026-11-30", "-q")
    coauth(root, "build", "-q")
    with empty_sheets():
        coauth(root, "report")
    return root, request.param


def page(root, language):
    name = {"en": "report.html", "da": "report.da.html"}[language]
    html = next((root / "reports").glob(f"*/{name}")).read_text("utf-8")
    return re.sub(
        r"\s+", " ", re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<(script|style|svg).*?</\1>", "", html))
    ).replace("&#39;", "'")


def test_shares_have_a_base_that_contains_them(chinese):
    """8 of the 20 works of a year, not 8 of 9 international ones; each group of the 9."""
    root, _ = chinese
    table = Project(root).cache.find().read("copublications")
    found = {
        (g, b): (n, base, s)
        for y, g, b, n, base, s in rows(
            table, "year", "group_id", "basis", "works", "base", "share"
        )
        if y == 2020
    }
    assert found["list:miit", "institution"] == (8, "all", 8 / 20)
    assert found["usa", "union"] == (3, "international", 3 / 9)
    assert found["russia", "union"] == (0, "international", 0)


def test_the_report_says_nothing_false_of_home(chinese):
    """Both languages: the base by its name, no China among the partners, no Danish date, and what a
    listed end is.
    """
    root, _ = chinese
    english, danish = page(root, "en"), page(root, "da")
    for said in (
        "Share of all works: 40.0",
        "The group “China” is left out: a country is no partner of its own",
        "the share is of all works counted",
        "held against no national total",
        "Policy dates of other countries, neither drawn nor tested here: 1 March 2022: Danish universities suspend",
        "No policy date in queries/events.toml is one of this country",
        "Pairs of a domestic and a foreign institution, one of them listed",
        "Beihang University (listed: Beihang University)",
    ):
        assert said in english.replace("\N{NO-BREAK SPACE}", " "), said
    for said in (
        "Gruppen »Kina« er udeladt",
        "andelen er af alle talte publikationer",
        "hverken tegnet eller prøvet her",
        "ikke holdt op imod nationale tal",
        "på listen: Beihang",
    ):
        assert said in danish.replace("\N{NO-BREAK SPACE}", " "), said
    assert "Share of international works 95" not in english  # Figure 2's column
    for false in (
        "Denmark",
        "StatBank",
        "DFIR",
        "of a domestic and a listed institution",
        "with their country",
    ):
        assert false not in english, false


def test_what_no_record_tells_is_not_told_as_none(chinese):
    root, bare = chinese
    english, danish = page(root, "en"), page(root, "da")
    for said in (
        "No record has topics, so of technologies nothing is known",
        "No record has topics: fields",
        "No record has types of institutions",
    ):
        assert (said in english) is bare, said
    for said in (
        "Ingen post har emner, så om teknologier vides intet",
        "Ingen post har emner: felter",
        "Ingen post har institutionstyper",
    ):
        assert (said in danish) is bare, said
    assert ("No works with listed institutions in a technology area" in english) is not bare
    told = "No record of this vintage has topics"
    for words in (
        ["flags", "pairs"],
        ["flags", "sensitivity"],
        ["explain", "--list", "miit"],
        ["explain", "--list", "aspi44"],
        ["explain", "I82880672", "I1"],
    ):
        done = coauth(root, *words, check=False)
        assert (told in " ".join(f"{done.stdout} {done.stderr}".split())) is bare, words


def test_explain_says_of_each_work_why_it_is_there(chinese):
    """A work of the listed institution alone has no pair and no cue, and is there all the same."""
    root, _ = chinese
    works = json.loads(coauth(root, "explain", "--list", "miit", "--year", "2020", "--json").stdout)
    assert len(works) == 8
    assert all(
        [(x["institution_id"], x["entry_id"], x["match_method"]) for x in w["listed"]]
        == [("I82880672", "beihang", "id")]
        for w in works
    )
    assert (
        sorted((len(w["cues"]), w["listed"][0]["alone"]) for w in works)
        == [(0, True)] * 3 + [(1, False)] * 5
    )
    printed = " ".join(coauth(root, "explain", "--list", "miit", "--year", "2020").stdout.split())
    assert (
        printed.count(
            "here by I82880672 Beihang University is on miit/beihang, by id; no other institution is on the work, so it makes no pair"
        )
        == 3
    )
    assert printed.count("watchlist miit/beihang") == 5


def test_files_are_held_against_no_national_total(chinese):
    root, _ = chinese
    assert (
        "figure 1   held against nothing: records from files are an unknown part of the country's works"
        in coauth(root, "status").stdout
    )
    (told,) = json.loads(coauth(root, "status", "--json").stdout)["vintages"]
    assert (told["coherence"], told["part"]) == (None, True)


@empty_sheets()
def test_a_public_edition_has_the_base_too(chinese):
    """Its shares are of counts that it shows: of all works for the list, as in the internal
    edition.
    """
    root, _ = chinese
    (root / "cache/rounding.key").write_bytes(seal({"key": bytes(range(32)).hex()}))
    coauth(root, "report", "--profile", "public", "--language", "en")
    folder = next((root / "reports").glob("*-public"))
    lines = (folder / "tables" / "figure-2.csv").read_text("utf-8").splitlines()
    header = lines[0].split(",")
    shown = [dict(zip(header, line.split(","), strict=True)) for line in lines[1:]]
    assert {r["base"] for r in shown} == {"all"}
    told = [r for r in shown if r["share"]]
    for r in told:
        total = float(r["works"]) / float(r["share"])
        assert total == pytest.approx(5 * round(total / 5), abs=1e-6)
    works = sum(float(r["works"]) for r in told)
    total = sum(float(r["works"]) / float(r["share"]) for r in told if float(r["share"]))
    assert 0.2 < works / total < 0.7  # two fifths, before both were rounded
