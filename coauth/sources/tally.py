"""What the pages of a slice hold, counted as they come, and what all slices of a source come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from coauth.openalex import Page

SUMMED = ("expected", "stored", "distinct", "duplicates", "damaged", "authors_cut")


@dataclass
class Tally:
    """Counts of the pages added so far."""

    pages: int = 0
    works: int = 0
    ids: set[str] = field(default_factory=set)
    nameless: int = 0
    damaged: int = 0
    cut: int = 0
    updated: set[str] = field(default_factory=set)
    """Of the days on which OpenAlex updated the records the first and the last."""
    undated: int = 0
    """Records that do not say when they were updated."""

    @property
    def distinct(self) -> int:
        """Works, each once. A record whose id cannot be read was counted by OpenAlex and is by us."""
        return len(self.ids) + self.nameless

    def add(self, page: Page) -> None:
        self.pages += 1
        self.works += len(page.works)
        for work in page.works:
            self.nameless += work.id is None
            self.damaged += work.damage is not None
            self.cut += work.authors_cut
            if work.id is not None:
                self.ids.add(work.id)
        days = [_day(work.updated_date) for work in page.works if work.damage is None]
        self.undated += days.count(None)
        self._span(day for day in days if day)

    def _span(self, days: Iterable[str]) -> None:
        both = self.updated.union(days)
        self.updated = {min(both), max(both)} if both else set()

    def join(self, other: Tally) -> None:
        """Add what was counted elsewhere."""
        self.pages += other.pages
        self.works += other.works
        self.ids |= other.ids
        self.nameless += other.nameless
        self.damaged += other.damaged
        self.cut += other.cut
        self.undated += other.undated
        self._span(other.updated)

    def counts(self) -> dict[str, int]:
        """As they stand in `slice.json`."""
        return {
            "stored": self.works,
            "distinct": self.distinct,
            "duplicates": self.works - self.distinct,
            "damaged": self.damaged,
            "authors_cut": self.cut,
            "pages": self.pages,
        }

    def days(self) -> dict[str, Any]:
        """Of records whose day of fetching is not known: when OpenAlex updated the first and the
        last of them.
        """
        return {
            "updated": [min(self.updated), max(self.updated)] if self.updated else [],
            "undated": self.undated,
        }


def _day(updated: str | None) -> str | None:
    """
    >>> _day("2026-05-03T12:00:00.123456"), _day("never"), _day(None)
    ('2026-05-03', None, None)
    """
    try:
        return date.fromisoformat((updated or "")[:10]).isoformat()
    except ValueError:
        return None


def updated(slices: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """`Tally.days` of closed slices together; one of a coauth that did not count them may hold
    records of any day.
    """
    there = list(slices)
    days = [day for summary in there for day in summary.get("updated", ())]
    undated = sum(int(summary.get("undated", summary["stored"])) for summary in there)
    return {"updated": [min(days), max(days)] if days else [], "undated": undated}


def summed(slices: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """The counts of closed slices, added up."""
    there = list(slices)
    return {name: sum(int(summary[name]) for summary in there) for name in SUMMED}
