"""Pages -> works and what hangs on them, as harvested: nothing is rolled up or judged here.

`read` walks the stored pages and yields `Batch`es of Arrow tables, so memory stays flat however large the harvest; only
a batch holds abstracts, for `coauth.technologies` to look for phrases in. A record that is no work in scope is left out
and counted by reason in `Losses`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

import pyarrow as pa

from coauth import titles
from coauth.pages import MOST_AUTHORS, Institution, Page, Topic, Work
from coauth.queries import Scope
from coauth.tables import BOOL, DAY, FLOAT, INT, STRING, STRINGS

HARVESTED = pa.schema([
    ("work_id", STRING), ("doi", STRING), ("title", STRING), ("year", INT), ("publication_date", DAY), ("type", STRING),
    ("language", STRING), ("publisher", STRING), ("field_id", STRING), ("primary_topic_id", STRING), ("topic_score", FLOAT),
    ("n_authors", INT), ("n_authors_with_institution", INT), ("n_authors_with_string", INT), ("authors_cut", BOOL),
    ("affiliation_status", STRING), ("is_top_10_percent", BOOL), ("has_company", BOOL), ("is_retracted", BOOL),
    ("is_paratext", BOOL), ("cited_by_count", INT), ("title_key", STRING),
])  # fmt: skip
AUTHORSHIPS = pa.schema([("work_id", STRING), ("place", INT), ("institution_id", STRING)])
STRINGS_MATCHED = pa.schema([("work_id", STRING), ("institution_id", STRING), ("string", STRING)])
COUNTRIES = pa.schema([("work_id", STRING), ("country_code", STRING), ("basis", STRING)])
FOUND = pa.schema([
    ("institution_id", STRING), ("ror", STRING), ("name", STRING), ("country_code", STRING), ("type", STRING),
    ("lineage", STRINGS), ("seen", STRING),
])  # fmt: skip
TEXTS = pa.schema([
    ("work_id", STRING), ("title", STRING), ("abstract", STRING), ("topic_ids", STRINGS), ("topic_scores", pa.list_(FLOAT)),
    ("primary_topic_id", STRING), ("topic_score", FLOAT),
])  # fmt: skip


class Batch(NamedTuple):
    """Some works, in six tables. `place` numbers a work's authorships and is kept only until roll-up."""

    works: pa.Table
    authorships: pa.Table
    strings: pa.Table
    countries: pa.Table
    institutions: pa.Table
    texts: pa.Table


@dataclass
class Losses:
    """Records in, works out, and every record between by reason."""

    records: int = 0
    works: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    noted: Counter[str] = field(default_factory=Counter)
    """Works that are kept although something on the record could not be read."""

    def balance(self) -> dict[str, Any]:
        assert self.records == self.works + sum(self.dropped.values())  # noqa: S101  a bug here, never a user's fault
        return {"records": self.records, "works": self.works, "dropped": dict(sorted(self.dropped.items())),
                "noted": dict(sorted(self.noted.items()))}  # fmt: skip


def read(pages: Iterable[Page], scope: Scope, as_of: date, losses: Losses, size: int = 5_000) -> Iterator[Batch]:
    """The works in scope among the pages' records, `size` at a time.

    A work is in scope when its year is between the scope's first year and `as_of`, its type is asked for, and one of
    its institutions has a country of the scope (the institution's own, not its parent's: lineages cross borders).
    Of records that share an id the first counts.
    """
    rows = _Rows()
    seen: set[str] = set()
    for page in pages:
        for work in page.works:
            losses.records += 1
            reason = _unfit(work, scope, as_of, seen)
            if reason is not None:
                losses.dropped[reason] += 1
                continue
            losses.works += 1
            seen.add(_short(work.id))
            rows.add(work, losses.noted)
            if len(rows.works) >= size:
                yield rows.batch()
                rows = _Rows()
    yield rows.batch()


def _unfit(work: Work, scope: Scope, as_of: date, seen: set[str]) -> str | None:
    if work.damage is not None:
        return f"unreadable record: {re.sub('[0-9]+', 'N', work.damage)}"
    checks: tuple[tuple[str, Callable[[], bool]], ...] = (
        ("no OpenAlex work id", lambda: not re.fullmatch(r"(https?://openalex\.org/(works/)?)?W\d+", work.id or "")),
        ("same id as an earlier record", lambda: _short(work.id) in seen),
        ("no publication year", lambda: _year(work) is None),
        ("outside the years asked for", lambda: not scope.first_year <= (_year(work) or 0) <= as_of.year),
        ("type not asked for", lambda: work.type not in scope.types),
        ("no institution of the scope's country", lambda: not any(i.country_code in scope.countries for i in _institutions(work))),
    )
    return next((reason for reason, holds in checks if holds()), None)


def _institutions(work: Work) -> Iterator[Institution]:
    for authorship in work.authorships or ():
        if authorship:
            yield from (i for i in authorship.institutions or () if i and i.id)


