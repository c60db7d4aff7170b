"""From nothing to tables: init, rebuild, harvest, build, status, admissions."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from importlib import resources
from pathlib import Path
from typing import Any

import click

from coauth.cli.group import NO_TOPICS, Answer, Command, coauth, common, notices, of_vintage
from coauth.errors import CacheError, QueryError, SourceError
from coauth.pipeline import run_record
from coauth.pipeline import status as harvest_status
from coauth.pipeline.admissions import fetch_totals, fetch_totals_once, import_admissions
from coauth.pipeline.audit import audit_affiliations
from coauth.pipeline.build import ENGINES, build_tables
from coauth.pipeline.harvest import Source, budget_left, harvest_pages
from coauth.pipeline.preview import preview_network
from coauth.pipeline.project import Project
from coauth.pipeline.quarter import write_quarter
from coauth.pipeline.status import count_of
from coauth.queries import Queries
from coauth.storage import Vintage
from coauth.storage.manifest import Account, Build
from coauth.tables.contract import MARK

_SYNTHETIC = f"{MARK}: none of these numbers is about the real world."


@coauth.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
def init(folder: Path) -> None:
    """Lay out queries/, cache/ and reports/ in DIR. Nothing that is already there is overwritten.

    Example: coauth init denmark
    """
    start = resources.files("coauth") / "_start"
    with resources.as_file(start) as packaged:
        origin = (
            packaged if packaged.is_dir() else Path(__file__).parents[2]
        )  # a checkout carries them at its top
        try:
            kept = _lay_out(origin, folder)
        except OSError as fault:
            raise CacheError(
                f"cannot write {folder} ({fault.strerror}); name another folder"
            ) from fault
    click.echo(
        f"{folder}: queries/, cache/ and reports/ are there"
        + (f"; kept {kept} files as they were" if kept else "")
    )


def _lay_out(origin: Path, folder: Path) -> int:
    kept = 0
    files = [p for p in sorted((origin / "queries").rglob("*")) if p.suffix in {".toml", ".sql"}]
    places = {file: file.relative_to(origin) for file in files}
    places[origin / "reports" / "quarterly.py"] = Path("reports", "quarterly.py")
    places[Path(__file__).parents[1] / "docs" / "schedule.md"] = Path("reports", "SCHEDULE.md")
    for file, place in places.items():
        target = folder / place
        if target.exists():
            kept += 1
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    (folder / "cache").mkdir(exist_ok=True)
    return kept


class Day(click.ParamType[date]):
    """A day as ISO writes it."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value} is no day; write it as 2026-10-20 (year, month, day)", param, ctx)


def of_source(command: Command) -> Command:
    """Where the pages come from."""
    for option in (
        click.option(
            "--sample",
            is_flag=True,
            help="A seeded synthetic world: no network, no key. SYNTHETIC everywhere.",
        ),
        click.option(
            "--seed", type=int, default=1, show_default=True, help="Of the synthetic world."
        ),
        click.option(
            "--from",
            "records",
            type=click.Path(path_type=Path),
            help="Works from disk instead of the API: JSON or JSONL in any shape, packed or not, a folder of them, a vintage, or a copy of the snapshot.",
        ),
        click.option(
            "--as-of",
            metavar="DAY",
            type=Day(),
            help="With --from: the day the records were taken from OpenAlex. With --sample: a day after 2026-10-15, when the world has changed.",
        ),
        click.option(
            "--new", "fresh", is_flag=True, help="A new vintage, even if this quarter has one."
        ),
        click.option(
            "--wait", is_flag=True, help="Sleep over a spent daily budget instead of stopping."
        ),
    ):
        command = option(command)
    return command


def _harvested(
    project: Project, answer: Answer, vintage: str | None, options: Mapping[str, Any]
) -> Vintage:
    if options["sample"] and options["records"]:
        raise click.UsageError("--sample and --from are two different sources; give one")
    kind = "sample" if options["sample"] else "files" if options["records"] else "api"
    key, url = _access()
    source = Source(kind, path=options["records"], seed=options["seed"], key=key, url=url)
    for notice in [] if answer.quiet else notices(project.queries):
        click.echo(f"notice: {notice}", err=True)
    with answer.progress() as bar:
        return harvest_pages(
            project,
            source,
            today=datetime.now(UTC).date(),
            as_of=options["as_of"],
            name=vintage,
            fresh=options["fresh"],
            wait=options["wait"],
            allow_incomplete=options.get("allow_incomplete", False),
            progress=bar,
            engine=options["engine"],
            threads=options.get("threads"),
        )


