"""What became of every record: the same numbers after harvest, in status, after build and in the
report, and never a word too much.
"""

import json
import re
from datetime import date

import pytest

from coauth.pipeline.harvest import Source, harvest_pages
from coauth.pipeline.project import Project
from tests.support.commands import CHECKOUT, coauth, project
from tests.support.harvests import WORLD
from tests.support.standin import Fault, StandIn
from tests.support.world import work

ROOT = CHECKOUT
FEW = [
    work(7_000_000_001, 2018, [["I1"], ["I20"]]),
    work(7_000_000_002, 2018, [["I1"], ["I20"]]),
    work(7_000_000_003, 2018, [["I1"], ["I20"]], publication_year="2018"),
    work(7_000_000_005, 2018, [["I1"]], id=None),
    work(7_000_000_006, 2018, [["I1"]], id="https://openalex.org/A5000000001"),
    work(7_000_000_007, 2018, [["I1"]], type=None),
]
BROKEN = '{"id": "https://openalex.org/W7000000004", "title": "cut'


@pytest.fixture
def root(tmp_path):
    return project(tmp_path / "project", quick=True)


def saved(path, records, *more):
    path.write_text("\n".join([*map(json.dumps, records), *more]) + "\n")
    return path


def account(text):
    """The lines that account for records, without what stands beside them."""
    names = ("records", "left out", "noted", "passed over")
    return [
        re.sub(r"\s+", " ", line.strip())
        for line in text.splitlines()
        if line.strip().startswith(names)
    ]


def test_harvest_status_and_build_say_the_same(root, tmp_path):
    """Seven records of which four are no works: three commands give one account, and the page on
    records shows it as it is printed.
    """
    file = saved(tmp_path / "saved.jsonl", FEW, BROKEN)
    said = [
        coauth(root, *words)
        for words in (("harvest", "--from", str(file)), ("status",), ("build",))
    ]
    told = [account(run.stdout) for run in said]
    assert told[0] == told[1] == told[2]
    quoted = (
        (ROOT / "coauth" / "docs" / "howto" / "records.md")
        .read_text("utf-8")
        .partition("$ coauth harvest --from saved.jsonl\n")[2]
        .partition("```")[0]
    )
    assert account(quoted) == told[0]
    assert len(told[0]) == 5


def test_sixty_of_a_hundred_records_that_cannot_be_read(root, tmp_path):
    """Every command says how many were lost, and why; what is left is built."""
    good = [work(n, 2018, [["I1"], ["I20"]]) for n in range(1, 41)]
    file = saved(
        tmp_path / "w.jsonl", good, *[BROKEN.replace("004", f"{n:03d}") for n in range(100, 160)]
    )
    expected = [
        "records 100 records, 40 works in scope",
        "left out 60 records: unreadable record: no JSON (W7000000100, W7000000101, W7000000102 …)",
    ]
    for command in (("harvest", "--from", str(file)), ("status",), ("build",)):
        assert account(coauth(root, *command).stdout) == expected
    manifest = json.loads(next((root / "cache").glob("*/manifest.json")).read_text())
    assert (
        manifest["account"]["dropped"]
        == manifest["build"]["losses"]["works"]["dropped"]
        == {"unreadable record: no JSON": 60}
    )


def test_files_passed_over_are_named_by_every_command(root, tmp_path):
    """In a folder of one good file and a note, the note is named with what it is."""
    folder = tmp_path / "folder"
    folder.mkdir()
    saved(folder / "good.jsonl", FEW[:2])
    (folder / "notes.txt").write_text("downloaded in October\n")
    for command in (("harvest", "--from", str(folder)), ("status",), ("build",)):
        assert "passed over notes.txt: plain text" in account(coauth(root, *command).stdout)


def test_records_outside_of_the_core_are_in_every_account(root, tmp_path):
    """They lie on no page, and no command may say that they were never there."""
    file = saved(tmp_path / "w.jsonl", [FEW[0], FEW[1] | {"is_xpac": True}])
    for command in (("harvest", "--from", str(file)), ("status",), ("build",)):
        told = account(coauth(root, *command).stdout)
        assert "passed over outside of OpenAlex's core (is_xpac): 1 record" in told


