"""Runs the statements of `queries/sql/`, and spreads work that is no SQL: with DuckDB in the
process, or on Spark.

A statement takes no parameters and names no file: it reads tables by the names of `coauth.tables.schemas`
and of `Queries.tables`, and returns the columns of one contract. Fractional weights are summed
inside as integers (2⁴⁰ // (k−1)), because float sums change in their last bits with the number of
threads; rows come sorted by the contract's key. So there is one text of every statement, and
engines differ in where it runs, not in what comes out.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import ClassVar, TypeAlias, TypeVar

import pyarrow as pa
import pyarrow.dataset as ds

from coauth.errors import NotFound, QueryError
from coauth.tables.contract import Table

Rows: TypeAlias = pa.Table | ds.FileSystemDataset
"""A table in memory, or Parquet files that need not fit into it."""

Coded: TypeAlias = Sequence[str]

BATCH = 250_000
"""Rows handed on at a time."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class Engine(ABC):
    """`run("edges", EDGES, works=…, affiliations=…)` executes `queries/sql/edges.sql`."""

    packages: ClassVar[tuple[str, ...]]
    """What its numbers depend on, for the manifest."""
    workers: int
    """How much it does at once."""

    def __init__(self, statements: Mapping[str, str]) -> None:
        self.statements = statements

    def statement(self, name: str) -> str:
        try:
            return self.statements[name]
        except KeyError:
            raise NotFound(
                f"no statement '{name}' in queries/sql; there are: {', '.join(sorted(self.statements))}"
            ) from None

    def run(self, name: str, contract: Table, /, *, coded: Coded = (), **tables: Rows) -> pa.Table:
        """The statement's rows under `contract`. Raises `QueryError` with the engine's words if the
        SQL is wrong.
        """
        return pa.Table.from_batches(
            self.stream(name, contract, coded=coded, **tables), contract.schema
        )

    def stream(
        self, name: str, contract: Table, /, *, coded: Coded = (), **tables: Rows
    ) -> Iterator[pa.RecordBatch]:
        """The same rows, sorted and checked, a batch at a time: for results that need not fit into
        memory.

        `coded` names columns of few different texts on many rows of the result: an engine may carry
        their places in the order of texts instead. It is faster (edges take half) and changes
        nothing.
        """
        order = ", ".join(f'"{key}" ASC NULLS LAST' for key in contract.key)
        sql = f"SELECT * FROM (\n{self.statement(name)}\n) ORDER BY {order}"
        where = f"queries/sql/{name}.sql"
        with self._answer(sql, where, tables, coded) as batches:
            if missing := [c.name for c in contract.columns if c.name not in batches.schema.names]:
                raise QueryError(
                    f"{where}: no column {', '.join(missing)}, which this coauth asks for; take the file that `coauth init` lays out "
                    "in a new folder, and make your own changes in it again"
                )
            yield from contract.checked(batches)

    def query(self, sql: str, where: str, /, **tables: Rows) -> pa.Table:
        """What a statement of the user's own returns, unsorted and unchecked."""
        with self._answer(sql, where, tables, ()) as batches:
            return batches.read_all()

    @abstractmethod
    def each(self, task: Callable[[Item], Result], items: Sequence[Item]) -> Iterable[Result]:
        """What `task` returns for each item, in their order and as soon as the engine has it; items
        are worked on side by side, in other processes.
        """

    def close(self) -> None:  # noqa: B027  an engine may have nothing to give back
        """Gives back the memory it holds: nothing can be asked of it any more."""

    @abstractmethod
    def _answer(
        self, sql: str, where: str, tables: Mapping[str, Rows], coded: Coded
    ) -> AbstractContextManager[pa.RecordBatchReader]:
        """The rows of `sql` over the tables; they can be read until the context ends. Raises
        `QueryError` naming `where`.
        """
