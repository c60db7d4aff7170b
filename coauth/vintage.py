"""`cache/`: dated harvests, and the only module that knows their paths.

    cache/<vintage>/manifest.json            what was asked, when, from where; losses; hashes of the tables
    cache/<vintage>/pages/<slice>/0001.json.gz …   answers as stored, persons removed
    cache/<vintage>/pages/<slice>/slice.json       written last: the slice is closed, with its counts and page hashes
    cache/<vintage>/aside/<slice>/                 the better of two walks that both lost works, while a third is under way
    cache/<vintage>/tables/<table>.parquet

The state of a harvest is what lies on disk. Every file is written under another name, synced and moved into place, so
a run killed anywhere leaves whole files or none, and the next run continues after the last one.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from coauth import tables
from coauth.errors import CacheError, NotFound
from coauth.pages import Page, pack, unpack


class Cache:
    """The folder of vintages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def vintages(self) -> list[Vintage]:
        """Every vintage with a manifest, oldest first."""
        there = [Vintage(p.parent) for p in self.folder.glob("*/manifest.json")]
        return sorted(there, key=lambda v: v.order)

    def create(self, name: str, **manifest: Any) -> Vintage:
        """A new vintage. A name already taken gets the next free `.2`, `.3`: vintages are never mixed."""
        taken = {p.name for p in self.folder.glob("*")}
        free = next(n for n in (name, *(f"{name}.{i}" for i in range(2, 1000))) if n not in taken)
        vintage = Vintage(self.folder / free)
        vintage.record(**manifest)
        return vintage

    @property
    def admissions(self) -> pa.Table:
        """PhD admissions as imported; they belong to no vintage."""
        path = self.folder / "admissions.parquet"
        return tables.ADMISSIONS.check(pq.read_table(path)) if path.exists() else tables.ADMISSIONS.empty()

    @admissions.setter
    def admissions(self, table: pa.Table) -> None:
        _write(self.folder / "admissions.parquet", _parquet(tables.ADMISSIONS, table, synthetic=False))

    def find(self, name: str | None = None, quarter: str | None = None) -> Vintage:
        """The vintage of that name, or the newest complete one (of the quarter, if one is given)."""
        there = self.vintages()
        if name is not None:
            for vintage in there:
                if vintage.name == name:
                    return vintage
            raise NotFound(f"no vintage '{name}' in {self.folder}; there are: {_listing(v.name for v in there)}")
        fitting = [v for v in there if v.complete and quarter in (None, v.quarter)]
        if not fitting:
            of = f" of {quarter}" if quarter else ""
            raise NotFound(
                f"no complete vintage{of} in {self.folder} (there are: {_listing(v.name for v in there)}); "
                "run `coauth harvest`, or `coauth rebuild --sample` for a synthetic one"
            )
        return max(fitting, key=lambda v: (v.as_of, v.order))

    def newest(self) -> Vintage:
        """The newest vintage, complete or not."""
        there = self.vintages()
        return max(there, key=lambda v: (v.as_of, v.order)) if there else self.find()


def _listing(names: Iterator[str] | Any) -> str:
    return ", ".join(sorted(names)) or "none"


class Vintage:
    """One dated harvest and what was built from it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name

    @property
    def order(self) -> tuple[str, int, str]:
        """Sorts names as `Cache.create` gives them: .10 after .9."""
        stem, _, number = self.name.partition(".")
        return stem, int(number) if number.isdecimal() else 0, self.name

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes from writing to this vintage meanwhile. Raises `CacheError` where one already does."""
        with _reported(self.path):
            lock = FileLock(self.path / ".lock", timeout=0)
            try:
                lock.acquire()
            except Timeout as fault:
                raise CacheError(f"another coauth is at work on vintage {self.name}; wait until it ends") from fault
        try:
            yield
        finally:
            lock.release()

    # -- manifest

    @property
    def manifest(self) -> dict[str, Any]:
        path = self.path / "manifest.json"
        if not path.exists():
            return {}
        try:
            return dict(json.loads(_read(path)))
        except ValueError as fault:
            raise CacheError(f"{path}: damaged ({fault}); move the folder away and harvest again") from fault

    def record(self, **entries: Any) -> None:
        """Set entries of the manifest, keeping the others."""
        _write(self.path / "manifest.json", _json(self.manifest | entries))

    @property
    def complete(self) -> bool:
        return bool(self.manifest.get("completed"))

    @property
    def as_of(self) -> date:
        """The UTC date on which the harvest completed; before that, on which it began."""
        manifest = self.manifest
        return date.fromisoformat(manifest.get("completed") or manifest["started"])

    @property
    def quarter(self) -> str:
        return f"{self.as_of.year}Q{(self.as_of.month + 2) // 3}"

    # -- pages

    def slice(self, name: str) -> Slice:
        return Slice(self.path / "pages" / name)

    def slices(self) -> list[Slice]:
        return [Slice(p) for p in sorted((self.path / "pages").glob("*")) if p.is_dir()]

    def pages(self) -> Iterator[Page]:
        """Every stored page, by slice and number."""
        for part in self.slices():
            yield from part.pages()

    def damage(self) -> list[str]:
        """What is no longer as it was stored; empty when all is. A complete harvest also misses slices that are gone."""
        there = self.slices()
        named = self.manifest.get("harvest") or {}
        lost = sorted(named.get("slices", {}).keys() - {p.name for p in there}) if self.complete else []
        opened = [p for p in there if self.complete and p.status == "open"]
        return [
            *(f"{self.slice(name).path}: missing" for name in lost),
            *(f"{part.path / 'slice.json'}: missing" for part in opened),
            *(d for part in there for d in part.damage()),
        ]

    # -- tables

    def write(self, contract: tables.Table, table: pa.Table, synthetic: bool) -> str:
        """Store a checked table as Parquet; returns the sha256 of the file. Same table, same bytes.

        Its metadata say where it is synthetic, and where the harvest behind it is not complete.
        """
        data = _parquet(contract, table, synthetic, self.complete)
        _write(self.path / "tables" / f"{contract.name}.parquet", data)
        return hashlib.sha256(data).hexdigest()

    def read(self, name: str) -> pa.Table:
        """A stored table. Raises `NotFound` for an unknown one, or where nothing was built yet."""
        if name not in tables.ALL:
            raise NotFound(f"no table '{name}'; there are: {', '.join(sorted(tables.ALL))}")
        path = self.path / "tables" / f"{name}.parquet"
        if not (self.manifest.get("build") and path.exists()):
            raise NotFound(f"vintage {self.name} has no table '{name}' yet; run `coauth build --vintage {self.name}`")
        try:
            return pq.read_table(path)
        except (pa.ArrowInvalid, OSError) as fault:
            raise CacheError(f"{path}: damaged ({fault}); run `coauth build --vintage {self.name}`") from fault

    def write_text(self, name: str, text: str) -> Path:
        """A small file beside the manifest (the synthetic world's truth)."""
        _write(self.path / name, text.encode())
        return self.path / name

    @property
    def layout(self) -> dict[str, list[float]]:
        """Positions of institutions in the last drawing, so that the next one keeps them; empty before the first."""
        path = self.path / "layout.json"
        return dict(json.loads(path.read_text("utf-8"))) if path.exists() else {}

    @layout.setter
    def layout(self, positions: dict[str, list[float]]) -> None:
        _write(self.path / "layout.json", _json(positions))


