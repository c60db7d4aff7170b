"""One part of a harvest (a publication month): numbered pages, and slice.json once it is closed."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from coauth.errors import CacheError
from coauth.openalex import Outline, Page, Record, outlines, pack, records, unpack
from coauth.storage import atomic
from coauth.storage.disk import ADVICE, read_bytes, seal, unseal, what_of


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
        return unpack(read_bytes(path), path)

    def records(self, number: int) -> list[Record]:
        """The works of one page, as the tables need them."""
        path = self._page(number)
        return records(read_bytes(path), path)

    def outlines(self, number: int) -> list[Outline]:
        """The same, as a network needs them."""
        path = self._page(number)
        return outlines(read_bytes(path), path)

    def write(self, number: int, page: Page) -> None:
        atomic.write({self._page(number): pack(page)}, ADVICE)

    @property
    def fetched(self) -> tuple[date, date] | None:
        """First and last UTC day on which its pages were fetched, as far as they are; None where an
        older coauth noted none. Raises `CacheError` where the file is damaged.
        """
        if not self._days.exists():
            return None
        data = read_bytes(self._days)
        try:
            days = json.loads(data) if data[:1] == b"[" else unseal(data)["days"]
            first, last = map(date.fromisoformat, days)
        except (ValueError, KeyError, TypeError) as fault:
            raise CacheError(
                f"{self._days}: damaged ({fault}); remove it: the days of the whole harvest are taken"
            ) from fault
        return first, last

    def note_days(self, first: date, last: date) -> None:
        """Keep them beside the pages, which hold no clock: the same answers are the same bytes
        on any day.
        """
        atomic.write({self._days: seal({"days": [first.isoformat(), last.isoformat()]})}, ADVICE)

    @property
    def summary(self) -> dict[str, Any] | None:
        """What `close` recorded; None while the slice is open. Raises `CacheError` where the file
        is damaged.
        """
        path = self.path / "slice.json"
        try:
            return unseal(read_bytes(path)) if path.exists() else None
        except ValueError as fault:
            raise CacheError(
                f"{path}: damaged ({fault}); run `coauth harvest --vintage NAME` to fetch the slice again"
            ) from fault

    @property
    def status(self) -> str:
        """As it was closed: complete, drifted or incomplete; before that, open; damaged where
        slice.json cannot be read.
        """
        try:
            return str((self.summary or {"status": "open"}).get("status", "complete"))
        except CacheError:
            return "damaged"

    def checked(self) -> dict[str, Any] | None:
        """The summary, once all pages are known to be as they were stored; a slice that is damaged
        is forgotten first.
        """
        if self.damage():
            self.clear()
        return self.summary

    def close(self, **summary: Any) -> None:
        """Close the slice with its counts; the hash of every stored page is added for `status
        --verify`.
        """
        atomic.write(
            {self.path / "slice.json": seal(summary | {"stored_sha256": self.hashes()})},
            ADVICE,
        )

    def note(self, **entries: Any) -> None:
        """Add to the summary of a closed slice; its pages stay as they were hashed."""
        atomic.write({self.path / "slice.json": seal((self.summary or {}) | entries)}, ADVICE)

    def hashes(self) -> dict[str, str]:
        """sha256 of every stored page file, by file name."""
        return {
            self._page(n).name: hashlib.sha256(read_bytes(self._page(n))).hexdigest()
            for n in self.numbers
        }

    def missing(self) -> list[Path]:
        """Pages of a closed slice that are gone."""
        if self.status in ("open", "damaged"):
            return []
        stored = (self.summary or {}).get("stored_sha256")
        names = stored if isinstance(stored, dict) else {}
        return [self.path / name for name in names if not (self.path / name).exists()]

    def damage(self) -> list[str]:
        """What of a closed slice is no longer as it was stored; empty when all is."""
        try:
            summary, _ = self.summary, self.fetched
        except CacheError as fault:
            return [what_of(fault)]
        if summary is None:
            return []
        stored, now = summary.get("stored_sha256"), self.hashes()
        if not isinstance(stored, dict):
            return [f"{self.path / 'slice.json'}: without the hashes of its pages"]
        gone = [f"{self.path / n}: missing" for n in stored if n not in now]
        changed = [
            f"{self.path / n}: changed since it was stored"
            for n in now
            if n in stored and stored[n] != now[n]
        ]
        added = [
            f"{self.path / n}: not there when the slice was closed" for n in now if n not in stored
        ]
        return gone + changed + added

    def clear(self) -> None:
        """Forget the slice, so that the next harvest walks it again."""
        with atomic.reported(self.path, ADVICE):
            if self.path.exists():
                shutil.rmtree(self.path)

    @property
    def aside(self) -> Slice:
        """Where an earlier, better walk of this slice waits while it is walked again."""
        return Slice(self.path.parent.parent / "aside" / self.name)

    def move(self, to: Slice) -> None:
        """Put these pages in the place of another slice's."""
        to.clear()
        with atomic.reported(to.path, ADVICE):
            to.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.rename(to.path)

    @property
    def _days(self) -> Path:
        return self.path.parent.parent / "fetched" / f"{self.name}.json"

    def _page(self, number: int) -> Path:
        return self.path / f"{number:04d}.json.gz"
