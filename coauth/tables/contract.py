"""The contract of a table: its key, its columns with type, unit and meaning, and the check that
holds rows to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from coauth.errors import TableError

STRING, INT, FLOAT, BOOL, DAY, STRINGS = (
    pa.string(),
    pa.int64(),
    pa.float64(),
    pa.bool_(),
    pa.date32(),
    pa.list_(pa.string()),
)

MARK = "SYNTHETIC SAMPLE"
"""Begins every title of the synthetic world; what is made from such works carries it in every file.
"""


def marked(name: str) -> str:
    """The name of a file or folder of the synthetic world.

    >>> marked("edges.csv"), marked("SYNTHETIC-SAMPLE-edges.csv")
    ('SYNTHETIC-SAMPLE-edges.csv', 'SYNTHETIC-SAMPLE-edges.csv')
    """
    mark = MARK.replace(" ", "-")
    return name if name.startswith(mark) else f"{mark}-{name}"


@dataclass(frozen=True)
class Column:
    name: str
    type: pa.DataType
    meaning: str
    unit: str = ""
    null: bool = False

    def field(self) -> pa.Field:
        text = {"meaning": self.meaning, "unit": self.unit}
        return pa.field(self.name, self.type, self.null, {k: v for k, v in text.items() if v})


@dataclass(frozen=True)
class Table:
    """The contract of one table: one row per `row`, identified by and sorted by `key`."""

    name: str
    row: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    def published(self, *small: str) -> Table:
        """The contract of the table as a public edition holds it: the named columns may be null."""
        return replace(
            self, columns=tuple(replace(c, null=c.null or c.name in small) for c in self.columns)
        )

    @property
    def schema(self) -> pa.Schema:
        return pa.schema([c.field() for c in self.columns])

    def empty(self) -> pa.Table:
        return self.schema.empty_table()

    def of(self, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
        """Rows as a checked table; columns a row lacks are null."""
        return self.check(pa.Table.from_pylist([dict(r) for r in rows], schema=self.schema))

    def check(self, table: pa.Table) -> pa.Table:
        """`table` with exactly the contract's columns, types and order, sorted by key (nulls last).

        Raises `TableError` naming the first thing that is wrong: a missing, unknown or doubled
        column, a type that cannot be cast without loss, a null or NaN where none may be, a key that
        occurs twice.

        >>> from coauth.tables.schemas import EDGES
        >>> EDGES.check(pa.table({"year": [2020]}))
        Traceback (most recent call last):
        coauth.errors.TableError: edges: columns missing: source, target, works, weight, strict_weight, author_weight, works_k, weight_k, strict_weight_k,
        author_weight_k
        """
        ordered = self._shaped(table).sort_by([(k, "ascending") for k in self.key])
        return pa.Table.from_batches(
            self.checked(ordered.to_batches()), self.schema
        ).combine_chunks()

    def checked(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Batches that are sorted already, each as `check` would have it, without holding more than
        one of them.
        """
        last = None
        for batch in batches:
            shaped = self._shaped(pa.Table.from_batches([batch])).combine_chunks()
            self._filled(shaped)
            self._rising(shaped if last is None else pa.concat_tables([last, shaped]))
            last = shaped.slice(shaped.num_rows - 1) if shaped.num_rows else last
            yield from shaped.cast(self.schema).to_batches()

    def _shaped(self, table: pa.Table) -> pa.Table:
        names = [c.name for c in self.columns]
        if missing := [n for n in names if n not in table.column_names]:
            raise TableError(f"{self.name}: columns missing: {', '.join(missing)}")
        if unknown := [n for n in table.column_names if n not in names]:
            raise TableError(f"{self.name}: columns unknown to its contract: {', '.join(unknown)}")
        if len(table.column_names) > len(names):
            raise TableError(
                f"{self.name}: a column is there twice: {', '.join(table.column_names)}"
            )
        try:
            return table.select(names).cast(
                pa.schema([pa.field(c.name, c.type) for c in self.columns])
            )
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as fault:
            raise TableError(f"{self.name}: {fault}") from fault

    def _filled(self, table: pa.Table) -> None:
        for column in self.columns:
            values = table[column.name]
            if not column.null and values.null_count:
                raise TableError(
                    f"{self.name}.{column.name}: {values.null_count} of {len(values)} rows are null"
                )
            if column.type == FLOAT and pc.any(pc.is_nan(values)).as_py():
                raise TableError(
                    f"{self.name}.{column.name}: NaN; a value that cannot be had is null or no row at all"
                )

    def _rising(self, table: pa.Table) -> None:
        """Every key is larger than the one before it (nulls last)."""
        same: Any = True
        rises: Any = False
        for name in self.key:
            values = table[name].combine_chunks()
            before, after = values[:-1], values[1:]
            more = pc.if_else(
                pc.is_null(after),
                pc.is_valid(before),
                pc.fill_null(pc.greater(after, before), False),
            )
            equal = pc.if_else(
                pc.is_null(after), pc.is_null(before), pc.fill_null(pc.equal(after, before), False)
            )
            rises = pc.or_(rises, pc.and_(same, more))
            same = pc.and_(same, equal)
        if pc.all(rises).as_py() is False:
            at = pc.index(rises, False).as_py()
            rows = table.slice(at, 2).select(list(self.key)).to_pylist()
            if rows[0] == rows[1]:
                raise TableError(f"{self.name}: two rows share the key {rows[0]}")
            raise TableError(f"{self.name}: rows not in order: {rows[0]} before {rows[1]}")

    def dictionary(self) -> list[dict[str, str]]:
        return [
            {"column": c.name, "type": str(c.type), "unit": c.unit, "meaning": c.meaning}
            for c in self.columns
        ]
