"""reports/<quarter>/: what a quarter hands on."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import Executor
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import joblib

from coauth.export import formats
from coauth.pipeline import networks, positions, public, report_inputs, run_record
from coauth.pipeline.compare import revised
from coauth.pipeline.networks import Profile
from coauth.pipeline.project import Project
from coauth.pipeline.quarter_reports import Reports, processes
from coauth.pipeline.vintage_tables import VintageTables, queries_of
from coauth.progress import Progress, Stage, ignore
from coauth.queries import Queries
from coauth.report.explorer import Atlas
from coauth.storage import Vintage, atomic
from coauth.tables.contract import marked
from coauth.tables.schemas import Name, Tables

log = logging.getLogger(__name__)

PICTURE_INSTITUTIONS = 400
"""Institutions in the report's picture and in network.gexf, which opens as that picture: more than
this and it is a hairball.
"""

PICTURE_PAIRS = 1_000
"""Pairs up to which a network can be looked at as it is; of more, a backbone is drawn."""

LIGHT_INSTITUTIONS = 500
"""Strongest institutions in the quarter's dynamic and Gephi Lite files: a whole country's fourteen
years are a gigabyte that nothing opens. `coauth export` writes any other cut.
"""

FORMATS = {"gexf-all": "gexf"}
"""Files that are not called by their format."""


def write_quarter(
    project: Project,
    vintage: Vintage,
    *,
    languages: Sequence[str] = ("en", "da"),
    against: str | None = None,
    side_by_side: bool = False,
    profile: Profile = "internal",
    progress: Progress = ignore,
) -> dict[str, Path]:
    """reports/<quarter>/: the report in each language, four Gephi files (one without a
    pair is left out), run.json. Same vintage, same bytes.

    What changed is told `against` a vintage by name; by default against the newest earlier one
    there was when this was built. The public profile goes to reports/<quarter>-public/, beside the
    internal one and never inside it: a folder that is handed on holds one of them.

    `side_by_side` draws the languages in a process each, where there is more than one processor.
    Only a program whose main module may be imported again can (the command line can, a plain script
    cannot), so it is asked for, never assumed.
    """
    with (
        processes(len(languages))
        if side_by_side and min(len(languages), joblib.cpu_count()) > 1
        else nullcontext() as pool
    ):
        stage = Stage(progress, "report", "steps", 2 + len(languages))
        stage.add(0)
        return _written(project, vintage, languages, against, profile, pool, stage)


def _written(
    project: Project,
    vintage: Vintage,
    languages: Sequence[str],
    against: str | None,
    profile: Profile,
    pool: Executor | None,
    stage: Stage,
) -> dict[str, Path]:
    told, asked = report_inputs.of(project, vintage, against), queries_of(project, vintage)
    tables: Tables = VintageTables(vintage, _against(project, vintage, against))
    folder = project.reports / (marked(told.quarter) if told.synthetic else told.quarter)
    edition = public.edition(project, vintage, tables) if profile == "public" else None
    base = networks.base(project, vintage, tables, profile=profile)
    whole = networks.cut(project, base)
    if edition:
        told = replace(told.public, relations=public.relations(project, vintage))
        folder, where = folder.with_name(f"{folder.name}-public"), positions.own(whole, project)
        own: tuple[Name, ...] = ("edges", "flags", "institutions")
        tables = {**edition, **{name: base.tables[name] for name in own}}
    else:
        where = positions.keep(whole, project, vintage)
    latest = networks.cut(project, base, years=_latest(asked))
    picture: dict[str, Any] = {"years": _latest(asked), "top": PICTURE_INSTITUTIONS}
    crowded = latest.edges.num_rows > PICTURE_PAIRS
    if crowded and not edition:  # of a public network's pairs abroad none would be left
        picture["backbone"] = "disparity"
    cuts = {
        kind: (name, latest if kind == "gexf-all" else networks.cut(project, base, **filters))
        for kind, name, filters in _networks(asked, picture)
    }
    atlas = Atlas(
        whole
        if edition or whole.counting == "newman"
        else networks.cut(project, base, counting="newman"),
        where,
        works=edition is None,
    )
    written = list[Path]()
    paths = {
        kind: folder / name for kind, (name, network) in cuts.items() if network.edges.num_rows
    }
    stage.add(1, "networks cut")
    with atomic.reported(folder, run_record.ADVICE):
        run_record.forget(folder)
        folder.mkdir(parents=True, exist_ok=True)

        def export_networks() -> None:
            for kind, (name, network) in cuts.items():
                if kind not in paths:
                    log.info(
                        "%s not written: no pair is left by its cuts (%s)",
                        name,
                        "; ".join(network.account),
                    )
                    continue
                written.extend(
                    formats.write(
                        network,
                        FORMATS.get(kind, kind),
                        paths[kind],
                        positions=where,
                        as_of=vintage.as_of,
                        provenance=report_inputs.provenance(told)
                        | ({"profile": profile} if edition else {}),
                        synthetic=told.synthetic,
                    )
                )
            stage.add(1, "networks written")

        links = {kind: path.relative_to(folder).as_posix() for kind, path in paths.items()}
        reports = Reports(project.root, folder, links, told, cuts["gexf"][1], atlas, tables)
        for language, there in reports.write(languages, pool, export_networks):
            paths[f"report.{language}"], paths[f"report.{language}.pdf"] = there[:2]
            written += there
            stage.add(1, f"report in {language}")
        paths["run"] = run_record.record(folder, sorted(set(written)), asked, vintage, told)
    return paths


def _against(project: Project, vintage: Vintage, name: str | None) -> Tables:
    """`revisions` against another vintage than when this was built."""
    return {"revisions": revised(project, project.cache.find(name), vintage)} if name else {}


def _networks(queries: Queries, picture: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Kind, name and cut of the quarter's Gephi files: the latest window as the report draws it, and
    whole; all years of the strongest.
    """
    return [
        ("gexf", "network.gexf", picture),
        ("gexf-all", "network-all.gexf", {"years": _latest(queries)}),
        ("gexf-dynamic", "network-dynamic.gexf", {"top": LIGHT_INSTITUTIONS}),
        (
            "gephi-lite",
            "network-gephi-lite.gexf",
            {"years": _latest(queries), "top": LIGHT_INSTITUTIONS},
        ),
    ]


def _latest(queries: Queries) -> tuple[int, int]:
    return (queries.scope.last_year - queries.measures.window + 1, queries.scope.last_year)
