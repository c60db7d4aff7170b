"""The command line: words in, calls out. The only module that prints or exits.

An expected error is one line on stderr that says what to do next, exit code 1 (2 for wrong usage); a bug keeps its
traceback. Results go to stdout, with --json as one JSON document; progress and log lines go to stderr.
"""

from __future__ import annotations

import functools
import gc
import json
import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from importlib import resources
from pathlib import Path
from typing import Any

import click
import pandas as pd

from coauth import __version__, explain, flags, pipeline, publish, quality, revisions, standing, tables, technologies
from coauth.engine.duck import DuckDB
from coauth.errors import CacheError, CoauthError, NotFound, SourceError
from coauth.explain import candidates
from coauth.export import FORMATS
from coauth.network import COUNTINGS
from coauth.pipeline import Project, Source
from coauth.progress import Bar
from coauth.queries import Queries
from coauth.vintage import Vintage

Command = Callable[..., Any]


class _Group(click.Group):
    """Turns an expected error into one line; lets everything else fall through with its traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CoauthError as fault:
            click.echo(f"coauth: {fault}", err=True)
            ctx.exit(1)


def common(command: Command) -> Command:
    """The options every verb has."""

    @click.option("--root", type=click.Path(path_type=Path, file_okay=False), default=".", help="Folder with queries/, cache/ and reports/ [default: here].")
    @click.option("--json", "as_json", is_flag=True, help="The result as JSON on stdout.")
    @click.option("-q", "--quiet", is_flag=True, help="Only results and errors.")
    @click.option("-v", "--verbose", is_flag=True, help="Every stage as it runs.")
    @functools.wraps(command)
    def wrapped(*args: Any, root: Path, as_json: bool, quiet: bool, verbose: bool, **options: Any) -> Any:
        level = logging.WARNING if quiet else logging.DEBUG if verbose else logging.INFO
        logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr, force=True)
        logging.getLogger("coauth").setLevel(level)
        return command(Project(root), Answer(as_json, quiet, verbose), *args, **options)

    return wrapped


def of_vintage(command: Command) -> Command:
    return click.option("--vintage", metavar="NAME", help="A vintage by name [default: the newest complete one].")(command)


class Answer:
    """Prints a result: lines for people, or JSON for programs."""

    def __init__(self, as_json: bool, quiet: bool, verbose: bool = False) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self.verbose = verbose

    def give(self, result: Any, lines: Iterable[str]) -> None:
        if self.as_json:
            click.echo(json.dumps(result, indent=1, ensure_ascii=False, default=_plain))
        else:
            for line in lines:
                click.echo(line)

    def progress(self) -> Bar:
        return Bar(quiet=self.quiet or self.as_json)


def _plain(value: Any) -> Any:
    """Dates and paths as text, missing values as null."""
    if isinstance(value, date | Path):
        return str(value)
    if hasattr(value, "item"):
        return value.item()
    return None if pd.isna(value) else str(value)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="coauth")
def coauth() -> None:
    """Watch a country's international research collaboration, from OpenAlex to graph, review cues, shifts and report.

    Start: `coauth init DIR`, then in DIR `coauth rebuild --sample` (synthetic, no network), or `coauth rebuild` with
    OPENALEX_API_KEY set (free key: openalex.org/settings/api).
    """


@coauth.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
def init(folder: Path) -> None:
    """Lay out queries/, cache/ and reports/ in DIR. Nothing that is already there is overwritten.

    Example: coauth init denmark
    """
    start = resources.files("coauth") / "_start"
    with resources.as_file(start) as packaged:
        origin = packaged if packaged.is_dir() else Path(__file__).parents[1]  # a checkout carries them at its top
        try:
            kept = _lay_out(origin, folder)
        except OSError as fault:
            raise CacheError(f"cannot write {folder} ({fault.strerror}); name another folder") from fault
    click.echo(f"{folder}: queries/, cache/ and reports/ are there" + (f"; kept {kept} files as they were" if kept else ""))


def _lay_out(origin: Path, folder: Path) -> int:
    kept = 0
    files = [p for p in sorted((origin / "queries").rglob("*")) if p.suffix in {".toml", ".sql"}]
    for file in [*files, origin / "reports" / "quarterly.py"]:
        target = folder / file.relative_to(origin)
        if target.exists():
            kept += 1
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    (folder / "cache").mkdir(exist_ok=True)
    return kept


def of_source(command: Command) -> Command:
    """Where the pages come from."""
    for option in (
        click.option("--sample", is_flag=True, help="A seeded synthetic world: no network, no key. SYNTHETIC everywhere."),
        click.option("--seed", type=int, default=1, show_default=True, help="Of the synthetic world."),
        click.option("--from", "records", type=click.Path(path_type=Path), help="OpenAlex JSON, JSONL(.gz), saved pages or a snapshot folder instead of the API."),
        click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="With --from: the day the records were taken from OpenAlex."),
        click.option("--new", "fresh", is_flag=True, help="A new vintage, even if this quarter has one."),
        click.option("--wait", is_flag=True, help="Sleep over a spent daily budget instead of stopping."),
    ):
        command = option(command)
    return command


def _harvested(
    project: Project, answer: Answer, vintage: str | None, options: Mapping[str, Any], engine: str, threads: int | None = None, allow_incomplete: bool = False
) -> Vintage:
    if options["sample"] and options["records"]:
        raise click.UsageError("--sample and --from are two different sources; give one")
    kind = "sample" if options["sample"] else "files" if options["records"] else "api"
    key, url = _access()
    source = Source(kind, path=options["records"], seed=options["seed"], key=key, url=url)
    as_of = options["as_of"]
    with answer.progress() as bar:
        return pipeline.harvest(
            project, source, today=datetime.now(UTC).date(), as_of=as_of.date() if as_of else None, name=vintage,
            fresh=options["fresh"], wait=options["wait"], allow_incomplete=allow_incomplete, progress=bar,
            engine=engine, threads=threads,
        )  # fmt: skip


def of_engine(command: Command) -> Command:
    return click.option("--engine", type=click.Choice(list(pipeline.ENGINES)), default="duckdb", show_default=True, help="DuckDB, or Spark in this machine or on a cluster; the tables are the same.")(command)


def of_build(command: Command) -> Command:
    for option in (
        of_engine,
        click.option("--level", type=click.Choice(["unified", "as-harvested"]), default="unified", show_default=True, help="Institutions rolled up by queries/institutions.toml, or not at all."),
        click.option("--memory", metavar="SIZE", help="Memory limit, e.g. 2GB; beyond it, the SQL engine spills to disk."),
        click.option("--threads", type=click.IntRange(1), help="Threads and processes; the result does not depend on them."),
        click.option("--allow-incomplete", is_flag=True, help="Build although slices are short; every output says so."),
    ):
        command = option(command)
    return command


@coauth.command()
@of_source
@of_build
@of_vintage
@common
def rebuild(project: Project, answer: Answer, vintage: str | None, engine: str, level: str, memory: str | None, threads: int | None, allow_incomplete: bool, **options: Any) -> None:
    """Harvest what is missing, then build tables, Gephi files and report. Safe to run again after any interruption.

    Example: coauth rebuild --sample
    """
    project.queries  # noqa: B018  faults in queries/ show before anything is fetched
    done = _harvested(project, answer, vintage, options, engine, threads, allow_incomplete)
    built = pipeline.build(project, done, engine=engine, level=level, memory=memory, threads=threads, allow_incomplete=allow_incomplete)
    paths = publish.quarter(project, done, side_by_side=True)
    answer.give({"vintage": done.name, "rows": built["rows"], "paths": paths}, _summary(project, done, built, paths))


def _summary(project: Project, vintage: Vintage, built: Mapping[str, Any], paths: Mapping[str, Path]) -> Iterable[str]:
    losses, rows = built["losses"]["works"], built["rows"]
    if built["synthetic"]:
        yield f"{tables.MARK}: none of these numbers is about the real world."
    if not built["complete"]:
        yield "INCOMPLETE: slices of the harvest hold fewer works than OpenAlex counts; every number may be too small."
    said = [("vintage", f"{vintage.name} ({vintage.quarter}): {losses['records']:,} records, {losses['works']:,} works in scope")]
    said += [("left out", f"{n:,} records: {reason}") for reason, n in losses["dropped"].items()]
    said += [("not counted", f"{n:,} works: {reason}") for reason, n in built["losses"]["excluded"].items()]
    said += [("network", f"{rows['institutions']:,} institutions, {rows['edges']:,} year–pairs, {rows['flags']:,} review cues")]
    said += [("shifts", _verdicts(project, vintage)), *((name, str(path)) for name, path in paths.items())]
    yield from (f"{name:<14} {text}" for name, text in said)


def _verdicts(project: Project, vintage: Vintage) -> str:
    """How many institutions rose, fell or cannot be judged between the last pair of windows."""
    shifts = vintage.read("shifts").to_pandas()
    before, after = project.queries.measures.comparisons[-1]
    judged = shifts[
        (shifts["measure"] == "strength_share") & (shifts["variant"] == "k")
        & (shifts["before_first"] == before[0]) & (shifts["after_first"] == after[0])
    ]  # fmt: skip
    counts = ", ".join(f"{n:,} {v}" for v, n in judged["verdict"].value_counts(sort=False).sort_index().items())
    return f"{before[0]}–{before[1]} → {after[0]}–{after[1]}, share of strength: {counts or 'too few works to judge'}"


@coauth.command()
@of_source
@of_engine
@of_vintage
@common
def harvest(project: Project, answer: Answer, vintage: str | None, engine: str, **options: Any) -> None:
    """Only the harvest: continue an unfinished vintage or start a new one; with --vintage also mend a damaged one.

    Example: OPENALEX_API_KEY=… coauth harvest --wait
    """
    done = _harvested(project, answer, vintage, options, engine)
    answer.give(done.manifest, [f"vintage {done.name} is complete ({done.quarter}): {done.path}"])


@coauth.command()
@of_build
@of_vintage
@common
def build(project: Project, answer: Answer, vintage: str | None, engine: str, level: str, memory: str | None, threads: int | None, allow_incomplete: bool) -> None:
    """Build the tables of a harvested vintage: cache/<vintage>/pages -> tables.

    Example: coauth build --memory 2GB
    """
    chosen = project.cache.newest() if allow_incomplete and vintage is None else project.cache.find(vintage)
    built = pipeline.build(project, chosen, engine=engine, level=level, memory=memory, threads=threads, allow_incomplete=allow_incomplete)
    answer.give(built, (f"{name:<15} {n:>12,} rows" for name, n in built["rows"].items()))


@coauth.command()
@click.option("--verify", is_flag=True, help="Hash every stored page against what was recorded.")
@common
def status(project: Project, answer: Answer, verify: bool) -> None:
    """Vintages and what each holds of what OpenAlex counts; -v lists every slice, --verify looks for damage.

    With a key, or another address of the API, also the budget left today.

    Example: coauth status --verify
    """
    found = [standing.of_vintage(v, verify=verify) for v in project.cache.vintages()]
    budget = _budget_left()
    shown = [line for s in found for line in standing.lines(s, every_slice=answer.verbose)] or [
        f"no vintage in {project.cache.folder}; run `coauth rebuild --sample` or `coauth harvest`"
    ]
    answer.give({"vintages": found, "budget": budget}, [*shown, *([f"budget       {budget}"] if budget else [])])
    if damaged := [s["vintage"] for s in found if s["damage"]]:
        raise CacheError(f"stored pages are damaged; `coauth harvest --vintage {damaged[0]}` fetches the damaged slices again")


def _budget_left() -> str | None:
    """One line; None where nobody is to be asked. Not to know it is no failure of `status`."""
    key, url = _access()
    if not (key or url):
        return None
    try:
        left = pipeline.budget_left(key, url)
    except SourceError as fault:
        return f"not known: {fault}"
    return "not told by this address" if left is None else f"{left:,} credits left today"


def _access() -> tuple[str | None, str | None]:
    return os.environ.get("OPENALEX_API_KEY") or None, os.environ.get("COAUTH_OPENALEX_URL") or None


@coauth.command()
@click.argument("form", metavar="FORMAT", type=click.Choice(FORMATS))
@click.option("-o", "out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="File to write.")
@click.option("--dynamic", is_flag=True, help="With gexf: years on nodes, edges and weights, for Gephi's timeline.")
@click.option("--years", metavar="Y1-Y2", help="Only these years, e.g. 2019-2024.")
@click.option("--flagged", is_flag=True, help="Only pairs with a review cue (watchlist or technology).")
@click.option("--domestic", is_flag=True, help="Only domestic–foreign pairs.")
@click.option("--min-weight", type=float, default=0.0, help="Only pairs of at least this weight (works).")
@click.option("--counting", type=click.Choice(list(COUNTINGS)), help="The rule behind weights [default: that of measures.toml].")
@click.option("--top", type=click.IntRange(1), help="Only the N strongest institutions.")
@click.option("--ego", metavar="INSTITUTION", help="Only an institution and its partners.")
@click.option("--backbone", "backbone", flag_value="projection", help="Only pairs that share more works than the volumes of both explain (degree sequence model, FDR 0.05).")
@click.option("--disparity", "backbone", flag_value="disparity", help="Only pairs that weigh much at one of their ends (disparity filter, 0.05): simpler than --backbone.")
@click.option("--by", "unit", type=click.Choice(["institution", "country", "group"]), default="institution", show_default=True, help="What a node is; works are counted anew between countries or groups.")
@click.option("--profile", type=click.Choice(["internal", "public"]), default="internal", show_default=True, help="public: no cell of fewer than 5 works, institutions on a watchlist only summed.")
@of_vintage
@common
def export(project: Project, answer: Answer, form: str, out: Path, dynamic: bool, years: str | None, ego: str | None, vintage: str | None, **filters: Any) -> None:
    """Write the network: gexf, gephi-lite, graphml, pajek, vosviewer, csv or parquet, with a data dictionary.

    Example: coauth export gexf --dynamic --years 2019-2024 --flagged -o flagged.gexf
    """
    chosen = project.cache.find(vintage)
    if dynamic:
        if form != "gexf":
            raise click.UsageError("--dynamic goes with gexf")
        form = "gexf-dynamic"
    if ego:
        joined = filters["unit"] != "institution" or ego.startswith("list:")
        filters["ego"] = ego if joined else explain.resolve(ego, chosen.read("institutions"), project.queries)
    given = {k: v for k, v in filters.items() if v} | ({"years": _years(years)} if years else {})
    paths = publish.write(project, chosen, form, out, **given)
    answer.give(paths, map(str, paths))


def _years(said: str) -> tuple[int, int]:
    first, _, last = said.partition("-")
    if not (first.isdigit() and (last or first).isdigit() and int(first) <= int(last or first)):
        raise click.BadParameter(f"'{said}' is not Y1-Y2, e.g. 2019-2024", param_hint="--years")
    return int(first), int(last or first)


@coauth.command()
@click.argument("quarter", required=False, metavar="[2026Q3]")
@click.option("--language", type=click.Choice(["da", "en"]), multiple=True, help="Danish or English [default: both].")
@of_vintage
@common
def report(project: Project, answer: Answer, quarter: str | None, language: tuple[str, ...], vintage: str | None) -> None:
    """Write reports/<quarter>/ from the newest complete vintage of the quarter.

    Example: coauth report 2026Q4 --language da
    """
    chosen = project.cache.find(vintage, quarter)
    paths = publish.quarter(project, chosen, languages=language or ("en", "da"), side_by_side=True)
    answer.give(paths, (f"{name:<14} {path}" for name, path in paths.items()))


@coauth.command("explain")
@click.argument("institutions", nargs=-1, metavar="[A B]")
@click.option("--list", "list_id", metavar="LIST", help="Every work of a watchlist instead of a pair.")
@click.option("--year", type=int, help="Only this year.")
@of_vintage
@common
def explain_(project: Project, answer: Answer, institutions: tuple[str, ...], list_id: str | None, year: int | None, vintage: str | None) -> None:
    """The works behind a pair of institutions or a watchlist, with why each is flagged.

    Example: coauth explain DTU Beihang --year 2022
    """
    if bool(list_id) == bool(institutions) or (institutions and len(institutions) != 2):
        raise click.UsageError("give two institutions, or --list")
    made = publish.read(project.cache.find(vintage))
    if list_id:
        works = explain.watchlist(made, list_id, project.queries, year)
        heading = f"{len(works)} works with an institution of '{list_id}'"
    else:
        a, b = (explain.resolve(i, made["institutions"], project.queries) for i in institutions)
        if a == b:
            raise NotFound(f"'{institutions[0]}' and '{institutions[1]}' are the same institution ({a})")
        works = explain.pair(made, a, b, project.queries, year)
        names = dict(zip(made["institutions"]["institution_id"].to_pylist(), made["institutions"]["name"].to_pylist(), strict=True))
        heading = f"{len(works)} works shared by {names[a]} ({a}) and {names[b]} ({b})"
    answer.give(works, [heading + (f" in {year}" if year else ""), *(line for w in works for line in _work_lines(w, project.queries)), *_CAUTION])


_CAUTION = (
    "A flag is a review cue: a co-publication is lawful and often wanted. The absence of a flag is no clearance.",
    "For internal use: a list of works leads to people.",
)


def _work_lines(work: Mapping[str, Any], queries: Queries) -> Iterable[str]:
    sets = {s.id: s for s in queries.technologies}
    left_out = "" if work["included"] else f" [not counted: {work['exclusion_reason']}]"
    yield f"\n{work['year']}  {work['work_id']}  {work['title'] or '(no title)'}{left_out}"
    where = f"https://doi.org/{work['doi']}" if work["doi"] else f"https://openalex.org/{work['work_id']}"
    yield f"      {where}  {work['type']}, {work['n_institutions']} institutions, affiliations {work['affiliation_status']}"
    for cue in work["cues"]:
        said = f": “{cue['matched_string']}”" if cue["matched_string"] else ""
        today = f", today: {'yes' if cue['listed_today'] else 'no'}"
        listed = f", listed when published: {cue['listed_at_publication']}{today}" if cue["kind"] == "watchlist" else ""
        mark = sets[cue["list_id"]].marked(cue["entry_id"]) if cue["list_id"] in sets else None
        yield f"      {cue['kind']} {cue['list_id']}/{cue['entry_id']}{f' ({mark})' if mark else ''} by {cue['match_method']} {cue['matched_id']}{said}{listed}"
    for doubt in work["doubts"]:
        yield f"      to weigh: {doubt['reason']} ({doubt['detail']})"


@coauth.command("shifts")
@click.argument("institution", required=False)
@click.option("--measure", default="strength_share", show_default=True, help="strength, strength_share or pagerank.")
@click.option("--before", metavar="Y1-Y2", help="Window before, e.g. 2018-2020.")
@click.option("--after", metavar="Y1-Y2", help="Window after, e.g. 2022-2024.")
@of_vintage
@common
def shifts_(project: Project, answer: Answer, institution: str | None, measure: str, before: str | None, after: str | None, vintage: str | None) -> None:
    """Changes of centrality between two windows, each with interval, verdict and reason.

    Example: coauth shifts DTU --measure strength_share --before 2018-2020 --after 2022-2024
    """
    chosen = project.cache.find(vintage)
    rows = chosen.read("shifts").to_pandas()
    measured = sorted(rows["measure"].unique())
    if measure not in measured:
        raise NotFound(f"no shifts of '{measure}': only measures with an interval are judged ({', '.join(measured) or 'none'})")
    rows = rows[(rows["measure"] == measure) & (rows["variant"] == "k")]
    for name, said in (("before", before), ("after", after)):
        if said:
            first, last = _years(said)
            rows = rows[(rows[f"{name}_first"] == first) & (rows[f"{name}_last"] == last)]
    if institution:
        rows = rows[rows["institution_id"] == explain.resolve(institution, chosen.read("institutions"), project.queries)]
    if not len(rows):
        raise NotFound("no such comparison; the pairs of windows and the roster are set in queries/measures.toml")
    names = chosen.read("institutions").select(["institution_id", "name"]).to_pandas()
    rows = rows.merge(names, on="institution_id").sort_values(["after_first", "before_first", "after"], ascending=[True, True, False])
    answer.give(rows.to_dict("records"), (_shift_line(r) for r in rows.to_dict("records")))


def _shift_line(r: Mapping[str, Any]) -> str:
    windows = f"{r['before_first']}–{r['before_last']} → {r['after_first']}–{r['after_last']}"
    return f"{windows}  {r['verdict']:<26} {r['name']} ({r['institution_id']}): {r['reason']}"


@coauth.command("compare")
@click.argument("old")
@click.argument("new")
@common
def compare_(project: Project, answer: Answer, old: str, new: str) -> None:
    """What changed between two vintages: new, removed and changed works, and what they do to each headline count.

    A work can have changed in year, type, inclusion, affiliations or topics; --json lists every work. A watchlist or set of technologies
    that differs between the two builds is named.

    Example: coauth compare 2026-08-14 2026-11-20
    """
    vintages = project.cache.find(old), project.cache.find(new)
    works, revised = pipeline.compare(*vintages)
    before, after = ((v.manifest.get("build") or {}).get("lists", {}) for v in vintages)
    lists = {i: [before.get(i), after.get(i)] for i in sorted(before | after) if before.get(i) != after.get(i)}
    counts, rows = revisions.counts(works), revised.to_pandas()
    said = {name: f"{n:,}" for name, n in counts.items()}
    shown = [
        f"works      {said['new']} new, {said['removed']} removed, {said['changed']} changed",
        "changed in " + ", ".join(f"{aspect} {said[f'changed {aspect}']}" for aspect in revisions.ASPECTS) + " (a work may be in several)",
    ]
    shown += [f"list {i}: {a or 'not enabled'} -> {b or 'not enabled'}" for i, (a, b) in lists.items()]
    wide = rows.pivot_table("works", ["series", "year"], "cause", aggfunc="sum", fill_value=0)
    shown += ["", wide.to_string()] if len(wide) else [f"{old} and {new} give the same headline counts"]
    result = {"counts": counts, "works": works.to_dict("records"), "headline": rows.to_dict("records"), "lists": lists}
    answer.give(result, shown if len(works) or len(wide) or lists else [f"{old} and {new} hold the same works"])


@coauth.group()
def admissions() -> None:
    """PhD admissions by country, imported from a file."""


@admissions.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@common
def import_(project: Project, answer: Answer, file: Path) -> None:
    """Import a CSV with columns year, country_code, admissions, suppressed, source, retrieved; used by the next build.

    country_code is ISO 3166-1 alpha-2 or `total`; admissions is empty exactly where suppressed is true.
    """
    table = pipeline.import_admissions(project, file)
    answer.give({"rows": table.num_rows}, [f"{table.num_rows} rows imported; run `coauth build`, then `coauth report`"])


@coauth.command()
@click.argument("name", required=False)
@click.option("--run", "file", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="Run this statement against a vintage.")
@of_vintage
@common
def sql(project: Project, answer: Answer, name: str | None, file: Path | None, vintage: str | None) -> None:
    """Print the statement behind a table, or run one of your own against the tables of a vintage.

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
    stored = {table: chosen.rows(table) for table in tables.ALL}
    frame = DuckDB({}, shared).query(file.read_text("utf-8"), str(file), **stored).to_pandas()
    notice = [f"-- {tables.MARK}"] if chosen.manifest["build"]["synthetic"] else []
    answer.give(frame.to_dict("records"), [*notice, frame.to_csv(index=False).rstrip()])


