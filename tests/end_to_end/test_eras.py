"""On which side of OpenAlex's replacements a vintage stands, and what is said, refused or left
out for it.
"""

import json
import shutil
from datetime import date, timedelta

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coauth import queries
from coauth.errors import HarvestMixed
from coauth.openalex import eras
from coauth.openalex.eras import BORDERS, MATCHER, TOPICS, Eras
from coauth.pipeline import report_inputs, status
from coauth.pipeline.build import build_tables
from coauth.pipeline.harvest import Source, harvest_pages
from coauth.pipeline.project import Project
from coauth.pipeline.quarter import write_quarter
from coauth.pipeline.vintage_tables import VintageTables, informed_queries
from coauth.report.context import ReportContext
from coauth.report.sections import headlines, revisions
from coauth.report.sections.technologies import technologies
from coauth.report.text import Words, bare
from coauth.storage import Cache
from tests.support.commands import coauth, project
from tests.support.sheets import empty_sheets
from tests.support.standin import StandIn
from tests.support.world import rows, work

DAYS = st.dates(date(2026, 8, 1), date(2026, 12, 1))
HIT = {"id": "I204983213", "country_code": "CN", "ror": "https://ror.org/01yqg2h08"}
QUANTUM = {
    "title": "Quantum computing with trapped ions: qubits of a new kind",
    "topics": ["T10682"],
}


@given(DAYS, DAYS)
def test_a_border_lies_between_two_days_or_not(one, other):
    """Fetched before, after or across: by the days alone, for both borders."""
    first, last = min(one, other), max(one, other)
    for border, era in zip(BORDERS, Eras.from_days(first, last), strict=True):
        sides = {
            day >= border.day
            for day in (first + timedelta(n) for n in range((last - first).days + 1))
        }
        assert era == {frozenset({False}): border.before, frozenset({True}): border.after}.get(
            frozenset(sides), "mixed"
        )


@given(st.one_of(st.none(), DAYS), st.lists(DAYS), st.booleans())
def test_of_records_from_disk_no_more_is_said_than_is_known(as_of, updated, undated):
    """Known without being told only where every record was updated on the far side; told
    falsely, it is not believed.
    """
    oldest = min(updated, default=None) if not undated else None
    for border, era in zip(
        BORDERS, Eras.from_records(as_of, oldest, max(updated, default=None)), strict=True
    ):
        surely_new = bool(updated) and not undated and all(day >= border.day for day in updated)
        refuted = (
            as_of is not None and as_of < border.day and any(day >= border.day for day in updated)
        )
        if as_of and not refuted:
            assert era == (border.after if as_of >= border.day else border.before)
        else:
            assert era == (border.after if surely_new else "unknown")


# -- a harvest across the day


