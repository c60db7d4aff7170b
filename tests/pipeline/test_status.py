"""How a vintage stands, as `coauth status` shows it, and how damage is found and mended."""

import json
import socket
from datetime import date

import pytest
from click.testing import CliRunner

from coauth import cli
from coauth.errors import HarvestIncomplete, SourceError
from coauth.pipeline import status as holdings
from coauth.pipeline.build import build_tables
from coauth.pipeline.harvest import Source, harvest_pages
from coauth.pipeline.project import Project
from coauth.storage import Cache
from coauth.tables import schemas
from tests.support.commands import coauth, project
from tests.support.harvests import KEY, WORLD
from tests.support.standin import Fault, StandIn
from tests.support.vintages import BUILD, entries

TODAY = date(2020, 6, 15)


@pytest.fixture(autouse=True)
def _no_account(monkeypatch):
    for name in ("OPENALEX_API_KEY", "COAUTH_OPENALEX_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def root(tmp_path):
    """A project whose scope begins in 2020: six months, five hundred works."""
    made = project(tmp_path / "project")
    scope = made / "queries" / "scope.toml"
    scope.write_text(scope.read_text().replace("first_year = 2011", "first_year = 2020"))
    return made


def harvest(root, server, **more):
    return harvest_pages(Project(root), Source("api", url=server.url), **({"today": TODAY} | more))


def shown(vintage, **more):
    return list(
        holdings.lines(holdings.of_vintage(vintage, verify=more.pop("verify", False)), **more)
    )


def files(vintage):
    return {
        p.relative_to(vintage.path).as_posix(): p.read_bytes()
        for p in (vintage.path / "pages").rglob("*")
        if p.is_file()
    }


def test_a_complete_vintage(root):
    """Counts of all slices, the control total and the complement; every slice by name only when
    asked.
    """
    with StandIn(WORLD) as server:
        vintage = harvest(root, server)
    assert shown(vintage) == [
        "2020-06-15  2020Q2  complete, not built",
        "  slices     6 complete: 500 works of 500 counted",
        "  eras       matcher 2023, topics v1",
        "  records    500 records, 500 works in scope",
        "  control    500 works counted over all years, 500 stored; every year agrees",
        "  complement 1 works with an address in the country and no institution matched there (0.2% of all with an address there)",
    ]
    assert "  2020-03                  complete: 100 works of 100 counted, 2 pages" in shown(
        vintage, every_slice=True
    )


def test_an_incomplete_vintage_names_its_slices(root):
    """A slice that is short stands there with its numbers and the reason, without being asked for."""
    fault = Fault(
        "http_503",
        when=lambda r: "2020-01-31" in r.readable and "cursor=*" not in r.readable,
        times=None,
    )
    with StandIn(WORLD, faults=[fault]) as server, pytest.MonkeyPatch.context() as patch:
        patch.setattr("coauth.sources.http.pause", lambda _: 0.0)
        with pytest.raises(HarvestIncomplete, match="2020-01"):
            harvest(root, server)
    vintage = Cache(root / "cache").newest()
    said = "\n".join(shown(vintage))
    assert "unfinished" in said
    assert "5 complete, 1 incomplete, 6 months planned" in said
    assert "2020-01                  incomplete: 100 works of" in said
    assert "no answer: 503 Service Unavailable" in said


def test_control_totals_that_never_came_are_said_to_be_missing(root):
    """The run goes on without them: slices are still checked one by one."""
    with (
        StandIn(WORLD, faults=[Fault("http_504", when="group-by", times=None)]) as server,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr("coauth.sources.http.pause", lambda _: 0.0)
        vintage = harvest(root, server)
    assert vintage.manifest.harvest.controls_unanswered == [
        "address_without_institution",
        "publication_year",
        "type",
    ]
    assert vintage.manifest.harvest.distinct == 500
    said = "\n".join(shown(vintage))
    assert "control    not answered" in said
    assert "complement not answered" in said


def test_the_plan_is_in_the_manifest_before_the_first_page(root):
    """Which months, what OpenAlex counted, what it will cost; afterwards each slice's first count."""
    with (
        StandIn(WORLD, daily_credits=6, key=KEY) as server,
        pytest.raises(SourceError, match="budget"),
    ):
        harvest_pages(Project(root), Source("api", url=server.url, key=KEY), today=TODAY)
    plan = Cache(root / "cache").newest().manifest.plan
    assert plan.slices == [f"2020-{m:02d}" for m in range(1, 7)]
    assert plan.controls.publication_year == {"2020": 500}
    assert plan.budget == {"estimated_cost": 11, "left_before": 3}
    with StandIn(WORLD) as server:
        assert harvest(root, server).manifest.harvest.slices["2020-03"]["expected_first"] == 100


HARMS = {
    "cut": lambda p: (p / "0001.json.gz").write_bytes((p / "0001.json.gz").read_bytes()[:-9]),
    "edited": lambda p: (p / "0001.json.gz").write_bytes((p / "0002.json.gz").read_bytes()),
    "gone": lambda p: (p / "0002.json.gz").unlink(),
    "summary damaged": lambda p: (p / "slice.json").write_text("{"),
    "summary of another kind": lambda p: (p / "slice.json").write_text("[1]"),
    "summary without hashes": lambda p: (p / "slice.json").write_text('{"status": "complete"}'),
    "summary gone": lambda p: (p / "slice.json").unlink(),
    "slice gone": lambda p: [*(f.unlink() for f in p.iterdir()), p.rmdir()],
}


@pytest.mark.parametrize("harm", HARMS)
def test_only_the_damaged_slice_is_fetched_again(root, harm):
    """Found by --verify, mended by `harvest --vintage NAME`: the same files, the same day, no page
    of another slice asked for.
    """
    with StandIn(WORLD) as server:
        vintage = harvest(root, server)
        before, asked = files(vintage), len(server.requests)
        assert harvest(root, server, name=vintage.name).complete
        assert len(server.requests) == asked, "nothing to mend"
        HARMS[harm](vintage.slice("2020-03").path)
        assert holdings.of_vintage(vintage, verify=True)["damage"]
        mended = harvest_pages(
            Project(root), Source("api", url=server.url), today=date(2020, 8, 1), name=vintage.name
        )
        pages = [r for r in server.requests[asked:] if "cursor" in r.query]
    asked_for = {r.readable.split("from_publication_date:")[1][:10] for r in pages}
    assert asked_for == ({"2020-03-01"} if harm != "summary gone" else set()), (
        "whole pages are only counted again"
    )
    assert files(mended) == before
    assert (mended.name, mended.manifest.completed, mended.damage()) == (
        vintage.name,
        date(2020, 6, 15),
        [],
    )
    assert mended.manifest.repaired == {"2020-03": date(2020, 8, 1)}


def test_a_mending_that_is_interrupted_leaves_an_unfinished_vintage(root):
    """Until the damage is mended nothing may be built from the vintage as if it were whole."""
    with StandIn(WORLD) as server:
        vintage = harvest(root, server)
        before = files(vintage)
        HARMS["cut"](vintage.slice("2020-03").path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("coauth.sources.http.pause", lambda _: 0.0)
        with pytest.raises(SourceError, match="no connection"):
            harvest(root, server_at("http://127.0.0.1:9"), name=vintage.name)
    assert not vintage.complete
    with StandIn(WORLD) as server:
        assert harvest(root, server).manifest.completed == date(2020, 6, 15)
    assert files(vintage) == before


def server_at(address):
    class There:
        url = address

    return There()


def test_a_damaged_vintage_of_files_is_read_again_from_where_it_came(root, tmp_path):
    """Without --from: a named vintage knows its source; if that has changed since, the line says
    so.
    """
    records = tmp_path / "works.jsonl"
    records.write_text("".join(json.dumps(w) + "\n" for w in WORLD))
    vintage = harvest_pages(Project(root), Source("files", path=records), today=TODAY, name="mine")
    before = files(vintage)
    HARMS["cut"](vintage.slice("from").path)
    assert files(harvest_pages(Project(root), Source("api"), today=TODAY, name="mine")) == before
    HARMS["cut"](vintage.slice("from").path)
    records.write_text(records.read_text() + "\n")
    with pytest.raises(SourceError, match="files changed since"):
        harvest_pages(Project(root), Source("api"), today=TODAY, name="mine")


def test_tables_after_a_repair_are_the_same_bytes(tmp_path):
    """Damage, mend, build, with the hashes of all tables compared; between them what the command
    line says.
    """
    root = project(tmp_path / "project", quick=True)
    world = [w for w in WORLD if len(w["authorships"]) < 100][:150]
    with StandIn(world) as server:
        vintage = harvest(root, server, today=date(2026, 11, 20))
        hashes = build_tables(Project(root), vintage).sha256
        HARMS["cut"](vintage.slice("2020-03").path)
        refused = coauth(root, "status", "--verify", check=False)
        assert refused.returncode == 1
        assert "2020-03/0001.json.gz: changed since it was stored" in refused.stdout
        assert f"`coauth harvest --vintage {vintage.name}`" in refused.stderr
        vintage = harvest(root, server, today=date(2026, 11, 20), name=vintage.name)
    assert build_tables(Project(root), vintage).sha256 == hashes


def test_compare_tells_works_apart_and_what_they_do(tmp_path):
    """From two harvests to the command: one work new, one removed, one moved to another year, and
    the counts they change.
    """
    root = project(tmp_path / "project", quick=True)
    before = [w for w in WORLD if len(w["authorships"]) < 100][:150]
    moved = before[1] | {"publication_date": "2020-12-24", "type": "review"}
    names = []
    for world in (
        before,
        [
            moved,
            *before[2:],
            WORLD[160]
            | {"id": "https://openalex.org/W4999999999", "doi": None, "title": "Of other things"},
        ],
    ):
        with StandIn(world) as server:
            vintage = harvest(root, server, today=date(2026, 11, 20), fresh=True)
        build_tables(Project(root), vintage)
        names.append(vintage.name)
    run = CliRunner()
    shown = run.invoke(cli.coauth, ["compare", *names, "--root", str(root)])
    assert shown.stdout.splitlines()[0] == "works      1 new, 1 removed, 1 changed"
    assert "type 1" in shown.stdout.splitlines()[1]
    said = json.loads(
        run.invoke(cli.coauth, ["compare", *names, "--root", str(root), "--json"]).stdout
    )
    assert {(w["work_id"], w["kind"]) for w in said["works"]} == {
        (before[0]["id"].rpartition("/")[2], "removed"),
        (moved["id"].rpartition("/")[2], "changed"),
        ("W4999999999", "new"),
    }
    same = run.invoke(cli.coauth, ["compare", names[0], names[0], "--root", str(root)])
    assert same.stdout == f"{names[0]} and {names[0]} hold the same works\n"


def test_the_budget_line(root):
    """Left today with a key; where nothing is known, why; nothing at all where nobody is to be
    asked.
    """

    def status(**env):
        done = CliRunner().invoke(cli.coauth, ["status", "--root", str(root)], env=env)
        assert (done.exit_code, done.stderr) == (0, "")
        return done.stdout

    assert "budget  " not in status()
    with StandIn(WORLD, key=KEY, daily_credits=77) as server:
        here = {"COAUTH_OPENALEX_URL": server.url}
        assert "budget       77 credits left today" in status(OPENALEX_API_KEY=KEY, **here)
        assert "budget       not known: OpenAlex does not know the key" in status(
            OPENALEX_API_KEY="x", **here
        )
        assert "budget       not known: OpenAlex asks for a key (401)" in status(**here)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    assert "budget       not known: no connection to 127.0.0.1" in status(
        COAUTH_OPENALEX_URL=nobody
    )


def built(root, works, *, countries=("DK",), synthetic=False):
    """A vintage with nothing but Figure 1: the shipped reference's counts, each times
    `works(series, year)`.
    """
    asked = Project(root).queries
    reference = next(r for r in asked.references if r.counts)
    names = {frozenset(g.countries): g.id for g in asked.groups.group} | {
        frozenset(): "international"
    }
    rows = [
        {
            "year": year,
            "group_id": (name := names[frozenset(c.partners)]),
            "basis": "union",
            "works": round(n * works(name, year)),
            "works_low": 0.0,
            "works_high": 1e5,
            "base": "international",
            "preliminary": False,
        }
        for c in reference.counts
        for year, n in reference.works(c).items()
    ]
    vintage = Cache(root / "cache").create(
        "2026-11-20",
        **entries(
            "2026-11-20",
            source={"kind": "api"},
            completed="2026-11-20",
            scope={"countries": list(countries)},
        ),
    )
    with vintage.shelf() as shelf:
        shelf.write(schemas.COPUBLICATIONS, schemas.COPUBLICATIONS.of(rows), synthetic=synthetic)
    vintage.record(build=BUILD | {"synthetic": synthetic})
    return vintage


def figure_1(root, *words):
    done = CliRunner().invoke(cli.coauth, ["status", "--root", str(root), *words])
    assert (done.exit_code, done.stderr) == (0, "")
    return [
        line.strip() for line in done.stdout.splitlines() if "figure 1" in line or "20–2023" in line
    ]


def test_figure_1_is_held_against_published_counts(root):
    """One line where all agree, every series with -v; a series that differs is named with its
    numbers, in JSON too.
    """
    built(root, lambda _, year: 1 + (year - 2011) / 100)
    assert figure_1(root) == [
        "figure 1   5 of 5 series agree with openalex-2024-08 (queries/reference)"
    ]
    assert (
        "china: 2020–2023 +28.3% (there +24.9%), levels 2011–2022 +0.0% to +11.0%: agrees"
        in figure_1(root, "-v")
    )
    assert len(figure_1(root, "-v")) == 6
    told = json.loads(
        CliRunner().invoke(cli.coauth, ["status", "--root", str(root), "--json"]).stdout
    )["vintages"][0]["coherence"]
    assert [(h["series"], h["agrees"]) for h in told] == [
        (s, True) for s in ("international", "usa", "china", "russia", "iran")
    ]


def test_figure_1_that_differs(root):
    """A year lost and a change turned round."""
    built(
        root,
        lambda series, year: {("china", 2015): 0.5, ("iran", 2023): 1.3}.get((series, year), 1.0),
    )
    assert figure_1(root) == [
        "figure 1   3 of 5 series agree with openalex-2024-08 (queries/reference)",
        "china: 2020–2023 +24.9% (there +24.9%), levels 2011–2022 -50.0% to +0.0%: levels too far off",
        "iran: 2020–2023 +12.4% (there -13.5%), levels 2011–2022 +0.0% to +0.0%: another sign",
    ]


def test_figure_1_without_a_reference(root):
    """Another country says so, invented works are held against nothing, and faulty queries are no
    reason to say nothing of the cache.
    """
    built(root, lambda *_: 1.0, countries=("SE",))
    assert figure_1(root) == [
        "figure 1   held against nothing: queries/reference has no published counts of this scope"
    ]
    (root / "queries" / "scope.toml").write_text("countries =")
    assert figure_1(root) == [
        "figure 1     held against nothing: queries/ cannot be read; run `coauth queries check`"
    ]


def test_invented_works_are_held_against_nothing(root):
    built(root, lambda *_: 0.1, synthetic=True)
    assert figure_1(root, "-v") == []
