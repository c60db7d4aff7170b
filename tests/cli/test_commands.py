"""The command line: what a user meets when something is wrong, and the verbs on the synthetic
sample.
"""

import json
import os
import re
import shutil
import socket
import stat
import subprocess
import sys

import pytest
from click.testing import CliRunner

from coauth import cli
from coauth.sources import sample
from tests.support.commands import apart, coauth, every, project, refused


def edit(root, file, old, new):
    path = root / "queries" / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    return root


def test_an_empty_scope(tmp_path):
    """A scope without a country is refused before anything is fetched."""
    root = edit(project(tmp_path), "scope.toml", 'countries = ["DK"]', "countries = []")
    assert "scope.toml: countries" in refused(root, "rebuild", "--sample")
    assert not (root / "cache").exists()


@pytest.mark.slow
def test_a_scope_without_works(tmp_path, monkeypatch):
    """A scope no record is in says so, counts why, and leaves the harvest usable."""
    monkeypatch.setattr(sample, "records", lambda *_: iter(every(40)))
    root = edit(project(tmp_path), "scope.toml", '["DK"]', '["VA"]')
    line = refused(root, "rebuild", "--sample", "-q")
    assert "no work is in scope" in line
    assert "no institution of the scope's country" in line
    assert "complete" in coauth(root, "status").stdout


