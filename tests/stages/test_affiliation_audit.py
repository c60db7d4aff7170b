"""Whom affiliation strings name that no institution was matched to: a small world worked out by
hand, and how status tells it.
"""

import json
import random

import pytest
from click.testing import CliRunner

import coauth as package
from coauth import cli
from coauth.openalex import outlines, pack, records
from coauth.pipeline import status
from coauth.pipeline.audit import audit_affiliations
from coauth.pipeline.project import Project
from coauth.queries import RollUp, Watchlist
from coauth.stages import affiliation_audit
from coauth.stages.works import Reader
from coauth.storage import Cache
from tests.support.commands import coauth, project
from tests.support.vintages import entries
from tests.support.world import AS_OF, World, page, place, work

DTU, KU, HOSPITAL, BEIHANG = "I1", "I2", "I3", "I10"
NAMES = {
    DTU: "Technical University of Denmark",
    KU: "University of Copenhagen",
    HOSPITAL: "University of Copenhagen Hospital",
    BEIHANG: "Beihang University",
    "I20": "Lund University",
}
ROR = {i: place(i)["ror"] for i in NAMES}


def at(*ids, strings=()):
    """An author at these institutions; strings are (text, ids matched to it)."""
    return {
        "institutions": [place({"id": i, "display_name": NAMES[i]}) for i in ids],
        "countries": [],
        "affiliations": [
            {"raw_affiliation_string": text, "institution_ids": None if to is None else list(to)}
            for text, to in strings
        ],
    }


HOME = at(DTU, strings=[("Technical University of Denmark, 2800 Lyngby, Denmark", [DTU])])
ABROAD = at(
    "I20",
    BEIHANG,
    strings=[
        ("Lund University, Lund, Sweden", ["I20"]),
        ("Beihang University, Beijing, China", [BEIHANG]),
    ],
)
LIST = {
    "id": "mine",
    "name": "M",
    "name_da": "M",
    "enabled": True,
    "kind": "designation",
    "match": "strict",
    "source": "-",
    "version": "1",
    "retrieved": "2026-01-01",
    "licence": "-",
    "entry": [
        {"id": "beihang", "name": "Beihang University", "openalex": BEIHANG, "aliases": ["BUAA"]},
        {
            "id": "absent",
            "name": "Absent University",
            "ror": "https://ror.org/00zzzzz99",
            "aliases": ["ABSU"],
        },
    ],
}


@pytest.fixture
def questions(asked):
    rollup = RollUp(drop_ancestors=True, aliases={"DTU": ROR[DTU], "KU": ROR[KU]})
    return asked.model_copy(
        update={"watchlists": (Watchlist.model_validate(LIST, strict=False),), "rollup": rollup}
    )


def audited(questions, *several, size=5_000):
    """(rows by year, rows by institution) of records read in parts of `size`."""
    reader, whole = Reader(questions.scope, AS_OF), pack(page(*several))
    starts = range(0, len(several), size)
    parts = [reader.addresses([records(whole, "by hand")[n : n + size]])[0] for n in starts]
    made = affiliation_audit.survey(parts, questions)
    return made.years.to_pylist(), made.institutions.to_pylist()


def named(questions, *strings):
    """(list, institution) named by strings of a work that no institution was matched to, beside
    works that show names and places.
    """
    known = [
        work(
            900 + n,
            2020,
            [HOME, at(i, strings=[(f"{NAMES[i]}, Copenhagen, Denmark", [i])]), ABROAD],
        )
        for n, i in enumerate((KU, HOSPITAL))
    ]
    _, rows = audited(
        questions, *known, work(1, 2021, [HOME, at(strings=[(s, []) for s in strings])])
    )
    return {(r["list_id"], r["institution_id"]) for r in rows if r["works_named"]}