def of_engine(command: Command) -> Command:
    return click.option(
        "--engine",
        type=click.Choice(list(ENGINES)),
        default="duckdb",
        show_default=True,
        help="DuckDB, or Spark in this machine or on a cluster; the tables are the same.",
    )(command)


def of_build(command: Command) -> Command:
    for option in (
        of_engine,
        click.option(
            "--level",
            type=click.Choice(["unified", "as-harvested"]),
            default="unified",
            show_default=True,
            help="Institutions rolled up by queries/institutions.toml, or not at all.",
        ),
        click.option(
            "--memory",
            metavar="SIZE",
            help="Memory for all of it, e.g. 2GB (default: 4GB): the SQL engine spills to disk beyond its part, and fewer windows are measured at once.",
        ),
        click.option(
            "--threads",
            type=click.IntRange(1),
            help="Threads and processes; the result does not depend on them.",
        ),
        click.option(
            "--allow-incomplete",
            is_flag=True,
            help="Build although slices are short; every output says so.",
        ),
        click.option(
            "--allow-mixed",
            is_flag=True,
            help="Build although the pages are of two affiliation matchers of OpenAlex (replaced on 2026-09-28); every output says so.",
        ),
    ):
        command = option(command)
    return command


OF_BUILD = ("engine", "level", "memory", "threads", "allow_incomplete", "allow_mixed")


@coauth.command()
@of_source
@of_build
@of_vintage
@common
def rebuild(project: Project, answer: Answer, vintage: str | None, **options: Any) -> None:
    """Harvest what is missing, then build tables, Gephi files and report. Safe to run again after
    any interruption.

    Example: coauth rebuild --sample
    """
    project.queries  # noqa: B018  faults in queries/ show before anything is fetched
    done = _harvested(project, answer, vintage, options)
    with answer.progress() as bar:
        how = {name: options[name] for name in OF_BUILD}
        built = build_tables(project, done, progress=bar, **how)
        fetch_totals_once(project, done, **statbank())
        paths = write_quarter(project, done, side_by_side=True, progress=bar)
    answer.give(
        {"vintage": done.name, "rows": built.rows, "paths": paths},
        _summary(project, done, built, paths),
    )


def _summary(
    project: Project, vintage: Vintage, built: Build, paths: Mapping[str, Path]
) -> Iterable[str]:
    rows = built.rows
    if built.synthetic:
        yield _SYNTHETIC
    if not built.complete:
        yield "INCOMPLETE: slices of the harvest hold fewer works than OpenAlex counts; every number may be too small."
    if built.mixed:
        yield f"MIXED: {built.mixed}; institutions of its years are not comparable."
    said = _read(
        f"{vintage.name} ({vintage.quarter})",
        harvest_status.account_of(vintage.manifest) or built.losses.works,
    )
    said += [
        ("not counted", f"{n:,} works: {reason}") for reason, n in built.losses.excluded.items()
    ]
    said += [
        (
            "network",
            f"{rows['institutions']:,} institutions, {rows['edges']:,} year–pairs, {rows['flags']:,} review cues",
        )
    ]
    said += [("technologies", NO_TOPICS)] if "topics" in harvest_status.lacking(vintage) else []
    said += [
        ("shifts", _verdicts(project, vintage)),
        *((name, str(path)) for name, path in paths.items()),
    ]
    yield from (f"{name:<14} {text}" for name, text in said)


def _read(vintage: str, losses: Account, standing: str = "") -> list[tuple[str, str]]:
    """What came of a vintage's records."""
    (_, records), *rest = harvest_status.account_lines(losses)
    return [("vintage", f"{vintage}: {records}{standing}"), *rest]


def _verdicts(project: Project, vintage: Vintage) -> str:
    """How many institutions rose, fell or cannot be judged between the last pair of windows."""
    shifts = vintage.read("shifts").to_pandas()
    before, after = project.queries.measures.comparisons[-1]
    judged = shifts[
        (shifts["measure"] == "strength_share")
        & (shifts["variant"] == "k")
        & (shifts["before_first"] == before[0])
        & (shifts["after_first"] == after[0])
    ]
    counts = ", ".join(
        f"{n:,} {v}" for v, n in judged["verdict"].value_counts(sort=False).sort_index().items()
    )
    return f"{before[0]}–{before[1]} → {after[0]}–{after[1]}, share of strength: {counts or 'too few works to judge'}"