class Slice:
    """One part of a harvest (a publication month), walked page by page."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name

    @property
    def numbers(self) -> list[int]:
        return sorted(int(p.name.split(".")[0]) for p in self.path.glob("[0-9]*.json.gz"))

    def pages(self) -> Iterator[Page]:
        for number in self.numbers:
            yield self.read(number)

    def read(self, number: int) -> Page:
        path = self._page(number)
        return unpack(_read(path), path)

    def write(self, number: int, page: Page) -> None:
        _write(self._page(number), pack(page))

    @property
    def summary(self) -> dict[str, Any] | None:
        """What `close` recorded; None while the slice is open. Raises `CacheError` where the file is damaged."""
        path = self.path / "slice.json"
        try:
            return dict(json.loads(_read(path))) if path.exists() else None
        except (ValueError, TypeError) as fault:
            raise CacheError(f"{path}: damaged ({fault}); run `coauth harvest --vintage NAME` to fetch the slice again") from fault

    @property
    def status(self) -> str:
        """As it was closed: complete, drifted or incomplete; before that, open; damaged where slice.json cannot be read."""
        try:
            return str((self.summary or {"status": "open"}).get("status", "complete"))
        except CacheError:
            return "damaged"

    def checked(self) -> dict[str, Any] | None:
        """The summary, once all pages are known to be as they were stored; a slice that is damaged is forgotten first."""
        if self.damage():
            self.clear()
        return self.summary

    def close(self, **summary: Any) -> None:
        """Close the slice with its counts; the hash of every stored page is added for `status --verify`."""
        _write(self.path / "slice.json", _json(summary | {"stored_sha256": self.hashes()}))

    def hashes(self) -> dict[str, str]:
        """sha256 of every stored page file, by file name."""
        return {self._page(n).name: hashlib.sha256(_read(self._page(n))).hexdigest() for n in self.numbers}

    def damage(self) -> list[str]:
        """What of a closed slice is no longer as it was stored; empty when all is."""
        try:
            summary = self.summary
        except CacheError:
            return [f"{self.path / 'slice.json'}: damaged"]
        if summary is None:
            return []
        stored, now = summary.get("stored_sha256"), self.hashes()
        if not isinstance(stored, dict):
            return [f"{self.path / 'slice.json'}: without the hashes of its pages"]
        gone = [f"{self.path / n}: missing" for n in stored if n not in now]
        changed = [f"{self.path / n}: changed since it was stored" for n in now if n in stored and stored[n] != now[n]]
        added = [f"{self.path / n}: not there when the slice was closed" for n in now if n not in stored]
        return gone + changed + added

    def clear(self) -> None:
        """Forget the slice, so that the next harvest walks it again."""
        with _reported(self.path):
            if self.path.exists():
                shutil.rmtree(self.path)

    @property
    def aside(self) -> Slice:
        """Where an earlier, better walk of this slice waits while it is walked again."""
        return Slice(self.path.parent.parent / "aside" / self.name)

    def move(self, to: Slice) -> None:
        """Put these pages in the place of another slice's."""
        to.clear()
        with _reported(to.path):
            to.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.rename(to.path)

    def _page(self, number: int) -> Path:
        return self.path / f"{number:04d}.json.gz"


def _parquet(contract: tables.Table, table: pa.Table, synthetic: bool, complete: bool = True) -> bytes:
    note = {"row": contract.row, "key": " ".join(contract.key)} | ({"notice": tables.MARK} if synthetic else {})
    note |= {} if complete else {"incomplete": "slices of the harvest hold fewer works than OpenAlex counts"}
    sink = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata(note), sink, compression="zstd", row_group_size=1_000_000)
    return bytes(sink.getvalue())


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise CacheError(f"{path}: {fault.strerror}; check the disk and its permissions") from fault


def _write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    with _reported(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def _reported(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as fault:
        raise CacheError(
            f"cannot write {path} ({fault.strerror}); what was stored before is untouched: make room or give rights to "
            "the folder, or name another with --root, and run the same command again"
        ) from fault