RECORDS = [
    work(n, 2026, [["I1"], ["I30"]], publication_date=f"2026-{n:02d}-10") for n in range(1, 7)
]


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A project whose scope begins in 2026."""
    for name in ("OPENALEX_API_KEY", "COAUTH_OPENALEX_URL"):
        monkeypatch.delenv(name, raising=False)
    made = project(tmp_path / "project", quick=True)
    scope = made / "queries" / "scope.toml"
    scope.write_text(
        scope.read_text("utf-8")
        .replace("first_year = 2011", "first_year = 2026")
        .replace("last_year = 2024", "last_year = 2026"),
        "utf-8",
    )
    return made


def across(root, first, then):
    """A vintage of which two months were fetched on one day, the others on another."""
    with StandIn(RECORDS) as server:
        source = Source("api", url=server.url)
        vintage = harvest_pages(Project(root), source, today=first)
        for month in ("2026-03", "2026-04", "2026-05", "2026-06"):
            shutil.rmtree(vintage.path / "pages" / month)
        vintage.record(completed=None)
        return harvest_pages(Project(root), source, today=then)


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2026, 9, 27), "matcher 2023, topics v1"),
        (date(2026, 9, 28), "matcher 3.0, topics v1"),
        (date(2026, 10, 6), "matcher 3.0, topics v2"),
    ],
)
def test_a_vintage_of_one_day_stands_on_one_side(root, day, said):
    """In the manifest and in `status`, by the day of fetching."""
    with StandIn(RECORDS) as server:
        vintage = harvest_pages(Project(root), Source("api", url=server.url), today=day)
    assert str(vintage.eras) == said
    assert f"  eras       {said}" in status.lines(status.of_vintage(vintage, verify=False))
    assert (vintage.manifest.affiliation_matcher, vintage.manifest.topic_model) == tuple(
        vintage.eras
    )


def test_a_vintage_across_the_day_is_mixed(root, caplog):
    """Said when the harvest goes on, by `status` with numbers, and in the manifest; built only
    when allowed, and then in every output.
    """
    vintage = across(root, date(2026, 9, 26), date(2026, 9, 29))
    messages = [record.getMessage() for record in caplog.records]
    (warning,) = (m for m in messages if "--new begins a vintage of one kind" in m)
    assert warning.startswith(
        "vintage 2026-09-26 holds pages fetched before 2026-09-28, when OpenAlex"
    )
    assert vintage.manifest.affiliation_matcher == "mixed"
    slices = len(vintage.slices())
    assert (
        f"  eras       matcher mixed: {slices - 4} of {slices} slices fetched before 2026-09-28, "
        "topics v1" in list(status.lines(status.of_vintage(vintage, verify=False)))
    )
    with pytest.raises(
        HarvestMixed, match=r"harvest anew with `coauth harvest --new`, or give --allow-mixed"
    ):
        build_tables(Project(root), vintage)
    assert vintage.manifest.build is None
    refused = coauth(root, "build", check=False)
    assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1)
    coauth(root, "build", "--allow-mixed")
    told = Cache(root / "cache").find()
    assert told.built.mixed.startswith(
        f"{slices - 4} of {slices} slices were fetched before 2026-09-28"
    )
    assert b"mixed" in pq.read_schema(told.path / "tables" / "edges.parquet").metadata
    coauth(root, "export", "gexf", "-o", str(root / "x.gexf"))
    assert "mixed: YES" in (root / "x.gexf").read_text("utf-8")
    with empty_sheets():
        write_quarter(Project(root), told)
    page = next(root.glob("reports/*/report.html")).read_text("utf-8")
    assert "This harvest is MIXED" in page
    assert "Udtrækket er BLANDET" in next(root.glob("reports/*/report.da.html")).read_text("utf-8")
    assert (
        json.loads(next(root.glob("reports/*/run.json")).read_text("utf-8"))["affiliation_matcher"]
        == "mixed"
    )


def test_across_the_topics_alone_it_is_built_without_technologies(root, caplog):
    """Nothing is refused after the work is done: technologies are left out, and that is said."""
    vintage = across(root, date(2026, 10, 1), date(2026, 10, 7))
    assert tuple(vintage.eras) == ("3.0", "mixed")
    assert "the records' topics are v1 and v2" in caplog.text
    build_tables(Project(root), vintage)
    assert vintage.read("technologies").num_rows == 0


def test_a_slice_continued_on_another_day_is_of_both(root):
    """Its first page was fetched before the day; no page holds a clock."""
    many = [work(n, 2026, [["I1"], ["I30"]], publication_date="2026-01-10") for n in range(1, 231)]
    with StandIn(many) as server:
        source = Source("api", url=server.url)
        vintage = harvest_pages(Project(root), source, today=date(2026, 9, 27))
        part = vintage.slice("2026-01")
        before = {p.name: p.read_bytes() for p in part.path.iterdir()}
        (part.path / "slice.json").unlink()
        (part.path / "0003.json.gz").unlink()
        vintage.record(completed=None)
        vintage = harvest_pages(Project(root), source, today=date(2026, 9, 30))
    assert vintage.slice("2026-01").fetched == (date(2026, 9, 27), date(2026, 9, 30))
    assert {p.name: p.read_bytes() for p in part.path.iterdir()} == before
    assert vintage.eras.affiliation_matcher == "mixed"


def test_a_vintage_of_an_older_coauth_stands_where_its_dates_say(root):
    """Without days of slices and without `affiliation_matcher`: from the day it was begun to the
    one it was completed.
    """
    with StandIn(RECORDS) as server:
        vintage = harvest_pages(
            Project(root), Source("api", url=server.url), today=date(2026, 9, 20)
        )
    shutil.rmtree(vintage.path / "fetched")
    manifest = {k: v for k, v in vintage.manifest.plain().items() if k != "affiliation_matcher"}
    for completed, era in (("2026-09-27", "2023"), ("2026-09-30", "mixed")):
        (vintage.path / "manifest.json").write_text(json.dumps(manifest | {"completed": completed}))
        assert vintage.eras.affiliation_matcher == era


# -- records from disk


def saved(root, records, *options, name="records.jsonl"):
    """What `coauth harvest --from` says, and the vintage."""
    (root / name).write_text("\n".join(map(json.dumps, records)), "utf-8")
    cache = Cache(root / "cache")
    before = {v.name for v in cache.vintages()}
    done = coauth(root, "harvest", "--new", "--from", str(root / name), *options)
    (vintage,) = (v for v in cache.vintages() if v.name not in before)
    return done.stderr, vintage


@pytest.fixture
def disk(tmp_path):
    return project(tmp_path / "project", quick=True)


def of_day(day):
    return [work(1, 2020, [["I1"], [HIT]], updated_date=f"{day}T05:00:00.123456", **QUANTUM)]


def test_records_that_nobody_dated(disk):
    """`status` says that it is not known, and why; the build has no technology cues, and every
    reader is told so.
    """
    said, vintage = saved(disk, of_day("2026-05-03"))
    assert (
        "no technology cues: the definitions are for topics v2, the records' topics are not known"
        in said
    )
    shown = coauth(disk, "status").stdout
    assert "eras       matcher not known, topics not known" in shown
    assert (
        "the newest record was updated on 2026-05-03, which does not tell when it was fetched"
        in shown
    )
    assert "no technology cues" in coauth(disk, "build").stderr
    assert vintage.read("technologies").num_rows == 0
    assert "no technology cues" in coauth(disk, "explain", "--list", "miit").stdout
    assert "no technology cues" in coauth(disk, "explain", "--list", "aspi44", check=False).stderr
    assert "technologies: not measured" in coauth(disk, "flags", "pairs").stdout
    for command in (("sensitivity",), ("sample", "-o", str(disk / "sheet.csv"))):
        assert "no technology cues" in coauth(disk, "flags", *command, check=False).stderr
    for language, words in (
        ("en", "Technologies are not measured"),
        ("da", "Teknologier er ikke målt"),
    ):
        assert words in bare(technologies(context(disk, language)).parts[0].text)


def test_the_day_they_were_taken_makes_them_measured(disk):
    """With --as-of after both days the same records have their technology."""
    said, vintage = saved(disk, of_day("2026-05-03"), "--as-of", "2026-11-01")
    assert "no technology cues" not in said
    coauth(disk, "build")
    assert rows(vintage.read("technologies"), "technology_id")
    assert "matcher 3.0, topics v2" in coauth(disk, "status").stdout


def test_records_updated_since_are_of_the_new_models_whoever_says_what(disk):
    """All updated after both days: known without --as-of. A day that the records refute is not
    believed.
    """
    assert saved(disk, of_day("2026-11-02"))[1].eras == Eras("3.0", "v2")
    said, vintage = saved(
        disk,
        [*of_day("2026-05-03"), work(2, 2020, [["I1"]], updated_date="2026-11-02")],
        "--as-of",
        "2026-08-14",
        name="both.jsonl",
    )
    assert "records were updated until 2026-11-02, so not all were taken on 2026-08-14" in said
    assert vintage.eras == Eras("unknown", "unknown")


def test_a_set_for_each_era(disk):
    """Of two enabled sets each is used where its topics are; two of one era are refused."""
    old = (disk / "queries" / "technologies" / "aspi44.toml").read_text("utf-8")
    file = disk / "queries" / "technologies" / "old.toml"
    file.write_text(
        old.replace('id = "aspi44"', 'id = "old"', 1).replace(
            'topic_model = "v2"', 'topic_model = "v1"'
        ),
        "utf-8",
    )
    for day, list_id in (("2026-08-14", "old"), ("2026-11-20", "aspi44")):
        said, vintage = saved(disk, of_day("2026-05-03"), "--as-of", day)
        assert "no technology cues" not in said
        coauth(disk, "build", "--vintage", vintage.name)
        assert set(rows(vintage.read("technologies"), "list_id")) == {list_id}
        assert coauth(
            disk, "explain", "--list", list_id, "--vintage", vintage.name
        ).stdout.startswith("1 work")
    file.write_text(
        file.read_text("utf-8").replace('topic_model = "v1"', 'topic_model = "v2"'), "utf-8"
    )
    with pytest.raises(
        queries.QueryError, match=r"aspi44, old; enable one set at a time \(for topics v2\)"
    ):
        queries.load(disk / "queries")


# -- two vintages


def context(root, language, against=None):
    project = Project(root)
    vintage = project.cache.find()
    return ReportContext(
        VintageTables(vintage),
        informed_queries(project, vintage),
        report_inputs.of(project, vintage, against),
        Words(language),
    )


def american(number, **told):
    return work(number, 2020, [["I1"], ["I30"]], topics=["T10028"], **told)


OLD = [
    american(1),
    american(2),
    american(3),
    work(4, 2020, [["I1"], [HIT]]),
    work(5, 2020, [["I1"], ["I30"]], type="article"),
]
NEW = [
    american(1),
    work(2, 2020, [["I1"], ["I20"]], topics=["T10029"]),
    work(4, 2020, [["I1"], ["I10"]]),
    work(5, 2019, [["I1"], ["I30"]], type="review"),
    american(6),
]


def pair(root, *days):
    """The two sides built, by the days they were taken (None: nobody said)."""
    names = []
    for records, day in zip((OLD, NEW), days, strict=True):
        _, vintage = saved(
            root, records, *(["--as-of", day] if day else []), name=f"{len(names)}.jsonl"
        )
        coauth(root, "build", "--vintage", vintage.name)
        names.append(vintage.name)
    return names


def causes(said):
    return {r["cause"] for r in said["headline"]}


def test_two_vintages_of_one_side_are_compared_in_all(disk):
    names = pair(disk, "2026-08-14", "2026-08-20")
    said = json.loads(coauth(disk, "compare", *names, "--json").stdout)
    assert said["comparable"] == {MATCHER.key: "same", TOPICS.key: "same"}
    assert said["counts"] == {
        "new": 1,
        "removed": 1,
        "changed": 3,
        "changed year": 1,
        "changed type": 1,
        "changed inclusion": 0,
        "changed affiliations": 2,
        "changed topics": 1,
    }
    assert causes(said) == {"added", "removed", "re-affiliated", "re-dated"}


def unwrapped(text):
    """What was printed, without the ends of lines that the width of a terminal gives."""
    return " ".join(text.split())


def test_across_the_border_no_change_is_told_that_may_be_the_matchers(disk):
    """`compare` says first what is not comparable; works that moved for themselves are still
    told. The report says it in both languages.
    """
    names = pair(disk, "2026-08-14", "2026-11-20")
    shown = unwrapped(coauth(disk, "compare", *names).stdout)
    assert shown.startswith(
        "not comparable: institutions, pairs, centralities, cues and lists (countries less so)"
    )
    assert "not comparable: technologies and fields" in shown
    assert "affiliations not comparable, topics not comparable" in shown
    assert "list:" not in shown
    table = shown[shown.index("cause") :].splitlines()[0]
    assert table.index("affiliation matcher replaced") < table.index("re-dated")
    said = json.loads(coauth(disk, "compare", *names, "--json").stdout)
    assert said["counts"]["changed affiliations"] is None
    assert [(w["work_id"], w["kind"]) for w in said["works"]] == [
        ("W3", "removed"),
        ("W5", "changed"),
        ("W6", "new"),
    ]
    assert causes(said) == {"affiliation matcher replaced", "re-dated"}
    for language, says, cause in (
        ("en", "Not comparable: works with listed", "New affiliation matcher"),
        ("da", "Kan ikke sammenlignes: publikationer med listede", "Ny affilieringskobling"),
    ):
        now = context(disk, language)
        section = revisions.revisions(now)
        assert any(bare(p.text).startswith(says) for p in section.parts if p.part == "text")
        listing = next(p for p in section.parts if p.part == "listing")
        assert not any(s.startswith("list:") for s in listing.data["series"])
        assert now.words("cause.affiliation_matcher_replaced") == cause
        listed = next(h for h in headlines(now) if now.series_name("list:miit") in bare(h.label))
        assert bare(listed.since) == bare(now.words("since.matcher_replaced", against=names[0]))


def test_where_one_side_is_not_known_it_cannot_be_told(disk):
    names = pair(disk, "2026-08-14", None)
    shown = unwrapped(coauth(disk, "compare", *names).stdout)
    assert shown.startswith(
        "cannot be told: whether a change of institutions, pairs, centralities, cues and lists"
    )
    said = json.loads(coauth(disk, "compare", *names, "--json").stdout)
    assert said["counts"]["changed affiliations"] == 2, (
        "a difference of the records is one, whatever made it"
    )
    assert causes(said) == {"affiliation matcher not known", "re-dated"}
    assert "kan ikke siges" in " ".join(
        bare(p.text) for p in revisions.revisions(context(disk, "da")).parts if p.part == "text"
    )


def test_the_same_vintage_has_no_border_in_it(disk):
    name = pair(disk, None, None)[0]
    assert coauth(disk, "compare", name, name).stdout == f"{name} and {name} hold the same works\n"


def test_a_list_of_another_era_is_told(asked):
    """By the queries as asked of a vintage: off, with its reason, and without it nothing is
    asked of SQL.
    """
    now = asked.of_topics("v1")
    assert not any(s.enabled for s in now.technologies)
    assert now.tables()["technology_areas"].num_rows == 0
    assert (
        now.no_cues
        == "no technology cues: the definitions are for topics v2, the records' topics are v1"
    )
    assert asked.of_topics("v2").no_cues == ""
    assert asked.of_topics("v2").fingerprint == now.fingerprint == asked.fingerprint
    assert eras.not_comparable(("a", Eras("mixed", "v2")), ("b", Eras("3.0", "v2")))[0].startswith(
        "not comparable: institutions"
    )
