"""What a vintage holds for its readers: the tables as built, and what was learned since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pyarrow as pa

from coauth.pipeline import admissions
from coauth.pipeline.project import Project
from coauth.queries import Queries
from coauth.storage import Vintage
from coauth.tables.schemas import ALL, Name


class VintageTables(Mapping[Name, pa.Table]):
    """The tables of a built vintage, each read when it is first asked for (`tables["edges"]`), with
    some `instead` of its own. To the admissions imported before it was built come the totals
    fetched since. Another process gets none of what was read here, and reads for itself.

    Raises `NotFound` where nothing is built.
    """

    def __init__(self, vintage: Vintage, instead: Mapping[Name, pa.Table] | None = None) -> None:
        self._vintage, self._instead = vintage, dict(instead or {})
        self._read: dict[Name, pa.Table] = {}
        _ = vintage.built

    def __getitem__(self, name: Name) -> pa.Table:
        if name in self._instead:
            return self._instead[name]
        if name not in ALL:
            raise KeyError(name)
        if name not in self._read:
            table = self._vintage.read(name)
            if name == "admissions":
                table = pa.concat_tables([table, admissions.totals(self._vintage)])
            self._read[name] = table
        return self._read[name]

    def __contains__(self, name: object) -> bool:
        return name in self._instead or name in ALL

    def __iter__(self) -> Iterator[Name]:
        return iter({**ALL, **self._instead})

    def __len__(self) -> int:
        return len({**ALL, **self._instead})

    def __getstate__(self) -> dict[str, object]:
        return self.__dict__ | {"_read": {}}


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