def test_an_unknown_key(tmp_path):
    """A misspelt key names the file and the key that was meant."""
    root = edit(project(tmp_path), "scope.toml", "max_institutions", "max_institution")
    done = apart(root, "queries", "check", check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "did you mean 'max_institutions'" in done.stderr


def test_an_unknown_key_is_one_line(tmp_path):
    """One fault is one line that says what to do."""
    root = edit(project(tmp_path), "measures.toml", "window = 3", "window = 3\nwindou = 4")
    assert "windou: unknown key, did you mean 'window'? (line 4); mend it" in refused(
        root, "rebuild", "--sample"
    )


def test_no_key_at_the_real_address(tmp_path):
    """Without a key nothing is fetched, and the line says where the free one is."""
    root = project(tmp_path)
    line = refused(root, "rebuild")
    assert "OPENALEX_API_KEY" in line
    assert "openalex.org/settings/api" in line
    assert not list((root / "cache").rglob("*.gz"))


def test_a_dead_server(tmp_path, monkeypatch):
    """A server that does not answer is one line; the vintage stays to be continued."""
    asked = []
    monkeypatch.setattr(
        "coauth.sources.http.pause", lambda state: asked.append(state.attempt_number) or 0.0
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    root = project(tmp_path)
    line = refused(root, "rebuild", "-q", env={"COAUTH_OPENALEX_URL": url})
    assert "127.0.0.1" in line
    assert "COAUTH_OPENALEX_URL" in line
    assert asked == [
        1,
        2,
        3,
    ]  # where nothing has answered yet, the address is wrong rather than busy
    assert "unfinished" in coauth(root, "status").stdout


def test_an_unwritable_cache(tmp_path):
    """A cache that cannot be written is one line that names the folder."""
    root = project(tmp_path)
    (root / "cache").write_text("a file where the folder should be")
    assert str(root / "cache") in refused(root, "rebuild", "--sample", "-q")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_cache(tmp_path):
    """The same for a folder without rights."""
    root = project(tmp_path)
    (root / "cache").mkdir()
    (root / "cache").chmod(stat.S_IRUSR | stat.S_IXUSR)
    assert str(root / "cache") in refused(root, "rebuild", "--sample", "-q")


@pytest.mark.parametrize("name", ["Atlantis University", "Harbin"])
def test_an_unknown_or_ambiguous_institution(sample_root, name):
    """explain guesses nothing: it says that there is none, or lists the candidates."""
    line = refused(sample_root, "explain", "DTU", name)
    assert ("no institution" in line) or ("I204983213" in line and "I151727225" in line)


@pytest.mark.parametrize("engine", ["duckdb", "spark"])
def test_a_memory_that_is_none_is_refused_before_pages_are_read(sample_root, engine):
    assert "much" in refused(sample_root, "build", "--engine", engine, "--memory", "much")


def test_nothing_built_yet(tmp_path):
    """Verbs that need tables say what to run."""
    line = refused(project(tmp_path), "explain", "DTU", "Beihang")
    assert "coauth rebuild --sample" in line


def test_explain_shows_the_works_behind_a_pair(sample_root):
    """Each work with DOI, cue, match and listing date; the caution closes it."""
    shown = coauth(sample_root, "explain", "DTU", "Beihang").stdout
    works = json.loads(coauth(sample_root, "explain", "DTU", "beihang", "--json").stdout)
    assert shown.splitlines()[0].startswith(f"{len(works)} works shared by")
    assert (
        "watchlist   miit/beihang (assessment); listed when published: unknown, today: yes"
        in re.sub(r"\n +", " ", shown)
    )
    assert "by id I82880672: “" in shown
    assert (
        "    EU10: Advanced materials, manufacturing and recycling technologies"
        in shown.splitlines()
    )
    flat = " ".join(shown.split())
    for said, counted in (
        ("with a company", "has_company"),
        ("among the 10 % most cited of its field, year and type", "is_top_10_percent"),
    ):
        assert flat.count(said) == sum(bool(w[counted]) for w in works) > 0
    assert all(len(line) <= 100 for line in shown.splitlines())
    assert len(
        json.loads(
            coauth(sample_root, "explain", "DTU", "beihang", "--json", "--year", "2022-2024").stdout
        )
    ) < len(works)
    assert "review cue" in shown
    assert all(any(c["entry_id"] == "beihang" for c in w["cues"]) for w in works if w["included"])
    assert "SYNTHETIC SAMPLE" in shown


def test_shifts_give_a_verdict_and_its_reason(sample_root):
    """`coauth shifts` of an institution lists each pair of windows."""
    rows = json.loads(coauth(sample_root, "shifts", "DTU", "--json").stdout)
    assert {(r["before_first"], r["after_first"]) for r in rows} == {(2011, 2022), (2018, 2022)}
    assert all(r["reason"] for r in rows)
    told = coauth(sample_root, "shifts", "DTU").stdout.splitlines()
    assert max(map(len, told)) <= 100
    assert " ".join(line.strip() for line in told if line.startswith("    ")) == " ".join(
        r["reason"] for r in rows
    )
    assert "only measures with an interval" in refused(
        sample_root, "shifts", "DTU", "--measure", "betweenness"
    )


def test_sql_prints_and_runs(sample_root, tmp_path):
    """The statement behind a table can be read, and one of one's own run against the tables."""
    assert "FROM pair" in coauth(sample_root, "sql", "edges").stdout
    (tmp_path / "mine.sql").write_text("SELECT count(*) AS n FROM works WHERE included")
    answer = coauth(sample_root, "sql", "--run", str(tmp_path / "mine.sql"))
    assert answer.stdout.splitlines()[0] == "-- SYNTHETIC SAMPLE"
    (tmp_path / "wrong.sql").write_text("SELECT nothing FROM nowhere")
    assert (
        "nowhere"
        in coauth(sample_root, "sql", "--run", str(tmp_path / "wrong.sql"), check=False).stderr
    )


def test_verify_finds_an_edited_page(tmp_path, sample_root):
    """`status --verify` names a page that is not as it was stored."""

    root = project(tmp_path)
    shutil.copytree(sample_root / "cache", root / "cache")
    page = next(iter(sorted(root.glob("cache/*/pages/*/0*.gz"))))
    page.write_bytes(page.read_bytes()[:-20])
    done = coauth(root, "status", "--verify", check=False)
    assert done.returncode == 1
    assert page.name in done.stdout


def test_init_lays_out_a_project_and_keeps_what_is_there(tmp_path):
    """A second init overwrites nothing."""
    run = CliRunner()
    assert run.invoke(cli.coauth, ["init", str(tmp_path / "dk")]).exit_code == 0
    scope = tmp_path / "dk" / "queries" / "scope.toml"
    scope.write_text(scope.read_text() + "\n# mine\n")
    again = run.invoke(cli.coauth, ["init", str(tmp_path / "dk")])
    assert "kept" in again.output
    assert scope.read_text().endswith("# mine\n")
    assert {p.name for p in (tmp_path / "dk" / "reports").iterdir()} == {
        "quarterly.py",
        "SCHEDULE.md",
    }
    assert (
        run.invoke(cli.coauth, ["queries", "check", "--root", str(tmp_path / "dk")]).exit_code == 0
    )


def test_python_verbs(sample_root):
    """`coauth.tables` gives a DataFrame and `coauth.graph` a networkx.Graph; what is judged and
    explained is what the command line says.
    """
    import networkx as nx
    import pandas as pd

    import coauth as package

    edges = package.tables("edges", root=sample_root)
    assert isinstance(edges, pd.DataFrame)
    graph = package.graph(window=(2022, 2024), root=sample_root)
    assert isinstance(graph, nx.Graph)
    assert graph.number_of_edges() > 1_000
    _, _, attributes = next(iter(graph.edges(data=True)))
    assert attributes["distance"] == round(720720 * 2**20 / attributes["weight"])
    told = json.loads(coauth(sample_root, "shifts", "DTU", "--json").stdout)
    assert package.shifts("DTU", root=sample_root)["verdict"].tolist() == [
        r["verdict"] for r in told
    ]
    works = package.explain("DTU", "Beihang", root=sample_root)
    shown = json.loads(coauth(sample_root, "explain", "DTU", "Beihang", "--json").stdout)
    assert works["work_id"].tolist() == [w["work_id"] for w in shown]
    assert len(works) > 3


@pytest.mark.slow
def test_verbs_are_functions_whatever_is_imported():
    """Rooms have the names of some verbs (tables, report, export); the verb is what a user meets."""
    program = (
        "import coauth, pkgutil, importlib, types\n"
        "for m in pkgutil.walk_packages(coauth.__path__, 'coauth.'):\n"
        "    m.name.endswith('__main__') or importlib.import_module(m.name)\n"
        "verbs = set(coauth.__all__) - {'CoauthError', '__version__'}\n"
        "print(*sorted(n for n in verbs if not isinstance(getattr(coauth, n), types.FunctionType)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "\n"


def test_wrong_usage_is_exit_code_two(tmp_path):
    """Usage errors are click's, with code 2."""
    assert apart(project(tmp_path), "explain", "DTU", check=False).returncode == 2
