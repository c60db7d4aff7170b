"""A question put to a vintage."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import cached_property
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from coauth.count import cells
from coauth.count.answer import Answer, answer
from coauth.count.cells import TABLES, World
from coauth.count.question import Question, ask
from coauth.count.words import Labels, Provenance
from coauth.engine import Rows
from coauth.engine.duck import DuckDB
from coauth.pipeline.project import Project
from coauth.queries.names import Names
from coauth.report.text import Words, vocabulary
from coauth.storage import Vintage

KINDS = ("country", "institution", "field", "type", "area", "area_short", "status", "group")
"""What has names in the languages of the report."""
LISTED = ("work_id", "year", "title", "doi", "type", "n_institutions", "affiliation_status")
"""What is listed of a work."""


@dataclass(frozen=True)
class Desk:
    """Where questions to a vintage are asked."""

    project: Project
    vintage: Vintage

    @cached_property
    def world(self) -> World:
        manifest = self.vintage.manifest
        queries = self.project.queries.of_topics(self.vintage.eras.topic_model).informed(
            manifest.technology_quality, self.vintage.built.queries
        )
        rows: dict[str, Rows] = {name: self.vintage.rows(name) for name in TABLES}
        return World(DuckDB(queries.sql, queries.tables()), rows, queries)

    @cached_property
    def _institutions(self) -> pa.Table:
        columns = ["institution_id", "ror", "name", "country_code", "is_domestic", "works"]
        return self.vintage.read("institutions", columns)

    def ask(
        self, words: Sequence[str], filters: Mapping[str, Sequence[str]], **rest: Any
    ) -> Question:
        """The question of what was typed (`coauth.count.question.ask`)."""
        publishers: Collection[str] = ()
        if filters.get("publisher"):
            column = self.vintage.read("coverage", ["publisher"])["publisher"]
            publishers = pc.unique(column).drop_null().to_pylist()
        names = Names(self.world.queries, self._institutions, vocabulary(*KINDS), publishers)
        return ask(names, self.world.queries, words, filters, **rest)

    def answer(self, question: Question) -> Answer:
        return answer(question, self.world)

    def labels(self, language: str) -> Labels:
        """What things are called, and what the answers rest on."""
        built = self.vintage.built
        day = datetime.combine(self.vintage.as_of, time(), UTC).replace(tzinfo=None)
        about = Provenance(
            self.vintage.name,
            day,
            self.project.queries.fingerprint,
            built.synthetic,
            "topics" in (built.lacking or []),
        )
        return Labels(Words(language), self.world.queries, self._institutions, about)

    def works(self, question: Question) -> pd.DataFrame:
        """The works behind an answer, newest first: as many as it counts."""
        plain = Question(question.clauses, (), question.years)
        spans = question.periods or (question.years,)
        found = cells.query(plain, self.world, each_work=True)
        year = found["year"].to_numpy()
        inside = sum((year >= a) & (year <= b) for a, b in spans) > 0
        ids = found["c"].filter(pa.array(inside)).combine_chunks()
        works = self.vintage.read("works", list(LISTED))
        rows: pd.DataFrame = works.filter(pc.is_in(works["work_id"], ids)).to_pandas()
        return rows.sort_values(["year", "work_id"], ascending=[False, True], ignore_index=True)

    def sql(self, question: Question) -> str:
        """The statement with the question in it, as `coauth sql --run` takes it."""
        given = cells.parameters(question, self.world.queries)
        head, _, rest = self.world.engine.statement("count").partition("\nWITH ")
        tables = ",\n".join(f"{name} AS (\n{_values(t)}\n)" for name, t in given.items())
        return f"{head}\n-- Asked: {question.command(self.vintage.name)}\nWITH {tables},\n{rest}"


def _values(table: pa.Table) -> str:
    """A small table as SQL."""
    kinds = ["VARCHAR" if pa.types.is_string(f.type) else "BIGINT" for f in table.schema]
    cast = [f"CAST({{}} AS {k}) AS {n}" for k, n in zip(kinds, table.column_names, strict=True)]
    rows = table.to_pylist() or [dict.fromkeys(table.column_names)]
    lines = [
        "  SELECT "
        + ", ".join(c.format(_literal(v)) for c, v in zip(cast, r.values(), strict=True))
        for r in rows
    ]
    return "\n  UNION ALL\n".join(lines) + ("" if table.num_rows else " WHERE FALSE")


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"
