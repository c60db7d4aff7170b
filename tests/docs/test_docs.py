"""Docs cannot drift: README commands parse, every verb has help with an example, every statement
says who reads it.
"""

import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from coauth import cli, queries
from coauth.cli.group import COMMANDS
from coauth.tables import schemas
from tests.support.commands import CHECKOUT

README = (CHECKOUT / "README.md").read_text("utf-8")
GEPHI = (CHECKOUT / "coauth" / "docs" / "gephi.md").read_text("utf-8")


def verbs(group=cli.coauth, path=()):
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        if isinstance(command, click.Group):
            yield from verbs(command, (*path, name))
        else:
            yield (*path, name), command


def said(text):
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
    files = {c.callback.__module__ for _, c in verbs()}
    assert files == {f"coauth.cli.{file}" for file, _ in COMMANDS.values()}
    shown = CliRunner().invoke(cli.coauth, ["--help"], terminal_width=100).output
    for name, (_, line) in COMMANDS.items():
        assert re.search(rf"(?m)^  {name} +{re.escape(line)}$", shown), name
    assert set(cli.coauth.commands) == set(COMMANDS)


@pytest.mark.parametrize("words", [*said(README), *said(GEPHI)], ids=" ".join)
def test_commands_of_the_docs_parse(words):
    """Each command of the README and of the guide to Gephi is accepted by the real parser."""
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


@pytest.mark.parametrize(
    ("path", "command"), list(verbs()), ids=lambda v: " ".join(v) if isinstance(v, tuple) else ""
)
def test_every_verb_has_help_and_stands_in_the_readme(path, command):
    """Help says what a verb does; README names it."""
    assert command.help
    assert len(command.help.split()) > 8
    assert f"coauth {' '.join(path)}" in README


@pytest.mark.parametrize(
    "path", sorted((CHECKOUT / "queries" / "sql").glob("*.sql")), ids=lambda p: p.stem
)
def test_every_statement_says_what_it_is(path):
    """A comment with the row and the reader opens each statement."""
    text = path.read_text("utf-8")
    assert text.startswith("-- ")
    assert "Read" in text.split("SELECT")[0].split("WITH")[0]
    assert path.stem in schemas.ALL


def test_every_table_is_in_the_readme():
    """The README's list of tables is the contract's."""
    for name in schemas.ALL:
        assert f"`{name}`" in README, name


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
