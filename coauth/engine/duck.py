"""DuckDB in the process: what does not fit into the memory allowed is spilled to disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import duckdb
import joblib
import pyarrow as pa

from coauth.engine import BATCH, Coded, Engine, Item, Result, Rows
from coauth.engine.memory import SQL, part
from coauth.errors import QueryError


class DuckDB(Engine):
    """The engine of one machine, and the one to take there (`coauth/docs/spark.md` says by how
    much).
    """

    packages = ("duckdb",)

    def __init__(
        self,
        statements: Mapping[str, str],
        shared: Mapping[str, pa.Table],
        memory: str | None = None,
        threads: int | None = None,
        spill: Path | None = None,
        *,
        trusted: bool = True,
    ) -> None:
        """`memory` is for the whole build: DuckDB takes its part (`coauth.engine.memory`) and
        spills the rest to the folder `spill`. Statements that are not `trusted` neither read nor
        write files, nor load extensions.
        """
        super().__init__(statements)
        self.workers = threads or joblib.cpu_count()
        settings: dict[str, Any] = {"memory_limit": f"{part(memory, SQL)}B"}
        settings |= {"preserve_insertion_order": False}  # every result is sorted by its key
        settings |= {"threads": threads} if threads else {}
        settings |= {"temp_directory": str(spill)} if spill else {}
        self._connection = duckdb.connect(":memory:", config=settings)
        for name, table in shared.items():
            self._connection.register(name, table)
        self._trusted = trusted
        if not trusted:
            for setting in ("enable_external_access = false", "lock_configuration = true"):
                self._connection.execute(f"SET {setting}")

    def each(self, task: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        with joblib.parallel_config("loky", idle_worker_timeout=5):  # what follows needs memory
            workers = max(1, min(self.workers, len(items)))
            shared = joblib.Parallel(workers, return_as="generator")
        yield from shared(joblib.delayed(task)(item) for item in items)

    def close(self) -> None:
        self._connection.close()
        pa.default_memory_pool().release_unused()

    @contextmanager
    def _answer(
        self, sql: str, where: str, tables: Mapping[str, Rows], coded: Coded
    ) -> Iterator[pa.RecordBatchReader]:
        with ExitStack() as given:
            for alias, rows in tables.items():
                self._show(alias, rows, [c for c in coded if c in rows.schema.names], given)
            try:
                with self._connection.sql(sql).to_arrow_reader(
                    BATCH
                ) as batches:  # closed before what it reads from is dropped
                    yield batches
            except (duckdb.InterruptException, RuntimeError) as fault:
                if "interrupted" not in str(fault).lower():
                    raise
                raise KeyboardInterrupt from fault
            except duckdb.Error as fault:
                raise QueryError(f"{where}: {fault}") from fault

    def _show(self, alias: str, rows: Rows, coded: Coded, stack: ExitStack) -> None:
        """Let statements read a table by its name until `stack` is closed, its `coded` columns as
        an ENUM in the order of texts.
        """
        db = self._connection
        relation = (
            db.read_parquet(list(rows.files))
            if self._trusted and not isinstance(rows, pa.Table)
            else db.from_arrow(rows)
        )
        for column in coded:
            kind = f'"{alias}.{column}"'
            relation.query(
                "rows",
                f'CREATE TYPE {kind} AS ENUM (SELECT DISTINCT "{column}" FROM rows WHERE "{column}" IS NOT NULL ORDER BY 1)',
            )
            stack.callback(db.execute, f"DROP TYPE {kind}")
            relation = relation.project(f'* REPLACE (CAST("{column}" AS {kind}) AS "{column}")')
        relation.create_view(alias)
        stack.callback(db.execute, f'DROP VIEW "{alias}"')