def test_mentions_by_hand(questions):
    """Whom strings on a work name that it was not matched to: a work where nobody else is missing,
    one where somebody is, one that another string matches, one of a list.
    """
    lost = at(strings=[("Physics, Technical University of Denmark, Lyngby", [])])
    listed = at(strings=[("School of Physics, Beihang University", [])])
    several = [
        work(1, 2020, [at(KU, strings=[("University of Copenhagen", [KU])]), lost]),
        work(2, 2020, [HOME, lost]),
        work(3, 2021, [HOME, ABROAD]),
        work(4, 2021, [HOME, listed, at(strings=[("Elsewhere", [])])]),
    ]
    made = World(several, questions, watchlists=questions.watchlists, rollup=questions.rollup)
    ids = [w.rsplit("/", 1)[-1] for w in (several[0]["id"], several[3]["id"])]
    assert made.mentions.to_pylist() == [
        {"work_id": ids[0], "institution_id": DTU, "is_whole": True},
        {"work_id": ids[1], "institution_id": BEIHANG, "is_whole": False},
    ]


def test_no_string_is_unmatched(questions):
    assert (
        World([work(1, 2020, [HOME, ABROAD])], questions, rollup=questions.rollup).mentions.num_rows
        == 0
    )


def test_a_world_by_hand(questions):
    """Three years: what is matched in all, in part and not at all; a name missed, one missed beside
    a match, one of a list.
    """
    lost = at(strings=[("Physics, Technical University of Denmark, Lyngby", [])])
    listed = at(strings=[("School of Physics, Beihang University", []), ("Somewhere", [])])
    several = [
        work(1, 2019, [HOME, ABROAD]),
        work(2, 2020, [HOME, lost]),
        work(3, 2020, [at("I20", strings=[("Lund University, Sweden", ["I20"])]), lost, listed]),
        work(4, 2021, [lost, at(strings=[("Technical University of Denmark", [])])]),
        work(5, 2021, [HOME, at(strings=[("Elsewhere", [])])]),
        work(6, 2021, [HOME], type="dataset"),
        work(7, 1999, [HOME]),
        work(8, 2021, []),
    ]
    for size in (5_000, 1):
        years, institutions = audited(questions, *several, size=size)
        assert [list(y.values()) for y in years] == [
            # year, works, in scope, complete, partial, none, alone, domestic, listed
            [2019, 1, 1, 1, 0, 0, 0, 0, 0],
            [2020, 2, 1, 0, 2, 0, 2, 2, 1],
            [2021, 2, 1, 0, 1, 1, 2, 1, 0],
        ]
        assert [
            (
                r["year"],
                r["list_id"],
                r["institution_id"],
                r["works_matched"],
                r["works_named"],
                r["works_missed"],
                r["strings"],
            )
            for r in institutions
        ] == [
            (2019, "mine", BEIHANG, 1, 0, 0, 0),
            (2019, None, DTU, 1, 0, 0, 0),
            (2020, "mine", BEIHANG, 0, 1, 1, 1),
            (2020, None, DTU, 1, 2, 1, 1),
            (2021, None, DTU, 1, 1, 1, 2),
        ]
        assert {r["institution_id"]: r["name"] for r in institutions} == {
            DTU: NAMES[DTU],
            BEIHANG: "Beihang University",
        }


def test_the_longest_name_is_the_one_that_is_named(questions):
    """A hospital that bears the university's name is not the university; where both stand, both are
    named.
    """
    assert named(questions, "Surgery, University of Copenhagen Hospital, Denmark") == {
        (None, HOSPITAL)
    }
    both = "University of Copenhagen Hospital, and University of Copenhagen, Denmark"
    assert named(questions, both) == {(None, HOSPITAL), (None, KU)}
    assert named(
        questions, "UNIVERSITY OF COPENHAGEN; Denmark", "Technical University of Denmark"
    ) == {(None, KU), (None, DTU)}
    assert (
        named(questions, "Aniversity of Copenhagen", "Universities of Copenhagens", "Nowhere")
        == set()
    )


