"""The pages of coauth/docs that are written from the program: its commands, and its tables.

`python -m tests.support.pages` writes them anew.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import click

from coauth import cli
from coauth.tables import schemas
from coauth.tables.contract import Table

DOCS = Path(__file__).parents[2] / "coauth" / "docs"
ORIGIN = "<!-- Written from the program by `python -m tests.support.pages`; edit the program. -->"
COMMON = ("root", "as_json", "quiet", "verbose", "help")


def verbs(
    group: click.Group = cli.coauth, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with the words that call it, in the order of the help."""
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        if isinstance(command, click.Group):
            yield from verbs(command, (*path, name))
        else:
            yield (*path, name), command


def commands() -> str:
    """Markdown: every command with its help, arguments and options; what all share is said once."""
    pairs = list(verbs())
    shared = [p for p in pairs[1][1].params if p.name in COMMON]
    parts = [
        ORIGIN,
        "# Commands",
        "An expected error is one line that says what to do next, with exit code 1 (2 for wrong usage). "
        "Results go to stdout, progress and notes to stderr. Every command but `init` also takes:",
        _options(shared),
    ]
    for path, command in pairs:
        own = [p for p in command.params if p.name not in COMMON]
        parts += [f"## coauth {' '.join(path)}", _text(command.help), _usage(path, command)]
        parts += [_options(own)] if any(isinstance(p, click.Option) for p in own) else []
    return "\n\n".join(parts) + "\n"


def tables() -> str:
    """Markdown: every table with its row, its key, and type, unit and meaning of each column."""
    parts = [
        ORIGIN,
        "# Tables",
        "Parquet in `cache/<vintage>/tables/`, for DuckDB, R or pandas. Each is sorted by its key, which no two rows "
        "share. Ids are OpenAlex's short form (W…, I…, T…). *May be empty* means that the value can be null. "
        "The statements that make them are in `queries/sql/` (`coauth sql edges` prints one).",
        "| table | one row per |\n|---|---|\n"
        + "\n".join(f"| [`{t.name}`](#{t.name}) | {t.row} |" for t in schemas.ALL.values()),
    ]
    for table in schemas.ALL.values():
        key = ", ".join(f"`{name}`" for name in table.key)
        parts += [f"## {table.name}", f"One row per {table.row}; key: {key}.", _columns(table)]
    return "\n\n".join(parts) + "\n"


PAGES = {"commands.md": commands, "tables.md": tables}


def _text(text: str) -> str:
    """Help as Markdown: its examples and other lines to type stand as code."""
    paragraphs = (" ".join(p.split()) for p in text.split("\n\n"))
    return "\n\n".join(re.sub(r"^Example: (.*)$", r"Example: `\1`", _plain(p)) for p in paragraphs)


def _plain(text: str) -> str:
    """`text` with signs that Markdown would take for its own kept as signs."""
    return re.sub(r"(?<!`)([|<>*])(?!`)", r"\\\1", text)


def _usage(path: tuple[str, ...], command: click.Command) -> str:
    pieces = command.collect_usage_pieces(click.Context(command))
    return f"```text\ncoauth {' '.join((*path, *pieces))}\n```"


def _options(parameters: list[click.Parameter]) -> str:
    context = click.Context(click.Command("coauth"))
    rows = (p.get_help_record(context) for p in parameters if isinstance(p, click.Option))
    lines = (f"| `{row[0].replace('|', '&#124;')}` | {_plain(row[1])} |" for row in rows if row)
    return "\n".join(("| option | meaning |", "|---|---|", *lines))


def _columns(table: Table) -> str:
    lines = ["| column | type | unit | meaning |", "|---|---|---|---|"]
    for column in table.columns:
        empty = " *May be empty.*" if column.null else ""
        meaning = _plain(column.meaning)
        lines.append(
            f"| `{column.name}` | {_plain(str(column.type))} | {_plain(column.unit)} | {meaning}.{empty} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    for name, page in PAGES.items():
        Path(DOCS / name).write_text(page(), "utf-8")
