"""The benchmarks' world is what it says, and what is compared there counts the same edges; nothing
is timed here.
"""

import gzip
import json
from itertools import pairwise

import numpy as np
import pytest
from click.testing import CliRunner

from coauth import cli, openalex
from coauth.pipeline.project import Project
from tests.studies.benchmarks import others, stages, world
from tests.studies.benchmarks.measure import answer, run
from tests.studies.benchmarks.results import Results
from tests.studies.benchmarks.shape import as_served, count, shape

WORKS = 2_000


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A generated project of 2,000 works, built."""
    folder = tmp_path_factory.mktemp("benchmarks") / str(WORKS)
    return world.at(folder, WORKS)


@pytest.fixture(scope="module")
def counted(root):
    return count(root)


def test_same_seed_same_bytes_and_another_seed_others():
    """A page depends on seed, month and number alone."""
    one = world.page((2019, 3), 2)
    assert one == world.page((2019, 3), 2)
    assert (
        len(
            {
                one,
                world.page((2019, 3), 3),
                world.page((2019, 4), 2),
                world.page((2019, 3), 2, seed=2),
            }
        )
        == 4
    )


def test_a_smaller_world_begins_a_larger_one():
    """A cut page holds the first works of the whole one; a month never has fewer works in a larger
    world.
    """
    whole = json.loads(world.page((2013, 7), 1))
    assert json.loads(world.page((2013, 7), 1, count=17))["works"] == whole["works"][:17]
    for few, many in pairwise((2_000, 20_000, 100_000, 500_000)):
        assert sum(n for *_, n in world.months(few)) == few
        assert all(a[2] <= b[2] for a, b in zip(world.months(few), world.months(many), strict=True))


def test_pages_are_what_coauth_stores():
    """Read and packed again by coauth, a page has the same bytes; kept again from what would be
    served, the same works.
    """
    data = world.page((2022, 5), 1)
    stored = openalex.unpack(gzip.compress(data), "here")
    assert gzip.decompress(openalex.pack(stored)) == data
    for work, told in zip(stored.works, json.loads(data)["works"], strict=True):
        assert openalex.keep(json.dumps(as_served(told)).encode()) == work
        assert work.title.startswith(world.MARK)


def test_any_number_of_processes_writes_the_same_vintage(tmp_path):
    """Months are shared out; what is in them is not."""
    for processes in (1, 2):
        world.make(tmp_path / str(processes), 300, processes=processes)
    one, two = (
        {f.relative_to(r).as_posix(): f.read_bytes() for f in r.rglob("cache/**/*.json*")}
        for r in sorted(tmp_path.iterdir())
    )
    assert one == two


def test_the_vintage_verifies(root):
    """`coauth status --verify` finds every page as it was stored."""
    said = CliRunner().invoke(cli.coauth, ["status", "--verify", "--root", str(root)]).output
    assert f"{WORKS:,} works of {WORKS:,} counted" in said
    assert "pages and tables as stored" in said


def test_another_generator_is_refused(root, tmp_path):
    """Times of two different worlds are not compared."""
    made = world.make(tmp_path / "other", 200)
    with pytest.raises(SystemExit, match="remove the folder"):
        world.at(tmp_path / "other", 300)
    assert made.complete


def test_distributions_are_those_aimed_at(counted):
    """Bounds as wide as 2,000 works allow; RESULTS.md shows the large worlds."""
    found = counted
    assert found.works == WORKS
    assert found.without_danish == 0
    assert 2.0 < found.team[found.team <= 25].mean() < 2.6
    assert [int(v) for v in np.quantile(found.team, [0.5, 0.9], method="lower")] == [2, 5]
    assert 8 <= np.quantile(found.team, 0.99, method="lower") <= 14
    assert 0.0005 < (found.team > 25).mean() < 0.006
    assert 100 < found.team.max() < 350
    assert 1_000 < found.authors <= world.MOST_AUTHORS
    assert 5 < found.authorships / WORKS < 11
    assert 4_500 < found.stored / WORKS < 8_000
    assert 1.4 < found.grown < 1.9
    assert found.institutions > 2_000
    assert 100 < found.danish <= world.DANISH


def test_there_is_work_for_every_stage(root):
    """Listed institutions, critical technologies and holes in coverage occur; one work in a hundred
    is of a type not asked for.
    """
    stages.STAGES["build-lean"]()(root)
    vintage = Project(root).cache.find()
    kinds = set(vintage.read("flags")["kind"].to_pylist())
    assert {"watchlist", "technology"} <= kinds
    status = vintage.read("works")["affiliation_status"].to_pylist()
    assert 0.01 < status.count("partial") / len(status) < 0.2
    assert 0.98 < len(status) / WORKS < 1
    assert stages.STAGES["edges"]()(root)["rows"]["edges"] == vintage.read("edges").num_rows
    assert stages.STAGES["tables"]()(root)["rows"]["works"] == len(status)


@pytest.fixture(scope="module")
def ours(root):
    return answer("pagerank", root)


def test_coauth_counts_the_edges_that_are_there(root, ours):
    """Every pair of every work, counted one by one with the standard library."""
    by_hand = answer("pagerank-by-hand", root)
    assert ours["edges"] == by_hand["edges"]
    assert ours["pairs"] == by_hand["pairs"] > 10_000


@pytest.mark.parametrize(
    ("name", "needs"),
    [("networkx", "networkx"), ("pyscisci-rows", "pyscisci"), ("pyscisci", "distributed")],
)
@pytest.mark.filterwarnings("ignore:The inplace keyword")  # pyscisci's, with pandas 3.1
def test_others_count_the_same_edges(root, ours, name, needs):
    """And rank institutions alike."""
    pytest.importorskip(needs)
    others.prepare(f"pagerank-{name}", root)
    said = answer(f"pagerank-{name}", root)
    assert said["edges"] == ours["edges"]
    assert said["pagerank"] == pytest.approx(ours["pagerank"], abs=1e-8)


@pytest.mark.filterwarnings("ignore:The inplace keyword")
def test_networks_of_stored_tables_have_the_same_edges(root):
    """From the tables of a build, whoever makes it; classified are the works that the build
    classified.
    """
    stages.STAGES["build-lean"]()(root)
    ours = answer("stored", root)
    assert ours["pairs"] > 10_000
    for name in others.STORED:
        pytest.importorskip(name if name != "by-hand" else "pandas")
        said = answer(f"stored-{name}", root)
        assert said["edges"] == ours["edges"]
        assert said.get("pagerank", ours["pagerank"]) == pytest.approx(ours["pagerank"], abs=1e-8)
    assert (
        answer("technologies", root)["rows"]["technologies"]
        == Project(root).cache.find().read("technologies").num_rows
    )


@pytest.mark.parametrize("name", others.PARSE)
def test_every_parser_reads_all_works(root, name):
    """A reference point that skipped records would look fast."""
    for package in {
        "duckdb": (),
        "simdjson": ("isal", "simdjson"),
        "orjson": ("isal", "orjson"),
    }.get(name, ("isal",)):
        pytest.importorskip(package)
    assert answer(f"parse-{name}", root)["works"] == WORKS


@pytest.mark.parametrize("name", others.UNPACK)
def test_unpacking_reads_all_bytes(root, counted, name):
    """As do those that only unpack."""
    pytest.importorskip(name)
    assert answer(name, root)["bytes"] == counted.stored


def test_a_run_is_measured_and_written(root, counted, tmp_path):
    """A process of its own: its seconds, its memory, its fault; and the page says what was not
    measured.
    """
    results = Results(
        tmp_path / "RESULTS.md", "2026-11-20", "a machine", tmp_path / "measured.json"
    )
    results.shapes[WORKS] = shape(root)
    assert (
        results.shapes[WORKS]
        == shape(root)
        == [counted.stored, [list(row) for row in counted.rows()]]
    )
    results.add(run("gzip", root, WORKS))
    measured = results.of(WORKS, "gzip")
    assert measured.said["bytes"] == counted.stored
    assert 0 < measured.cpu < measured.cpu + measured.startup < 60
    assert 5 < measured.rss < 500
    results.add(run("nothing of that name", root, WORKS))
    assert results.of(WORKS, "nothing of that name") is None
    assert results.measured[WORKS, "nothing of that name"].fault.startswith("exit code 1: KeyError")
    page = (tmp_path / "RESULTS.md").read_text("utf-8")
    assert "SYNTHETIC" in page
    assert "| decompression alone, standard library | " in page
    assert "| tables → edges, 500,000 works | ≤ 15 s wall | not measured |  |" in page
