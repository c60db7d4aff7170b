"""One dated harvest and what was built from it."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from coauth.errors import CacheError, NotFound
from coauth.openalex import Page
from coauth.openalex.eras import MATCHER, MIXED, UNKNOWN, Eras
from coauth.storage import atomic
from coauth.storage.disk import ADVICE, damage_of, file_digest, read_bytes, seal, unseal
from coauth.storage.manifest import Build, Manifest
from coauth.storage.slice import Slice
from coauth.storage.table_store import TableStore, load, store
from coauth.tables import schemas
from coauth.tables.contract import MARK, Table


def quarter(day: date) -> str:
    """
    >>> quarter(date(2026, 11, 22))
    '2026Q4'
    """
    return f"{day.year}Q{(day.month + 2) // 3}"


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
    def lock(self) -> Iterator[None]:
        """Keep other processes from writing to this vintage meanwhile. Raises `CacheError` where
        one already does.
        """
        with atomic.reported(self.path, ADVICE):
            lock = FileLock(self.path / ".lock", timeout=0)
            try:
                lock.acquire()
            except Timeout as fault:
                raise CacheError(
                    f"another coauth is at work on vintage {self.name}; wait until it ends"
                ) from fault
        try:
            yield
        finally:
            lock.release()

    # -- manifest

    @property
    def manifest(self) -> Manifest:
        return Manifest.read(self.path / "manifest.json")

    def record(self, **entries: Any) -> None:
        """Set entries of the manifest, keeping the others."""
        changed = Manifest.from_entries(self.manifest.plain() | entries)
        changed.write(self.path / "manifest.json")

    @property
    def built(self) -> Build:
        """What its tables rest on. Raises `NotFound` where there are none."""
        if build := self.manifest.build:
            return build
        raise NotFound(
            f"vintage {self.name} has no tables yet; run `coauth build --vintage {self.name}`"
        )

    def discard(self) -> None:
        """Take the vintage off the disk, with all that is in it."""
        with atomic.reported(self.path, ADVICE):
            shutil.rmtree(self.path)

    @property
    def complete(self) -> bool:
        return self.manifest.completed is not None

    @property
    def as_of(self) -> date:
        """The UTC date on which the harvest completed; before that, on which it began."""
        manifest = self.manifest
        return manifest.completed or manifest.started

    @property
    def quarter(self) -> str:
        return quarter(self.as_of)

    @property
    def fetched(self) -> list[tuple[date, date]]:
        """First and last UTC day of fetching of each slice that came from the API; of slices in
        which none was noted those of the harvest.
        """
        manifest = self.manifest
        if manifest.source.kind != "api":
            return []
        ended = manifest.completed or manifest.reopened or manifest.started
        return [part.fetched or (manifest.started, ended) for part in self.slices()]

    @property
    def eras(self) -> Eras:
        """On which side of each border of OpenAlex it stands: by its days of fetching, or as
        recorded of records from disk.
        """
        manifest = self.manifest
        if days := self.fetched:
            return Eras.from_days(min(first for first, _ in days), max(last for _, last in days))
        if manifest.affiliation_matcher and manifest.topic_model:
            return Eras(manifest.affiliation_matcher, manifest.topic_model)
        if manifest.topic_model in (None, UNKNOWN):
            return Eras(UNKNOWN, UNKNOWN)
        return Eras.from_days(manifest.started, self.as_of)  # a coauth that recorded topics alone

    @property
    def mixed(self) -> str:
        """What is to be said where its institutions are of two matchers; empty where they are
        not.
        """
        if self.eras.affiliation_matcher != MIXED:
            return ""
        days = self.fetched
        before = (
            f"{sum(first < MATCHER.day for first, _ in days)} of {len(days)} slices were"
            if days
            else "some of it was"
        )
        return f"{before} fetched before {MATCHER.day}, when OpenAlex replaced {MATCHER.replaced}"

    # -- pages

    def slice(self, name: str) -> Slice:
        return Slice(self.path / "pages" / name)

    def slices(self) -> list[Slice]:
        return [Slice(p) for p in sorted((self.path / "pages").glob("*")) if p.is_dir()]

    def pages(self) -> Iterator[Page]:
        """Every stored page, by slice and number."""
        for part in self.slices():
            yield from part.pages()

    def parts(self, pages: int) -> list[list[tuple[Slice, int]]]:
        """Every stored page by slice and number, so many at a time. Raises `CacheError` where one of
        a closed slice is gone.
        """
        if gone := [page for part in self.slices() for page in part.missing()]:
            raise CacheError(
                f"{gone[0]}: missing; run `coauth harvest --vintage {self.name}` to fetch the slice again"
            )
        numbered = [(part, number) for part in self.slices() for number in part.numbers]
        return [numbered[start : start + pages] for start in range(0, len(numbered), pages)]

    def damage(self) -> list[str]:
        """What is no longer as it was stored; empty when all is. A complete harvest also misses
        slices that are gone.
        """
        there = self.slices()
        manifest = self.manifest
        named = manifest.harvest.slices.keys() if manifest.harvest and manifest.completed else set()
        lost = sorted(named - {p.name for p in there})
        opened = [p for p in there if self.complete and p.status == "open"]
        return [
            *(f"{self.slice(name).path}: missing" for name in lost),
            *(f"{part.path / 'slice.json'}: missing" for part in opened),
            *(d for part in there for d in part.damage()),
        ]

    # -- tables

    @contextmanager
    def shelf(self) -> Iterator[TableStore]:
        """New tables in the making; they replace the old ones when all are there, and only then."""
        path = self.path / "tables.new"
        with atomic.reported(path, ADVICE):
            shutil.rmtree(path, ignore_errors=True)
            path.mkdir(parents=True)
        note = (
            {}
            if self.complete
            else {"incomplete": "slices of the harvest hold fewer works than OpenAlex counts"}
        )
        note |= {"mixed": mixed} if (mixed := self.mixed) else {}
        shelf = TableStore(path, note)
        try:
            yield shelf
            shelf.drop()
            self.record(build=None)  # until the new tables stand in their place, there are none
            with atomic.reported(path, ADVICE):
                shutil.rmtree(self.path / "tables", ignore_errors=True)
                path.rename(self.path / "tables")
        finally:
            shutil.rmtree(path, ignore_errors=True)

    def read(self, name: str, columns: list[str] | None = None) -> pa.Table:
        """A stored table. Raises `NotFound` for an unknown one, or where nothing was built yet."""
        with self._finished(name) as shelf:
            return shelf.read(name, columns)

    def rows(self, name: str) -> ds.FileSystemDataset:
        """The same, left on disk."""
        with self._finished(name) as shelf:
            return shelf.rows(name)

    @contextmanager
    def _finished(self, name: str) -> Iterator[TableStore]:
        if name not in schemas.ALL:
            raise NotFound(f"no table '{name}'; there are: {', '.join(sorted(schemas.ALL))}")
        path = self._table(name)
        if not (self.manifest.build and path.exists()):
            raise NotFound(
                f"vintage {self.name} has no table '{name}' yet; run `coauth build --vintage {self.name}`"
            )
        try:
            if self._changed(name):
                raise OSError("changed since it was stored")
            yield TableStore(path.parent, {})
        except (pa.ArrowInvalid, OSError) as fault:
            raise CacheError(
                f"{path}: damaged ({fault}); run `coauth build --vintage {self.name}`"
            ) from fault

    def _changed(self, name: str) -> bool:
        stored = self.built.sha256.get(name)
        return stored is not None and file_digest(self._table(name)) != stored

    def _table(self, name: str) -> Path:
        return self.path / "tables" / f"{name}.parquet"

    def table_damage(self) -> list[str]:
        """What of the tables is no longer as it was built; empty where nothing was built yet."""
        names = self.manifest.build.sha256 if self.manifest.build else {}
        gone = [n for n in names if not self._table(n).exists()]
        changed = [n for n in names if n not in gone and self._changed(n)]
        return [f"{self._table(n)}: missing" for n in gone] + [
            f"{self._table(n)}: changed since it was stored" for n in changed
        ]

    def file_damage(self) -> list[str]:
        """What of the small files and tables beside the manifest cannot be read."""
        readers: list[Callable[[], object]] = [lambda: self.layout, lambda: self.totals]
        readers += [
            partial(self.beside, contract, "") for contract in (schemas.AUDIT, schemas.AUDIT_YEARS)
        ]
        return [d for read in readers if (d := damage_of(read))]

    def text_damage(self) -> list[str]:
        """Which texts beside the manifest are no longer as `write_text` left them."""
        texts = (
            (note.with_suffix(""), note.read_text()) for note in self.path.glob("*.json.sha256")
        )
        return [
            f"{path}: {'changed since it was stored' if path.exists() else 'missing'}"
            for path, note in sorted(texts)
            if not (path.exists() and note.split()[:1] == [file_digest(path)])
        ]

    def write_text(self, name: str, text: str) -> Path:
        """A text beside the manifest (the synthetic world's truth), with its digest beside it, as
        `sha256sum` writes one.
        """
        path, data = self.path / name, text.encode()
        note = f"{hashlib.sha256(data).hexdigest()}  {name}\n".encode()
        atomic.write({path: data, path.with_name(f"{name}.sha256"): note}, ADVICE)
        return path

    @property
    def totals(self) -> dict[str, str] | None:
        """StatBank's answer about PhD totals for this vintage's report: body, sha256, retrieved,
        table; None before it was asked.

        Kept with the vintage, so that its report can be written again to the same bytes.
        """
        path = self.path / "statbank.json"
        if not path.exists():
            return None
        try:
            kept = unseal(read_bytes(path))
            whole = hashlib.sha256(kept["body"].encode()).hexdigest() == kept["sha256"]
        except (ValueError, KeyError, AttributeError) as fault:
            raise CacheError(
                f"{path}: damaged ({fault}); run `coauth admissions fetch --vintage {self.name}`"
            ) from fault
        if not whole:
            raise CacheError(
                f"{path}: changed since it was stored; run `coauth admissions fetch --vintage {self.name}`"
            )
        return kept

    def keep_totals(self, table: str, body: bytes, retrieved: date) -> None:
        """Store an answer in the place of the one before it."""
        kept = {
            "table": table,
            "retrieved": retrieved.isoformat(),
            "sha256": hashlib.sha256(body).hexdigest(),
            "body": body.decode(),
        }
        atomic.write({self.path / "statbank.json": seal(kept)}, ADVICE)

    @property
    def layout(self) -> dict[str, list[float]]:
        """Positions of institutions in the last drawing, so that the next one keeps them; empty
        before the first. Raises `CacheError` where the file is damaged.
        """
        path = self.path / "layout.json"
        try:
            return unseal(read_bytes(path)) if path.exists() else {}
        except ValueError as fault:
            raise CacheError(
                f"{path}: damaged ({fault}); remove it: the next report draws the network anew"
            ) from fault

    @layout.setter
    def layout(self, positions: dict[str, list[float]]) -> None:
        atomic.write({self.path / "layout.json": seal(positions)}, ADVICE)

    def beside(self, contract: Table, basis: str) -> pa.Table | None:
        """A table kept beside the manifest; None where there is none, or none that rests on this
        `basis`.
        """
        path = self.path / f"{contract.name}.parquet"
        if not path.exists():
            return None
        rows = load(path, contract, "remove it: it is made again from the pages")
        kept = (pq.read_schema(path).metadata or {}).get(b"basis")
        return rows if kept == basis.encode() else None

    def keep_beside(self, contract: Table, rows: pa.Table, basis: str) -> None:
        """Keep a table that was made from the pages, with a digest of what it rests on, in the
        place of the one before it.
        """
        mark = {"notice": MARK} if self.manifest.source.kind == "sample" else {}
        store(
            self.path / f"{contract.name}.parquet",
            contract,
            rows,
            {"basis": basis} | mark,
            checked=True,
        )
