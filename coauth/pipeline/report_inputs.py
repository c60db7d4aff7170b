"""What is said of a vintage beside its tables: what it rests on, and which earlier one it is held
against.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from coauth.openalex.eras import MIXED, Eras, Relation
from coauth.pipeline import status
from coauth.pipeline.compare import counted
from coauth.pipeline.compare import since as since_vintage
from coauth.pipeline.project import Project
from coauth.report.vintage_info import About, Since
from coauth.storage import Vintage
from coauth.tables.contract import MARK


def of(project: Project, vintage: Vintage, against: str | None = None) -> About:
    """Raises `NotFound` where nothing is built, or where the vintage named by `against` is not an
    earlier one.
    """
    manifest = vintage.manifest
    built = manifest.get("build") or {}
    if not built:
        vintage.read("works")  # says that nothing is built, and what to run
    losses, since, relations = built["losses"], *_since(project, vintage, against)
    return About(
        title=project.queries.scope.title,
        quarter=vintage.quarter,
        vintage=vintage.name,
        as_of=vintage.as_of,
        synthetic=built["synthetic"],
        complete=built["complete"],
        level=built["level"],
        affiliation_matcher=vintage.eras.affiliation_matcher,
        topic_model=vintage.eras.topic_model,
        source=_source(manifest["source"]),
        records=losses["works"]["records"],
        works=losses["works"]["works"],
        dropped=losses["works"]["dropped"],
        noted=losses["works"]["noted"],
        excluded=losses["excluded"],
        passed_over=(manifest.get("account") or {}).get("passed_over", {}),
        versions=built["versions"],
        queries_fingerprint=built["queries"],
        seed=built["seed"],
        quality=manifest.get("technology_quality"),
        since=since,
        relations=relations,
        part=status.is_part(vintage),
        lacking=status.lacking(vintage),
    )


def provenance(about: About) -> dict[str, str]:
    """The same, short enough for the head of a network file."""
    return {
        "title": about.title,
        "vintage": about.vintage,
        "source": about.source,
        "level": about.level,
        "queries": about.queries_fingerprint[:16],
        "complete": "yes" if about.complete else "NO: slices of the harvest are missing",
        "models": str(Eras(about.affiliation_matcher, about.topic_model)),
        **(
            {
                "mixed": "YES: pages are of two affiliation matchers; institutions of its years are not comparable"
            }
            if about.affiliation_matcher == MIXED
            else {}
        ),
    }


def _since(
    project: Project, vintage: Vintage, against: str | None
) -> tuple[Since | None, Mapping[str, Relation]]:
    """The vintage a report is held against, and what lies between: the one asked for, else the
    one that was there when this was built.
    """
    told = vintage.manifest["build"].get("since")
    if against or (told and "relations" not in told):  # built by a coauth that did not note them
        against = against or told["vintage"]
        told = since_vintage(project.cache.find(against), counted(vintage))
    return (
        (
            Since(
                told["vintage"],
                date.fromisoformat(told["as_of"]),
                told["version"],
                tuple(told["parts"]),
            ),
            told["relations"],
        )
        if told
        else (None, {})
    )


def _source(identity: Mapping[str, Any]) -> str:
    """The same in every language, without a path of the machine it was made on."""
    if identity["kind"] == "sample":
        return f"{MARK} {identity['seed']}"
    if identity["kind"] == "files":
        return f"OpenAlex: {Path(identity['path']).name}"
    return "OpenAlex API"
