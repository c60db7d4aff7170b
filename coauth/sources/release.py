"""A downloaded copy of OpenAlex's snapshot: which of its files count, and the records of one country in them.

The snapshot holds every work of the world, so almost every record is read only to be passed over. What is special
about it, beside its size:

* two layouts of the same records, gzipped JSON lines and Parquet, in folders `works/updated_date=YYYY-MM-DD/`;
* a `manifest.json` with the number of records of every file. A copy brought up to date without deleting what is gone
  holds files of older releases too; these are not in the manifest, are left out, and are named;
* a work moves to another partition whenever it changes. Of a work in two partitions the record of the newest counts,
  even where that one is of no interest here (the work lost its last institution in the country);
* works that the API leaves out unless asked (`is_xpac`), and a list of works deleted since (`deleted_ids.csv`).

Authorships are not cut at a hundred here, as they are in lists of the API.
"""

from __future__ import annotations

import csv
import logging
import re
import zlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from coauth.errors import SourceError
from coauth.pages import SELECT
from coauth.vintage import Slice

log = logging.getLogger(__name__)

PLACES = ("data/jsonl/works", "jsonl/works", "data/parquet/works", "parquet/works", "data/works", "works", "")
"""Where a copy keeps works, from its root (the fifth is the layout before 2026). The first that is there is read."""

READ_AT_ONCE = 1 << 18
ROWS_AT_ONCE = 500
"""Rows of Parquet decoded at a time: some have thousands of authorships."""


@dataclass
class Copy:
    """The files of a copy, oldest partition first, and what its manifest says of them."""

    folder: Path
    files: list[Path]
    counts: dict[str, int] | None
    ignored: list[str] = field(default_factory=list)

    @classmethod
    def at(cls, path: Path) -> Copy | None:
        """The copy below `path`; None if there is none. Raises `SourceError` for a manifest that cannot be read."""
        folder = next((path / p for p in PLACES if any((path / p).glob("updated_date=*"))), None)
        if folder is None:
            return None
        there = sorted(p for p in folder.glob("updated_date=*/*") if p.suffix in (".gz", ".parquet"))
        counts = _counts(folder / "manifest.json")
        if counts is None:
            log.warning("%s: no manifest.json; whether the copy is whole cannot be told", folder)
        listed = [p for p in there if counts is None or name_of(p) in counts]
        return cls(folder, listed, counts, sorted({name_of(p) for p in there} - {name_of(p) for p in listed}))

    @property
    def missing(self) -> list[str]:
        return sorted((self.counts or {}).keys() - {name_of(p) for p in self.files})


def name_of(file: Path) -> str:
    """`updated_date=2026-08-01/part_0000.gz`"""
    return f"{file.parent.name}/{file.name}"


def _counts(manifest: Path) -> dict[str, int] | None:
    if not manifest.exists():
        return None
    try:
        files = msgspec.json.decode(manifest.read_bytes())["files"]
        return {"/".join(f["url"].rsplit("/", 2)[-2:]): int(f["meta"]["record_count"]) for f in files}
    except (OSError, msgspec.DecodeError, LookupError, TypeError, ValueError, AttributeError) as fault:
        raise SourceError(f"{manifest}: not a manifest of the snapshot; fetch it again from OpenAlex") from fault


# -- the records of a country


@dataclass(frozen=True)
class Sieve:
    """Passes the records that name one of the countries (any record where there are none), whatever other files hold.

    Looking for `"DK"` in the bytes is far faster than decoding, and misses no institution of Denmark; a record that
    says it elsewhere passes too, and is told apart when works are read from the pages.
    """

    countries: tuple[str, ...]

    def of(self, file: Path) -> Callable[[Counter[str], set[str]], Iterable[bytes]]:
        """Reads `file` into records, given what to count and a set for the short ids of all its works, passed or not."""
        read = self._rows if file.suffix == ".parquet" else self._lines
        return partial(read, file)

    def _lines(self, file: Path, seen: Counter[str], met: set[str]) -> Iterator[bytes]:
        marks = [f'"{country}"'.encode() for country in self.countries]
        for text in unpacked(file):
            places = _Places(text, marks)
            for start, end in _line_ends(text):
                seen["read"] += 1
                if work_id := _id_at(text, start, end):
                    met.add(work_id)
                if not places.within(end):
                    seen["elsewhere"] += 1
                elif _is_xpac(line := text[start:end]):
                    seen["xpac"] += 1
                else:
                    yield line

    def _rows(self, file: Path, seen: Counter[str], met: set[str]) -> Iterator[bytes]:
        try:
            opened = pq.ParquetFile(file, pre_buffer=False)
            columns = [c for c in (*SELECT, "is_xpac") if c in opened.schema_arrow.names]
            if "id" not in columns or "authorships" not in columns:
                raise SourceError(f"{file}: no works of OpenAlex (columns id and authorships are not there)")
            for batch in opened.iter_batches(batch_size=ROWS_AT_ONCE, columns=columns, use_threads=False):
                seen["read"] += batch.num_rows
                met.update(short(work_id) for work_id in batch["id"].to_pylist() if work_id)
                yield from self._here(batch, seen)
        except (pa.ArrowException, OSError) as fault:
            raise SourceError(f"{file}: the Parquet file is cut short or damaged; fetch it again (nothing of it was kept)") from fault

    def _here(self, batch: pa.RecordBatch, seen: Counter[str]) -> Iterator[bytes]:
        here = pa.array(range(batch.num_rows), pa.int64())
        if self.countries:
            found = list(_naming(batch["authorships"], here, pa.array(self.countries)))
            here = pc.unique(pa.chunked_array(found, pa.int64())).sort()
        seen["elsewhere"] += batch.num_rows - len(here)
        for row in batch.take(here).to_pylist():
            if row.pop("is_xpac", False):
                seen["xpac"] += 1
            else:
                yield _served(row, seen)


