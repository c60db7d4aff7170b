"""Docs cannot drift: commands of README and pages parse, pages written from the program are what it
writes, every statement says who reads it.
"""

import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import click
import networkx as nx
import pytest
from click.testing import CliRunner
from packaging.requirements import Requirement

from coauth import cli, queries
from coauth.cli.group import COMMANDS
from coauth.export.notice import Notice
from coauth.network import build
from coauth.tables import schemas
from tests.support import pages
from tests.support.commands import CHECKOUT, coauth, project
from tests.support.small_network import AS_OF, PLACES, SCOPE, WORKS, world

README = (CHECKOUT / "README.md").read_text("utf-8")
PAGES = [
    CHECKOUT / "README.md",
    CHECKOUT / "CONTRIBUTING.md",
    *sorted((CHECKOUT / "coauth" / "docs").rglob("*.md")),
]
TEXTS = {p.relative_to(CHECKOUT).as_posix(): p.read_text("utf-8") for p in PAGES}


def console_commands(text):
    """Every `coauth …` line of a text's code blocks, as words."""
    blocks = re.findall(r"```(?:console|sh|bash)\n(.*?)```", text, re.S)
    lines = (
        line.strip().removeprefix("$ ")
        for block in blocks
        for line in block.splitlines()
        if line.strip().startswith("$ ")
    )
    for line in lines:
        words = [w for w in shlex.split(line, comments=True) if "=" not in w or w.startswith("-")]
        words = [w.rpartition("/")[2] if w.endswith("/coauth") else w for w in words]
        if words and words[0] == "coauth":
            yield words[1:]


def test_the_help_names_every_command_in_a_whole_sentence():
    """What is loaded when it is called says the same of itself as the list of all."""
    files = {c.callback.__module__ for _, c in pages.verbs()}
    assert files == {f"coauth.cli.{file}" for file, _ in COMMANDS.values()}
    shown = CliRunner().invoke(cli.coauth, ["--help"], terminal_width=100).output
    for name, (_, line) in COMMANDS.items():
        assert re.search(rf"(?m)^  {name} +{re.escape(line)}$", shown), name
    assert set(cli.coauth.commands) == set(COMMANDS)


@pytest.mark.parametrize(
    "words",
    sorted({tuple(w) for text in TEXTS.values() for w in console_commands(text)}),
    ids=" ".join,
)
def test_commands_of_the_docs_parse(words, tmp_path, monkeypatch):
    """Each command of README, CONTRIBUTING and every page is accepted by the real parser; files
    they read are there.
    """
    words = list(words)
    monkeypatch.chdir(tmp_path)
    for name in (w for w in words if Path(w).suffix):
        Path(name).touch()
    command, context = cli.coauth, click.Context(cli.coauth, info_name="coauth")
    while isinstance(command, click.Group):
        name, found, rest = command.resolve_command(context, words)
        if words == rest or found is None:
            break
        command, words = found, rest
        context = click.Context(command, parent=context, info_name=name)
    command.make_context(command.name, list(words), parent=context, resilient_parsing=False)


def test_readme_shows_what_the_demo_prints(sample_root):
    """The first screen is real output, line by line; only the folder in the paths is the reader's
    own.
    """
    printed = (sample_root / "printed.txt").read_text("utf-8").replace(f"{sample_root}/", "")
    assert f"$ make demo\n{printed}```" in README


def test_readme_shows_what_a_count_prints(sample_root):
    """The question and its rows; below them stand the notes."""
    shown = re.search(r"\$ coauth (count .*)\n([^`]+)```", README)
    printed = coauth(sample_root, *shlex.split(shown[1])).stdout
    assert printed.startswith(shown[2])


@pytest.mark.parametrize(
    ("path", "command"),
    list(pages.verbs()),
    ids=lambda v: " ".join(v) if isinstance(v, tuple) else "",
)
def test_every_verb_has_help(path, command):
    """A sentence or more, which the page of commands repeats."""
    assert command.help
    assert len(command.help.split()) > 8
    assert f"## coauth {' '.join(path)}\n" in TEXTS["coauth/docs/commands.md"]


@pytest.mark.parametrize("name", pages.PAGES)
def test_generated_pages_are_what_the_program_writes(name):
    """Commands with their options, tables with their columns: never edited by hand."""
    assert pages.PAGES[name]() == TEXTS[f"coauth/docs/{name}"], (
        f"coauth/docs/{name} is not what the program says: run `python -m tests.support.pages`"
    )


def blocks(name, language):
    return re.findall(rf"```{language}\n(.*?)```", TEXTS[f"coauth/docs/{name}.md"], re.S)


