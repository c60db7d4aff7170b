"""What a record says of itself, its authorships apart: one row, so that the record need not be kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

import pyarrow as pa

from coauth.pages import MOST_AUTHORS, Record
from coauth.tables import BOOL, DAY, FLOAT, INT, STRING, STRINGS
from coauth.texts import titles
from coauth.works.batch import short, table

_known = lru_cache(50_000)
"""For what every thousandth record says again: days, topics, fields."""


class Told(NamedTuple):
    """One record, cleaned: short ids, a DOI without its resolver, a day instead of a text."""

    damage: str | None
    id: str | None
    work_id: str
    doi: str | None
    title: str | None
    publication_year: int | None
    dated: str | None
    publication_date: date | None
    type: str | None
    language: str | None
    publisher: str | None
    field_id: str | None
    primary_topic_id: str | None
    topic_score: float | None
    authors_cut: bool
    is_top_10_percent: bool | None
    is_retracted: bool
    is_paratext: bool
    cited_by_count: int | None
    title_key: str | None
    n_authors: int
    abstract: str | None
    topics: dict[str, float | None]

    @property
    def year(self) -> int | None:
        """The year it gives, or else that of its date."""
        if self.publication_year is not None:
            return self.publication_year
        return self.publication_date.year if self.publication_date else None


def told(r: Record) -> Told:
    topic = r.primary_topic
    field = topic.field.id if topic and topic.field else None
    source = r.primary_location.source if r.primary_location else None
    percentile = r.citation_normalized_percentile
    return Told(
        r.damage, r.id, short(r.id), _doi(r.doi) if r.doi else None, r.title, r.publication_year, r.publication_date,
        _day(r.publication_date), r.type, r.language, (source.host_organization_name or source.display_name) if source else None,
        _short(field) if field else None, _short(topic.id) if topic and topic.id else None, topic.score if topic else None,
        r.authors_cut or len(r.authorships or ()) == MOST_AUTHORS, percentile.is_in_top_10_percent if percentile else None,
        bool(r.is_retracted), bool(r.is_paratext), r.cited_by_count, titles.key(r.title), len(r.authorships or ()), r.abstract,
        {_short(t.id): t.score for t in r.topics or () if t and t.id},
    )  # fmt: skip


SAID = pa.schema([
    ("work_id", STRING), ("doi", STRING), ("title", STRING), ("year", INT), ("publication_date", DAY), ("type", STRING), ("language", STRING),
    ("publisher", STRING), ("field_id", STRING), ("primary_topic_id", STRING), ("topic_score", FLOAT), ("authors_cut", BOOL),
    ("is_top_10_percent", BOOL), ("is_retracted", BOOL), ("is_paratext", BOOL), ("cited_by_count", INT), ("title_key", STRING), ("n_authors", INT),
    ("abstract", STRING), ("topic_ids", STRINGS), ("topic_scores", pa.list_(FLOAT)),
])  # fmt: skip


def columns(rows: Sequence[Told]) -> pa.Table:
    """SAID of these records; topics as two lists."""
    by_name: dict[str, Any] = dict(zip(Told._fields, zip(*rows, strict=True) if rows else [()] * len(Told._fields), strict=True))
    topics = by_name["topics"]
    return table(SAID, by_name | {"year": [r.year for r in rows], "topic_ids": list(map(list, topics)), "topic_scores": [list(t.values()) for t in topics]})


@_known
def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


_short = _known(short)


def _doi(url: str) -> str | None:
    """A DOI without resolver, in lower case.

    >>> _doi("https://doi.org/10.1/ABC "), _doi("http://dx.doi.org/10.1/ABC"), _doi(" ")
    ('10.1/abc', '10.1/abc', None)
    """
    bare = url.strip().lower().removeprefix("https://doi.org/")  # nearly all begin so, and a pattern takes five times as long
    return (_RESOLVER.sub("", bare) if bare.startswith("http") else bare) or None


_RESOLVER = re.compile(r"^https?://(dx\.)?doi\.org/")
