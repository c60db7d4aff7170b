"""Runs the statements of `queries/sql/` with DuckDB, in the process.

A statement takes no parameters and names no file: it reads tables by the names of `coauth.tables` and of
`Queries.tables`, and returns the columns of one contract. Fractional weights are summed inside as integers
(2⁴⁰ // (k−1)), because float sums change in their last bits with the number of threads; rows come sorted by the
contract's key. What does not fit into the memory allowed is spilled to disk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds

from coauth.errors import NotFound, QueryError
from coauth.tables import Table

Rows: TypeAlias = pa.Table | ds.FileSystemDataset
"""A table in memory, or Parquet files that need not fit into it."""

_BATCH = 250_000


class Engine:
    """`run("edges", EDGES, works=…, affiliations=…)` executes `queries/sql/edges.sql`."""

    def __init__(
        self, statements: Mapping[str, str], shared: Mapping[str, pa.Table], memory: str | None = None, threads: int | None = None,
        spill: Path | None = None,
    ) -> None:  # fmt: skip
        """`spill` is a folder for what exceeds `memory` (such as "2GB"; DuckDB's default is 80 % of the machine's)."""
        self.statements = statements
        settings: dict[str, Any] = {"preserve_insertion_order": False}  # every result is sorted by its key
        settings |= {"memory_limit": memory} if memory else {}
        settings |= {"threads": threads} if threads else {}
        settings |= {"temp_directory": str(spill)} if spill else {}
        self._connection = duckdb.connect(":memory:", config=settings)
        for name, table in shared.items():
            self._connection.register(name, table)

    def statement(self, name: str) -> str:
        try:
            return self.statements[name]
        except KeyError:
            raise NotFound(f"no statement '{name}' in queries/sql; there are: {', '.join(sorted(self.statements))}") from None

    def run(self, name: str, contract: Table, /, **tables: Rows) -> pa.Table:
        """The statement's rows under `contract`. Raises `QueryError` with DuckDB's words if the SQL is wrong."""
        return pa.Table.from_batches(self.stream(name, contract, **tables), contract.schema)

    def stream(self, name: str, contract: Table, /, **tables: Rows) -> Iterator[pa.RecordBatch]:
        """The same rows, sorted and checked, a batch at a time: for results that need not fit into memory."""
        order = ", ".join(f'"{key}" ASC NULLS LAST' for key in contract.key)
        sql = f"SELECT * FROM (\n{self.statement(name)}\n) ORDER BY {order}"
        with self._given(f"queries/sql/{name}.sql", tables):
            yield from contract.checked(self._connection.sql(sql).to_arrow_reader(_BATCH))

    def query(self, sql: str, where: str, /, **tables: Rows) -> pa.Table:
        """What a statement of the user's own returns, unsorted and unchecked."""
        with self._given(where, tables):
            return self._connection.sql(sql).to_arrow_table()

    @contextmanager
    def _given(self, where: str, tables: Mapping[str, Rows]) -> Iterator[None]:
        for alias, rows in tables.items():
            if isinstance(rows, pa.Table):
                self._connection.register(alias, rows)
            else:
                self._connection.read_parquet(list(rows.files)).create_view(alias)
        try:
            yield
        except duckdb.Error as fault:
            raise QueryError(f"{where}: {fault}") from fault
        finally:
            for alias, rows in tables.items():
                if isinstance(rows, pa.Table):
                    self._connection.unregister(alias)
                else:
                    self._connection.execute(f'DROP VIEW "{alias}"')