@coauth.command()
@of_source
@of_engine
@of_vintage
@common
def harvest(project: Project, answer: Answer, vintage: str | None, **options: Any) -> None:
    """Only the harvest: continue an unfinished vintage or start a new one; with --vintage also mend
    a damaged one.

    Example: OPENALEX_API_KEY=… coauth harvest --wait
    """
    done = _harvested(project, answer, vintage, options)
    said = [f"vintage {done.name} is complete ({done.quarter}): {done.path}", *_account(done)]
    answer.give(done.manifest.plain(), said)


def _rows(built: Build) -> Iterable[str]:
    for name, count in built.rows.items():
        unknown = name == "technologies" and "topics" in (built.lacking or ())
        yield f"{name:<15} " + ("no record has topics" if unknown else f"{count:>12,} rows")


def _account(vintage: Vintage) -> Iterable[str]:
    """What became of a vintage's records: the same lines after `harvest` and `build`, and in
    `status`.
    """
    if account := harvest_status.account_of(vintage.manifest):
        yield from (f"{name:<15} {text}" for name, text in harvest_status.account_lines(account))


@coauth.command()
@click.option(
    "--vintage", metavar="NAME", help="A vintage by name [default: the newest, complete or not]."
)
@click.option(
    "--top",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    help="Institutions shown, by PageRank.",
)
@common
def preview(project: Project, answer: Answer, vintage: str | None, top: int) -> None:
    """A first look at a harvest, also while it runs: the network of its pages in seconds, before
    any table is built.

    Institutions are as harvested and duplicates are not sought: numbers to see by, not to quote.

    Example: coauth preview --top 20
    """
    chosen, asked = (
        project.cache.find(vintage) if vintage else project.cache.newest(),
        project.queries,
    )
    seen = preview_network(
        chosen, asked.scope, asked.measures.counting, asked.scope.max_institutions
    )
    result = {
        "vintage": chosen.name,
        "complete": chosen.complete,
        "synthetic": seen.synthetic,
        "counting": asked.measures.counting,
        "max_institutions": asked.scope.max_institutions,
        "losses": seen.losses.balance(),
        "works": len(seen.network.team),
        "institutions": len(seen.network.institutions),
        "pairs": seen.graph.nnz // 2,
        "first": seen.first(top),
    }
    answer.give(result, _first_look(result))


def _first_look(preview: Mapping[str, Any]) -> Iterable[str]:
    if preview["synthetic"]:
        yield _SYNTHETIC
    said = _read(
        preview["vintage"],
        Account(**preview["losses"]),
        "" if preview["complete"] else "; the harvest is not complete",
    )
    said += [
        (
            "network",
            f"{preview['institutions']:,} institutions and {count_of(preview['pairs'], 'pair')} of {count_of(preview['works'])} of 2 to {preview['max_institutions']} institutions",
        )
    ]
    said += [
        (
            "first" if n == 0 else "",
            f"{row['pagerank']:8.1f}  {row['works']:7,} works  {row['name']} ({row['country_code'] or '?'})",
        )
        for n, row in enumerate(preview["first"])
    ]
    said += [
        (
            "",
            f"PageRank (1 = the mean), counting {preview['counting']}. Institutions as harvested, duplicates not sought, no intervals:",
        ),
        ("", "numbers to see by, not to quote; `coauth build` makes those."),
    ]
    yield from (f"{name:<14} {text}" for name, text in said)


@coauth.command()
@of_build
@of_vintage
@common
def build(project: Project, answer: Answer, vintage: str | None, **options: Any) -> None:
    """Build the tables of a harvested vintage: cache/<vintage>/pages -> tables.

    Example: coauth build --memory 2GB
    """
    chosen = project.cache.find(vintage, complete=not options["allow_incomplete"])
    with answer.progress() as bar:
        built = build_tables(project, chosen, progress=bar, **options)
    answer.give(
        built.plain(),
        [*_account(chosen), *_rows(built)],
    )


