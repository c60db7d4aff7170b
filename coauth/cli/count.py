"""`coauth count`: any question, with interval, coverage and evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from coauth.cli.group import Answer, Command, coauth, common, internal, of_vintage, years
from coauth.count import files
from coauth.count import words as sayings
from coauth.count.question import FILTERS
from coauth.pipeline.count import Desk
from coauth.pipeline.project import Project
from coauth.queries.names import SIZES
from coauth.report.text import languages
from coauth.storage import atomic
from coauth.tables.contract import MARK
from coauth.tables.escape import spreadsheet

HELP = {
    "partner": "With a partner: a country, group of countries, or institution abroad.",
    "list": "With an institution of a watchlist, or one entry of it.",
    "technology": "On a technology or EU area.",
    "status": "preprint or published.",
    "size": f"By number of institutions: {', '.join(SIZES[1:])}.",
    "type": "Of a type, as article.",
    "publisher": "Of a publisher; its name may hold commas.",
    "field": "In a field, as engineering.",
    "institution": "With an institution, at home or abroad.",
}


def _filters(command: Command) -> Command:
    for name in FILTERS:
        command = click.option(f"--{name}", multiple=True, metavar="NAME", help=HELP[name])(command)
    return command


@coauth.command("count")
@click.argument("words", nargs=-1, metavar="[NAME|YEARS]...")
@_filters
@click.option("--years", "span", metavar="Y|Y1-Y2", help="Only these years, e.g. 2018-2024.")
@click.option(
    "--by",
    metavar="A,B",
    default="",
    help="Count by year or window, and at most two of institution (at home), abroad, partner, group, list, entry, technology, area, field, type, publisher, status, size.",
)
@click.option(
    "--compare",
    nargs=2,
    metavar="Y1-Y2 Y1-Y2",
    help="The change between two periods, with verdict.",
)
@click.option(
    "--drivers",
    metavar="NAME",
    default="",
    help="With --compare: who drives the change, by institution, field or partner.",
)
@click.option(
    "--of",
    type=click.Choice(["all", "international"]),
    default=None,
    help="What a share is of [default: the works that the other filters leave].",
)
@click.option(
    "--works", "list_works", is_flag=True, help="List the works behind the answer instead."
)
@click.option("--sql", "statement", is_flag=True, help="Print the statement instead.")
@click.option(
    "-o",
    "out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write: .csv, .xlsx, .parquet, .md, .svg or .png.",
)
@click.option(
    "--excel",
    type=click.Choice(languages()),
    default=None,
    help="A CSV for the Excel of this language: da has semicolons and decimal commas.",
)
@click.option(
    "--language",
    type=click.Choice(languages()),
    default=None,
    help="Of names, titles and notes [default: that of --excel, else en].",
)
@click.option(
    "--top",
    type=click.IntRange(0),
    default=sayings.ROWS,
    show_default=True,
    help="Rows on the terminal; 0: all.",
)
@internal
@of_vintage
@common
def count_(
    project: Project,
    answer: Answer,
    words: tuple[str, ...],
    span: str | None,
    by: str,
    compare: tuple[str, str] | None,
    drivers: str,
    of: str | None,
    list_works: bool,
    statement: bool,
    out: Path | None,
    excel: str | None,
    language: str | None,
    top: int,
    vintage: str | None,
    **filters: tuple[str, ...],
) -> None:
    """Works by anything and of anything, each number with its interval, its share of a stated base,
    and the coverage of its years and publishers.

    Names are those people type, in English or Danish; what fits several things is asked back. Several
    names of one kind are either of them, of different kinds all of them. Commas may stand between
    names: --partner Sweden,Norway.

    Who leads a work, and whether one author is at home and abroad, is not held by the tables.

    \b
    Examples:
      coauth count China --compare 2018-2020 2022-2024 --drivers institution
      coauth count quantum China --by year
      coauth count DTU Kina engineering 2018-2024 --by year -o dtu.xlsx --language da
    """
    if excel and not (out and out.suffix.lower() == ".csv"):
        raise click.UsageError("--excel says how a CSV is written; give -o FILE.csv")
    desk = Desk(project, project.cache.find(vintage))
    question = desk.ask(
        words,
        {name: _names(name, given) for name, given in filters.items()},
        by=[name.strip() for name in by.split(",") if name.strip()],
        years=years(span) if span else None,
        periods=(years(compare[0]), years(compare[1])) if compare else None,
        drivers=drivers,
        of=of or "",
    )
    if statement:
        text = desk.sql(question)
        answer.give({"sql": text}, [text.rstrip()])
        return
    labels = desk.labels(language or excel or "en")
    if list_works:
        rows = desk.works(question)
        rows = rows.assign(notice=MARK) if labels.about.synthetic else rows
        if out:
            _write(out, spreadsheet(rows).to_csv(index=False).encode(), answer)
        else:
            answer.give(rows.to_dict("records"), [spreadsheet(rows).to_csv(index=False).rstrip()])
        return
    result = desk.answer(question)
    if out:
        _write(out, files.content(result, labels, out, excel or ""), answer)
        return
    answer.give(_plain(result, labels), sayings.lines(result, labels, top))


def _names(option: str, texts: tuple[str, ...]) -> list[str]:
    if option == "publisher":
        return list(texts)
    return [name.strip() for text in texts for name in text.split(",") if name.strip()]


def _write(path: Path, content: bytes, answer: Answer) -> None:
    atomic.write({path: content}, "make room or give rights to the folder, or name another file")
    answer.give([path], [str(path)])


def _plain(result: Any, labels: Any) -> dict[str, Any]:
    drivers = result.drivers
    return {
        "rows": files.with_names(result.rows, labels).to_dict("records"),
        "drivers": None
        if drivers is None
        else files.with_names(drivers, labels).to_dict("records"),
    } | sayings.about(result, labels)