def test_types_may_be_missing_where_scope_says_so(root, tmp_path):
    """With "none" among the types a record without one is a work in scope; OpenAlex itself is not
    asked for it.
    """
    scope = root / "queries/scope.toml"
    scope.write_text(scope.read_text().replace('types = ["article"', 'types = ["none", "article"'))
    asked = Project(root).queries.scope
    assert "none" in asked.types
    assert "none" not in asked.served_types
    run = coauth(root, "harvest", "--from", str(saved(tmp_path / "w.jsonl", [FEW[0], FEW[5]])))
    assert account(run.stdout) == ["records 2 records, 2 works in scope"]


@pytest.mark.parametrize(
    "text",
    [
        b'"title": "cut \\ud83d"',
        b'"title": "1\\% of it"',
        b'"cited_by_count": NaN',
        b'"title": "a\x01b"',
    ],
    ids=str,
)
def test_a_spoiled_record_costs_itself_and_no_request(root, text):
    """A page that is no JSON for one record of it is asked for once; all works are stored, and the
    spoiled one is noted or named.
    """
    from coauth import openalex

    records = [json.dumps(work(n, 2020, [["I1"]])).encode() for n in (1, 2, 3)]
    records[1] = records[1].replace(b'"language": "en"', text)
    body = (
        b'{"meta": {"count": 3, "next_cursor": null}, "results": ['
        + b", ".join(records)
        + b'], "group_by": []}'
    )
    answer = openalex.read_response(body)
    kept = [openalex.keep(record) for record in answer.results]
    assert [w.id[-1] for w in kept] == ["1", "2", "3"]
    assert not any(w.damage for w in kept)
    for cut in range(1, len(body)):
        with pytest.raises(Exception, match=r".+"):
            openalex.read_response(body[:cut])


def test_a_harvest_accounts_for_itself(root):
    """Also over the API the manifest says what became of the records."""
    scope = root / "queries/scope.toml"
    scope.write_text(scope.read_text().replace("first_year = 2011", "first_year = 2020"))
    with StandIn(WORLD, faults=[Fault("http_503", nth=2)]) as server:
        vintage = harvest_pages(
            Project(root), Source("api", url=server.url), today=date(2020, 6, 15)
        )
    told = vintage.manifest.account.plain()
    assert told["records"] == 500 == told["works"] + sum(told["dropped"].values())


def test_what_stands_between_records_is_in_every_account(root, tmp_path):
    """Lines of a log and an error message are no records, and are told."""
    noise = "INFO: page 2", json.dumps({"error": "gone", "id": "https://openalex.org/W5"})
    file = saved(tmp_path / "w.jsonl", FEW[:2], *noise)
    for command in (("harvest", "--from", str(file)), ("status",), ("build",)):
        assert account(coauth(root, *command).stdout) == [
            "records 2 records, 2 works in scope",
            "passed over error messages: 1 piece",
            "passed over text between records: 1 piece",
        ]


def test_notes_of_records_that_are_left_out_are_told(root, tmp_path):
    """Also why a type is missing, and that no country is known of the institutions."""
    nowhere = [{"institutions": [{"id": "https://openalex.org/I1", "display_name": "A"}]}]
    records = [FEW[0], FEW[1] | {"type": ["article", "review"]}, FEW[2] | {"authorships": nowhere}]
    run = coauth(root, "harvest", "--from", str(saved(tmp_path / "w.jsonl", records)))
    assert account(run.stdout) == [
        "records 3 records, 1 work in scope",
        "left out 1 record: no country code on its institutions",
        "left out 1 record: no type on the record",
        "noted 1 record: publication_year: a text for a number, put right; the record is left out (W7000000003)",
        "noted 1 record: type: a list for a text, left empty; the record is left out (W7000000002)",
    ]


def test_what_no_record_says_is_said(root, tmp_path):
    """No retraction known is told as that, and a build without topics counts no technologies."""
    gone = ("is_retracted", "topics", "primary_topic")
    records = [{k: v for k, v in r.items() if k not in gone} for r in FEW[:2]]
    run = coauth(root, "harvest", "--from", str(saved(tmp_path / "w.jsonl", records)))
    assert account(run.stdout)[1:] == [
        "noted 2 works: is_retracted: not on the record, taken as not retracted"
    ]
    build = coauth(root, "build")
    assert "technologies: no record has topics" in build.stderr
    assert not re.search(r"technologies:? +0 rows", build.stderr + build.stdout)


def test_a_day_that_is_none_is_one_line(root, tmp_path):
    """It says what to write, and exits as wrong usage does."""
    run = coauth(root, "harvest", "--as-of", "2026-13-01", check=False)
    assert run.returncode == 2
    assert run.stderr.count("\n") == 1
    assert "2026-13-01 is no day; write it as 2026-10-20" in run.stderr
