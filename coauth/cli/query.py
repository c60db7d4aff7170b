"""Questions to what is built: shifts, compare, sql, queries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from coauth import api
from coauth.cli.group import Answer, coauth, common, notices, of_vintage, wide, years
from coauth.engine.duck import DuckDB
from coauth.openalex import eras
from coauth.pipeline.compare import compare_vintages, relations_between
from coauth.pipeline.project import Project
from coauth.queries import registry
from coauth.stages import revisions
from coauth.tables import schemas
from coauth.tables.contract import MARK
from coauth.tables.escape import spreadsheet


def _listed(*intervals: str) -> str:
    """Measures whose interval is had so; of those where smaller is more central, that it is."""
    records = (registry.MEASURES[name] for name in registry.select(*intervals))
    return ", ".join(r.name if r.sign > 0 else f"{r.name} ({r.direction})" for r in records)


@coauth.command("shifts")
@click.argument("institution", required=False)
@click.option(
    "--measure",
    default="strength_share",
    show_default=True,
    help=f"One with an interval of its change: {_listed('works')}. Without one: "
    f"{_listed('jackknife', 'paths', 'none')}.",
)
@click.option("--before", metavar="Y1-Y2", help="Window before, e.g. 2018-2020.")
@click.option("--after", metavar="Y1-Y2", help="Window after, e.g. 2022-2024.")
@of_vintage
@common
def shifts_(
    project: Project,
    answer: Answer,
    institution: str | None,
    measure: str,
    before: str | None,
    after: str | None,
    vintage: str | None,
) -> None:
    """Changes of centrality between two windows, each with interval, verdict and reason.

    Example: coauth shifts DTU --measure strength_share --before 2018-2020 --after 2022-2024
    """
    chosen = project.cache.find(vintage)
    rows = api.shifts(
        institution,
        measure=measure,
        before=years(before) if before else None,
        after=years(after) if after else None,
        root=project.root,
        vintage=chosen.name,
    )
    caution = (
        [wide(f"MIXED: {mixed}: changes of institutions are not comparable.")]
        if (mixed := chosen.mixed)
        else []
    )
    answer.give(
        rows.to_dict("records"),
        (
            line
            for lines in (caution, *(_shift_lines(r) for r in rows.to_dict("records")))
            for line in lines
        ),
    )


def _shift_lines(r: Mapping[Any, Any]) -> Iterable[str]:
    windows = f"{r['before_first']}–{r['before_last']} → {r['after_first']}–{r['after_last']}"
    yield f"{windows}  {r['verdict']:<24} {r['name']} ({r['institution_id']})"
    yield wide(r["reason"], "    ")


@coauth.command("compare")
@click.argument("old")
@click.argument("new")
@common
def compare_(project: Project, answer: Answer, old: str, new: str) -> None:
    """What changed between two vintages: new, removed and changed works, and what they do to each
    headline count.

    A work can have changed in year, type, inclusion, affiliations or topics; --json lists every
    work. A watchlist or set of technologies that differs between the two builds is named. What
    OpenAlex's replacements of 2026-09-28 (affiliation matcher) and 2026-10-06 (topics) make
    incomparable is said first and counted as no change; where records from disk do not tell their
    side, that is said.

    Example: coauth compare 2026-08-14 2026-11-20
    """
    vintages = project.cache.find(old), project.cache.find(new)
    works, revised = compare_vintages(project, *vintages)
    relations = relations_between(*vintages)
    before, after = (v.built.lists for v in vintages)
    unlike = (
        {t.id for t in project.queries.technologies}
        if relations["topic_model"] != "same"
        else set()
    )
    lists = {
        i: [before.get(i), after.get(i)]
        for i in sorted((before | after).keys() - unlike)
        if before.get(i) != after.get(i)
    }
    counts, rows = revisions.counts(works, revisions.incomparable(relations)), revised.to_pandas()
    said = {name: "not comparable" if n is None else f"{n:,}" for name, n in counts.items()}
    cautions = (
        eras.not_comparable(*((v.name, v.eras) for v in vintages))
        if set(relations.values()) != {"same"}
        else []
    )
    shown = [
        *map(wide, cautions),
        f"works      {said['new']} new, {said['removed']} removed, {said['changed']} changed",
        "changed in "
        + ", ".join(f"{aspect} {said[f'changed {aspect}']}" for aspect in revisions.ASPECTS)
        + " (a work may be in several)",
    ]
    shown += [
        f"list {i}: {a or 'not enabled'} -> {b or 'not enabled'}" for i, (a, b) in lists.items()
    ]
    told = (
        rows[~rows["series"].str.startswith("list:")]
        if relations["affiliation_matcher"] != "same"
        else rows
    )
    table = told.pivot_table("works", ["series", "year"], "cause", aggfunc="sum", fill_value=0)
    table = table[[c for c in schemas.CAUSES if c in table.columns]]
    shown += (
        ["", table.to_string()]
        if len(table)
        else [f"{old} and {new} give the same headline counts"]
    )
    result = {
        "eras": {v.name: v.eras._asdict() for v in vintages},
        "comparable": relations,
        "counts": counts,
        "works": works.to_dict("records"),
        "headline": rows.to_dict("records"),
        "lists": lists,
    }
    answer.give(
        result,
        shown
        if len(works) or len(rows) or lists or cautions
        else [f"{old} and {new} hold the same works"],
    )


@coauth.command()
@click.argument("name", required=False)
@click.option(
    "--run",
    "file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Run this statement against a vintage.",
)
@click.option(
    "--trusted", is_flag=True, help="The statement may read and write files and load extensions."
)
@of_vintage
@common
def sql(
    project: Project,
    answer: Answer,
    name: str | None,
    file: Path | None,
    trusted: bool,
    vintage: str | None,
) -> None:
    """Print the statement behind a table, or run one of your own against the tables of a vintage.

    A statement is a program: it runs with your rights. Without --trusted it can read the tables of
    the vintage and nothing else, and writes nothing.

    Example: coauth sql edges
    """
    if bool(name) == bool(file):
        raise click.UsageError("give the name of a statement, or --run FILE")
    shared = project.queries.tables()
    if file is None:
        statement = DuckDB(project.queries.sql, {}).statement(name or "")
        answer.give({"sql": statement}, [statement.rstrip()])
        return
    chosen = project.cache.find(vintage)
    stored = {table: chosen.rows(table) for table in schemas.ALL}
    frame = (
        DuckDB({}, shared, trusted=trusted)
        .query(file.read_text("utf-8"), str(file), **stored)
        .to_pandas()
    )
    notice = [f"-- {MARK}"] if chosen.manifest.synthetic else []
    answer.give(
        frame.to_dict("records"), [*notice, spreadsheet(frame).to_csv(index=False).rstrip()]
    )


@coauth.group("queries")
def queries_() -> None:
    """The questions: queries/."""


@queries_.command()
@common
def check(project: Project, answer: Answer) -> None:
    """Read every file in queries/ strictly and name all faults at once, and what belongs to another
    country than scope.toml's.

    Files: scope.toml, institutions.toml, groups.toml, events.toml, measures.toml,
    watchlists/*.toml, technologies/*.toml, sql/*.sql.
    """
    asked = project.queries
    on = [w.id for w in asked.watchlists if w.enabled] + [
        t.id for t in asked.technologies if t.enabled
    ]
    sets: list[dict[str, Any]] = [
        {
            "id": t.id,
            "enabled": t.enabled,
            "defined": len(t.technology),
            "no_definition": t.no_definition,
        }
        for t in asked.technologies
    ]
    lines = [
        f"all questions read; enabled lists: {', '.join(on)}; fingerprint {asked.fingerprint[:16]}",
        *(
            f"technologies {s['id']} ({'on' if s['enabled'] else 'off'}): {s['defined']} defined{_undefined(s['no_definition'])}"
            for s in sets
        ),
    ]
    told = notices(asked)
    answer.give(
        {"fingerprint": asked.fingerprint, "enabled": on, "technologies": sets, "notices": told},
        [*lines, *(f"notice: {n}" for n in told)],
    )


def _undefined(names: Sequence[str]) -> str:
    return f"; no definition: {'; '.join(names)}" if names else ""