class _Rows:
    """Columns in the making: one list of rows per table of a batch."""

    def __init__(self) -> None:
        self.works: list[dict[str, Any]] = []
        self.authorships: list[tuple[str, int, str]] = []
        self.strings: set[tuple[str, str, str]] = set()
        self.countries: set[tuple[str, str, str]] = set()
        self.institutions: dict[str, dict[str, Any]] = {}
        self.texts: list[dict[str, Any]] = []

    def add(self, work: Work, noted: Counter[str]) -> None:
        work_id = _short(work.id)
        authorships = [a for a in work.authorships or () if a]
        with_institution = with_string = 0
        for place, authorship in enumerate(authorships):
            ids = sorted({_short(i.id) for i in authorship.institutions or () if i and i.id})
            with_institution += bool(ids)
            self.authorships += [(work_id, place, i) for i in ids]
            strings = [a for a in authorship.affiliations or () if a and a.raw_affiliation_string]
            with_string += bool(strings)
            for affiliation in strings:
                matched = {_short(i) for i in affiliation.institution_ids or () if i}
                self.strings.update((work_id, i, affiliation.raw_affiliation_string or "") for i in matched)
            own = {i.country_code for i in authorship.institutions or () if i and i.country_code}
            self.countries.update((work_id, c, "institution") for c in own)
            self.countries.update((work_id, c, "string") for c in authorship.countries or () if c and c not in own)
        seen = f"{work.publication_date or ''} {work_id}"
        for institution in _institutions(work):
            self._found(institution, seen)
        day = _day(work)
        if work.publication_date and day is None:
            noted["publication date unreadable, year kept"] += 1
        if work.publication_year is None:
            noted["publication year taken from the date"] += 1
        if not authorships:
            noted["no authorships"] += 1
        self._work(work, work_id, day, len(authorships), with_institution, with_string)
        self._text(work, work_id)

    def _found(self, institution: Institution, seen: str) -> None:
        """Names and lineages change with ROR: the work seen last (by date, then id) speaks, whatever the order of pages."""
        key = _short(institution.id)
        known = self.institutions.get(key)
        if known is None or known["seen"] < seen:
            self.institutions[key] = {
                "institution_id": key, "ror": institution.ror, "name": institution.display_name or key,
                "country_code": institution.country_code, "type": institution.type,
                "lineage": sorted({_short(i) for i in institution.lineage or () if i} | {key}), "seen": seen,
            }  # fmt: skip

    def _work(self, work: Work, work_id: str, day: date | None, authors: int, with_institution: int, with_string: int) -> None:
        topic, source = work.primary_topic, work.primary_location.source if work.primary_location else None
        percentile = work.citation_normalized_percentile
        status = "none" if not with_institution else "complete" if with_institution == authors else "partial"
        self.works.append({
            "work_id": work_id, "doi": _doi(work.doi), "title": work.title, "year": _year(work), "publication_date": day,
            "type": work.type, "language": work.language,
            "publisher": (source.host_organization_name or source.display_name) if source else None,
            "field_id": _short(topic.field.id) if topic and topic.field and topic.field.id else None,
            "primary_topic_id": _short(topic.id) if topic and topic.id else None, "topic_score": topic.score if topic else None,
            "n_authors": authors, "n_authors_with_institution": with_institution, "n_authors_with_string": with_string,
            "authors_cut": work.authors_cut or authors == MOST_AUTHORS, "affiliation_status": status,
            "is_top_10_percent": percentile.is_in_top_10_percent if percentile else None,
            "has_company": any(i.type == "company" for i in _institutions(work)),
            "is_retracted": bool(work.is_retracted), "is_paratext": bool(work.is_paratext), "cited_by_count": work.cited_by_count,
            "title_key": titles.key(work.title),
        })  # fmt: skip

    def _text(self, work: Work, work_id: str) -> None:
        topics: dict[str, Topic] = {_short(t.id): t for t in work.topics or () if t and t.id}
        primary = work.primary_topic
        self.texts.append({
            "work_id": work_id, "title": work.title, "abstract": work.abstract, "topic_ids": list(topics),
            "topic_scores": [t.score for t in topics.values()],
            "primary_topic_id": _short(primary.id) if primary and primary.id else None,
            "topic_score": primary.score if primary else None,
        })  # fmt: skip

    def batch(self) -> Batch:
        return Batch(
            pa.Table.from_pylist(self.works, schema=HARVESTED),
            _columns(self.authorships, AUTHORSHIPS),
            _columns(sorted(self.strings), STRINGS_MATCHED),
            _columns(sorted(self.countries), COUNTRIES),
            pa.Table.from_pylist(list(self.institutions.values()), schema=FOUND),
            pa.Table.from_pylist(self.texts, schema=TEXTS),
        )


def _columns(rows: Iterable[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.Table.from_arrays([pa.array(c, t) for c, t in zip(columns, schema.types, strict=True)], schema=schema)


def _short(url: str | None) -> str:
    """`https://openalex.org/W2741809807` -> `W2741809807`; `https://openalex.org/fields/17` -> `17`."""
    return (url or "").rsplit("/", 1)[-1]


def _doi(url: str | None) -> str | None:
    return re.sub(r"^https?://(dx\.)?doi\.org/", "", url.strip().lower()) or None if url else None


def _day(work: Work) -> date | None:
    try:
        return date.fromisoformat(work.publication_date or "")
    except ValueError:
        return None


def _year(work: Work) -> int | None:
    if work.publication_year is not None:
        return work.publication_year
    day = _day(work)
    return day.year if day else None
