"""One work of the sample world, between plan and record."""

import datetime
from dataclasses import dataclass, field

MARK = "SYNTHETIC SAMPLE"
"""Every title begins with it; this is how every later stage, and every reader, knows."""

COMPLETE, BARE, STRING = 0, 1, 2
"""What a record shows of a seat: all of it; nothing but the author; the affiliation string and its
country, unmatched.
"""


@dataclass(slots=True)
class Work:
    """One work as it truly is, and what its record will lack.

    `role` says why it exists: "background", "miit", a consortium, or the role of an effect.
    """

    number: int
    original: int
    """Own number, or that of the work this one is a copy of."""
    year: int
    role: str
    foreign: bool
    publisher: int
    source: int
    authors: int
    topics: tuple[int, ...]
    """Rows of the topics table, primary first."""
    type: str
    date: datetime.date
    retracted: bool
    shows_topics: bool
    has_abstract: bool
    has_phrase: bool
    """The abstract, or the title, holds a phrase of the critical technology that the topic belongs
    to.
    """
    title: str = ""
    doi: str | None = None
    solo: bool = False
    """Comes from one institution alone."""
    danish: list[int] = field(default_factory=list)
    countries: list[str] = field(default_factory=list)
    """Partner countries in which an institution is still to be chosen."""
    abroad: list[int] = field(default_factory=list)
    own_seats: int = 1
    """Authors of the planted institution."""
    seats: list[tuple[int, ...]] = field(default_factory=list)
    """Institutions (by index in the atlas) of each author, in byline order."""
    fate: list[int] = field(default_factory=list)
    """KEPT, BARE or STRING, seat by seat."""

    @property
    def id(self) -> str:
        return f"https://openalex.org/W99{self.number:08d}"