@coauth.group("queries")
def queries_() -> None:
    """The questions: queries/."""


@queries_.command()
@common
def check(project: Project, answer: Answer) -> None:
    """Read every file in queries/ strictly and name all faults at once.

    Files: scope.toml, institutions.toml, groups.toml, events.toml, measures.toml, watchlists/*.toml,
    technologies/*.toml, sql/*.sql.
    """
    asked = project.queries
    on = [w.id for w in asked.watchlists if w.enabled] + [t.id for t in asked.technologies if t.enabled]
    answer.give({"fingerprint": asked.fingerprint, "enabled": on}, [f"all questions read; enabled lists: {', '.join(on)}; fingerprint {asked.fingerprint[:16]}"])


@coauth.group("flags")
def flags_() -> None:
    """Review cues: checks on how they were made."""


@flags_.command("check")
@of_vintage
@common
def flags_check(project: Project, answer: Answer, vintage: str | None) -> None:
    """What to look at before trusting a list: matches and how they are known, entries that never occur, look-alike names,
    strings that name a listed institution and were not matched to it, merged or withdrawn ROR ids. Nothing here is counted.

    Example: coauth flags check
    """
    chosen = project.cache.find(vintage)
    found = candidates.check(publish.read(chosen), chosen.pages(), project.queries)
    answer.give(found, map(_finding_line, found))