@pytest.mark.parametrize(
    ("string", "whom"),
    [
        ("DTU Physics, Lyngby", {(None, DTU)}),
        ("DTU, 2800 Kongens Lyngby, Denmark", {(None, DTU)}),
        ("DTU", set()),
        ("DTU Physics", set()),
        ("KU Leuven, Leuven, Belgium", set()),
        ("KU, Lund, Sweden", set()),
        ("ku, Denmark", set()),
        ("KUH, Denmark", set()),
        ("BUAA, Beijing, China", {("mine", BEIHANG)}),
        ("BUAA, Copenhagen, Denmark", set()),
        ("ABSU, Beijing, China", set()),
        ("Absent University, Lund, Sweden", {("mine", "https://ror.org/00zzzzz99")}),
        ("Beihang University, Lund, Sweden", {("mine", BEIHANG)}),
        ("University of Copenhagen, Beijing, China", set()),
        ("University of Copenhagen, Nowhere", {(None, KU)}),
    ],
)
def test_a_short_name_takes_a_place_beside_it(questions, string, whom):
    """A place is what this harvest's own matched strings end with; long domestic names are passed
    over beside others' places alone.
    """
    assert named(questions, string) == whom


def test_what_openalex_does_not_say_string_by_string_is_no_finding(questions):
    """In records of before 2024 an authorship has institutions and its strings have none: only one
    without any is unmatched.
    """
    old = work(
        1,
        2020,
        [
            at(DTU, strings=[("Technical University of Denmark", None)]),
            at(strings=[("University of Copenhagen", None)]),
        ],
    )
    mixed = work(
        2,
        2021,
        [
            at(
                DTU,
                strings=[
                    ("Technical University of Denmark", [DTU]),
                    ("Technical University of Denmark, Risø", []),
                ],
            )
        ],
    )
    years, _ = audited(questions, old, mixed)
    assert [(y["year"], y["works_alone"], y["works_domestic"]) for y in years] == [
        (2020, 1, 0),
        (2021, 1, 1),
    ]


def test_of_records_with_one_id_the_newest_is_audited(questions, tmp_path):
    """Read from a vintage's pages in any order: an older record's lost strings are of no concern."""
    older = work(
        1,
        2020,
        [HOME, at(strings=[("Technical University of Denmark", [])])],
        updated_date="2024-01-01",
    )
    newer = work(1, 2020, [HOME, HOME], updated_date="2026-01-01")
    for n, several in enumerate(([older, newer], [newer, older])):
        vintage = Cache(tmp_path / f"c{n}").create(
            "2026-11-20", **entries("2026-11-20", source={"kind": "files"})
        )
        for number, record in enumerate(several, 1):
            vintage.slice("from").write(number, page(record))
        made = audit_affiliations(_Asking(questions), vintage)
        assert [
            (y["works"], y["works_complete"], y["works_domestic"]) for y in made.years.to_pylist()
        ] == [(1, 1, 0)]


class _Asking:
    """A project of which only the questions matter."""

    def __init__(self, queries):
        self.queries = queries


@pytest.fixture
def root(tmp_path):
    """A harvest of three small records, not built."""
    made, lines = project(tmp_path / "project"), tmp_path / "works.jsonl"
    lost = at(strings=[("Technical University of Denmark, Lyngby, Denmark", [])])
    lines.write_text(
        "".join(
            json.dumps(w) + "\n"
            for w in (
                work(1, 2019, [HOME, ABROAD]),
                work(2, 2020, [HOME, lost]),
                work(3, 2020, [lost]),
            )
        )
    )
    coauth(made, "harvest", "--from", str(lines))
    return made


def test_status_tells_it_of_a_small_harvest_at_once(root):
    """Before anything is built; --json by institution, too; nothing is written unless it is asked
    for.
    """
    said = CliRunner().invoke(cli.coauth, ["status", "--root", str(root)])
    lines = said.stdout.splitlines()
    assert lines[next(n for n, line in enumerate(lines) if line.startswith("  audit")) :] == [
        "  audit      year     works       all      some      none unmatched  domestic    listed",
        "             2019         1         1         0         0         0         0         0",
        "             2020         2         0         1         1         2         2         0",
        "             works by whether all, some or none of their authorships have an institution; works with a string that was",
        "             matched to no institution, and with one of these that names a domestic or a listed institution",
    ]
    found = json.loads(
        CliRunner().invoke(cli.coauth, ["status", "--json", "--root", str(root)]).stdout
    )["vintages"][0]["audit"]
    assert [
        (r["year"], r["institution_id"], r["works_matched"], r["works_missed"])
        for r in found["institutions"]
    ] == [(2019, DTU, 1, 0), (2020, DTU, 1, 1)]
    assert not list(Project(root).cache.find().path.glob("audit*"))


