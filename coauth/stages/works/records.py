"""What records say of themselves, their authorships apart, as columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

import pyarrow as pa

from coauth.openalex import Outline, Record, titles
from coauth.stages.works.batch import short
from coauth.tables.contract import BOOL, DAY, FLOAT, INT, STRING, STRINGS

_known = lru_cache(50_000)
"""For what every thousandth record says again: days, topics, fields."""

RECORD_COLUMNS = pa.schema(
    [
        ("work_id", STRING),
        ("doi", STRING),
        ("title", STRING),
        ("year", INT),
        ("publication_date", DAY),
        ("type", STRING),
        ("language", STRING),
        ("publisher", STRING),
        ("field_id", STRING),
        ("primary_topic_id", STRING),
        ("topic_score", FLOAT),
        ("authors_cut", BOOL),
        ("is_top_10_percent", BOOL),
        ("is_retracted", BOOL),
        ("is_paratext", BOOL),
        ("cited_by_count", INT),
        ("title_key", STRING),
        ("abstract", STRING),
        ("topic_ids", STRINGS),
        ("topic_scores", pa.list_(FLOAT)),
    ]
)


def columns(records: Sequence[Record]) -> dict[str, pa.Array]:
    """RECORD_COLUMNS of these records, cleaned: short ids, a DOI without its resolver, a day instead
    of a text; topics as two lists.
    """
    said = _words(records) | _facts(records) | _topics(records)
    return {field.name: pa.array(said[field.name], field.type) for field in RECORD_COLUMNS}


def _words(records: Sequence[Record]) -> dict[str, list[Any]]:
    sources = [r.primary_location.source if r.primary_location else None for r in records]
    return {
        "work_id": [short(r.id) for r in records],
        "doi": [_doi(r.doi) if r.doi else None for r in records],
        "title": [r.title for r in records],
        "type": [r.type for r in records],
        "language": [r.language for r in records],
        "publisher": [(s.host_organization_name or s.display_name) if s else None for s in sources],
        "title_key": [titles.key(r.title) for r in records],
        "abstract": [r.abstract for r in records],
    }


def _facts(records: Sequence[Record]) -> dict[str, list[Any]]:
    ranked = [r.citation_normalized_percentile for r in records]
    return {
        "year": [year(r) for r in records],
        "publication_date": [day(r.publication_date) for r in records],
        "authors_cut": [r.authors_cut for r in records],
        "is_top_10_percent": [p.is_in_top_10_percent if p else None for p in ranked],
        "is_retracted": [bool(r.is_retracted) for r in records],
        "is_paratext": [bool(r.is_paratext) for r in records],
        "cited_by_count": [r.cited_by_count for r in records],
    }


def _topics(records: Sequence[Record]) -> dict[str, list[Any]]:
    primary = [r.primary_topic for r in records]
    fields = [t.field.id if t and t.field else None for t in primary]
    topics = [[t for t in r.topics or () if t and t.id] for r in records]
    return {
        "field_id": [_short(f) if f else None for f in fields],
        "primary_topic_id": [_short(t.id) if t and t.id else None for t in primary],
        "topic_score": [t.score if t else None for t in primary],
        "topic_ids": [[_short(t.id) for t in several] for several in topics],
        "topic_scores": [[t.score for t in several] for several in topics],
    }


def year(record: Outline) -> int | None:
    """The year it gives, or else that of its date, which may be no more than a year or month."""
    if record.publication_year is not None:
        return record.publication_year
    dated = re.match(r"(\d{4})(?:-|$)", record.publication_date or "")
    return int(dated[1]) or None if dated else None


@_known
def day(text: str | None) -> date | None:
    """Of a date, or of a moment (records of 2025 have `2018-05-09T00:00:00`)."""
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        return None


_short = _known(short)


def _doi(url: str) -> str | None:
    """A DOI without resolver, in lower case.

    >>> _doi("https://doi.org/10.1/ABC "), _doi("http://dx.doi.org/10.1/ABC"), _doi("doi:10.1/abc"), _doi("none")
    ('10.1/abc', '10.1/abc', '10.1/abc', None)
    >>> _doi("https://doi.org//10.2139%2Fssrn.1"), _doi("info:doi/10.1/a"), _doi("<urn:doi:10.1/a>")
    ('10.2139/ssrn.1', '10.1/a', '10.1/a')
    """
    bare = (
        url.strip().lower().removeprefix("https://doi.org/")
    )  # nearly all begin so, and a pattern takes five times as long
    if bare.startswith("10.") and "/" in bare:
        return bare
    within = _DOI.search(unquote(bare) if "%2f" in bare else bare.replace("\\/", "/"))
    return within[1] if within else None


_DOI = re.compile(r"(?:^|[^\w.])(10\.\d[\w.]*/[^\s<>\"]+)")
