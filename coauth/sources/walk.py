"""One slice of a harvest, from its first page to the moment it is closed.

What OpenAlex does behind a status of 200 (read in its published source in August 2026), and what is made of it:

* A query that meets the search engine's soft time-out of 5 s is answered with what was found so far, and since the
  page is not full, with `next_cursor: null`: the walk seems to have ended. A null cursor is therefore never believed.
  A slice is complete when the distinct ids on disk equal `meta.count` of its first and of its last page.
* The order of a walk is `publication_date` and then citation counts, which change every night. A record may jump over
  the cursor either way: it is served twice, or never. Distinct ids, not rows, are counted.
* The index changes while it is walked. Where first page, last page and distinct ids disagree, a fresh count decides:
  nothing missing is drift, which is recorded; anything missing is loss, and the slice is walked again.
* Lists hold at most 100 authorships of a work and do not say that they cut. Every work with so many is fetched singly,
  which is free.

A walk that lost works is not thrown away before a better one is there: it waits aside, and of several walks that all
lost something the slice keeps the one with the most distinct works.

The state is on disk. A walk goes on from the `next_cursor` of its last stored page, since a cursor holds only the sort
values of the last record and never expires.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from coauth.errors import CacheError
from coauth.pages import LIST_AUTHORS, MOST_AUTHORS, Page, Response, Work, keep
from coauth.sources.transport import NoAnswer, Refused
from coauth.vintage import Slice

WALKS = (100, 100, 50, 25)
"""Page sizes of the walks of a slice, until one of them finds everything. 100 is the documented maximum."""

SIZES = (100, 50, 25)
"""Page sizes tried at one cursor when no answer comes: it is big pages of works with many authors that time out."""

ASKED = 3
"""How often a page is asked for that cannot be the whole truth, unless the same answer comes twice before."""

PAUSE = 1.0
"""Seconds before it is asked for again."""

DONE = ("complete", "drifted")
LOSS = "loss: fewer distinct works than counted"


class TooLarge(Exception):
    """The slice holds more works than were to be walked at once; nothing of it is stored yet."""


class Broken(Exception):
    """A walk cannot go on: its cursor runs in place, or is refused."""


@dataclass(frozen=True)
class Served:
    """A list answer as it came."""

    request: str
    sha256: str
    response: Response

    @property
    def same(self) -> tuple[int, str | None, tuple[bytes, ...]]:
        """What makes two answers the same answer (`meta` also holds how long the search took)."""
        meta = self.response.meta
        return meta.count, meta.next_cursor, tuple(bytes(record) for record in self.response.results)


class Source(Protocol):
    """Who answers about the works of one slice. Raises `NoAnswer` when all retries are used."""

    def page(self, cursor: str, size: int) -> Served: ...

    def count(self) -> int: ...

    def work(self, work_id: str) -> bytes | None:
        """The body of a single work; None if there is no such work (any more)."""

    def again(self, reason: str, seconds: float) -> None:
        """Pause before a page is asked for again."""


@dataclass
class Stored:
    """What is on disk of a slice: enough to go on with its walk and to judge it."""

    pages: int = 0
    works: int = 0
    ids: set[str] = field(default_factory=set)
    nameless: int = 0
    damaged: int = 0
    cut: int = 0
    first: int = 0
    last: int = 0
    most: int = 0
    cursor: str | None = "*"
    cursors: set[str] = field(default_factory=lambda: {"*"})

    @property
    def distinct(self) -> int:
        """Works served, each once. A record whose id cannot be read was counted by OpenAlex and is by us."""
        return len(self.ids) + self.nameless

    def add(self, page: Page) -> None:
        """Take in the next page. Raises `CacheError` if it is not the one that follows."""
        if page.count is None or _cursor(page.request) != self.cursor:
            raise CacheError(f"page {self.pages + 1} does not follow the page before it")
        self.first = page.count if self.pages == 0 else self.first
        self.last, self.most = page.count, max(self.most, page.count)
        self.pages += 1
        self.works += len(page.works)
        for work in page.works:
            self.nameless += work.id is None
            self.damaged += work.damage is not None
            self.cut += work.authors_cut
            if work.id is not None:
                self.ids.add(work.id)
        self.cursor = page.next_cursor
        if page.next_cursor is not None:
            self.cursors.add(page.next_cursor)

    @classmethod
    def of(cls, part: Slice) -> Stored:
        """Read a slice back. Raises `CacheError` if a page is missing, damaged, or not of the same walk."""
        stored = cls()
        numbers = part.numbers
        if numbers != list(range(1, len(numbers) + 1)):
            raise CacheError(f"{part.path}: a page is missing")
        for page in part.pages():
            stored.add(page)
        return stored


def _cursor(request: str) -> str | None:
    return parse_qs(urlsplit(request).query).get("cursor", [None])[0]


@dataclass(frozen=True)
class _Best:
    """The walk that waits aside."""

    stored: Stored
    expected: int
    reason: str


class Walk:
    """Fills one slice. `most` is the count above which the first page raises `TooLarge` (None: walk any number)."""

    def __init__(
        self,
        source: Source,
        slice_: Slice,
        *,
        most: int | None = None,
        told: Callable[[Page], None] = lambda _: None,
    ) -> None:
        self.source, self.slice = source, slice_
        self.most, self.told = most, told
        self.unanswered = False
        self.best: _Best | None = None
        self.size = WALKS[0]

    def fill(self) -> dict[str, Any]:
        """Walk the slice until it is complete or all means are used, and close it. Returns what `slice.json` holds.

        What is on disk of an interrupted walk is gone on from. An incomplete slice is gone on from where only answers
        were missing, and walked anew where a walk had lost works.
        """
        stored = self._resumed()
        resumed = stored.pages > 0
        for number, size in enumerate(WALKS, start=1):
            self.size = size
            status, expected, reason, ended = self._walked(stored)
            if status in DONE or not ended or number == len(WALKS):
                break
            self._set_aside(stored, expected, reason)
            stored, resumed = Stored(), False
        if status in DONE and stored.cut and (resumed or self.unanswered) and self._authors_missing(stored):
            status, reason = "incomplete", "no answer: the full authors of a work"
        if status not in DONE and self.best is not None and self.best.stored.distinct > stored.distinct:
            self.slice.aside.move(self.slice)
            stored, reason = self.best.stored, self.best.reason
            expected = max(expected, self.best.expected)
        self.slice.aside.clear()
        return self._close(stored, status, expected, number, reason)

    def _walked(self, stored: Stored) -> tuple[str, int, str, bool]:
        """Status, expected number and reason of one walk, and whether another would fare better (not without answers)."""
        try:
            self._walk(stored)
            status, expected = self._judged(stored)
        except NoAnswer as fault:
            return "incomplete", stored.most, f"no answer: {fault.reason}", False
        except Broken as fault:
            return "incomplete", stored.most, f"cursor: {fault}", True
        return status, expected, "" if status in DONE else LOSS, True

    def _resumed(self) -> Stored:
        """What may be gone on from. A walk that had lost works is set aside; what cannot be read back is forgotten."""
        summary = self.slice.checked()
        self._remember()
        try:
            stored = Stored.of(self.slice)
        except CacheError:  # edited, cut or mixed: a walk that cannot be read back proves nothing
            self.slice.clear()
            return Stored()
        if summary is None or str(summary.get("reason", "")).startswith("no answer"):
            return stored
        self._set_aside(stored, int(summary["expected"]), str(summary["reason"]))
        return Stored()

    def _remember(self) -> None:
        """A walk that was set aside by a run that did not come to its end."""
        try:
            stored = Stored.of(self.slice.aside)
        except CacheError:
            self.slice.aside.clear()
            return
        self.best = _Best(stored, stored.most, LOSS) if stored.pages else None

    def _set_aside(self, stored: Stored, expected: int, reason: str) -> None:
        """Make room for another walk, keeping the best so far."""
        if self.best is None or stored.distinct > self.best.stored.distinct:
            self.slice.move(self.slice.aside)
            self.best = _Best(stored, expected, reason)
        self.slice.clear()

    def _walk(self, stored: Stored) -> None:
        size = self.size
        while stored.cursor is not None:
            page, used = self._page(stored, size)
            if stored.pages == 0 and self.most is not None and (page.count or 0) > self.most:
                raise TooLarge
            self.slice.write(stored.pages + 1, page)
            stored.add(page)
            self.told(page)
            size = min(self.size, used * 2)  # after a page that only came when it was small: grow back

    def _page(self, stored: Stored, size: int) -> tuple[Page, int]:
        """The page at the cursor, whole; smaller where it does not come otherwise (a cursor is good for any size)."""
        failure = NoAnswer("not asked")
        for smaller in [size, *(s for s in SIZES if s < size)]:
            try:
                served = self._credible(stored, smaller)
            except NoAnswer as fault:
                failure = fault
            except Refused as fault:
                if "cursor" in fault.words.casefold() and stored.pages:
                    raise Broken(f"refused with {fault.status}") from fault
                raise
            else:
                return self._whole(served), smaller
        raise failure

    def _credible(self, stored: Stored, size: int) -> Served:
        """A page that says nothing impossible, or says it twice.

        To ask again for one doubtful page costs one credit; to find the loss at the end costs the whole walk.
        """
        cursor = stored.cursor or "*"
        before = None
        for _ in range(ASKED):
            served = self.source.page(cursor, size)
            doubt = _doubt(served.response, stored, size)
            if not doubt:
                return served
            if before is not None and before.same == served.same:
                break
            before = served
            self.source.again(doubt, PAUSE)
        if doubt == _IN_PLACE:
            raise Broken(doubt)
        return served

    def _whole(self, served: Served) -> Page:
        """The page as it is stored: persons removed, long author lists fetched singly."""
        sha256 = [served.sha256]
        works = [self._work(keep(record), sha256) for record in served.response.results]
        meta = served.response.meta
        return Page(
            request=served.request, served_sha256=sha256, count=meta.count, next_cursor=meta.next_cursor, works=works
        )

    def _work(self, listed: Work, sha256: list[str]) -> Work:
        """The work, with all its authors where the list may have cut them. The singleton is kept in the list's place,
        and masked by its own names: the list's record does not know the names beyond the hundredth.

        Lists and singletons come from two stores that may disagree: a work just listed can be missing among the
        singletons (404), or be there with fewer authors. Then the list's record is kept and marked.
        """
        if listed.id is None or len(listed.authorships or ()) < LIST_AUTHORS:
            return listed
        try:
            body = self.source.work(listed.id)
        except NoAnswer:
            self.unanswered = True
            body = None
        if body is not None:
            single = keep(body)
            if single.id == listed.id and len(single.authorships or ()) >= len(listed.authorships or ()):
                sha256.append(hashlib.sha256(body).hexdigest())
                return single
        listed.authors_cut = True
        return listed

    def _authors_missing(self, stored: Stored) -> bool:
        """Ask once more for author lists that did not come. True if one still does not: not a 404, but no answer."""
        self.unanswered = False
        stored.cut = 0
        for number in self.slice.numbers:
            page = self.slice.read(number)
            hashes = len(page.served_sha256)
            page.works = [self._again(work, page.served_sha256) for work in page.works]
            stored.cut += sum(work.authors_cut for work in page.works)
            if len(page.served_sha256) > hashes:
                self.slice.write(number, page)
        return self.unanswered

    def _again(self, work: Work, sha256: list[str]) -> Work:
        cut_by_list = work.authors_cut and len(work.authorships or ()) < MOST_AUTHORS
        return self._work(work, sha256) if cut_by_list else work

    def _judged(self, stored: Stored) -> tuple[str, int]:
        """Status and expected number of a walk that came to its end.

        Complete: first page, last page and distinct ids agree. Drifted: they do not, but no count of now exceeds what
        is on disk, so nothing is missing (a work deleted after it was served is still here). Else something is.
        """
        if stored.first == stored.last == stored.distinct:
            return "complete", stored.distinct
        now = self.source.count()
        expected = max(now, stored.last)
        return ("drifted", now) if stored.distinct >= expected else ("incomplete", expected)

    def _close(self, stored: Stored, status: str, expected: int, walks: int, reason: str) -> dict[str, Any]:
        summary: dict[str, Any] = {
            "status": status, "expected": expected, "expected_first": stored.first, "expected_last": stored.last,
            "stored": stored.works, "distinct": stored.distinct, "duplicates": stored.works - stored.distinct,
            "damaged": stored.damaged, "authors_cut": stored.cut, "pages": stored.pages, "walks": walks,
            "per_page": self.size,
        }  # fmt: skip
        if reason:
            summary["reason"] = reason
        self.slice.close(**summary)
        return summary


_IN_PLACE = "cursor runs in place"


def _doubt(response: Response, stored: Stored, size: int) -> str:
    """Why an answer cannot be the whole truth; empty if it can.

    A page that is not full can only be the last one, and then all works that were counted must have been served.
    """
    results, meta = response.results, response.meta
    if meta.next_cursor is not None and (meta.next_cursor in stored.cursors or not results):
        return _IN_PLACE
    counted = max(stored.most, meta.count)
    if len(results) < size and (meta.next_cursor is not None or stored.works + len(results) < counted):
        return "short page"
    return ""