def test_a_large_one_is_read_when_asked_for_and_kept(root, monkeypatch):
    """Until the watchlists or the pages change; damage is told; Python gives the same tables."""
    monkeypatch.setattr("coauth.pipeline.audit.SMALL", 0)
    run = lambda *more: CliRunner().invoke(cli.coauth, ["status", "--root", str(root), *more])  # noqa: E731
    assert "audit      none yet; `coauth status --audit`" in run().stdout
    asked_for = run("--audit").stdout
    assert "2020         2         0         1         1" in asked_for
    monkeypatch.setattr("coauth.pipeline.audit._made", None)  # whoever makes it again fails
    assert run().stdout == asked_for
    frames = package.audit(root=root)
    assert frames["years"]["works_none"].tolist() == [0, 1]
    assert frames["institutions"]["name"].tolist() == [NAMES[DTU]] * 2
    kept = Project(root).cache.find().path / "audit.parquet"
    kept.write_bytes(kept.read_bytes()[:-9])
    assert "audit      none yet" in run().stdout
    assert "remove it: it is made again" in run("--audit").stderr
    kept.unlink()
    scope = root / "queries" / "scope.toml"
    scope.write_text(scope.read_text().replace("first_year = 2011", "first_year = 2012"))
    assert "audit      none yet" in run().stdout


def test_faults_in_queries_do_not_keep_status_from_telling_the_rest(root):
    (root / "queries" / "scope.toml").write_text("title = 1\n")
    said = CliRunner().invoke(cli.coauth, ["status", "--root", str(root)])
    assert said.exit_code == 0
    assert "3 records of 3 counted" in said.stdout
    assert "audit      none yet" in said.stdout


def test_real_records(asked, real_records):
    """Of 164 real works: every work once, statuses as counted in plain Python, in any order of
    records.
    """
    import gzip

    from coauth import openalex

    lines = gzip.decompress(
        (real_records / "openalex/works/dk_works.jsonl.gz").read_bytes()
    ).splitlines()
    scope, shown = asked.scope.model_copy(update={"first_year": 1900}), []
    for seed in (1, 2):
        served = [
            pack(p) for p in openalex.of_records(random.Random(seed).sample(lines, len(lines)), "r")
        ]
        parts = [Reader(scope, AS_OF).addresses([records(p, "r")])[0] for p in served]
        made = affiliation_audit.survey(parts, asked.model_copy(update={"scope": scope}))
        shown.append((made.years.to_pylist(), made.institutions.to_pylist()))
        plain = [r for p in served for r in outlines(p, "r") if r.type in scope.types]
        assert sum(y["works"] for y in shown[-1][0]) == len(plain)
        bare = sum(
            all(bytes(a.institutions) in (b"null", b"[]") for a in r.authorships or ())
            for r in plain
        )
        assert sum(y["works_none"] for y in shown[-1][0]) == bare
    assert shown[0] == shown[1]
    named = {r["name"]: r["works_named"] for r in shown[0][1] if r["works_named"]}
    assert {"Aarhus University", "University of Copenhagen"} <= named.keys()


def test_lines_have_a_place_for_large_numbers():
    row = dict.fromkeys(
        (
            "works_complete",
            "works_partial",
            "works_none",
            "works_alone",
            "works_domestic",
            "works_listed",
        ),
        12_345,
    )
    assert list(status.audit_lines([{"year": 2019, "works": 543_210} | row]))[1].split()[:2] == [
        "2019",
        "543,210",
    ]
