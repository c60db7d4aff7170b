"""From the tables of a vintage to files people open: Gephi files, the report, and run.json that says what they rest on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from coauth import aggregation, benefits, copublications, disclosure, export, files, graph, pipeline, report, tables
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


def network(
    project: Project, vintage: Vintage, *, made: Mapping[str, pa.Table] | None = None, years: tuple[int, int] | None = None,
    unit: Unit = "institution", profile: Profile = "internal", **filters: Any,
) -> Network:  # fmt: skip
    """The network of the vintage in some years (all by default), filtered as `graph.build` says; counted as measures.toml says.

    `unit` is what a node is: works are counted anew between countries, or between the groups of the colours. `profile`
    "public" sums the institutions of each watchlist and takes out small cells (see `disclosure`).
    """
    asked, made = project.queries, dict(made or read(vintage))
    wholes = _wholes(made, unit, profile)
    if wholes:
        made = aggregation.join(made, wholes, DuckDB(asked.sql, asked.tables()))
    told: dict[str, Any] = {"unit": unit}
    if profile == "public":
        made, taken_out = disclosure.public(made, filters.get("ego"))
        told |= {"share_above_k": None, "notes": (disclosure.statement(taken_out),)}
    filters = {"counting": asked.measures.counting, "standings": informed(project, vintage).marks()} | filters
    built = graph.build(made, scope=asked.scope, years=years, window=asked.measures.window, **filters)
    return replace(built, **told)


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
    made, seed = read(vintage), project.queries.measures.seed
    whole = network(project, vintage, made=made, unit=unit, profile=profile)
    chosen = network(project, vintage, made=made, unit=unit, profile=profile, **filters) if filters else whole
    own = unit != "institution" or profile == "public"
    places = layout.place(whole, seed=seed) if own else positions(whole, vintage, seed, _before(project, vintage))
    about = _about(project, vintage)
    return export.write(
        chosen, form, path, positions=places, as_of=vintage.as_of, provenance=_provenance(about) | {"profile": profile},
        synthetic=about.synthetic,
    )  # fmt: skip


def quarter(
    project: Project, vintage: Vintage, *, languages: Sequence[str] = ("en", "da"), against: str | None = None, side_by_side: bool = False
) -> dict[str, Path]:
    """reports/<quarter>/: the report in each language, three Gephi files, run.json. Same vintage, same bytes.

    What changed is told `against` a vintage by name; by default against the newest earlier one there was when this was built.

    `side_by_side` draws the languages in a process each. Only a program whose main module may be imported again can
    (the command line can, a plain script cannot), so it is asked for, never assumed.
    """
    about = _about(project, vintage, against)
    folder = project.reports / (tables.marked(about.quarter) if about.synthetic else about.quarter)
    made = read(vintage)
    whole = network(project, vintage, made=made)
    places = positions(whole, vintage, project.queries.measures.seed, _before(project, vintage))
    atlas = Atlas(whole if whole.counting == "newman" else network(project, vintage, made=made, counting="newman"), places, works=True)
    paths: dict[str, Path] = {}
    written: list[Path] = []
    with files.reported(folder, ADVICE):
        _forget(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for form, name, filters in _files(project.queries):
            exported = export.write(
                network(project, vintage, made=made, **filters), form, folder / name, positions=places, as_of=vintage.as_of,
                provenance=_provenance(about), synthetic=about.synthetic,
            )  # fmt: skip
            paths[form] = exported[0]
            written += exported
        links = {form: path.name for form, path in paths.items()}
        for language, edition in _editions(project, vintage, folder, links, atlas, languages, against, side_by_side):
            paths[f"report.{language}"], paths[f"report.{language}.pdf"] = edition[:2]
            written += edition
        paths["run"] = _run(folder, sorted(set(written)), project.queries, vintage, about)
    return paths


def _editions(
    project: Project, vintage: Vintage, folder: Path, links: Mapping[str, str], atlas: Atlas, languages: Sequence[str],
    against: str | None, side_by_side: bool,
) -> list[tuple[str, list[Path]]]:  # fmt: skip
    """The report in each language: drawing takes the time, and matplotlib draws on one core."""
    asked = [(project.root, vintage.name, folder, links, atlas, language, against) for language in languages]
    if not side_by_side or len(languages) == 1:
        return [(language, _edition(*one)) for language, one in zip(languages, asked, strict=True)]
    with ProcessPoolExecutor(len(languages), mp_context=get_context("spawn")) as pool:
        drawn = [pool.submit(_edition, *one) for one in asked]
        return [(language, future.result()) for language, future in zip(languages, drawn, strict=True)]


def _edition(
    root: Path, name: str, folder: Path, links: Mapping[str, str], atlas: Atlas, language: str, against: str | None
) -> list[Path]:
    project = Project(root)
    vintage = project.cache.find(name)
    made = read(vintage)
    if against:
        made["revisions"] = pipeline.revised(project, project.cache.find(against), vintage)
    latest = network(project, vintage, made=made, years=_latest(project.queries), top=DRAWN, backbone="disparity")
    figure = picture.draw(latest, vintage.layout, labels=30, groups=report.legend(language)) if latest.nodes.num_rows else None
    return report.build(
        made, folder, queries=project.queries, about=_about(project, vintage, against), language=language,
        change=copublications.change, benefits=benefits, picture=figure,
        atlas=atlas if atlas.network.nodes.num_rows else None, links=links,
    )  # fmt: skip


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
        "versions": about.versions, "losses": manifest["build"]["losses"], "rows": manifest["build"]["rows"],
        "tables_sha256": manifest["build"]["sha256"],
        "statbank": {k: v for k, v in (vintage.totals or {}).items() if k != "body"} or None,
        "files_sha256": {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in written},
    }  # fmt: skip
    path = folder / "run.json"
    files.write({path: [json.dumps(entries, indent=1, sort_keys=True, ensure_ascii=False), "\n"]}, ADVICE)
    return path
