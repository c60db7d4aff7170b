"""PhD admissions that no build makes: the totals a report shows as context, fetched once for each
vintage and kept with it.
"""

from __future__ import annotations

import logging
from datetime import date
from pathlib import Path

import pyarrow as pa

from coauth.errors import SourceError
from coauth.pipeline.project import Project
from coauth.sources import admissions, sample, statbank
from coauth.storage import Vintage
from coauth.tables.schemas import ADMISSIONS

log = logging.getLogger(__name__)


def has_statbank(project: Project, vintage: Vintage) -> bool:
    """Whether StatBank can be asked at all: it counts Denmark, and invented works go with invented
    admissions.
    """
    return "DK" in project.queries.scope.countries and not vintage.manifest.synthetic


def fetch_totals(
    project: Project, vintage: Vintage, *, today: date, url: str | None = None
) -> pa.Table:
    """The totals of StatBank as of today, kept with the vintage in place of older ones. Raises
    `SourceError`.
    """
    if not has_statbank(project, vintage):
        raise SourceError(
            "StatBank counts PhD admissions in Denmark; this vintage is of another country, or of invented works"
        )
    body = statbank.fetch(url=url)
    vintage.keep_totals(statbank.TABLE, body, today)
    return totals(vintage)


def fetch_totals_once(
    project: Project, vintage: Vintage, *, today: date, url: str | None = None
) -> None:
    """What a report does: fetch totals that are missing, and go on without them where StatBank does
    not give them.
    """
    if vintage.totals is None and has_statbank(project, vintage):
        try:
            fetch_totals(project, vintage, today=today, url=url)
        except SourceError as fault:
            log.warning("the report is written without Statistics Denmark's PhD totals: %s", fault)


def totals(vintage: Vintage) -> pa.Table:
    """`ADMISSIONS` beside those of the build: StatBank's totals as kept, the sample's invented
    ones, or none.
    """
    origin = vintage.manifest.source
    if origin.kind == "sample" and origin.seed is not None:
        return sample.admissions(origin.seed)
    kept = vintage.totals
    return (
        statbank.read(kept["body"].encode(), date.fromisoformat(kept["retrieved"]))
        if kept
        else ADMISSIONS.empty()
    )


def import_admissions(project: Project, path: Path) -> pa.Table:
    """PhD admissions from a CSV, kept beside the vintages and carried into every later build."""
    table = admissions.read(path)
    project.cache.admissions = table
    return table
