"""What a vintage holds for its readers: the tables as built, and what was learned since."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from coauth.pipeline import admissions
from coauth.pipeline.project import Project
from coauth.queries import Queries
from coauth.storage import Vintage
from coauth.tables import schemas


def read_tables(vintage: Vintage, names: Iterable[str] = schemas.ALL) -> dict[str, pa.Table]:
    """The tables of a built vintage; to the admissions imported before it was built come the totals
    fetched since.
    """
    tables = {name: vintage.read(name) for name in names}
    return tables | {
        "admissions": pa.concat_tables([tables["admissions"], admissions.totals(vintage)])
    }


def queries_of(project: Project, vintage: Vintage) -> Queries:
    """The project's queries, of technologies those made for the topics of this vintage."""
    return project.queries.of_topics(vintage.eras.topic_model)


def informed_queries(project: Project, vintage: Vintage) -> Queries:
    """The project's queries as they are asked of this vintage: technologies for its topics, with
    what was measured of them on it.
    """
    manifest = vintage.manifest
    return queries_of(project, vintage).informed(
        manifest.technology_quality, manifest.build.queries if manifest.build else ""
    )