def test_the_tutorial_shows_what_is_printed(sample_root, tmp_path, monkeypatch):
    """Its commands, run on the sample in its order, print what stands below them; `…` stands for
    the rest.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    Path("years.sql").write_text(blocks("tutorial", "sql")[0], "utf-8")
    compared = 0
    for part in re.split(r"(?m)^\$ ", "".join(blocks("tutorial", "console"))):
        command, _, shown = part.partition("\n")
        words = shlex.split(command)
        if words[:1] == ["coauth"] and words[1] not in {"init", "rebuild"}:
            printed = coauth(sample_root, *words[1:]).stdout
            start, _, rest = shown.partition("…\n")
            assert printed.startswith(start), command
            assert rest == ""
            compared += bool(start)
    assert compared == 5
    assert Path("picture.gexf").exists()


HOWTO = {
    "watchlist": ("watchlists/mine.toml", "enabled lists: miit, mine, aspi44;"),
    "technology": ("technologies/mine.toml", "technologies mine (on): 45 defined"),
    "group": ("groups.toml", "enabled lists: miit, aspi44;"),
}


@pytest.mark.parametrize("name", HOWTO)
def test_what_a_how_to_page_says_to_write_is_read(name, tmp_path):
    """The TOML of the page, written where it says, passes `queries check` with the words it says."""
    place, line = HOWTO[name]
    root = project(tmp_path)
    with (root / "queries" / place).open("a", encoding="utf-8") as file:
        file.write(blocks(f"howto/{name}", "toml")[0])
    if name == "technology":
        other = root / "queries" / "technologies" / "aspi44.toml"
        other.write_text(other.read_text("utf-8").replace("enabled = true", "enabled = false", 1))
    assert line in coauth(root, "queries", "check").stdout


def test_the_export_format_of_the_how_to_page_is_written():
    """Its module, as it stands, writes a file that networkx reads."""
    scope = {}
    exec(blocks("howto/format", "python")[0], scope)
    small = build(world(WORKS, PLACES), scope=SCOPE)
    notice = Notice.of(small, AS_OF, {}, synthetic=False)
    graph = nx.parse_gml("".join(scope["lines"](small, notice)), label="id")
    assert graph.number_of_nodes() == small.nodes.num_rows
    assert graph.number_of_edges() == small.edges.num_rows


def test_the_figure_and_sentence_pages_are_python():
    """Their code compiles, and the words they name are TOML."""
    for page in ("figure", "sentence"):
        for code in blocks(f"howto/{page}", "python"):
            compile(code, page, "exec")
    for words in blocks("howto/sentence", "toml"):
        assert tomllib.loads(words)["network"]["institutions"]


@pytest.mark.parametrize("name", TEXTS)
def test_links_lead_to_files(name):
    """Relative links of every page."""
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", TEXTS[name])
    missing = [t for t in targets if not ((CHECKOUT / name).parent / t).exists()]
    assert not missing


def test_the_readme_is_short():
    """What is longer has a page of its own."""
    assert len(README.splitlines()) <= 120


def test_the_demo_installs_no_test_tools():
    """`make demo` takes what `pip install .` takes, in the versions of the lock; `make test` all."""
    steps = {
        target: subprocess.run(
            ["make", "--dry-run", "--always-make", target],
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for target in ("demo", "test")
    }
    assert "[test]" not in steps["demo"]
    assert "requirements.lock" in steps["demo"]
    assert "[test]" in steps["test"]


def test_the_lock_holds_every_dependency():
    """Each package of pyproject.toml is pinned to a version that its bounds allow, from no host."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
    lock = (CHECKOUT / "requirements.lock").read_text("utf-8")
    assert "//" not in lock
    pins = [Requirement(line) for line in lock.splitlines()]
    for wanted in map(Requirement, project["dependencies"]):
        versions = [str(p.specifier).removeprefix("==") for p in pins if p.name == wanted.name]
        assert versions, wanted
        assert all(wanted.specifier.contains(v) for v in versions), wanted


@pytest.mark.parametrize(
    "path", sorted((CHECKOUT / "queries" / "sql").glob("*.sql")), ids=lambda p: p.stem
)
def test_every_statement_says_what_it_is(path):
    """A comment with the row and the reader opens each statement."""
    text = path.read_text("utf-8")
    assert text.startswith("-- ")
    assert "Read" in text.split("SELECT")[0].split("WITH")[0]
    assert path.stem in {*schemas.ALL, "count"}  # what `coauth count` asks is no table


def test_shipped_queries_are_read_strictly():
    """The questions in the checkout load without fault."""
    assert queries.load(CHECKOUT / "queries").fingerprint


def test_no_place_of_a_machine_in_the_project():
    """No absolute home or work path, and no registry host, is in a tracked text file."""
    for path in (
        p for top in ("coauth", "queries", "tests", "reports") for p in (CHECKOUT / top).rglob("*")
    ):
        if path.suffix in {".py", ".toml", ".sql", ".html", ".css", ".md"} and path != Path(
            __file__
        ):
            text = path.read_text("utf-8")
            assert not re.search(r"/(root|home|work)/\w|pypi\.org/simple", text), path
