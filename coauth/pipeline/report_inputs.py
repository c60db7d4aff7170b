"""What is said of a vintage beside its tables: what it rests on, and which earlier one it is held
against.
"""

from __future__ import annotations

from pathlib import Path

from coauth.openalex.eras import MIXED, Eras
from coauth.pipeline import status
from coauth.pipeline.compare import how_counted
from coauth.pipeline.compare import since as since_vintage
from coauth.pipeline.project import Project
from coauth.report.vintage_info import About
from coauth.storage import Vintage
from coauth.storage.manifest import Origin, Since
from coauth.tables.contract import MARK


def of(project: Project, vintage: Vintage, against: str | None = None) -> About:
    """Raises `NotFound` where nothing is built, or where the vintage named by `against` is not an
    earlier one.
    """
    manifest, built = vintage.manifest, vintage.built
    losses, since = built.losses, _since(project, vintage, against)
    return About(
        title=project.queries.scope.title,
        quarter=vintage.quarter,
        vintage=vintage.name,
        as_of=vintage.as_of,
        synthetic=built.synthetic,
        complete=built.complete,
        level=built.level,
        affiliation_matcher=vintage.eras.affiliation_matcher,
        topic_model=vintage.eras.topic_model,
        source=_source(manifest.source),
        records=losses.works.records,
        works=losses.works.works,
        dropped=losses.works.dropped,
        noted=losses.works.noted,
        excluded=losses.excluded,
        passed_over=manifest.account.passed_over if manifest.account else {},
        versions=built.versions,
        queries_fingerprint=built.queries,
        seed=built.seed,
        quality=manifest.technology_quality,
        since=since,
        relations=(since and since.relations) or {},
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


def _since(project: Project, vintage: Vintage, against: str | None) -> Since | None:
    """The vintage a report is held against: the one asked for, else the one that was there when
    this was built.
    """
    since = vintage.built.since
    if since and since.relations is None:  # built by a coauth that did not note them
        against = against or since.vintage
    return since_vintage(project.cache.find(against), how_counted(vintage)) if against else since


def _source(origin: Origin) -> str:
    """The same in every language, without a path of the machine it was made on."""
    if origin.kind == "sample":
        return f"{MARK} {origin.seed}"
    if origin.kind == "files":
        return f"OpenAlex: {Path(origin.path or '').name}"
    return "OpenAlex API"
