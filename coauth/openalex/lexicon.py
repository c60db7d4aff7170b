"""The words of a work's authors, and which of them name one person together."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation

from coauth.openalex.ordinary import PARTICLES
from coauth.openalex.persons import Reading, names_alone

_NFA = Implementation.ContiguousNFA  # built in half the time of the default, for each work


class Word(NamedTuple):
    """A part of an author's name where it stands in a text."""

    start: int
    end: int
    word: str
    core: int
    """Where it begins without its particles: Berg in van der Berg."""


class Lexicon:
    """What the readings of all names of a work hold, for all questions that a text puts."""

    def __init__(self, readings: set[Reading]) -> None:
        self.words = words = set(chain.from_iterable(r.words for r in readings))
        apart = set(chain.from_iterable(r.apart for r in readings))
        self.surnames = set(chain.from_iterable(r.surnames for r in readings))
        self.unspelled = set(chain.from_iterable(r.unspelled for r in readings))
        self.alone = set(filter(names_alone, self.surnames))
        """Surnames that name a person wherever they stand."""
        self.houses: set[str] = set()
        """Words that institutions of the work are called by too."""
        self.initials: dict[str, set[str]] = {}
        """Word -> the initials of the other parts of each name that it is in."""
        for word, initials in chain.from_iterable(r.initials for r in readings):
            self.initials.setdefault(word, set()).add(initials)
        self._pairs = set(chain.from_iterable(r.pairs for r in readings))
        self._sought = [*words, *(word for _, word in apart)]
        self.has_particles = not PARTICLES.isdisjoint(words)
        sought = [*words, *(spelling for spelling, _ in apart)]
        self._search = (
            AhoCorasick(sought, implementation=_NFA).find_matches_as_indexes if sought else None
        )

    def spare(self, words: Iterable[str]) -> None:
        """Surnames that institutions are called by name nobody when they stand alone."""
        self.houses.update(words)
        self.alone -= self.houses

    def hits(self, plain: str) -> list[Word]:
        """Each word in a text of plain letters, those within others too."""
        if self._search is None or not (matches := self._search(plain, overlapping=True)):
            return []
        return [Word(start, end, self._sought[i], start) for i, start, end in matches]

    def holds(self, word: str) -> bool:
        """Whether the text as a whole is a word of an author."""
        return word in self.words

    def paired(self, first: str, second: str) -> bool:
        """Whether two words name an author next to each other, in either order."""
        return (first, second) in self._pairs or (second, first) in self._pairs

    def joined(self, first: str, second: str) -> bool:
        """Whether two words may be glued to each other: vanderBerg."""
        return self.paired(first, second) or (first in PARTICLES and second in PARTICLES)

    def compatible(self, word: str, initials: str) -> bool:
        """Whether initials are the author's, middle ones that the record does not give included."""
        others = self.initials.get(word, ())
        return any(
            initials in other
            if len(initials) == 1
            else other.startswith(initials) or initials.startswith(other)
            for other in others
        )
