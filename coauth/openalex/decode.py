"""A stored page read again: typed, and no more of it than the tables need.

OpenAlex repeats itself: a few thousand lists of institutions stand on millions of authorships. Such
pieces are not decoded where they stand; `Fragments` numbers the different ones and decodes each
once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from coauth.errors import CacheError
from coauth.openalex.canonical import Score
from coauth.openalex.files import unpacked

_NOTHING = msgspec.Raw(b"null")
Stored = TypeVar("Stored", bound="Outline")
Placed = TypeVar("Placed", bound="Position")


class _Id(msgspec.Struct, gc=False):
    id: str | None = None


class _Percentile(msgspec.Struct, gc=False):
    is_in_top_10_percent: bool | None = None


class _Source(msgspec.Struct, gc=False):
    display_name: str | None = None
    host_organization_name: str | None = None


class _Topic(msgspec.Struct, gc=False):
    id: str | None = None
    score: Score | None = None
    field: _Id | None = None


class _Location(msgspec.Struct, gc=False):
    source: _Source | None = None


class Affiliation(msgspec.Struct, gc=False):
    raw_affiliation_string: str | None = None
    institution_ids: msgspec.Raw = _NOTHING


class Position(msgspec.Struct, gc=False):
    """One author's place, its lists still undecoded: no more of it than a network needs."""

    institutions: msgspec.Raw = _NOTHING


class Authorship(Position, gc=False):
    """One author's place, its lists still undecoded."""

    countries: msgspec.Raw = _NOTHING
    affiliations: list[Affiliation] | None = None


class Outline(msgspec.Struct, gc=False):
    """One stored work, and no more of it than a network needs: in half the time."""

    id: str | None = None
    title: str | None = None
    publication_year: int | None = None
    publication_date: str | None = None
    type: str | None = None
    is_retracted: bool | None = None
    is_paratext: bool | None = None
    updated_date: str | None = None
    authorships: Sequence[Position] | None = None
    noted: list[str] | None = None
    damage: str | None = None


class Record(Outline, gc=False):
    """One stored work, as `coauth.stages.works` reads it for the tables."""

    doi: str | None = None
    language: str | None = None
    primary_topic: _Topic | None = None
    topics: list[_Topic | None] | None = None
    cited_by_count: int | None = None
    citation_normalized_percentile: _Percentile | None = None
    primary_location: _Location | None = None
    authorships: Sequence[Authorship] | None = None
    abstract: str | None = None
    authors_cut: bool = False


class _Page(msgspec.Struct, Generic[Stored], gc=False):
    works: list[Stored]


_records, _outlines = msgspec.json.Decoder(_Page[Record]), msgspec.json.Decoder(_Page[Outline])


def records(data: bytes, where: Any) -> list[Record]:
    """The works in a page file's bytes; raises `CacheError` naming the file if it is cut or edited."""
    return unpacked(data, _records, where).works


def outlines(data: bytes, where: Any) -> list[Outline]:
    """The same, as a network needs them."""
    return unpacked(data, _outlines, where).works


class Numbers(dict[Any, int]):
    """Numbers the different things it is shown.

    >>> letters = Numbers()
    >>> letters.of("abca").tolist(), list(letters)
    ([0, 1, 2, 0], ['a', 'b', 'c'])
    """

    def __missing__(self, key: Any) -> int:
        self[key] = number = len(self)
        return number

    def of(self, things: Iterable[Any]) -> NDArray[np.int64]:
        return np.array(list(map(self.__getitem__, things)), np.int64)


class Fragments(dict[bytes, int]):
    """Numbers the different pieces of JSON it is shown; what is made of each, once, stands in
    `made` at its number.

    >>> lists = Fragments(lambda codes: tuple(codes or ()), list[str] | None)
    >>> list(lists.numbers([msgspec.Raw(b'["DK"]'), msgspec.Raw(b"null"), msgspec.Raw(b'["DK"]')])), lists.made
    ([0, 1, 0], [('DK',), ()])
    """

    def __init__(self, make: Callable[[Any], Any], kind: Any) -> None:
        super().__init__()
        self._make, self._decode = make, msgspec.json.Decoder(kind).decode
        self.made: list[Any] = []

    def __missing__(self, piece: bytes) -> int:
        try:
            told = self._decode(piece)
        except (msgspec.DecodeError, UnicodeDecodeError) as fault:
            raise CacheError(
                f"a page was changed since it was stored ({fault}); run `coauth status --verify` to see which"
            ) from fault
        self.made.append(self._make(told))
        self[piece] = number = len(self.made) - 1
        return number

    def numbers(self, pieces: Iterable[msgspec.Raw]) -> Iterator[int]:
        return map(self.__getitem__, map(bytes, pieces))

    def clear(self) -> None:
        super().clear()
        self.made.clear()
