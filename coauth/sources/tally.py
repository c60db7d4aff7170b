"""What the pages of a slice hold, counted as they come, and what all slices of a source come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from coauth.pages import Page

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

    def join(self, other: Tally) -> None:
        """Add what was counted elsewhere."""
        self.pages += other.pages
        self.works += other.works
        self.ids |= other.ids
        self.nameless += other.nameless
        self.damaged += other.damaged
        self.cut += other.cut

    def counts(self) -> dict[str, int]:
        """As they stand in `slice.json`."""
        return {
            "stored": self.works, "distinct": self.distinct, "duplicates": self.works - self.distinct,
            "damaged": self.damaged, "authors_cut": self.cut, "pages": self.pages,
        }  # fmt: skip


def summed(slices: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """The counts of closed slices, added up."""
    there = list(slices)
    return {name: sum(int(summary[name]) for summary in there) for name in SUMMED}
