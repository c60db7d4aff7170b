"""Apache Spark, here or on a cluster: for whoever outgrows one machine. Cost and settings:
`coauth/docs/spark.md`.

Tables go to Spark and come back as Parquet files in the build's own folder, which every node must
see under the same path. Spark sorts and writes in parallel; the rows are then read file by file in
their order, so that what reaches the one writer of tables never has to fit into the memory of the
driver.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from coauth.engine import BATCH, Coded, Engine, Item, Result, Rows
from coauth.errors import CoauthError, EngineError, QueryError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_SESSION = {
    # what overflows or cannot be cast fails, as in DuckDB, and is never wrapped or null
    "spark.sql.ansi.enabled": "true",
    "spark.sql.ansi.doubleQuotedIdentifiers": "true",
    "spark.sql.session.timeZone": "UTC",
}


class Spark(Engine):
    """The engine of a cluster that is there already, set up as for any Spark program; without one,
    Spark in this machine.
    """

    packages = ("pyspark",)

    def __init__(
        self,
        statements: Mapping[str, str],
        shared: Mapping[str, pa.Table],
        memory: str | None = None,
        threads: int | None = None,
        spill: Path | None = None,
    ) -> None:
        """`memory` and `threads` are for Spark in this machine. Raises `EngineError` where pyspark
        or Java is missing.
        """
        super().__init__(statements)
        if spill is None:
            raise EngineError("Spark needs a folder that all its nodes see; give spill")
        self._spill, self._numbers = spill.resolve(), count()
        self._session = _session(memory, threads)
        self.workers = self._session.sparkContext.defaultParallelism
        for name, table in shared.items():
            self._show(name, table)

    def each(self, task: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        def attempt(item: Item) -> Result | CoauthError:
            try:
                return task(item)
            # for a user to read: not to be tried three times more, nor wrapped in Java's words
            except CoauthError as fault:
                return fault

        results: list[Result] = []
        for done in (
            self._session.sparkContext.parallelize(items, max(1, len(items))).map(attempt).collect()
        ):
            if isinstance(done, CoauthError):
                raise done
            results.append(done)
        return results

    @contextmanager
    def _answer(
        self, sql: str, where: str, tables: Mapping[str, Rows], coded: Coded
    ) -> Iterator[pa.RecordBatchReader]:
        from pyspark.errors import PySparkException  # noqa: PLC0415  an extra

        made = self._folder()
        given = {alias: self._show(alias, rows) for alias, rows in tables.items()}
        try:
            self._session.sql(sql).write.parquet(str(made))
            files = [str(file) for file in sorted(made.glob("*.parquet"))]
            yield ds.dataset(files, format="parquet").scanner(batch_size=BATCH).to_reader()
        except PySparkException as fault:
            raise QueryError(f"{where}: {str(fault).splitlines()[0]}") from fault
        finally:
            for alias, folder in given.items():
                self._session.catalog.dropTempView(alias)
                shutil.rmtree(folder, ignore_errors=True)
            shutil.rmtree(made, ignore_errors=True)

    def _show(self, alias: str, rows: Rows) -> Path:
        """Let statements read a table by its name; returns the folder of files made for that."""
        folder = self._folder()
        if isinstance(rows, pa.Table):
            folder.mkdir(parents=True)
            pq.write_table(rows, folder / "rows.parquet", row_group_size=BATCH)
            files = [str(folder / "rows.parquet")]
        else:
            files = [str(Path(file).resolve()) for file in rows.files]
        self._session.read.parquet(*files).createOrReplaceTempView(alias)
        return folder

    def _folder(self) -> Path:
        return self._spill / f"{next(self._numbers):06d}"


def _session(memory: str | None, threads: int | None) -> SparkSession:
    """A session of its own in the running Spark, or in one started with the settings of its
    surroundings.

    What is not asked for here is left to spark-submit, PYSPARK_SUBMIT_ARGS and spark-defaults.conf.
    """
    try:
        from pyspark.errors import PySparkException  # noqa: PLC0415  an extra
        from pyspark.sql import SparkSession  # noqa: PLC0415
    except ImportError as fault:
        raise EngineError(
            "pyspark is not installed; run `pip install 'coauth[spark]'`, or build with --engine duckdb"
        ) from fault
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        raise EngineError(
            "Spark needs Java, and there is none; install Java 17 or newer (or set JAVA_HOME), or build with --engine duckdb"
        )
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("coauth").config("spark.ui.showConsoleProgress", "false")
    if threads:
        builder = builder.master(f"local[{threads}]")
    if memory:
        builder = builder.config(
            "spark.driver.memory", re.sub(r"(?i)i?b$", "", memory)
        )  # Java says 2G
    try:
        session = builder.getOrCreate().newSession()
    except PySparkException as fault:
        raise EngineError(
            f"Spark does not start ({str(fault).splitlines()[0]}); build with --engine duckdb, or see what it said above"
        ) from fault
    context = session.sparkContext
    settings = dict(_SESSION)
    if context.master.startswith("local") and not context.getConf().contains(
        "spark.sql.shuffle.partitions"
    ):
        settings["spark.sql.shuffle.partitions"] = str(
            4 * context.defaultParallelism
        )  # the 200 of a cluster are slow here
    for name, value in settings.items():
        session.conf.set(name, value)
    return session