@flags_.command("pairs")
@click.option("-n", "most", type=click.IntRange(1), default=40, show_default=True, help="How many pairs to show; --json gives all.")
@of_vintage
@common
def flags_pairs(project: Project, answer: Answer, most: int, vintage: str | None) -> None:
    """Domestic–foreign pairs with a cue, in the order a review would take them: works with cues of both kinds, of either, most recent.

    Example: coauth flags pairs -n 20
    """
    chosen = project.cache.find(vintage)
    institutions = chosen.read("institutions")
    rows = flags.ordered(chosen.read("evidence"), institutions)
    names = dict(zip(institutions["institution_id"].to_pylist(), institutions["name"].to_pylist(), strict=True))
    shown = rows.head(most).assign(domestic=rows["domestic"].map(names), foreign=rows["foreign"].map(names))
    answer.give(rows.to_dict("records"), [shown.to_string(index=False), f"{min(most, len(rows))} of {len(rows)} pairs", *_CAUTION])


@flags_.command("sample")
@click.option("-n", "size", type=click.IntRange(10), default=300, show_default=True, help="About how many works.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed draws other works.")
@click.option("-o", "out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="CSV to write.")
@of_vintage
@common
def flags_sample(project: Project, answer: Answer, size: int, seed: int, out: Path, vintage: str | None) -> None:
    """Write a labelling sheet: titles from every EU-10 area found and from none, in random order, without what was found.

    Write areas such as `EU2 EU4`, or `none`, into label_1 (and a second person into label_2), then `coauth flags score`.

    Example: coauth flags sample -n 300 -o sheet.csv
    """
    sheet = quality.sample(publish.read(project.cache.find(vintage)), project.queries, size, seed)
    try:
        sheet.to_csv(out, index=False, lineterminator="\n")
    except OSError as fault:
        raise CacheError(f"cannot write {out} ({fault.strerror}); name another file") from fault
    answer.give({"path": out, "works": len(sheet)}, [f"{out}: {len(sheet)} works to label; for internal use, since a list of works leads to people"])


@flags_.command("score")
@click.argument("sheet", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@of_vintage
@common
def flags_score(project: Project, answer: Answer, sheet: Path, vintage: str | None) -> None:
    """Precision and recall of the technologies from a labelled sheet, with intervals, kept with the vintage for its next report.

    Each work stands for as many as were in its stratum. An area with fewer than 30 true works is unmeasured.

    Example: coauth flags score sheet.csv
    """
    chosen = project.cache.find(vintage)
    rows, agreed = quality.score(quality.read(sheet), publish.read(chosen), project.queries)
    kept = {"queries": project.queries.fingerprint, "classes": rows.astype(object).where(rows.notna(), None).to_dict("records"),
            "agreement": agreed._asdict() if agreed else None}  # fmt: skip
    with chosen.held():
        chosen.record(technology_quality=json.loads(json.dumps(kept, default=_plain)))
    answer.give(kept, quality.lines(rows, agreed))


@flags_.command("sensitivity")
@of_vintage
@common
def flags_sensitivity(project: Project, answer: Answer, vintage: str | None) -> None:
    """Works per EU-10 area, had the score a core topic needs been 0.3, 0.5, 0.7 or 0.9.

    Example: coauth flags sensitivity
    """
    chosen = project.cache.find(vintage)
    rows = technologies.sensitivity(chosen.read("works"), chosen.read("technologies"), project.queries)
    on = next((s for s in project.queries.technologies if s.enabled), None)
    shown = [f"{on.id}: {on.status}", *on.not_obtained, ""] if on else ["no set of technologies is enabled"]
    table = rows.assign(area=[f"{on.eu10.get(a, a)} ({on.marked(a)})" if on and on.marked(a) else a for a in rows["area_id"]])
    answer.give(rows.to_dict("records"), [*shown, table.to_string(index=False)])


def _finding_line(f: Mapping[str, Any]) -> str:
    works = f"  ({f['works']} works, e.g. {', '.join(f['examples'])})" if f["works"] else ""
    return f"{f['finding']:<24} {f['list_id']}/{f['entry_id'] or '':<10} {f['institution_id'] or ''} {f['name'] or ''}".rstrip() + works


def main() -> None:
    # millions of records are alive at once and none is in a cycle: looking for cycles at the default pace takes a fifth of the time
    gc.set_threshold(200_000, 50, 50)
    coauth.main(prog_name="coauth")
