"""Runs the statements of `queries/sql/` on Arrow tables with DuckDB, in the process.

A statement takes no parameters and names no file: it reads tables by the names of `coauth.tables` and of
`Queries.tables`, and returns the columns of one contract. Fractional weights are summed inside as integers
(2⁴⁰ // (k−1)), because float sums change in their last bits with the number of threads; the contract sorts the rows.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import pyarrow as pa

from coauth.errors import NotFound, QueryError
from coauth.tables import Table


class Engine:
    """`run("edges", EDGES, works=…, affiliations=…)` executes `queries/sql/edges.sql`."""

    def __init__(
        self, statements: Mapping[str, str], shared: Mapping[str, pa.Table], memory: str | None = None, threads: int | None = None
    ) -> None:
        self.statements = statements
        self._connection = duckdb.connect(":memory:")
        if memory:
            self._connection.execute(f"SET memory_limit = '{memory}'")
        if threads:
            self._connection.execute(f"SET threads = {threads:d}")
        for name, table in shared.items():
            self._connection.register(name, table)

    def statement(self, name: str) -> str:
        try:
            return self.statements[name]
        except KeyError:
            raise NotFound(f"no statement '{name}' in queries/sql; there are: {', '.join(sorted(self.statements))}") from None

    def run(self, name: str, contract: Table, /, **tables: pa.Table) -> pa.Table:
        """The statement's rows under `contract`. Raises `QueryError` with DuckDB's words if the SQL is wrong."""
        return contract.check(self.query(self.statement(name), f"queries/sql/{name}.sql", **tables))

    def query(self, sql: str, where: str, /, **tables: pa.Table) -> pa.Table:
        for alias, table in tables.items():
            self._connection.register(alias, table)
        try:
            return self._connection.sql(sql).to_arrow_table()
        except duckdb.Error as fault:
            raise QueryError(f"{where}: {fault}") from fault
        finally:
            for alias in tables:
                self._connection.unregister(alias)
