"""What every verb has: the group that turns an expected error into one line, the common options,
and how a result is given.
"""

from __future__ import annotations

import functools
import json
import logging
import os
import sys
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from shutil import get_terminal_size
from typing import Any

import click
import pandas as pd

from coauth import __version__
from coauth.cli.progress import Bar
from coauth.errors import CacheError, CoauthError
from coauth.pipeline import Project
from coauth.queries import Queries, elsewhere
from coauth.report import text

Command = Callable[..., Any]


class Group(click.Group):
    """Turns an expected error into one line; lets everything else fall through with its traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CoauthError as fault:
            click.echo(f"coauth: {fault}", err=True)
            ctx.exit(1)


def common(command: Command) -> Command:
    """The options every verb has."""

    @click.option(
        "--root",
        type=click.Path(path_type=Path, file_okay=False),
        default=".",
        help="Folder with queries/, cache/ and reports/ [default: here].",
    )
    @click.option("--json", "as_json", is_flag=True, help="The result as JSON on stdout.")
    @click.option("-q", "--quiet", is_flag=True, help="Only results and errors.")
    @click.option("-v", "--verbose", is_flag=True, help="Every stage as it runs.")
    @functools.wraps(command)
    def wrapped(
        *args: Any, root: Path, as_json: bool, quiet: bool, verbose: bool, **options: Any
    ) -> Any:
        level = logging.WARNING if quiet else logging.DEBUG if verbose else logging.INFO
        logging.basicConfig(
            level=logging.WARNING, format="%(message)s", stream=sys.stderr, force=True
        )
        logging.getLogger("coauth").setLevel(level)
        if os.path.lexists(root) and not root.is_dir():  # click looks at plain files alone
            raise CacheError(
                f"--root {root} is no folder, nor a link to one; name a folder with queries/ in it (`coauth init DIR` makes one)"
            )
        return command(Project(root), Answer(as_json, quiet, verbose), *args, **options)

    return wrapped


def of_vintage(command: Command) -> Command:
    return click.option(
        "--vintage", metavar="NAME", help="A vintage by name [default: the newest complete one]."
    )(command)


def internal(command: Command) -> Command:
    """For verbs that list works, or pairs with few: no sum or suppression makes such a list public,
    so the public profile is refused.
    """

    @click.option(
        "--profile",
        type=click.Choice(["internal", "public"]),
        default="internal",
        show_default=True,
        help="There is no public list of works or pairs: public is refused.",
    )
    @functools.wraps(command)
    def wrapped(*args: Any, profile: str, **options: Any) -> Any:
        if profile == "public":
            raise click.UsageError(
                "a list of works or pairs leads to people and has no public profile; `coauth export --profile public` gives sums"
            )
        return command(*args, **options)

    return wrapped


class Answer:
    """Prints a result: lines for people, or JSON for programs."""

    def __init__(self, as_json: bool, quiet: bool, verbose: bool = False) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self.verbose = verbose

    def give(self, result: Any, lines: Iterable[str]) -> None:
        if self.as_json:
            click.echo(json.dumps(result, indent=1, ensure_ascii=False, default=plain))
        else:
            for line in lines:
                click.echo(line)

    def progress(self) -> Bar:
        return Bar(quiet=self.quiet or self.as_json)


def notices(queries: Queries) -> list[str]:
    """What in the questions belongs to another country than the scope's."""
    return elsewhere.notices(queries, text.countries())


def plain(value: Any) -> Any:
    """Dates and paths as text, missing values as null."""
    if isinstance(value, date | Path):
        return str(value)
    if hasattr(value, "item"):
        return value.item()
    return None if pd.isna(value) else str(value)


@click.group(
    cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(__version__, prog_name="coauth")
def coauth() -> None:
    """Watch a country's international research collaboration, from OpenAlex to graph, review cues,
    shifts and report.

    Start: `coauth init DIR`, then in DIR `coauth rebuild --sample` (synthetic, no network), or
    `coauth rebuild` with OPENALEX_API_KEY set (free key: openalex.org/settings/api).
    """


def wide(text: str, indent: str = "", then: str | None = None) -> str:
    """Text no wider than the terminal: its first line behind `indent`, the others behind `then` or
    as far in.
    """
    return click.wrap_text(
        text,
        get_terminal_size((100, 24)).columns,
        initial_indent=indent,
        subsequent_indent=" " * len(indent) if then is None else then,
    )


def years(said: str) -> tuple[int, int]:
    first, _, last = said.partition("-")
    if not (first.isdigit() and (last or first).isdigit() and int(first) <= int(last or first)):
        raise click.BadParameter(f"'{said}' is not a year or Y1-Y2, e.g. 2019-2024")
    return int(first), int(last or first)


NO_TOPICS = "No record of this vintage has topics: of technologies nothing is known, which is not to say that there are none."

CAUTION = (
    "A flag is a review cue: a co-publication is lawful and often wanted. The absence of a flag is no clearance.",
    "For internal use: a list of works leads to people.",
)
