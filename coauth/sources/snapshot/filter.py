"""The records of some countries in a file of the snapshot, in either layout."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from coauth.errors import SourceError
from coauth.openalex import SELECT
from coauth.sources.snapshot.shapes import is_xpac

READ_AT_ONCE = 1 << 18
ROWS_AT_ONCE = 500
"""Rows of Parquet decoded at a time: some have thousands of authorships."""


@dataclass(frozen=True)
class Sieve:
    """Passes the records that name one of the countries (any record where there are none), whatever
    other files hold.

    Looking for `"DK"` in the bytes is far faster than decoding, and misses no institution of
    Denmark; a record that says it elsewhere passes too, and is told apart when works are read from
    the pages.
    """

    countries: tuple[str, ...]

    def of(self, file: Path) -> Callable[[Counter[str], set[str]], Iterable[bytes]]:
        """Reads `file` into records, given what to count and a set for the short ids of all its
        works, passed or not.
        """
        read = self._rows if file.suffix == ".parquet" else self._lines
        return partial(read, file)

    def _lines(self, file: Path, tally: Counter[str], met: set[str]) -> Iterator[bytes]:
        marks = [f'"{country}"'.encode() for country in self.countries]
        for text in unpacked(file):
            places = _Places(text, marks)
            for start, end in _line_ends(text):
                tally["read"] += 1
                if work_id := _id_at(text, start, end):
                    met.add(work_id)
                if not places.within(end):
                    tally["elsewhere"] += 1
                elif is_xpac(line := text[start:end]):
                    tally["xpac"] += 1
                else:
                    yield line

    def _rows(self, file: Path, tally: Counter[str], met: set[str]) -> Iterator[bytes]:
        try:
            opened = pq.ParquetFile(file, pre_buffer=False)
            columns = [c for c in (*SELECT, "is_xpac") if c in opened.schema_arrow.names]
            if "id" not in columns or "authorships" not in columns:
                raise SourceError(
                    f"{file}: no works of OpenAlex (columns id and authorships are not there)"
                )
            for batch in opened.iter_batches(
                batch_size=ROWS_AT_ONCE, columns=columns, use_threads=False
            ):
                tally["read"] += batch.num_rows
                met.update(short(work_id) for work_id in batch["id"].to_pylist() if work_id)
                yield from self._here(batch, tally)
        except (pa.ArrowException, OSError) as fault:
            raise SourceError(
                f"{file}: the Parquet file is cut short or damaged; fetch it again (nothing of it was kept)"
            ) from fault

    def _here(self, batch: pa.RecordBatch, tally: Counter[str]) -> Iterator[bytes]:
        here = pa.array(range(batch.num_rows), pa.int64())
        if self.countries:
            found = list(_naming(batch["authorships"], here, pa.array(self.countries)))
            here = pc.unique(pa.chunked_array(found, pa.int64())).sort()
        tally["elsewhere"] += batch.num_rows - len(here)
        for row in batch.take(here).to_pylist():
            if row.pop("is_xpac", False):
                tally["xpac"] += 1
            else:
                yield _served(row, tally)


def _naming(values: pa.Array, rows: pa.Array, countries: pa.Array) -> Iterator[pa.Array]:
    """Rows in whose authorships a country is named, of an institution or read from a string, column
    by column.
    """
    if pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
        yield from _naming(values.flatten(), rows.take(pc.list_parent_indices(values)), countries)
    elif pa.types.is_struct(values.type):
        for place, part in zip(values.type, values.flatten(), strict=True):
            if place.name in ("institutions", "country_code", "countries"):
                yield from _naming(part, rows, countries)
    elif pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        yield rows.filter(pc.is_in(values, countries.cast(values.type)))


def _served(row: dict[str, Any], tally: Counter[str]) -> bytes:
    """A row as the JSON record it is in the other layout, so that one reader knows what of it may
    be kept.
    """
    abstract = row.get("abstract_inverted_index")
    if isinstance(abstract, str):
        try:
            row["abstract_inverted_index"] = _positions.decode(abstract)
        except msgspec.DecodeError:  # some abstracts of the snapshot are malformed; the work is not
            row["abstract_inverted_index"] = None
            tally["abstracts unreadable"] += 1
    elif isinstance(abstract, list):  # a map
        row["abstract_inverted_index"] = dict(abstract)
    return msgspec.json.encode(row)


_positions = msgspec.json.Decoder(dict[str, list[int]])


class _Marked(msgspec.Struct):
    id: str | None = None


_marked = msgspec.json.Decoder(_Marked)
_HEAD = re.compile(rb'\s*\{\s*"id"\s*:\s*"(?:https://openalex\.org/)?(W\d+)"')


class _Places:
    """Where the marks stand in a text that is gone through from the front; each is looked for once,
    whatever the lines.
    """

    def __init__(self, text: bytes, marks: list[bytes]) -> None:
        self.text, self.marks = text, marks
        self.next = [text.find(mark) for mark in marks]

    def within(self, end: int) -> bool:
        """Whether a mark stands before `end` and behind what was asked for before; true where there
        are no marks.
        """
        found = not self.marks
        for n, place in enumerate(self.next):
            if 0 <= place < end:
                found = True
                self.next[n] = self.text.find(self.marks[n], end)
        return found


def _line_ends(text: bytes) -> Iterator[tuple[int, int]]:
    """Begin and end of every line that is not blank."""
    start, size = 0, len(text)
    while start < size:
        end = text.find(b"\n", start)
        end = size if end < 0 else end
        if text.startswith(b"{", start) or text[start:end].strip():
            yield start, end
        start = end + 1


def _id_at(text: bytes, start: int, end: int) -> str | None:
    """The work's short id: at the head of the line where it always is, else found by reading the
    record.
    """
    if head := _HEAD.match(text, start, end):
        return head[1].decode()
    try:
        found = _marked.decode(text[start:end]).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return short(found) if found else None


def short(work_id: str) -> str:
    return work_id.rsplit("/", 1)[-1]


def unpacked(file: Path) -> Iterator[bytes]:
    """The text of a gzip file, in pieces of whole lines. Raises `EOFError` where it ends too early,
    `zlib.error` where it is damaged.

    zlib itself, in large pieces: the reader of the standard library computes checksums in small
    pieces, and to make a `bytes` of every line costs as much again as to look through it.
    """
    tail = b""
    with file.open("rb") as raw:
        member = zlib.decompressobj(31)
        fresh = True
        while packed := raw.read(READ_AT_ONCE):
            while packed:
                text = tail + member.decompress(packed)
                fresh = False
                end = text.rfind(b"\n") + 1
                tail = text[end:]
                if end:
                    yield text[:end]
                packed = member.unused_data
                if member.eof:
                    member, fresh = zlib.decompressobj(31), True
        if not fresh:
            raise EOFError
    if tail:
        yield tail