@coauth.command()
@click.option(
    "--verify", is_flag=True, help="Hash every stored file and every edition in reports/."
)
@click.option(
    "--audit",
    is_flag=True,
    help="Read the affiliations of every vintage that was not audited yet (500,000 works: some minutes).",
)
@common
def status(project: Project, answer: Answer, verify: bool, audit: bool) -> None:
    """Vintages and what each holds of what OpenAlex counts; -v lists every slice, --verify looks
    for damage.

    Per year it says how many works have all, some or none of their authorships matched to
    institutions, and how many have strings that name a domestic or listed institution and were
    matched to none: of small vintages at once, of others once --audit has read them. --json gives
    the same by institution.

    What is built is held against published counts of the same question (queries/reference). With a
    key, or another address of the API, also the budget left today.

    Example: coauth status --verify
    """
    there = project.cache.vintages()
    queries, unread = _readable(project) if there else (None, "")
    found = [harvest_status.of_vintage(v, queries, verify=verify) for v in there]
    audits = [
        None if s["damage"] else _audit(project, v, anew=audit)
        for s, v in zip(found, there, strict=True)
    ]
    found = [s | {"audit": a} for s, a in zip(found, audits, strict=True)]
    budget = _budget_left()
    shown = [
        line
        for s in found
        for line in (*harvest_status.lines(s, every_slice=answer.verbose), *_audited(s))
    ] or [
        f"no vintage in {project.cache.folder}; run `coauth rebuild --sample` or `coauth harvest`"
    ]
    said = [f"figure 1     held against nothing: {unread}"] * bool(unread) + [
        f"budget       {budget}"
    ] * bool(budget)
    beside = project.cache.damage() if verify else []
    editions = run_record.damage(project.reports) if verify else []
    beside += [damage for damage, _ in editions]
    if project.cache.has_rounding_key:
        said.append(
            f"rounding     by {project.cache.folder / 'rounding.key'}: keep it, and to yourself"
        )
    said = [f"damaged      {damage}" for damage in beside] + said
    answer.give({"vintages": found, "budget": budget, "damage": beside}, [*shown, *said])
    cures = [cure for s in found for cure in s["cures"]]
    cures += dict.fromkeys(cure for _, cure in editions)
    if cures or beside:
        raise CacheError(
            f"stored files are damaged; {'; '.join(cures) or 'see what is named above'}"
        )


def _readable(project: Project) -> tuple[Queries | None, str]:
    """The questions, or why they cannot be read: a fault in them is no reason not to say what is in
    the cache.
    """
    try:
        return project.queries, ""
    except QueryError:
        return None, "queries/ cannot be read; run `coauth queries check`"


def _audit(
    project: Project, vintage: Vintage, *, anew: bool
) -> dict[str, list[dict[str, Any]]] | None:
    """The affiliations audit as it is kept or, of a small vintage, made; None where it was not
    asked for or the questions cannot be read.
    """
    try:
        made = audit_affiliations(project, vintage, anew=anew)
    except (QueryError, CacheError):
        if anew:
            raise
        return None
    return (
        None
        if made is None
        else {name: table.to_pylist() for name, table in made._asdict().items()}
    )


def _audited(standing: Mapping[str, Any]) -> Iterable[str]:
    if standing["audit"] is None:
        return [
            "  audit      none yet; `coauth status --audit` says whom strings name that no institution was matched to"
        ]
    return harvest_status.audit_lines(standing["audit"]["years"])


def _budget_left() -> str | None:
    """One line; None where nobody is to be asked. Not to know it is no failure of `status`."""
    key, url = _access()
    if not (key or url):
        return None
    try:
        left = budget_left(key, url)
    except SourceError as fault:
        return f"not known: {fault}"
    return "not told by this address" if left is None else f"{left:,} credits left today"


def _access() -> tuple[str | None, str | None]:
    return os.environ.get("OPENALEX_API_KEY") or None, os.environ.get("COAUTH_OPENALEX_URL") or None


def statbank() -> dict[str, Any]:
    """Where StatBank is asked, and on which day."""
    return {"url": os.environ.get("COAUTH_STATBANK_URL") or None, "today": datetime.now(UTC).date()}


@coauth.group()
def admissions() -> None:
    """PhD admissions: by country from a file, totals from Statistics Denmark."""


@admissions.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@common
def import_(project: Project, answer: Answer, file: Path) -> None:
    """Import a CSV with columns year, country_code, admissions, suppressed, source, retrieved; used
    by the next build.

    country_code is ISO 3166-1 alpha-2, `international` (all from abroad) or `total`; admissions is
    empty exactly where suppressed is true.
    """
    table = import_admissions(project, file)
    answer.give(
        {"rows": table.num_rows},
        [f"{table.num_rows} rows imported; run `coauth build`, then `coauth report`"],
    )


@admissions.command("fetch")
@of_vintage
@common
def fetch_(project: Project, answer: Answer, vintage: str | None) -> None:
    """Fetch the yearly totals anew from Statistics Denmark's StatBank (table PHD1) for a vintage's
    report.

    `coauth report` does so by itself where a vintage has none yet, and keeps them, so that its
    numbers stay the same.
    """
    chosen = project.cache.find(vintage)
    table = fetch_totals(project, chosen, **statbank())
    first, *_, last = table["year"].to_pylist()
    answer.give(
        chosen.totals,
        [f"PhD totals {first}–{last} kept with vintage {chosen.name}; run `coauth report`"],
    )