def _naming(values: pa.Array, rows: pa.Array, countries: pa.Array) -> Iterator[pa.Array]:
    """Rows in whose authorships a country is named, of an institution or read from a string, column by column."""
    if pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
        yield from _naming(values.flatten(), rows.take(pc.list_parent_indices(values)), countries)
    elif pa.types.is_struct(values.type):
        for place, part in zip(values.type, values.flatten(), strict=True):
            if place.name in ("institutions", "country_code", "countries"):
                yield from _naming(part, rows, countries)
    elif pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        yield rows.filter(pc.is_in(values, countries.cast(values.type)))


def _served(row: dict[str, Any], seen: Counter[str]) -> bytes:
    """A row as the JSON record it is in the other layout, so that one reader knows what of it may be kept."""
    abstract = row.get("abstract_inverted_index")
    if isinstance(abstract, str):
        try:
            row["abstract_inverted_index"] = _positions.decode(abstract)
        except msgspec.DecodeError:  # some abstracts of the snapshot are malformed; the work is not
            row["abstract_inverted_index"] = None
            seen["abstracts unreadable"] += 1
    elif isinstance(abstract, list):  # a map
        row["abstract_inverted_index"] = dict(abstract)
    return msgspec.json.encode(row)


_positions = msgspec.json.Decoder(dict[str, list[int]])


class _Marked(msgspec.Struct):
    id: str | None = None
    is_xpac: bool | None = None


_marked = msgspec.json.Decoder(_Marked)
_HEAD = re.compile(rb'\s*\{\s*"id"\s*:\s*"(?:https://openalex\.org/)?(W\d+)"')


class _Places:
    """Where the marks stand in a text that is gone through from the front; each is looked for once, whatever the lines."""

    def __init__(self, text: bytes, marks: list[bytes]) -> None:
        self.text, self.marks = text, marks
        self.next = [text.find(mark) for mark in marks]

    def within(self, end: int) -> bool:
        """Whether a mark stands before `end` and behind what was asked for before; true where there are no marks."""
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
    """The work's short id: at the head of the line where it always is, else found by reading the record."""
    if head := _HEAD.match(text, start, end):
        return head[1].decode()
    try:
        found = _marked.decode(text[start:end]).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return short(found) if found else None


def _is_xpac(line: bytes) -> bool:
    if b'"is_xpac"' not in line:
        return False
    try:
        return bool(_marked.decode(line).is_xpac)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False  # passed on, to be counted as damaged


def short(work_id: str) -> str:
    return work_id.rsplit("/", 1)[-1]


def unpacked(file: Path) -> Iterator[bytes]:
    """The text of a gzip file, in pieces of whole lines. Raises `EOFError` where it ends too early, `zlib.error` where it
    is damaged.

    zlib itself, in large pieces: the reader of the standard library computes checksums in small pieces, and to make a
    `bytes` of every line costs as much again as to look through it.
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


# -- what a copy says of works that are stored already


def settle(stored: Iterable[tuple[Slice, Collection[str]]], deleted_ids: Path) -> None:
    """Take out works whose newest record is elsewhere, and works deleted since; each slice counts its own.

    `stored` holds the slices with the short ids of their works. Which works a slice has a newer record of stands in its
    summary, so that this comes out the same after any interruption, and in whatever order slices were read again.
    """
    closed = [(part, summary, ids) for part, ids in stored if (summary := part.summary)]
    newest: dict[str, str] = {}
    for _, summary, _ in closed:
        for work_id in summary["supersedes"]:
            newest[work_id] = max(newest.get(work_id, ""), summary["partition"])
    known = set(chain.from_iterable(ids for _, _, ids in closed))
    deleted = known.intersection(_deleted(deleted_ids))
    for part, summary, ids in closed:
        gone = {w: "deleted" for w in ids if w in deleted} | {w: "moved" for w in ids if newest.get(w, "") > summary["partition"]}
        if gone:
            _without(part, summary, gone)


def _without(part: Slice, summary: dict[str, Any], why: Mapping[str, str]) -> None:
    gone: Counter[str] = Counter()
    for number in part.numbers:
        page = part.read(number)
        reasons = [why.get(short(w.id or ""), "") for w in page.works]
        if any(reasons):
            gone.update(filter(None, reasons))
            page.works = [w for w, reason in zip(page.works, reasons, strict=True) if not reason]
            part.write(number, page)
    if gone:
        left = gone.total()
        changed = {name: summary[name] - left for name in ("expected", "stored", "distinct")}
        changed |= {name: summary[name] + gone[name] for name in ("moved", "deleted")}
        part.close(**(summary | changed))


def _deleted(file: Path) -> Iterator[str]:
    """Short ids of `work_id,deleted_date`; the list only grows, so it is never held in memory."""
    if not file.exists():
        return
    with file.open(newline="", encoding="utf-8") as opened:
        for row in csv.reader(opened):
            if row and (found := re.search(r"W?(\d+)$", row[0].strip())):
                yield f"W{found[1]}"
