"""What there is to read under a path, told apart by looking into it rather than by its name, and
what is passed over."""

from __future__ import annotations

import gzip
import os
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from coauth.errors import SourceError
from coauth.openalex import unpack
from coauth.openalex.split import WHOLE, TooLong
from coauth.sources.snapshot.kinds import no_works
from coauth.sources.snapshot.packing import Content, contents, is_private
from coauth.sources.snapshot.shapes import between, is_nothing, is_xpac, records
from coauth.sources.snapshot.store import Input
from coauth.storage import Slice

SMALL, TOGETHER = 64 * 2**10, 64 * 2**20
"""Files below the first number of bytes are put into one slice, up to the second."""

COUNTS = ("read", "xpac")
"""What a slice's summary says of its files' records: all, and those outside of OpenAlex's core."""

_OURS = {"manifest.json", "slice.json", "layout.json"}
_UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".download", ".aria2")

_encode = msgspec.json.Encoder().encode


def inputs(path: Path) -> tuple[list[Input], dict[str, str]]:
    """Inputs in a fixed order; and files that hold no records, by name relative to the folder, with
    the reason.

    Raises `SourceError` where nothing can be read, or a file is damaged, locked or endless.
    """
    if not path.exists():
        raise SourceError(
            f"{path}: no such file or folder; give --from a file or folder of OpenAlex records"
        )
    if not path.is_dir():
        if _is_page(path):
            return [_of_page(path)], {}
        return _of_files([(path, path.name)], path, path.parent)
    folder = (
        path / "pages" if (path / "manifest.json").is_file() and (path / "pages").is_dir() else path
    )
    files, ignored = _files(folder)
    if pages := [f for f in files if re.fullmatch(r"\d{4,}\.json\.gz", f.name) and _is_page(f)]:
        places = sorted({f.parent for f in pages})
        others = (f for f in files if f not in pages and f.name not in _OURS)
        beside = {
            f.relative_to(folder).as_posix(): "no page, beside pages that coauth stored"
            for f in others
        }
        return [_of_slice(Slice(place)) for place in places], ignored | beside
    names = [(f, f.relative_to(folder).as_posix()) for f in files if f.name not in _OURS]
    found, more = _of_files(names, path, folder)
    return found, dict(sorted((ignored | more).items()))


def _files(folder: Path) -> tuple[list[Path], dict[str, str]]:
    """Files under a folder in order, links to files among them; and what is none of these."""
    files: list[Path] = []
    ignored: dict[str, str] = {}

    def report(fault: OSError) -> None:
        raise SourceError(
            f"{fault.filename}: cannot be read ({fault.strerror}); "
            "give rights to it, or another --from"
        ) from fault

    for place, folders, names in os.walk(folder, onerror=report):
        for name in [*names, *(f for f in folders if (Path(place) / f).is_symlink())]:
            file = Path(place) / name
            shown = file.relative_to(folder).as_posix()
            if is_private(shown):
                continue
            if file.name.endswith(_UNFINISHED):
                ignored[shown] = "a download that was not finished"
            elif file.is_file():
                files.append(file)
            elif file.is_symlink():
                ignored[shown] = (
                    "a link to a folder" if file.is_dir() else "a link that leads nowhere"
                )
            else:
                ignored[shown] = "a pipe, device or socket"
    return sorted(files), ignored


@dataclass(frozen=True)
class _File:
    """A file with works in it: where, under which name, and which texts in it they are in ("" is
    the file itself)."""

    path: Path
    name: str
    texts: frozenset[str]
    cut: bool


@dataclass
class _Reader:
    """The records of some files, counted as they are read."""

    files: list[_File]
    counts: Counter[str] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)
    """Pieces between records that are none, by what they are."""

    def records(self) -> Iterator[bytes]:
        self.counts.clear()
        self.others.clear()
        for file in self.files:
            for name, content in contents(file.path):
                if name in file.texts and not isinstance(content, str):
                    yield from self._of_text(content, file)

    def _of_text(self, content: Iterator[bytes], file: _File) -> Iterator[bytes]:
        try:
            for record in records(content):
                if (piece := between(record)) is not None:
                    self.others[piece] += not is_nothing(record)
                    continue
                self.counts["read"] += 1
                if is_xpac(record):
                    self.counts["xpac"] += 1
                else:
                    yield record
        except TooLong:
            raise _too_long(file.path) from None

    def summary(self) -> dict[str, Any]:
        others = {piece: count for piece, count in sorted(self.others.items()) if count}
        return {name: self.counts[name] for name in COUNTS} | {"others": others}


