"""The works, and what is found among them."""

from __future__ import annotations

import bisect
import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.support.standin.fields import (
    Column,
    Field,
    authorships,
    bare,
    last_part,
    publication_date,
)
from tests.support.standin.filters import date_value, filter_test, parse_filter
from tests.support.standin.limits import LISTED_AUTHORS
from tests.support.standin.sorting import SortField, sort_key, sort_value
from tests.support.standin.wire import Record, json_bytes


@dataclass(frozen=True)
class Sorted:
    """The answer to a filter and a sort: places of the records, with the keys that order them."""

    keys: list[tuple[Any, ...]]
    places: list[int]


class Catalogue:
    """The works, indexed for filters, sorts and quick serving. Knows nothing of HTTP."""

    def __init__(self, records: Iterable[Record]) -> None:
        self.records = list(records)
        self._by_id = {
            last_part(one["id"]): place for place, one in enumerate(self.records) if one.get("id")
        }
        self._by_doi = {
            bare(one["doi"]): place for place, one in enumerate(self.records) if one.get("doi")
        }
        dated = sorted(
            (day, place) for place, one in enumerate(self.records) if (day := publication_date(one))
        )
        self._dates = [day for day, _ in dated]
        self._dated = [place for _, place in dated]
        self._columns: dict[Column, list[Any]] = {}
        self._names: dict[str, str] | None = None
        # One cache per catalogue: a cache on the class would keep every catalogue of the test run
        # alive.
        self.sorted = functools.lru_cache(maxsize=256)(self._sorted)
        self.matching = functools.lru_cache(maxsize=256)(self._matching)
        self.listed_bytes = functools.lru_cache(maxsize=65_536)(self._listed_bytes)

    def find(self, name: str) -> Record | None:
        """A work by OpenAlex id or DOI, in any of the usual spellings."""
        place = self._by_doi.get(bare(name)) if "10." in name else self._by_id.get(last_part(name))
        return None if place is None else self.records[place]

    def column(self, read: Column) -> list[Any]:
        if read not in self._columns:
            self._columns[read] = [read(record) for record in self.records]
        return self._columns[read]

    def _dated_between(
        self, wanted: list[tuple[Field, str]]
    ) -> tuple[Iterable[int], list[tuple[Field, str]]]:
        """Narrow by the date limits with the index; the other filters are left to be tested one by
        one.
        """
        low, high, rest = "", "9999-12-31", []
        for one, value in wanted:
            if one.name == "from_publication_date" and value[:1] not in "<>!n" and "|" not in value:
                low = max(low, date_value(one, value))
            elif one.name == "to_publication_date" and value[:1] not in "<>!n" and "|" not in value:
                high = min(high, date_value(one, value))
            else:
                rest.append((one, value))
        if len(rest) == len(wanted):
            return range(len(self.records)), wanted
        return self._dated[
            bisect.bisect_left(self._dates, low) : bisect.bisect_right(self._dates, high)
        ], rest

    def _matching(self, text: str) -> list[int]:
        places, rest = self._dated_between(parse_filter(text))
        for one, value in rest:
            column, test = self.column(one.column), filter_test(one, value)
            places = [place for place in places if test(column[place])]
        return list(places)

    def _sorted(self, text: str, sort: tuple[SortField, ...]) -> Sorted:
        keyed = [
            (sort_key(self.sort_values(place, sort), sort), place) for place in self.matching(text)
        ]
        keyed.sort()
        return Sorted([key for key, _ in keyed], [place for _, place in keyed])

    def sort_values(self, place: int, sort: Sequence[SortField]) -> list[Any]:
        return [sort_value(self.records[place], by) for by in sort]

    def _listed_bytes(self, place: int, select: tuple[str, ...]) -> bytes:
        """A record as lists show it: the first hundred authors, missing attributes left out (read)."""
        record = self.records[place]
        if len(authorships(record)) > LISTED_AUTHORS:
            record = {**record, "authorships": authorships(record)[:LISTED_AUTHORS]}
        return json_bytes(shown(record, select))

    def display_name(self, identifier: str) -> str | None:
        if self._names is None:
            self._names = dict(self._named())
        return self._names.get(identifier)

    def _named(self) -> Iterable[tuple[str, str]]:
        for record in self.records:
            for one in authorships(record):
                for thing in (*(one.get("institutions") or []), one.get("author") or {}):
                    yield str(thing.get("id")), thing.get("display_name")
            for topic in record.get("topics") or []:
                for thing in (
                    topic,
                    *(topic.get(level) or {} for level in ("subfield", "field", "domain")),
                ):
                    yield str(thing.get("id")), thing.get("display_name")


def shown(record: Record, select: tuple[str, ...]) -> Record:
    """What a client gets of a record. `authors_count` can be filtered by but is never shown (read)."""
    names = select or record.keys()
    return {name: record[name] for name in names if name in record and name != "authors_count"}
