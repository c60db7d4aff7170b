"""What every verb has: the group that turns an expected error into one line, the common options,
and how a result is given.
"""

from __future__ import annotations

import errno
import functools
import json
import logging
import os
import sys
from collections.abc import Callable, Iterable
from datetime import date
from importlib import import_module
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

import click

from coauth import __version__
from coauth.cli import interruption
from coauth.errors import CacheError, CoauthError
from coauth.tables.escape import terminal

if TYPE_CHECKING:
    from coauth.cli.progress import Bar
    from coauth.queries import Queries

Command = Callable[..., Any]

COMMANDS = {
    "init": ("harvest_build", "Lay out queries/, cache/ and reports/ in a folder."),
    "rebuild": ("harvest_build", "Harvest what is missing, then build, export and report."),
    "harvest": ("harvest_build", "Only the harvest: continue an unfinished one or start anew."),
    "preview": ("harvest_build", "A first look at a harvest, also while it runs."),
    "build": ("harvest_build", "Build the tables of a harvested vintage."),
    "status": ("harvest_build", "Vintages, and what each holds of what OpenAlex counts."),
    "export": ("export_report", "Write the network for Gephi and other programs."),
    "report": ("export_report", "Write the report of a quarter."),
    "count": ("count", "Any question: works by anything, with interval and coverage."),
    "explain": ("explain", "The works behind a pair of institutions or a list."),
    "flags": ("flags", "Review cues: checks on how they were made."),
    "shifts": ("query", "Changes of centrality, each with interval and verdict."),
    "compare": ("query", "What changed between two vintages, and why."),
    "admissions": ("harvest_build", "PhD admissions: from a file, or Statistics Denmark."),
    "sql": ("query", "The statement behind a table, or one of your own."),
    "queries": ("query", "Check the questions in queries/."),
}
"""Each command with the file that holds it, which is loaded when it is called, and its line in the
help, in the order of a user's work.
"""


class Group(click.Group):
    """Loads a command when it is called; turns an expected error into one line and lets everything
    else fall through with its traceback.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            import_module(f"coauth.cli.{COMMANDS[cmd_name][0]}")
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CoauthError as fault:
            click.echo(terminal(f"coauth: {fault}"), err=True)
            ctx.exit(1)
        except click.UsageError as fault:
            verb = f" {fault.ctx.info_name}" if fault.ctx and fault.ctx.parent else ""
            said = " ".join(fault.format_message().split()).rstrip(".")
            click.echo(terminal(f"coauth: {said}; see `coauth{verb} --help`"), err=True)
            ctx.exit(2)
        except KeyboardInterrupt:
            click.echo(interruption.LINE, err=True)
            ctx.exit(interruption.CODE)


class _Plain(logging.Formatter):
    """Messages without what a terminal would act on."""

    def format(self, record: logging.LogRecord) -> str:
        return terminal(super().format(record))


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
        logging.basicConfig(level=logging.WARNING, stream=sys.stderr, force=True)
        logging.root.handlers[0].setFormatter(_Plain("%(message)s"))
        logging.getLogger("coauth").setLevel(level)
        if os.path.lexists(root) and not root.is_dir():  # click looks at plain files alone
            raise CacheError(
                f"--root {root} is no folder, nor a link to one; name a folder with queries/ in it (`coauth init DIR` makes one)"
            )

        from coauth.pipeline.project import Project  # noqa: PLC0415

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
            # in JSON, too, an escape of four digits is the character
            lines = [json.dumps(result, indent=1, ensure_ascii=False, default=plain)]
        try:
            for line in lines:
                click.echo(terminal(line))
        except OSError as fault:
            if fault.errno == errno.EPIPE:  # whoever read it has read enough
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nothing is left to fail at the end
            raise CacheError(
                f"cannot write the result ({fault.strerror}); make room, or send it elsewhere"
            ) from fault

    def progress(self) -> Bar:
        from coauth.cli.progress import Bar  # noqa: PLC0415

        return Bar(quiet=self.quiet or self.as_json)


def notices(queries: Queries) -> list[str]:
    """What in the questions belongs to another country than the scope's."""
    from coauth.queries import elsewhere  # noqa: PLC0415
    from coauth.report import text  # noqa: PLC0415

    return elsewhere.notices(queries, text.countries())


def plain(value: Any) -> Any:
    """Dates and paths as text, missing values as null."""
    if isinstance(value, date | Path):
        return str(value)
    if hasattr(value, "item"):
        return value.item()
    from pandas import isna  # noqa: PLC0415

    return None if isna(value) else str(value)


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


def years(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    if not (first.isdigit() and (last or first).isdigit() and int(first) <= int(last or first)):
        raise click.BadParameter(f"'{text}' is not a year or Y1-Y2, e.g. 2019-2024")
    return int(first), int(last or first)


NO_TOPICS = "No record of this vintage has topics: of technologies nothing is known, which is not to say that there are none."

CAUTION = (
    "A flag is a review cue: a co-publication is lawful and often wanted. The absence of a flag is no clearance.",
    "For internal use: a list of works leads to people.",
)
