"""DuckDB in the process: what does not fit into the memory allowed is spilled to disk."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import joblib
import pyarrow as pa

from coauth.engine import BATCH, Engine, Item, Result, Rows
from coauth.errors import QueryError


class DuckDB(Engine):
    """The engine of one machine, and the one to take there (`coauth/engine/SPARK.md` says by how much)."""

    packages = ("duckdb",)

    def __init__(
        self, statements: Mapping[str, str], shared: Mapping[str, pa.Table], memory: str | None = None, threads: int | None = None,
        spill: Path | None = None,
    ) -> None:  # fmt: skip
        """`memory` is for the whole build, "4GB" unless said: DuckDB takes two fifths and spills the rest to the folder `spill`;
        the others are left to Arrow, numpy and the processes that read pages and measure windows."""
        super().__init__(statements)
        self.workers = threads or joblib.cpu_count()
        settings: dict[str, Any] = {"memory_limit": _part(memory or "4GB")}
        settings |= {"preserve_insertion_order": False}  # every result is sorted by its key
        settings |= {"threads": threads} if threads else {}
        settings |= {"temp_directory": str(spill)} if spill else {}
        self._connection = duckdb.connect(":memory:", config=settings)
        for name, table in shared.items():
            self._connection.register(name, table)

    def each(self, task: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        with joblib.parallel_config("loky", idle_worker_timeout=5):  # what follows needs their memory
            return list(joblib.Parallel(max(1, min(self.workers, len(items))))(joblib.delayed(task)(item) for item in items))

    def close(self) -> None:
        self._connection.close()
        pa.default_memory_pool().release_unused()

    @contextmanager
    def _answer(self, sql: str, where: str, tables: Mapping[str, Rows]) -> Iterator[pa.RecordBatchReader]:
        for alias, rows in tables.items():
            if isinstance(rows, pa.Table):
                self._connection.register(alias, rows)
            else:
                self._connection.read_parquet(list(rows.files)).create_view(alias)
        try:
            yield self._connection.sql(sql).to_arrow_reader(BATCH)
        except duckdb.Error as fault:
            raise QueryError(f"{where}: {fault}") from fault
        finally:
            for alias, rows in tables.items():
                if isinstance(rows, pa.Table):
                    self._connection.unregister(alias)
                else:
                    self._connection.execute(f'DROP VIEW "{alias}"')


def _part(memory: str) -> str:
    """
    >>> _part("2GB"), _part("1.5 GiB")
    ('0.8GB', '0.6GiB')
    """
    if not (found := re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]i?B)", memory)):
        raise QueryError(f"memory '{memory}': give a number and a unit, such as 2GB")
    return f"{0.4 * float(found[1]):g}{found[2]}"
