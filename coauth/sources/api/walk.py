"""One slice of a harvest, from its first page to the moment it is closed.

What OpenAlex does behind a status of 200 (read in its published source in August 2026), and what is
made of it:

* A query that meets the search engine's soft time-out of 5 s is answered with what was found so far, and since the
  page is not full, with `next_cursor: null`: the walk seems to have ended. A null cursor is therefore never believed.
  A slice is complete when the distinct ids on disk equal `meta.count` of its first and of its last page.
* The order of a walk is `publication_date` and then citation counts, which change every night. A record may jump over
  the cursor either way: it is served twice, or never. Distinct ids, not rows, are counted.
* The index changes while it is walked. Where first page, last page and distinct ids disagree, a fresh count decides:
  nothing missing is drift, which is recorded; anything missing is loss, and the slice is walked again.
* Lists hold at most 100 authorships of a work and do not say that they cut. Every work with so many is fetched singly,
  which is free.

A walk that lost works is not thrown away before a better one is there: it waits aside, and of
several walks that all lost something the slice keeps the one with the most distinct works.

The state is on disk. A walk goes on from the `next_cursor` of its last stored page, since a cursor
holds only the sort values of the last record and never expires.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Protocol

from coauth.errors import CacheError
from coauth.openalex import Page, keep
from coauth.sources.api.authors import Authors
from coauth.sources.api.transport import NoAnswer, Refused
from coauth.sources.api.walk_state import IN_PLACE, Served, Stored, doubt
from coauth.storage import Slice

WALKS = (100, 100, 50, 25)
"""Page sizes of the walks of a slice, until one of them finds everything. 100 is the documented
maximum.
"""

SIZES = (100, 50, 25)
"""Page sizes tried at one cursor when no answer comes: it is big pages of works with many authors
that time out.
"""

ATTEMPTS = 3
"""How often a page is asked for that cannot be the whole truth, unless the same answer comes twice
before.
"""

PAUSE = 1.0
"""Seconds before it is asked for again."""

CLOSED = ("complete", "drifted")
LOSS = "loss: fewer distinct works than counted"


class TooLarge(Exception):
    """The slice holds more works than were to be walked at once; nothing of it is stored yet."""


class Broken(Exception):
    """A walk cannot go on: its cursor runs in place, or is refused."""


class Source(Protocol):
    """Who answers about the works of one slice. Raises `NoAnswer` when all retries are used."""

    def page(self, cursor: str, size: int) -> Served: ...

    def count(self) -> int: ...

    def work(self, work_id: str) -> bytes | None:
        """The body of a single work; None if there is no such work (any more)."""

    def again(self, reason: str, seconds: float) -> None:
        """Pause before a page is asked for again."""


def utc_day() -> date:
    """The UTC day it is."""
    return datetime.now(UTC).date()


@dataclass(frozen=True)
class _Best:
    """The walk that waits aside."""

    stored: Stored
    expected: int
    reason: str


class Walk:
    """Fills one slice. `most` is the count above which the first page raises `TooLarge` (None: walk
    any number).
    """

    def __init__(
        self,
        source: Source,
        slice_: Slice,
        *,
        most: int | None = None,
        tell: Callable[[Page], None] = lambda _: None,
        today: Callable[[], date] = utc_day,
    ) -> None:
        self.source, self.slice = source, slice_
        self.most, self.told, self.today = most, tell, today
        self.authors = Authors(source.work)
        self.best: _Best | None = None
        self.size = WALKS[0]

    def fill(self) -> dict[str, Any]:
        """Walk the slice until it is complete or all means are used, and close it. Returns what
        `slice.json` holds.

        What is on disk of an interrupted walk is gone on from. An incomplete slice is gone on from
        where only answers were missing, and walked anew where a walk had lost works.
        """
        stored = self._resumed()
        resumed = stored.pages > 0
        for number, size in enumerate(WALKS, start=1):
            self.size = size
            status, expected, reason, ended = self._walked(stored)
            if status in CLOSED or not ended or number == len(WALKS):
                break
            self._set_aside(stored, expected, reason)
            stored, resumed = Stored(), False
        if status in CLOSED and stored.cut and (resumed or self.authors.unanswered):
            stored.cut = self.authors.again(self.slice)
            if self.authors.unanswered:
                status, reason = "incomplete", "no answer: the full authors of a work"
        if (
            status not in CLOSED
            and self.best is not None
            and self.best.stored.distinct > stored.distinct
        ):
            self.slice.aside.move(self.slice)
            stored, reason = self.best.stored, self.best.reason
            expected = max(expected, self.best.expected)
        self.slice.aside.clear()
        return self._close(stored, status, expected, number, reason)

    def _walked(self, state: Stored) -> tuple[str, int, str, bool]:
        """Status, expected number and reason of one walk, and whether another would fare better
        (not without answers).
        """
        try:
            self._walk(state)
            status, expected = self._judged(state)
        except NoAnswer as fault:
            return "incomplete", state.most, f"no answer: {fault.reason}", False
        except Broken as fault:
            return "incomplete", state.most, f"cursor: {fault}", True
        return status, expected, "" if status in CLOSED else LOSS, True

    def _resumed(self) -> Stored:
        """What may be gone on from. A walk that had lost works is set aside; what cannot be read
        back is forgotten.
        """
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

    def _set_aside(self, state: Stored, expected: int, reason: str) -> None:
        """Make room for another walk, keeping the best so far."""
        if self.best is None or state.distinct > self.best.stored.distinct:
            self.slice.move(self.slice.aside)
            self.best = _Best(state, expected, reason)
        self.slice.clear()

    def _walk(self, state: Stored) -> None:
        size, begun = self.size, self.today()
        if self.best and (
            days := self.slice.fetched
        ):  # the walk that waits aside may be the one that is kept
            begun = min(begun, days[0])
        while state.cursor is not None:
            page, used = self._page(state, size)
            if state.pages == 0 and self.most is not None and (page.count or 0) > self.most:
                raise TooLarge
            if state.pages == 0:
                self.slice.note_days(begun, begun)
            self.slice.write(state.pages + 1, page)
            state.add(page)
            self.told(page)
            size = min(
                self.size, used * 2
            )  # after a page that only came when it was small: grow back

    def _page(self, state: Stored, size: int) -> tuple[Page, int]:
        """The page at the cursor, whole; smaller where it does not come otherwise (a cursor is good
        for any size).
        """
        failure = NoAnswer("not asked")
        for smaller in [size, *(s for s in SIZES if s < size)]:
            try:
                served = self._credible(state, smaller)
            except NoAnswer as fault:
                failure = fault
            except Refused as fault:
                if "cursor" in fault.words.casefold() and state.pages:
                    raise Broken(f"refused with {fault.status}") from fault
                raise
            else:
                return self._whole(served), smaller
        raise failure

    def _credible(self, state: Stored, size: int) -> Served:
        """A page that says nothing impossible, or says it twice.

        To ask again for one doubtful page costs one credit; to find the loss at the end costs the
        whole walk.
        """
        cursor = state.cursor or "*"
        before = None
        for _ in range(ATTEMPTS):
            served = self.source.page(cursor, size)
            doubted = doubt(served.response, state, size)
            if not doubted:
                return served
            if before is not None and before.same == served.same:
                break
            before = served
            self.source.again(doubted, PAUSE)
        if doubted == IN_PLACE:
            raise Broken(doubted)
        return served

    def _whole(self, served: Served) -> Page:
        """The page as it is stored: persons removed, long author lists fetched singly."""
        sha256 = [served.sha256]
        works = [self.authors.whole(keep(record), sha256) for record in served.response.results]
        meta = served.response.meta
        return Page(
            request=served.request,
            served_sha256=sha256,
            count=meta.count,
            next_cursor=meta.next_cursor,
            works=works,
        )

    def _judged(self, state: Stored) -> tuple[str, int]:
        """Status and expected number of a walk that came to its end.

        Complete: first page, last page and distinct ids agree. Drifted: they do not, but no count
        of now exceeds what is on disk, so nothing is missing (a work deleted after it was served is
        still here). Else something is.
        """
        if state.first == state.last == state.distinct:
            return "complete", state.distinct
        now = self.source.count()
        expected = max(now, state.last)
        return ("drifted", now) if state.distinct >= expected else ("incomplete", expected)

    def _close(
        self, state: Stored, status: str, expected: int, walks: int, reason: str
    ) -> dict[str, Any]:
        summary: dict[str, Any] = {
            "status": status,
            "expected": expected,
            "expected_first": state.first,
            "expected_last": state.last,
            **state.counts(),
            "walks": walks,
            "per_page": self.size,
        }
        if reason:
            summary["reason"] = reason
        if (
            days := self.slice.fetched
        ):  # where an older coauth began the slice, its first day is not known
            self.slice.note_days(days[0], max(days[1], self.today()))
        self.slice.close(**summary)
        return summary
