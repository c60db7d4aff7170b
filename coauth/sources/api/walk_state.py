"""What is known of a walk: one answer as served, and all of them as they lie on disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from coauth.errors import CacheError
from coauth.openalex import Page, Response
from coauth.sources.tally import Tally
from coauth.storage import Slice

IN_PLACE = "cursor runs in place"


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
        return (
            meta.count,
            meta.next_cursor,
            tuple(bytes(record) for record in self.response.results),
        )


@dataclass
class Stored(Tally):
    """What is on disk of a slice: enough to go on with its walk and to judge it."""

    first: int = 0
    last: int = 0
    most: int = 0
    cursor: str | None = "*"
    cursors: set[str] = field(default_factory=lambda: {"*"})

    def add(self, page: Page) -> None:
        """Take in the next page. Raises `CacheError` if it is not the one that follows."""
        if page.count is None or _cursor(page.request) != self.cursor:
            raise CacheError(f"page {self.pages + 1} does not follow the page before it")
        self.first = page.count if self.pages == 0 else self.first
        self.last, self.most = page.count, max(self.most, page.count)
        super().add(page)
        self.cursor = page.next_cursor
        if page.next_cursor is not None:
            self.cursors.add(page.next_cursor)

    @classmethod
    def of(cls, part: Slice) -> Stored:
        """Read a slice back. Raises `CacheError` if a page is missing, damaged, or not of the same
        walk.
        """
        stored = cls()
        numbers = part.numbers
        if numbers != list(range(1, len(numbers) + 1)):
            raise CacheError(f"{part.path}: a page is missing")
        for page in part.pages():
            stored.add(page)
        return stored


def _cursor(request: str) -> str | None:
    return parse_qs(urlsplit(request).query).get("cursor", [None])[0]


def doubt(response: Response, state: Stored, size: int) -> str:
    """Why an answer cannot be the whole truth; empty if it can.

    A page that is not full can only be the last one, and then all works that were counted must have
    been served.
    """
    results, meta = response.results, response.meta
    if meta.next_cursor is not None and (meta.next_cursor in state.cursors or not results):
        return IN_PLACE
    counted = max(state.most, meta.count)
    if len(results) < size and (
        meta.next_cursor is not None or state.works + len(results) < counted
    ):
        return "short page"
    return ""
