"""Records from disk into a vintage: files of OpenAlex JSON, pages saved before, a downloaded snapshot.

What may lie there, told apart by looking into it rather than by its name:

* one work, a list of works, or an answer of the API with `meta` and `results`, as JSON;
* the same, one a line (JSONL), which is how the snapshot comes;
* pages that coauth stored (a vintage, its `pages/`, or one slice);
* each of them gzipped, alone or anywhere under a folder;
* a copy of the snapshot, in either layout: see `release`.

Every record of a file is kept, so that what is not in scope is counted by reason when works are read; of a snapshot
only records that name a country of the scope, since there are 500 million others.

Lines are read one by one, so a file of any size costs the memory of a page. A line that is no JSON costs itself and is
counted as damaged; a gzip file that ends too early is refused, since nobody can say what was behind its end, and
nothing of it stays. JSON that is not one record a line has to be read whole, and is refused where it is too large.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import IO, Any

import msgspec

from coauth.engine import Engine
from coauth.errors import SourceError
from coauth.pages import LIST_AUTHORS, Page, of_records, unpack
from coauth.queries import Scope
from coauth.sources import release
from coauth.sources.progress import Progress, Silent
from coauth.vintage import Slice, Vintage

_RECORDS = (".json", ".jsonl", ".ndjson", ".gz")
_NO_RECORDS = {"manifest.json", "slice.json", "layout.json"}

WHOLE = 256 * 2**20
"""Bytes of JSON that is not one record a line, and of one line: the most that is held in memory."""

_encode = msgspec.json.Encoder().encode
_document = msgspec.json.Decoder(msgspec.Raw)
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_list = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass(frozen=True)
class _Input:
    """What becomes one slice: a name, where it came from, its records, and what is known of them beforehand."""

    name: str
    origin: str
    records: Callable[[], Iterable[bytes]]
    cut: bool = False
    """Whether a hundred authors mean that a list cut them (so it is, except in the snapshot and in our own pages)."""
    whole: bool = True


def fill(
    vintage: Vintage, path: Path, *, scope: Scope | None = None, progress: Progress | None = None, engine: Engine | None = None
) -> dict[str, Any]:
    """Store the records under `path`; returns a summary for the manifest.

    One slice a file, or a slice for a slice where pages of a vintage are read. Closed slices are left alone, so an
    interrupted run goes on with the file it was at. With a `scope`, records of a snapshot that name none of its
    countries anywhere are counted and not stored. With an `engine`, files of a snapshot are read side by side, and
    progress is told file by file. Raises `SourceError` if there is nothing to read, or a file is cut
    short or damaged.
    """
    if path.is_dir() and (copy := release.Copy.at(path)):
        return _of_release(vintage, copy, scope, progress or Silent(), engine)
    inputs, ignored = _inputs(path)
    if not inputs:
        raise SourceError(
            f"{path}: no file of OpenAlex records ({', '.join(_RECORDS)}); give --from a file of works as JSON or JSONL, "
            "a folder of them, a vintage, or a copy of the snapshot's data/jsonl"
        )
    closed = {i.name: _stored(vintage.slice(i.name), i, progress or Silent()) for i in inputs}
    if not any(summary["stored"] for summary in closed.values()):
        for name in closed:
            vintage.slice(name).clear()
        raise SourceError(f"{path}: no records in it; give --from a file or folder of OpenAlex works")
    return _summary("files", closed) | {"ignored_files": ignored}


def store(vintage: Vintage, records: Iterable[bytes], request: str, slice_name: str) -> dict[str, Any]:
    """Store records made by a program (the synthetic sample) as one slice; returns a summary for the manifest."""
    made = _Input(slice_name, request, lambda: records)
    return _summary("records", {slice_name: _stored(vintage.slice(slice_name), made, Silent())})


# -- one slice


@dataclass
class _Tally:
    works: int = 0
    ids: set[str] = field(default_factory=set)
    nameless: int = 0
    damaged: int = 0
    cut: int = 0

    def add(self, page: Page) -> None:
        self.works += len(page.works)
        for work in page.works:
            self.damaged += work.damage is not None
            self.cut += work.authors_cut
            self.nameless += work.id is None
            if work.id is not None:
                self.ids.add(work.id)


def _stored(
    slice_: Slice, given: _Input, progress: Progress, more: Callable[[], dict[str, Any]] = dict
) -> dict[str, Any]:
    """Store one input as a slice and close it, unless that is done. What cannot be read to its end leaves nothing.

    `more` is what the summary says besides, once all is read.
    """
    if summary := slice_.checked():
        return summary
    slice_.clear()
    try:
        summary = _paged(slice_, given, progress, more)
    except (EOFError, zlib.error, gzip.BadGzipFile) as fault:
        raise SourceError(
            f"{given.origin}: the gzip file is cut short or damaged; fetch it again (nothing of it was kept)"
        ) from fault
    except OSError as fault:
        raise SourceError(f"{given.origin}: cannot be read ({fault.strerror}); give rights to it, or another --from") from fault
    finally:
        if slice_.summary is None:
            slice_.clear()
    progress.closed(slice_.name, summary["status"], summary["distinct"], summary["expected"])
    return summary


def _paged(slice_: Slice, given: _Input, progress: Progress, more: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    seen, number = _Tally(), 0
    for number, page in enumerate(of_records(given.records(), given.origin), start=1):
        if given.cut:
            _mark_cut(page)
        seen.add(page)
        slice_.write(number, page)
        progress.page(slice_.name, len(page.works), 0)
    distinct = len(seen.ids) + seen.nameless
    summary: dict[str, Any] = {
        "status": "complete" if given.whole else "incomplete", "expected": distinct, "stored": seen.works,
        "distinct": distinct, "duplicates": seen.works - distinct, "damaged": seen.damaged, "authors_cut": seen.cut,
        "pages": number,
    }  # fmt: skip
    summary |= more()
    slice_.close(**summary)
    return summary


def _mark_cut(page: Page) -> None:
    """Saved list answers hold at most 100 authorships of a work, and the file does not say that they are cut.

    OpenAlex counts a work's institutions over all its authors, so a record of 100 that names that many is taken as whole.
    """
    for work in page.works:
        if len(work.authorships or ()) == LIST_AUTHORS and not work.authors_cut:
            named = {i.id for a in work.authorships or () if a for i in a.institutions or () if i and i.id}
            work.authors_cut = len(named) != work.institutions_distinct_count


def _short(closed: dict[str, dict[str, Any]]) -> list[str]:
    return [name for name, summary in closed.items() if summary["status"] != "complete"]


def _summary(source: str, closed: dict[str, dict[str, Any]]) -> dict[str, Any]:
    shown = ("status", "expected", "stored", "distinct")
    counted = ("expected", "stored", "distinct", "duplicates", "damaged", "authors_cut")
    return {
        "source": source,
        "slices": {name: {key: summary[key] for key in shown} for name, summary in closed.items()},
        "incomplete": _short(closed),
        **{name: sum(int(summary[name]) for summary in closed.values()) for name in counted},
    }


# -- a copy of the snapshot

_LEFT_OUT = ("elsewhere", "xpac", "moved", "deleted", "abstracts unreadable")


@dataclass(frozen=True)
class _Part:
    """What is left in mind of a file once it is stored."""

    summary: dict[str, Any]
    met: Collection[str]
    """Short ids of all works in the file, stored or not; none where that was judged in an earlier run."""
    stored: list[str]


def _of_release(
    vintage: Vintage, copy: release.Copy, scope: Scope | None, progress: Progress, engine: Engine | None
) -> dict[str, Any]:
    """One slice a file, oldest partition first; then what newer partitions and deletions say of works stored before.

    Files are stored without knowing each other, so in any order and anywhere. Which of their works stand in an older
    partition too is judged here, in order; `known` holds only works that are stored: it grows with the countries asked
    for, not with the world.
    """
    slices = [vintage.slice(f"from-{number:05d}") for number in range(1, len(copy.files) + 1)]
    known: dict[str, str] = {}
    held: list[tuple[Slice, list[str]]] = []
    read = 0
    for slice_, part in zip(slices, _parts(slices, copy, release.Sieve(scope.countries if scope and not scope.everywhere else ()), progress, engine), strict=True):
        partition = part.summary["partition"]
        if "supersedes" not in part.summary:
            slice_.note(supersedes=sorted(w for w in part.met if known.get(w, partition) < partition))
        known |= dict.fromkeys(part.stored, partition)
        held.append((slice_, part.stored))
        read += part.summary["read"]
    if not read:
        raise SourceError(f"{copy.folder}: no records in it; give --from a copy of the snapshot's data/jsonl or data/parquet")
    release.settle(held, copy.folder / "deleted_ids.csv")
    closed = {slice_.name: slice_.summary or {} for slice_ in slices}
    left_out = {name: sum(int(s[name]) for s in closed.values()) for name in ("read", *_LEFT_OUT)}
    listed = {"ignored_files": copy.ignored, "missing_files": copy.missing, "manifest": copy.counts is not None}
    return _summary("snapshot", closed) | left_out | listed | {"incomplete": [*_short(closed), *copy.missing]}


def _parts(slices: list[Slice], copy: release.Copy, sieve: release.Sieve, progress: Progress, engine: Engine | None) -> Iterator[_Part]:
    """Every file stored, in order: one by one here, or as many at once as the engine takes."""
    inputs = list(zip(slices, copy.files, strict=True))
    if engine is None:
        yield from (_of_part(given, copy, sieve, progress) for given in inputs)
        return
    at_once = 4 * engine.workers
    for start in range(0, len(inputs), at_once):
        batch = inputs[start : start + at_once]
        for (slice_, _), part in zip(batch, engine.each(partial(_of_part, copy=copy, sieve=sieve, progress=Silent()), batch), strict=True):
            progress.page(slice_.name, len(part.stored), 0)
            progress.closed(slice_.name, part.summary["status"], part.summary["distinct"], part.summary["expected"])
            yield part


def _of_part(given: tuple[Slice, Path], copy: release.Copy, sieve: release.Sieve, progress: Progress) -> _Part:
    """Store the records of one file. It is whole if it held as many as the manifest says."""
    slice_, file = given
    seen: Counter[str] = Counter()
    met: set[str] = set()
    name = release.name_of(file)

    def more() -> dict[str, Any]:
        expected = seen["read"] if copy.counts is None else copy.counts[name]
        short = {} if seen["read"] == expected else {
            "status": "incomplete", "reason": f"{seen['read']} records where the manifest counts {expected}: fetch the file again"
        }  # fmt: skip
        counts = {reason: seen[reason] for reason in ("read", *_LEFT_OUT)}
        return {"partition": file.parent.name} | counts | short

    summary = slice_.checked()
    if summary is None or "supersedes" not in summary:  # stored, and then interrupted before it was judged
        slice_.clear()
        summary = _stored(slice_, _Input(slice_.name, name, lambda: sieve.of(file)(seen, met)), progress, more)
    return _Part(summary, met, [release.short(work.id) for page in slice_.pages() for work in page.works if work.id])


# -- what there is to read


def _inputs(path: Path) -> tuple[list[_Input], list[str]]:
    """Inputs in a fixed order, and files that were left alone."""
    if not path.exists():
        raise SourceError(f"{path}: no such file or folder; give --from a file or folder of OpenAlex records")
    if path.is_file():
        return [_of_page(path) if _is_page(path) else _of_file("from", path, path.name)], []
    folder = path
    if (path / "manifest.json").is_file() and (path / "pages").is_dir():
        folder = path / "pages"
    files = [f for f in sorted(folder.rglob("*")) if f.is_file() and not f.name.startswith(".")]
    if pages := [f for f in files if re.fullmatch(r"\d{4,}\.json\.gz", f.name) and _is_page(f)]:
        return [_of_slice(Slice(part)) for part in sorted({f.parent for f in pages})], []
    good = [f for f in files if f.name.endswith(_RECORDS) and f.name not in _NO_RECORDS]
    if parquet := next((f for f in files if f.suffix == ".parquet"), None):
        raise SourceError(
            f"{parquet}: Parquet is read only in the snapshot's folders (works/updated_date=…/); give --from the folder "
            "above them, or save the records as JSONL"
        )
    inputs = [
        _of_file(f"from-{n:05d}" if len(good) > 1 else "from", f, f.relative_to(folder).as_posix())
        for n, f in enumerate(good, start=1)
    ]
    return inputs, sorted({f.name for f in files} - {f.name for f in good} - _NO_RECORDS)


def _of_file(name: str, file: Path, origin: str) -> _Input:
    return _Input(name, origin, partial(_records, file), cut="updated_date" not in str(file))


def _of_page(file: Path) -> _Input:
    return _Input("from", file.name, lambda: map(_encode, unpack(file.read_bytes(), file).works))


def _of_slice(part: Slice) -> _Input:
    """A slice of pages coauth stored. What was not whole there is not whole here."""
    summary = part.summary
    whole = summary is not None and summary.get("status") in ("complete", "drifted")
    works = lambda: (_encode(work) for page in part.pages() for work in page.works)  # noqa: E731
    return _Input(part.name, f"pages of slice {part.name}", works, whole=whole)


def _is_page(file: Path) -> bool:
    try:
        with gzip.open(file) as opened:
            return opened.read(12).startswith(b'{"request":')
    except (OSError, EOFError, zlib.error):
        return False


# -- records of one file


def _records(file: Path) -> Iterator[bytes]:
    """The records of a file as bytes of JSON; a line that holds none is passed on, to be counted as damaged."""
    with _opened(file) as opened:
        lines = _lines(opened, file)
        first = next((line for line in map(bytes.strip, lines) if line), b"").removeprefix(b"\xef\xbb\xbf")
        if not first:
            return
        if _is_json(first) or file.name.endswith((".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")):
            for line in chain([first], map(bytes.strip, lines)):
                if line:
                    yield from _unfolded(line)
            return
        rest = opened.read(WHOLE + 1)
        _bounded(rest, file)
    whole = first + b"\n" + rest
    if _is_json(whole):
        yield from _unfolded(whole)
        return
    found = [line.strip() for line in whole.splitlines() if line.strip()]
    if not any(line.startswith(b"{") and _is_json(line) for line in found):
        raise SourceError(f"{file}: neither JSON nor one JSON record a line; give --from a file of OpenAlex works")
    for line in found:  # one record a line after all, the first of them broken
        yield from _unfolded(line)


def _lines(opened: IO[bytes], file: Path) -> Iterator[bytes]:
    while line := opened.readline(WHOLE + 1):
        _bounded(line, file)
        yield line


def _bounded(text: bytes, file: Path) -> None:
    if len(text) > WHOLE:
        raise SourceError(
            f"{file}: more than {WHOLE // 2**20} MB of JSON that is not one record a line; save the records as JSONL, one a line"
        )


def _opened(file: Path) -> IO[bytes]:
    with file.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
    return gzip.open(file) if packed else file.open("rb")  # type: ignore[return-value]


def _is_json(text: bytes) -> bool:
    try:
        _document.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _unfolded(text: bytes) -> Iterator[bytes]:
    """The records in a JSON text: of a list, of an answer's `results`, or the text itself."""
    try:
        if text.startswith(b"["):
            yield from map(bytes, _list.decode(text))
        elif b'"results"' in text and "results" in (answer := _object.decode(text)) and "authorships" not in answer:
            yield from map(bytes, _list.decode(answer["results"]))
        else:
            yield text
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        yield text
