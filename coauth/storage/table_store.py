"""Tables on disk: Parquet, written by one writer from sorted rows, so that the same rows give the
same bytes.

While a build is at work its tables stand beside the finished ones, with the parts that are only
needed on the way; they take the finished ones' place all together.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from coauth.errors import CacheError, TableError
from coauth.storage import atomic
from coauth.storage.disk import ADVICE, file_digest
from coauth.tables.contract import MARK, Table

_GROUP = 1 << 17
"""Rows of a Parquet row group: with it fixed, the bytes do not depend on how the rows arrive. About
DuckDB's own size: its threads share groups, and writer and reader hold no more than one each.
"""


def store(
    path: Path,
    contract: Table,
    rows: pa.Table | Iterable[pa.RecordBatch],
    note: dict[str, str],
    *,
    checked: bool = False,
) -> str:
    """Write a table's sorted rows as Parquet, whole or not at all; returns the sha256 of the file.
    `checked` puts it beside the file, as `sha256sum` does, where no manifest keeps it (`load`).
    """
    note = {"row": contract.row, "key": " ".join(contract.key), **note}
    path = atomic.target(path, ADVICE)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with atomic.reported(path, ADVICE):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as file:
                with pq.ParquetWriter(
                    file, contract.schema.with_metadata(note), compression="zstd"
                ) as writer:
                    for group in _groups(rows.to_batches() if isinstance(rows, pa.Table) else rows):
                        writer.write_table(group, row_group_size=_GROUP)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        digest = file_digest(path)
    if checked:
        atomic.write({_beside(path): f"{digest}  {path.name}\n".encode()}, ADVICE)
    return digest


def load(path: Path, contract: Table, cure: str) -> pa.Table:
    """A table that `store` wrote `checked`. Raises `CacheError` that ends with the `cure` where it is
    damaged.
    """
    stored = _beside(path)
    if stored.exists() and file_digest(path) not in stored.read_text("utf-8", "replace"):
        raise CacheError(f"{path}: damaged (changed since it was stored); {cure}")
    try:
        return contract.check(pq.read_table(path))
    except (pa.ArrowException, OSError, TableError) as fault:
        raise CacheError(f"{path}: damaged ({str(fault).partition(chr(10))[0]}); {cure}") from fault


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _groups(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        while sum(b.num_rows for b in held) >= _GROUP:
            table = pa.Table.from_batches(held)
            yield table.slice(0, _GROUP).combine_chunks()
            held = table.slice(_GROUP).to_batches()
    if held:
        yield pa.Table.from_batches(held).combine_chunks()


class TableStore:
    """Where the tables of one build are made."""

    def __init__(self, path: Path, note: dict[str, str]) -> None:
        self.path = path
        self._note = note

    @property
    def spill(self) -> Path:
        """For what an engine cannot hold in memory."""
        return self.path / "spill"

    def write(
        self, contract: Table, rows: pa.Table | Iterable[pa.RecordBatch], *, synthetic: bool
    ) -> str:
        """Store a checked table; returns the sha256 of its file. Its metadata say where it is
        synthetic or incomplete.
        """
        return store(
            self._file(contract.name),
            contract,
            rows,
            self._note | ({"notice": MARK} if synthetic else {}),
        )

    def read(self, name: str, columns: list[str] | None = None) -> pa.Table:
        return pq.read_table(self._file(name), columns=columns)

    def rows(self, name: str) -> ds.FileSystemDataset:
        """A table that need not fit into memory."""
        return ds.dataset(self._file(name), format="parquet")

    def put(self, name: str, number: int, part: pa.Table) -> None:
        """One of many parts of something that is needed only until the tables are made."""
        path = self.path / "parts" / name / f"{number:06d}.parquet"
        with atomic.reported(path, ADVICE):
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(
                part, path, compression="lz4", write_statistics=False
            )  # read whole, and once

    def parts(self, name: str) -> ds.FileSystemDataset:
        return ds.dataset(self.path / "parts" / name, format="parquet")

    def drop(self) -> None:
        """Forget parts and spill."""
        for name in ("parts", "spill"):
            shutil.rmtree(self.path / name, ignore_errors=True)

    def _file(self, name: str) -> Path:
        return self.path / f"{name}.parquet"
