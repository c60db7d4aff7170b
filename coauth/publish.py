"""From the tables of a vintage to files people open: Gephi files, the report, and run.json that says what they rest on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pyarrow as pa

from coauth import (
    aggregation,
    benefits,
    copublications,
    disclosure,
    export,
    files,
    graph,
    pipeline,
    public,
    report,
    tables,
)
from coauth.engine.duck import DuckDB
from coauth.export import layout, picture
from coauth.network import Network
from coauth.pipeline import Project
from coauth.queries import Queries
from coauth.report.about import About, Since
from coauth.report.explorer import Atlas
from coauth.vintage import Vintage

Unit = Literal["institution", "country", "group"]
Profile = Literal["internal", "public"]

DRAWN = 400
"""Institutions in the report's picture: more than this and a page shows a hairball."""

LIGHT = 500
"""Strongest institutions in the quarter's dynamic and Gephi Lite files: a whole country's fourteen years are a gigabyte
that nothing opens. `coauth export` writes any other cut."""

ADVICE = "make room or give rights to the folder, or name another --root"


def read(vintage: Vintage) -> dict[str, pa.Table]:
    """Every table of a built vintage; to the admissions imported before it was built come the totals fetched since."""
    made = {name: vintage.read(name) for name in tables.ALL}
    return made | {"admissions": pa.concat_tables([made["admissions"], pipeline.totals(vintage)])}


def informed(project: Project, vintage: Vintage) -> Queries:
    """The project's queries, with what was measured of the technologies on this vintage."""
    return project.queries.informed(vintage.manifest.get("technology_quality"), (vintage.manifest.get("build") or {}).get("queries", ""))


class Base(NamedTuple):
    """Tables that networks are cut from, and what is to be said of each."""

    made: Mapping[str, pa.Table]
    told: Mapping[str, Any]
    standings: Mapping[str, str]


def network(
    project: Project, vintage: Vintage, *, made: Mapping[str, pa.Table] | None = None, years: tuple[int, int] | None = None,
    unit: Unit = "institution", profile: Profile = "internal", **filters: Any,
) -> Network:  # fmt: skip
    """The network of the vintage in some years (all by default), filtered as `graph.build` says; counted as measures.toml says.

    `unit` is what a node is: works are counted anew between countries, or between the groups of the colours. `profile`
    "public" sums the institutions of each watchlist and takes out small cells (see `disclosure`), beside the vintage's
    public edition.
    """
    return _cut(project, _base(project, vintage, made or read(vintage), unit, profile, filters.get("ego")), years=years, **filters)


def _base(
    project: Project, vintage: Vintage, made: Mapping[str, pa.Table], unit: Unit, profile: Profile, ego: str | None = None,
    edition: disclosure.Edition | None = None,
) -> Base:  # fmt: skip
    """`edition`: the vintage's public one, had anew where it is needed and not given."""
    asked, wholes, told = project.queries, _wholes(made, unit, profile), {"unit": unit}
    standings = informed(project, vintage).marks()
    bounds = (edition or public.edition(project, vintage, made)).bounds if profile == "public" else None
    if wholes:
        made = aggregation.join(made, wholes, DuckDB(asked.sql, asked.tables()))
    if bounds is None:
        return Base(made, told, standings)
    made, taken_out = disclosure.public(made, ego, bounds)
    return Base(made, told | {"share_above_k": None, "notes": (disclosure.statement(taken_out),)}, standings)


def _cut(project: Project, base: Base, *, years: tuple[int, int] | None = None, **filters: Any) -> Network:
    asked = project.queries
    filters = {"counting": asked.measures.counting, "standings": base.standings} | filters
    return replace(graph.build(base.made, scope=asked.scope, years=years, window=asked.measures.window, **filters), **base.told)


def _wholes(made: Mapping[str, pa.Table], unit: Unit, profile: Profile) -> aggregation.Wholes:
    if unit == "country":
        return aggregation.by_country(made["institutions"])
    if unit == "group":
        return aggregation.by_group(made["institutions"], made["listed"])
    return aggregation.by_list(made["listed"]) if profile == "public" else {}


def positions(drawn: Network, vintage: Vintage, seed: int, before: Vintage | None = None) -> dict[str, list[float]]:
    """One place per institution for every export of a vintage: computed once, then kept and only added to.

    The first drawing of a vintage begins where the one of `before` ended, so that a reader finds everyone in about the
    same place as last quarter.
    """
    known = vintage.layout
    if set(drawn.nodes["institution_id"].to_pylist()) - set(known):
        known = layout.place(drawn, known or (before.layout if before else {}), seed)
        vintage.layout = known
    return known


def _before(project: Project, vintage: Vintage) -> Vintage | None:
    """The newest earlier vintage of the same kind of source that was drawn: the synthetic world has places of its own."""
    kind = vintage.manifest["source"]["kind"]
    drawn = [v for v in project.cache.vintages() if v.complete and v.as_of < vintage.as_of and v.manifest["source"]["kind"] == kind and v.layout]
    return max(drawn, key=lambda v: (v.as_of, v.order), default=None)


