"""Sorting and cursors."""

from __future__ import annotations

import base64
import datetime as dt
import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.support.standin.fields import FIELDS, authorships, known_field, number, publication_date
from tests.support.standin.limits import LONG_MAX, LONG_MIN
from tests.support.standin.wire import Record, bad_page, bad_query


@dataclass(frozen=True)
class SortField:
    name: str
    descending: bool = False


# Mutable: citations change every night, so records can jump over a running cursor (read).
DEFAULT_SORT = (
    SortField("cited_by_percentile_year.max", True),
    SortField("cited_by_count", True),
    SortField("id"),
)
TIE_BREAK = (SortField("publication_date", True), SortField("id"))
SORT_TEXTS = ("id", "display_name")
SORT_NUMBERS = (
    "publication_date",
    "cited_by_count",
    "cited_by_percentile_year.max",
    "authors_count",
    "fwci",
    "institutions_distinct_count",
    "countries_distinct_count",
)


@functools.total_ordering
class Backwards:
    """Turns the order of texts around."""

    def __init__(self, value: str) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Backwards) and self.value == other.value

    def __lt__(self, other: Backwards) -> bool:
        return self.value > other.value

    __hash__ = None  # type: ignore[assignment]


def parse_sort(text: str, *, by_id: bool) -> tuple[SortField, ...]:
    """`name`, `name:asc` or `name:desc`, by comma; any other direction is silently dropped (read)."""
    found = []
    for part in filter(None, text.split(",")):
        name, _, direction = part.partition(":")
        name = name.replace("-", "_")
        if name == "relevance_score":
            raise bad_query(
                "Must include a search query (such as ?search=example or /filter=display_name.search:example) "
                "in order to sort by relevance_score."
            )
        if name == "publication_year":
            name = "publication_date"
        if name in ("ids.openalex", "openalex") and by_id:
            name = "id"
        elif name not in (*SORT_NUMBERS, "display_name"):
            refused = name if name in FIELDS else known_field(name).name
            raise bad_query(
                f"{refused} is not a valid field. Valid fields are: {', '.join(SORT_NUMBERS)}"
            )
        if direction in ("", "asc", "desc"):
            found.append(SortField(name, direction == "desc"))
    return tuple(found)


def sort_value(record: Record, by: SortField) -> Any:
    """The value as it stands in a cursor. Missing values go last, shown as the search engine shows
    them (guessed).
    """
    if by.name in SORT_TEXTS:
        return record.get(by.name)
    if by.name == "publication_date":
        day = publication_date(record)
        if day is not None:
            return (dt.date.fromisoformat(day) - dt.date(1970, 1, 1)).days * 86_400_000
    elif by.name == "authors_count":
        return len(authorships(record))
    else:
        value = number(by.name)(record)
        if value is not None:
            # The percentile is a float there: a real cursor reads [100.0, 1751,
            # 'https://openalex.org/W…'].
            return float(value) if by.name in ("cited_by_percentile_year.max", "fwci") else value
        if by.name in ("cited_by_percentile_year.max", "fwci"):
            return "-Infinity" if by.descending else "Infinity"
    return LONG_MIN if by.descending else LONG_MAX


def sort_key(values: Sequence[Any], sort: Sequence[SortField]) -> tuple[Any, ...]:
    """What the values of a record or a cursor are compared by."""
    parts: list[Any] = []
    for value, by in zip(values, sort, strict=True):
        if by.name in SORT_TEXTS:
            text = "" if value is None else str(value)
            parts.append((value is None, Backwards(text) if by.descending else text))
        else:
            parts.append(-float(value) if by.descending else float(value))
    return tuple(parts)


def encode_cursor(value: Any) -> str:
    """The real encoding: base64 of the JSON of the Python text of the list of sort values (read)."""
    return base64.b64encode(json.dumps(str(value)).encode()).decode()


def decode_cursor_text(cursor: str) -> str:
    if cursor == "null" or cursor.lower() == "none":
        raise bad_page("Cursor is null. Likely reached end of results.")
    try:
        return base64.b64decode(cursor).decode().replace('"', "")
    except ValueError:
        raise bad_page("Invalid cursor value") from None


def decode_cursor(cursor: str) -> list[Any]:
    """A cursor is stateless: no expiry, good for any key, bound only to the number of sort values
    (read).
    """
    text = decode_cursor_text(cursor).replace("'", '"').replace("None", "null")
    try:
        return list(json.loads(text))
    except (ValueError, TypeError):
        raise bad_page("Invalid cursor value") from None