def _too_long(file: Path) -> SourceError:
    return SourceError(
        f"{file}: one value in it is more than {WHOLE // 2**20} MB of JSON; "
        "save the records as JSONL, one a line"
    )


def _of_files(
    files: list[tuple[Path, str]], root: Path, folder: Path
) -> tuple[list[Input], dict[str, str]]:
    """Files as inputs, many small ones as one; and those without works, with the reason."""
    good: list[_File] = []
    ignored: dict[str, str] = {}
    for path, name in files:
        texts = set()
        ignored[name] = "an empty archive"
        for inner, content in contents(path):
            ignored.pop(name, None)
            reason = _reason(path, content)
            if reason is None:
                texts.add(inner)
            else:
                ignored[f"{name}/{inner}" if inner else name] = reason
        if texts:
            in_snapshot = any(part.startswith("updated_date=") for part in path.parts)
            good.append(_File(path, name, frozenset(texts), cut=not in_snapshot))
    if not good:
        raise SourceError(_nothing(root, folder, ignored))
    parts = _together(good)
    name = "from-{:05d}" if len(parts) > 1 else "from"
    return [_input(name.format(n), part) for n, part in enumerate(parts, start=1)], ignored


def _nothing(root: Path, folder: Path, ignored: dict[str, str]) -> str:
    """One line that says what was given instead of works."""
    more = (
        "give --from a file of works as JSON or JSONL, a folder of them, a vintage, "
        "or a copy of the snapshot"
    )
    if not ignored:
        return f"{root}: no file of OpenAlex records in it; {more}"
    first, reason = next(iter(ignored.items()))
    others = (
        f" ({len(ignored)} files like this or with other things in them)"
        if len(ignored) > 1
        else ""
    )
    return f"{folder / first}: {reason}{others}; {more}"


def _reason(path: Path, content: Content) -> str | None:
    try:
        return no_works(content)
    except TooLong:
        raise _too_long(path) from None


def _together(files: list[_File]) -> list[list[_File]]:
    """Files by slice, in the order of their first: small ones together, each other by itself."""
    parts: list[list[_File]] = []
    last: dict[bool, list[_File]] = {}
    sizes: Counter[int] = Counter()
    for file in files:
        size = file.path.stat().st_size
        part = last.get(file.cut)
        if size < SMALL and part is not None and sizes[id(part)] + size <= TOGETHER:
            part.append(file)
        else:
            parts.append(part := [file])
            if size < SMALL:
                last[file.cut] = part
        sizes[id(part)] += size
    return parts


def _input(name: str, files: list[_File]) -> Input:
    reader = _Reader(files)
    origin = (
        files[0].name
        if len(files) == 1
        else f"{files[0].name} … {files[-1].name} ({len(files)} files)"
    )
    return Input(name, origin, reader.records, cut=files[0].cut, more=reader.summary)


def _of_page(file: Path) -> Input:
    return Input(
        "from", file.name, lambda: map(_encode, unpack(file.read_bytes(), file).works), own=True
    )


def _of_slice(part: Slice) -> Input:
    """A slice of pages coauth stored. What was not whole there is not whole here."""
    summary = part.summary
    whole = summary is not None and summary.get("status") in ("complete", "drifted")
    works = lambda: (_encode(work) for page in part.pages() for work in page.works)  # noqa: E731
    return Input(part.name, f"pages of slice {part.name}", works, whole=whole, own=True)


def _is_page(file: Path) -> bool:
    if not file.is_file():
        return False
    try:
        with gzip.open(file) as opened:
            return opened.read(12).startswith(b'{"request":')
    except (OSError, EOFError, zlib.error):
        return False