def write(
    project: Project, vintage: Vintage, form: str, path: Path, *, unit: Unit = "institution", profile: Profile = "internal", **filters: Any
) -> list[Path]:
    """Export the network in one format (see `coauth.export`); returns the files written.

    Places are those of the vintage's one layout. Countries, groups and the public profile have a layout of their own,
    made from what is shown and nothing else: a place among partners that are left out would tell of them.
    """
    base, seed = _base(project, vintage, read(vintage), unit, profile, filters.get("ego")), project.queries.measures.seed
    whole = _cut(project, base)
    chosen = _cut(project, base, **filters) if filters else whole
    own = unit != "institution" or profile == "public"
    places = layout.place(whole, seed=seed) if own else positions(whole, vintage, seed, _before(project, vintage))
    about = _about(project, vintage)
    return export.write(
        chosen, form, path, positions=places, as_of=vintage.as_of, provenance=_provenance(about) | {"profile": profile},
        synthetic=about.synthetic,
    )  # fmt: skip


def quarter(
    project: Project, vintage: Vintage, *, languages: Sequence[str] = ("en", "da"), against: str | None = None, side_by_side: bool = False,
    profile: Profile = "internal",
) -> dict[str, Path]:  # fmt: skip
    """reports/<quarter>/: the report in each language, three Gephi files, run.json. Same vintage, same bytes.

    What changed is told `against` a vintage by name; by default against the newest earlier one there was when this was built.
    The public profile goes to reports/<quarter>-public/, beside the internal one and never inside it: a folder that is
    handed on holds one of them. It is held against the public edition before it; what it shows and withholds is kept with
    the vintage, and later editions mind it.

    `side_by_side` draws the languages in a process each. Only a program whose main module may be imported again can
    (the command line can, a plain script cannot), so it is asked for, never assumed.
    """
    about, made, seed = _about(project, vintage, against), read(vintage), project.queries.measures.seed
    folder = project.reports / (tables.marked(about.quarter) if about.synthetic else about.quarter)
    edition = public.edition(project, vintage, made) if profile == "public" else None
    base = _base(project, vintage, made, "institution", profile, edition=edition)
    whole = _cut(project, base)
    if edition:
        about, folder = about.public, folder.with_name(f"{folder.name}-public")
        places = layout.place(whole, seed=seed)
        shown = {**edition.made, **{name: base.made[name] for name in ("edges", "flags", "institutions")}}
    else:
        places, shown = positions(whole, vintage, seed, _before(project, vintage)), None
    thinned = {} if edition else {"backbone": "disparity"}  # a public network is thin, and of its pairs abroad none would be left
    latest = _cut(project, base, years=_latest(project.queries), top=DRAWN, **thinned)
    atlas = Atlas(whole if whole.counting == "newman" else _cut(project, base, counting="newman"), places, works=edition is None)
    paths: dict[str, Path] = {}
    written: list[Path] = []
    with files.reported(folder, ADVICE):
        _forget(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for form, name, filters in _files(project.queries):
            exported = export.write(
                _cut(project, base, **filters), form, folder / name, positions=places, as_of=vintage.as_of,
                provenance=_provenance(about) | ({"profile": profile} if edition else {}), synthetic=about.synthetic,
            )  # fmt: skip
            paths[form] = exported[0]
            written += exported
        if edition:
            paths["cells"] = public.write(edition.cells, folder, synthetic=about.synthetic)
            written.append(paths["cells"])
        links = {form: path.relative_to(folder).as_posix() for form, path in paths.items()}
        pages = _Pages(project.root, vintage.name, folder, links, about, latest, atlas, against, shown)
        for language, there in pages.write(languages, side_by_side):
            paths[f"report.{language}"], paths[f"report.{language}.pdf"] = there[:2]
            written += there
        paths["run"] = _run(folder, sorted(set(written)), project.queries, vintage, about)
        if edition:
            vintage.published = edition.cells
    return paths


@dataclass(frozen=True)
class _Pages:
    """What the report of a quarter is drawn from, as it goes to the process that draws a language."""

    root: Path
    vintage: str
    folder: Path
    links: Mapping[str, str]
    about: About
    latest: Network
    """The strongest of the latest window, for the picture."""
    atlas: Atlas
    against: str | None
    made: Mapping[str, pa.Table] | None
    """None: read from disk, where another process has them sooner than by hand."""

    def write(self, languages: Sequence[str], side_by_side: bool) -> list[tuple[str, list[Path]]]:
        """The report in each language: drawing takes the time, and matplotlib draws on one core."""
        if not side_by_side or len(languages) == 1:
            return [(language, self(language)) for language in languages]
        with ProcessPoolExecutor(len(languages), mp_context=get_context("spawn")) as pool:
            return list(zip(languages, pool.map(self, languages), strict=True))

    def __call__(self, language: str) -> list[Path]:
        project = Project(self.root)
        figure = picture.draw(self.latest, self.atlas.positions, labels=30, groups=report.legend(language)) if self.latest.nodes.num_rows else None
        return report.build(
            self.made or self._read(project), self.folder, queries=project.queries, about=self.about, language=language,
            change=copublications.change, benefits=benefits, picture=figure,
            atlas=self.atlas if self.atlas.network.nodes.num_rows else None, links=self.links,
        )  # fmt: skip

    def _read(self, project: Project) -> dict[str, pa.Table]:
        vintage = project.cache.find(self.vintage)
        revised = {"revisions": pipeline.revised(project, project.cache.find(self.against), vintage)} if self.against else {}
        return read(vintage) | revised


def _files(asked: Queries) -> list[tuple[str, str, dict[str, Any]]]:
    """Format, name and cut of the quarter's Gephi files: the latest window whole, all years of the strongest."""
    return [
        ("gexf", "network.gexf", {"years": _latest(asked)}),
        ("gexf-dynamic", "network-dynamic.gexf", {"top": LIGHT}),
        ("gephi-lite", "network-gephi-lite.gexf", {"years": _latest(asked), "top": LIGHT}),
    ]


def _latest(asked: Queries) -> tuple[int, int]:
    return (asked.scope.last_year - asked.measures.window + 1, asked.scope.last_year)


def _about(project: Project, vintage: Vintage, against: str | None = None) -> About:
    manifest = vintage.manifest
    built = manifest.get("build") or {}
    if not built:
        vintage.read("works")  # says that nothing is built, and what to run
    losses = built["losses"]
    return About(
        title=project.queries.scope.title, quarter=vintage.quarter, vintage=vintage.name, as_of=vintage.as_of,
        synthetic=built["synthetic"], complete=built["complete"], level=built["level"], topic_model=manifest["topic_model"],
        source=_source(manifest["source"]), records=losses["works"]["records"], works=losses["works"]["works"],
        dropped=losses["works"]["dropped"], excluded=losses["excluded"], versions=built["versions"],
        queries_fingerprint=built["queries"], seed=built["seed"], quality=manifest.get("technology_quality"),
        since=_since(project, vintage, against),
    )  # fmt: skip


def _since(project: Project, vintage: Vintage, against: str | None) -> Since | None:
    """The vintage a report is held against: the one asked for, else the one that was there when this was built."""
    told = vintage.manifest["build"].get("since")
    if against:
        told = pipeline.since(project.cache.find(against), pipeline.counted(vintage))
    return Since(told["vintage"], date.fromisoformat(told["as_of"]), told["version"], tuple(told["parts"])) if told else None


def _source(identity: Mapping[str, Any]) -> str:
    """In words, without a path of the machine it was made on."""
    if identity["kind"] == "sample":
        return f"synthetic sample, seed {identity['seed']}"
    if identity["kind"] == "files":
        return f"OpenAlex records from {Path(identity['path']).name}"
    return "OpenAlex API"


def _provenance(about: About) -> dict[str, str]:
    return {
        "title": about.title, "vintage": about.vintage, "source": about.source, "level": about.level,
        "queries": about.queries_fingerprint[:16], "complete": "yes" if about.complete else "NO: slices of the harvest are missing",
    }  # fmt: skip


def _forget(folder: Path) -> None:
    """Remove what the last run of this quarter wrote here, and nothing else: no old figure stays beside new ones."""
    record = folder / "run.json"
    if record.exists():
        for name in json.loads(record.read_text("utf-8"))["files_sha256"]:
            (folder / name).unlink(missing_ok=True)


def _run(folder: Path, written: Sequence[Path], asked: Queries, vintage: Vintage, about: About) -> Path:
    """run.json: same entries, same bytes in every file listed."""
    manifest = vintage.manifest
    entries = {
        "coauth": about.versions["coauth"], "vintage": vintage.name, "quarter": about.quarter, "as_of": about.as_of.isoformat(),
        "source": about.source, "against": about.since.vintage if about.since else None, "synthetic": tables.MARK if about.synthetic else False, "complete": about.complete,
        "topic_model": about.topic_model, "scope": manifest["scope"], "queries_sha256": asked.fingerprint, "seed": about.seed,
        "versions": about.versions, "profile": about.profile,
        "statbank": {k: v for k, v in (vintage.totals or {}).items() if k != "body"} or None,
        "files_sha256": {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in written},
    }  # fmt: skip
    if about.profile == "internal":  # losses and rows are counts, and a hash tells whether a guess of a table is right
        entries |= {"losses": manifest["build"]["losses"], "rows": manifest["build"]["rows"], "tables_sha256": manifest["build"]["sha256"]}
    path = folder / "run.json"
    files.write({path: [json.dumps(entries, indent=1, sort_keys=True, ensure_ascii=False), "\n"]}, ADVICE)
    return path
