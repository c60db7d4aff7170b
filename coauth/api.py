"""The verbs of the command line, from Python: `coauth.rebuild(…)`, `coauth.tables(…)`, …

Each takes `root`, the folder with queries/, cache/ and reports/, and where it reads a vintage its
name, the newest complete one by default. Each raises `CoauthError` for anything a user can cure.
What a verb needs is imported when it is called: `import coauth` stays cheap.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

    from coauth.pipeline.harvest import Source
    from coauth.pipeline.project import Project

Folder = str | Path
Span = tuple[int, int]
Unit = Literal["institution", "country", "group"]
Profile = Literal["internal", "public"]
Backbone = Literal["projection", "disparity"]
Rule = Literal["newman", "full", "strict", "author"]


def rebuild(
    root: Folder = ".",
    *,
    sample: bool = False,
    records: Folder | None = None,
    as_of: date | None = None,
    key: str | None = None,
    url: str | None = None,
    wait: bool = False,
    statbank: str | None = None,
    allow_mixed: bool = False,
) -> dict[str, Path]:
    """Paths of the exports and the report by name, after harvesting what is missing and building
    every table. Safe to run again after any interruption.

    sample       a synthetic world instead of OpenAlex
    records      OpenAlex records at a path instead, `as_of` the day they were taken
    key, url     of OpenAlex, or another address of its API
    wait         sleep over a spent daily budget
    statbank     another address of StatBank, where PhD totals come from (none for the sample)
    allow_mixed  build although the pages are of two affiliation matchers
    """
    from coauth.pipeline.admissions import fetch_totals_once  # noqa: PLC0415
    from coauth.pipeline.build import build_tables  # noqa: PLC0415
    from coauth.pipeline.harvest import harvest_pages  # noqa: PLC0415
    from coauth.pipeline.quarter import write_quarter  # noqa: PLC0415

    project, today = _project(root), _today()
    source = _source(sample=sample, records=records, key=key, url=url)
    vintage = harvest_pages(project, source, today=today, as_of=as_of, wait=wait)
    build_tables(project, vintage, allow_mixed=allow_mixed)
    fetch_totals_once(project, vintage, today=today, url=statbank)
    return write_quarter(project, vintage)


def harvest(
    root: Folder = ".",
    *,
    sample: bool = False,
    records: Folder | None = None,
    as_of: date | None = None,
    key: str | None = None,
    url: str | None = None,
    wait: bool = False,
    new: bool = False,
) -> str:
    """Name of a complete vintage: the unfinished one continued, this quarter's, or a `new` one.
    The source is chosen as in `rebuild`.
    """
    from coauth.pipeline.harvest import harvest_pages  # noqa: PLC0415

    source = _source(sample=sample, records=records, key=key, url=url)
    project = _project(root)
    return harvest_pages(project, source, today=_today(), as_of=as_of, fresh=new, wait=wait).name


def build(
    root: Folder = ".",
    *,
    vintage: str | None = None,
    engine: Literal["duckdb", "spark"] = "duckdb",
    level: Literal["unified", "as-harvested"] = "unified",
    memory: str | None = None,
    threads: int | None = None,
    allow_incomplete: bool = False,
    allow_mixed: bool = False,
) -> dict[str, Any]:
    """Rows of every table and losses of every stage, after making all tables of a vintage.

    engine            DuckDB, or Spark in this machine or on a cluster; the tables are the same
    level             institutions rolled up by queries/institutions.toml, or not at all
    memory, threads   at most, e.g. "2GB"; the result does not depend on them
    allow_incomplete  build although slices are short, and say so in every output
    allow_mixed       build although the pages are of two affiliation matchers, and say so
    """
    from coauth.pipeline.build import build_tables  # noqa: PLC0415

    project = _project(root)
    made = build_tables(
        project,
        project.cache.find(vintage, complete=not allow_incomplete),
        engine=engine,
        level=level,
        memory=memory,
        threads=threads,
        allow_incomplete=allow_incomplete,
        allow_mixed=allow_mixed,
    )
    return made.plain()


def tables(name: str, *, root: Folder = ".", vintage: str | None = None) -> pd.DataFrame:
    """A table of a built vintage; `coauth.tables.schemas` says what each column means. Raises
    `NotFound` naming the tables there are.
    """
    frame: pd.DataFrame = _project(root).cache.find(vintage).read(name).to_pandas()
    return frame


def graph(
    window: Span | None = None,
    *,
    root: Folder = ".",
    vintage: str | None = None,
    unit: Unit = "institution",
    profile: Profile = "internal",
    counting: Rule | None = None,
    flagged: bool = False,
    domestic: bool = False,
    min_weight: float = 0.0,
    top: int | None = None,
    ego: str | None = None,
    backbone: Backbone | None = None,
) -> nx.Graph:
    """The network of a window of years (all by default); its edges carry `weight` (works: larger is
    closer) and `distance` (a whole number for shortest paths: smaller is closer; an edge of weight
    1 is 720720·2²⁰ long, one of weight 2 half of that). `graph.graph["units"]` says the same.

    unit        what a node is; works are counted anew between countries or groups
    profile     "public" sums listed institutions and takes out small cells
    counting    the rule behind the weight; that of queries/measures.toml by default
    flagged     only edges with a review cue          domestic  only domestic institutions
    min_weight  only edges of this weight             top       only the strongest institutions
    ego         an institution, by name, alias, ROR or id: it and its partners
    backbone    only edges that stand out
    """
    from coauth import network  # noqa: PLC0415
    from coauth.pipeline import networks  # noqa: PLC0415

    project = _project(root)
    cuts = _given(
        years=window,
        counting=counting,
        flagged=flagged,
        domestic=domestic,
        min_weight=min_weight,
        top=top,
        ego=ego,
        backbone=backbone,
    )
    of = project.cache.find(vintage)
    chosen = networks.network(project, of, unit=unit, profile=profile, **cuts)
    return network.to_networkx(chosen)


def export(
    form: str,
    path: Folder,
    *,
    window: Span | None = None,
    root: Folder = ".",
    vintage: str | None = None,
    unit: Unit = "institution",
    profile: Profile = "internal",
    counting: Rule | None = None,
    flagged: bool = False,
    domestic: bool = False,
    min_weight: float = 0.0,
    top: int | None = None,
    ego: str | None = None,
    backbone: Backbone | None = None,
) -> list[Path]:
    """Files written, the main one first: the network of `graph` in a format of
    `coauth.export.formats.FORMATS`. The cuts are those of `graph`.
    """
    from coauth.pipeline.export import export_network  # noqa: PLC0415

    project = _project(root)
    cuts = _given(
        years=window,
        counting=counting,
        flagged=flagged,
        domestic=domestic,
        min_weight=min_weight,
        top=top,
        ego=ego,
        backbone=backbone,
    )
    of = project.cache.find(vintage)
    return export_network(project, of, form, Path(path), unit=unit, profile=profile, **cuts)


def report(
    quarter: str | None = None,
    *,
    root: Folder = ".",
    vintage: str | None = None,
    languages: Sequence[Literal["en", "da"]] = ("en", "da"),
    against: str | None = None,
    profile: Profile = "internal",
    statbank: str | None = None,
) -> dict[str, Path]:
    """Paths of the files of reports/<quarter>/ by name: report, Gephi files and run.json of the
    newest complete vintage of the quarter; `against` an earlier vintage.
    """
    from coauth.pipeline.admissions import fetch_totals_once  # noqa: PLC0415
    from coauth.pipeline.quarter import write_quarter  # noqa: PLC0415

    project = _project(root)
    of = project.cache.find(vintage, quarter)
    fetch_totals_once(project, of, today=_today(), url=statbank)
    return write_quarter(project, of, languages=languages, against=against, profile=profile)


def explain(
    *institutions: str,
    list_id: str | None = None,
    years: Span | None = None,
    left_out: bool = False,
    root: Folder = ".",
    vintage: str | None = None,
) -> pd.DataFrame:
    """Works two institutions share, newest first, each with its review cues and doubts; or with
    `list_id` the works of a watchlist or technology set. For internal use: works lead to people.

    institutions  two, by name, alias, ROR or id
    left_out      also works that count nowhere, each with its reason
    """
    import pandas as pd  # noqa: PLC0415

    from coauth import review  # noqa: PLC0415
    from coauth.pipeline.vintage_tables import VintageTables, informed_queries  # noqa: PLC0415
    from coauth.report.text import vocabulary  # noqa: PLC0415

    project = _project(root)
    of = project.cache.find(vintage)
    made, queries = VintageTables(of), informed_queries(project, of)
    if list_id:
        return pd.DataFrame(review.listing(made, list_id, queries, years))
    spoken = vocabulary("country", "institution")
    a, b = review.resolve_pair(institutions, made["institutions"], queries, spoken)
    return pd.DataFrame(review.pair(made, a, b, queries, years, left_out=left_out))


def count(
    *names: str,
    by: str | Sequence[str] = (),
    years: Span | None = None,
    compare: tuple[Span, Span] | None = None,
    drivers: str = "",
    of: Literal["", "all", "international"] = "",
    language: Literal["en", "da"] = "en",
    root: Folder = ".",
    vintage: str | None = None,
    **filters: str | Sequence[str],
) -> pd.DataFrame:
    """Works by anything and of anything, each number with its interval, share and coverage; with
    `compare` the change between two periods and its verdict, with `drivers` who drives it.

    names     things of any kind, as on the command line: "DTU", "Kina", "quantum"
    by        year or window, and at most two of `coauth.count.question.AXES`
    of        what a share is of; by default the works that the other filters leave
    filters   partner, institution, list, technology, field, type, publisher, status, size: a name or
              several, any of which will do

    `frame.attrs` holds the question, the command that asks it again, vintage, fingerprint of the
    queries and notes. `coauth.count.chart` draws what `coauth count -o FILE.svg` does. Raises
    `NotFound` for a name that fits nothing or several things, and where no work is left.
    """
    from coauth.count import files, words  # noqa: PLC0415
    from coauth.pipeline.count import Desk  # noqa: PLC0415

    project = _project(root)
    desk = Desk(project, project.cache.find(vintage))
    question = desk.ask(
        names,
        {name: [v] if isinstance(v, str) else v for name, v in filters.items()},
        by=by.split(",") if isinstance(by, str) and by else by,
        years=years,
        periods=compare,
        drivers=drivers,
        of=of,
    )
    answer, labels = desk.answer(question), desk.labels(language)
    frame = files.with_names(answer.main, labels)
    frame.attrs.update(words.about(answer, labels))
    return frame


def shifts(
    institution: str | None = None,
    *,
    measure: str = "strength_share",
    before: Span | None = None,
    after: Span | None = None,
    root: Folder = ".",
    vintage: str | None = None,
) -> pd.DataFrame:
    """Changes of a centrality between two windows, one row an institution and pair of windows, with
    interval, verdict and reason (`SHIFTS`, variant `k`, and the institution's name), the most
    central after first.

    Raises `NotFound` for a measure without an interval, and where no row is left.
    """
    from coauth import review  # noqa: PLC0415
    from coauth.errors import NotFound  # noqa: PLC0415
    from coauth.queries.registry import MEASURES  # noqa: PLC0415
    from coauth.report.text import vocabulary  # noqa: PLC0415

    project = _project(root)
    of = project.cache.find(vintage)
    rows = of.read("shifts").to_pandas()
    judged = sorted(rows["measure"].unique())
    if measure not in judged:
        raise NotFound(
            f"no shifts of '{measure}': only measures with an interval are judged "
            f"({', '.join(judged) or 'none'})"
        )
    rows = rows[(rows["measure"] == measure) & (rows["variant"] == "k")]
    left = [f"{measure}: {len(rows):,}"]
    for side, span in (("before", before), ("after", after)):
        if span:
            rows = rows[(rows[f"{side}_first"] == span[0]) & (rows[f"{side}_last"] == span[1])]
            left.append(f"{side} {span[0]}-{span[1]}: {len(rows):,}")
    places = of.read("institutions")
    if institution:
        spoken = vocabulary("country", "institution")
        found = review.resolve(institution, places, project.queries, spoken)
        rows = rows[rows["institution_id"] == found]
        left.append(f"of {found}: {len(rows):,}")
    if not len(rows):
        raise NotFound(
            f"no such comparison (left after each filter: {', '.join(left)}); the pairs of "
            "windows and the roster are set in queries/measures.toml"
        )
    names = places.select(["institution_id", "name"]).to_pandas()
    order = ["after_first", "before_first", "after"]
    named: pd.DataFrame = rows.merge(names, on="institution_id")
    return named.sort_values(order, ascending=[True, True, MEASURES[measure].sign < 0])


def compare(old: str, new: str, *, root: Folder = ".") -> tuple[pd.DataFrame, pd.DataFrame]:
    """What became of each work between two built vintages, and what each headline number changed by
    and why (`REVISIONS`).
    """
    from coauth.pipeline.compare import compare_vintages  # noqa: PLC0415

    project = _project(root)
    works, revisions = compare_vintages(project, *(project.cache.find(n) for n in (old, new)))
    return works, revisions.to_pandas()


def audit(*, root: Folder = ".", vintage: str | None = None) -> dict[str, pd.DataFrame]:
    """Affiliation strings that name an institution and were matched to none, of a vintage built or
    not: `years`, and `institutions` (domestic and listed) by year; the columns are those of
    `AUDIT_YEARS` and `AUDIT` in `coauth.tables.schemas`.

    Read from the pages, and kept with a complete vintage. Raises `NotFound` where there is no such
    vintage, or none of its pages.
    """
    from coauth.errors import NotFound  # noqa: PLC0415
    from coauth.pipeline.audit import audit_affiliations  # noqa: PLC0415

    project = _project(root)
    chosen = project.cache.find(vintage, complete=False)
    survey = audit_affiliations(project, chosen)
    if survey is None:
        raise NotFound(f"no page of vintage {chosen.name} is there yet; run `coauth harvest`")
    return {name: table.to_pandas() for name, table in survey._asdict().items()}


def _project(root: Folder) -> Project:
    from coauth.pipeline.project import Project  # noqa: PLC0415

    return Project(Path(root))


def _source(*, sample: bool, records: Folder | None, key: str | None, url: str | None) -> Source:
    from coauth.pipeline.harvest import Source  # noqa: PLC0415

    kind = "sample" if sample else "files" if records else "api"
    return Source(kind, path=Path(records) if records else None, key=key, url=url)


def _today() -> date:
    return datetime.now(UTC).date()


def _given(**cuts: Any) -> dict[str, Any]:
    """The cuts that were given; the others have their defaults where they are made."""
    return {name: value for name, value in cuts.items() if value}
