"""Stored pages -> works and what hangs on them, as harvested: nothing is rolled up or judged here.

`read` turns the records of some pages into a `Batch` of Arrow tables, column by column, so memory stays flat however large
the harvest and the parts of it can be read side by side. Only a batch holds abstracts, for `coauth.technologies` to look
for phrases in. A record that is no work in scope is left out and counted by reason in `Losses`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from coauth import titles
from coauth.pages import MOST_AUTHORS, Fragments, Institution, Numbers, Record
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

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


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

    def __add__(self, other: Losses) -> Losses:
        return Losses(
            self.records + other.records, self.works + other.works, self.dropped + other.dropped, self.noted + other.noted
        )

    def balance(self) -> dict[str, Any]:
        assert self.records == self.works + sum(self.dropped.values())  # noqa: S101  a bug here, never a user's fault
        return {"records": self.records, "works": self.works, "dropped": dict(sorted(self.dropped.items())),
                "noted": dict(sorted(self.noted.items()))}  # fmt: skip


def read(records: Sequence[Record], scope: Scope, as_of: date, known: Collection[str] = ()) -> tuple[Batch, Losses]:
    """The works in scope among the records.

    A work is in scope when its year is between the scope's first year and `as_of`, its type is asked for, and one of
    its institutions has a country of the scope (the institution's own, not its parent's: lineages cross borders).
    Of records that share an id the first counts; `known` are ids of works read before.
    """
    authors = _Authorships(records)
    dates = {text: _day(text) for text in {r.publication_date for r in records}}
    days = [dates[r.publication_date] for r in records]
    years = [_year(r, day) for r, day in zip(records, days, strict=True)]
    ids = [_short(r.id) for r in records]
    reasons = _reasons(records, ids, years, authors.at_home(scope), scope, as_of, known)
    fit = np.array([r is None for r in reasons], bool)
    kept = [r for r, ok in zip(records, fit, strict=True) if ok]
    losses = Losses(len(records), len(kept), Counter(r for r in reasons if r is not None))
    losses.noted += Counter({  # += leaves out what never occurred
        "publication date unreadable, year kept": sum(bool(r.publication_date) and dates[r.publication_date] is None for r in kept),
        "publication year taken from the date": sum(r.publication_year is None for r in kept),
        "no authorships": int(np.count_nonzero(authors.count[fit] == 0)),
    })  # fmt: skip
    work_ids = pa.array([i for i, ok in zip(ids, fit, strict=True) if ok], STRING)
    topics = {
        "primary_topic_id": _shortened(r.primary_topic.id or None if r.primary_topic else None for r in kept),
        "topic_score": pa.array([r.primary_topic.score if r.primary_topic else None for r in kept], FLOAT),
    }
    columns = {
        "work_id": work_ids, "year": [y for y, ok in zip(years, fit, strict=True) if ok],
        "publication_date": [d for d, ok in zip(days, fit, strict=True) if ok],
        "affiliation_status": authors.status()[fit], "n_authors": authors.count[fit],
        "n_authors_with_institution": authors.with_institution[fit], "n_authors_with_string": authors.with_string[fit],
        "has_company": authors.of_company()[fit],
    }  # fmt: skip
    return Batch(
        _table(HARVESTED, columns | topics | _told(kept)),
        authors.institutions(fit, work_ids),
        authors.strings(fit, work_ids),
        authors.countries(fit, work_ids),
        authors.found(fit, [f"{r.publication_date or ''} {i}" for r, i in zip(records, ids, strict=True)]),
        _table(TEXTS, {"work_id": work_ids, **_texts(kept), **topics}),
    ), losses


# -- which records are works in scope


def _reasons(
    records: Sequence[Record], ids: list[str], years: list[int | None], at_home: Flags, scope: Scope, as_of: date, known: Collection[str]
) -> list[str | None]:
    """For each record the first reason to leave it out, or None."""
    last, types = as_of.year, set(scope.types)
    told: list[str | None] = []
    for i, record in enumerate(records):
        year = years[i]
        if record.damage is not None:
            told.append(f"unreadable record: {re.sub('[0-9]+', 'N', record.damage)}")
        elif not _WORK_ID.fullmatch(record.id or ""):
            told.append("no OpenAlex work id")
        elif year is None:
            told.append("no publication year")
        elif not scope.first_year <= year <= last:
            told.append("outside the years asked for")
        elif record.type not in types:
            told.append("type not asked for")
        else:
            told.append(None if at_home[i] else "no institution of the scope's country")
    seen = set(known)
    for i, reason in enumerate(told):
        if ids[i] in seen and not (reason or "").startswith(("unreadable", "no OpenAlex")):
            told[i] = "same id as an earlier record"
        elif reason is None:
            seen.add(ids[i])
    return told


_WORK_ID = re.compile(r"(https?://openalex\.org/(works/)?)?W\d+")


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def _year(record: Record, day: date | None) -> int | None:
    if record.publication_year is not None:
        return record.publication_year
    return day.year if day else None


# -- what a record says of itself


def _told(kept: Sequence[Record]) -> dict[str, Any]:
    sources = [r.primary_location.source if r.primary_location else None for r in kept]
    percentiles = (r.citation_normalized_percentile for r in kept)
    fields = ((r.primary_topic.field.id or None) if r.primary_topic and r.primary_topic.field else None for r in kept)
    return {
        "doi": _dois(r.doi for r in kept), "title": [r.title for r in kept], "type": [r.type for r in kept],
        "language": [r.language for r in kept],
        "publisher": [(s.host_organization_name or s.display_name) if s else None for s in sources],
        "field_id": _shortened(fields), "is_top_10_percent": [p.is_in_top_10_percent if p else None for p in percentiles],
        "authors_cut": [r.authors_cut or len(r.authorships or ()) == MOST_AUTHORS for r in kept],
        "is_retracted": [bool(r.is_retracted) for r in kept], "is_paratext": [bool(r.is_paratext) for r in kept],
        "cited_by_count": [r.cited_by_count for r in kept], "title_key": [titles.key(r.title) for r in kept],
    }  # fmt: skip


def _texts(kept: Sequence[Record]) -> dict[str, Any]:
    scores = [{t.id: t.score for t in r.topics or () if t and t.id} for r in kept]
    ends = np.cumsum([0, *map(len, scores)])
    return {
        "title": [r.title for r in kept], "abstract": [r.abstract for r in kept],
        "topic_ids": pa.ListArray.from_arrays(pa.array(ends, pa.int32()), _shortened(chain.from_iterable(scores))),
        "topic_scores": [list(s.values()) for s in scores],
    }  # fmt: skip


# -- what its authorships say


class _Authorships:
    """The authorships of some records, one after the other; what holds for a list of institutions is worked out once."""

    def __init__(self, records: Sequence[Record]) -> None:
        own = [r.authorships or () for r in records]
        self.authorships = list(chain.from_iterable(own))
        self.count = np.array(list(map(len, own)), np.int64)
        self.record = np.repeat(np.arange(len(records)), self.count)
        numbered = Fragments(list[Institution | None] | None)
        self.list = numbered.of([a.institutions for a in self.authorships])
        self.lists: list[list[Institution]] = [[i for i in part or () if i] for part in numbered.values()]
        affiliations = [a.affiliations or () for a in self.authorships]
        self.affiliations = list(chain.from_iterable(affiliations))
        self.affiliated = np.repeat(np.arange(len(self.authorships)), np.array(list(map(len, affiliations)), np.int64))
        self.said = np.array([bool(a.raw_affiliation_string) for a in self.affiliations], bool)
        self.with_institution = self._records_with([any(i.id for i in part) for part in self.lists])
        self.with_string = np.bincount(self.record[np.unique(self.affiliated[self.said])], minlength=len(own))

    def _records_with(self, of_list: Sequence[bool]) -> Integers:
        """How many authorships of each record have a list for which this holds."""
        holds = np.array(of_list, bool)[self.list]
        return np.bincount(self.record[holds], minlength=len(self.count))

    def at_home(self, scope: Scope) -> Flags:
        home = set(scope.countries)
        return self._records_with([any(i.id and i.country_code in home for i in part) for part in self.lists]) > 0

    def of_company(self) -> Flags:
        return self._records_with([any(i.id and i.type == "company" for i in part) for part in self.lists]) > 0

    def status(self) -> NDArray[np.str_]:
        complete = self.with_institution == self.count
        return np.where(self.with_institution == 0, "none", np.where(complete, "complete", "partial"))

    def institutions(self, fit: Flags, work_ids: pa.Array) -> pa.Table:
        """AUTHORSHIPS: each institution once on an authorship."""
        names, lists = _Lists.of([sorted({_short(i.id) for i in part if i.id}) for part in self.lists])
        here = np.flatnonzero(fit[self.record])
        at, name = lists.spread(self.list[here])
        place = np.arange(len(self.record)) - (np.cumsum(self.count) - self.count)[self.record]
        return _table(AUTHORSHIPS, {
            "work_id": work_ids.take(pa.array(_renumbered(fit)[self.record[here[at]]])), "place": place[here[at]],
            "institution_id": pa.array(names, STRING).take(pa.array(name)),
        })  # fmt: skip

    def strings(self, fit: Flags, work_ids: pa.Array) -> pa.Table:
        """STRINGS_MATCHED: each string of a work once with each institution matched to it."""
        record = self.record[self.affiliated]
        here = np.flatnonzero(fit[record] & self.said)
        affiliations = [self.affiliations[i] for i in here]
        numbered, different = Fragments(list[str | None] | None), Numbers()
        list_ = numbered.of([a.institution_ids for a in affiliations])
        string = different.of([a.raw_affiliation_string for a in affiliations])
        names, lists = _Lists.of([sorted({_short(i) for i in part or () if i}) for part in numbered.values()])
        at, name = lists.spread(list_)
        work, name, string = _distinct(_renumbered(fit)[record[here[at]]], name, string[at])
        return _table(STRINGS_MATCHED, {
            "work_id": work_ids.take(pa.array(work)), "institution_id": pa.array(names, STRING).take(pa.array(name)),
            "string": pa.array(list(different), STRING).take(pa.array(string)),
        })  # fmt: skip

    def countries(self, fit: Flags, work_ids: pa.Array) -> pa.Table:
        """COUNTRIES: of matched institutions, and those that OpenAlex read from the strings of an authorship beside them."""
        here = np.flatnonzero(fit[self.record])
        numbered = Fragments(list[str | None] | None)
        list_ = numbered.of([self.authorships[i].countries for i in here])
        of_institutions = [[i.country_code for i in part if i.country_code] for part in self.lists]
        told = [[c for c in part or () if c] for part in numbered.values()]
        codes, lists = _Lists.of([*of_institutions, *told])
        own = np.stack(lists.spread(self.list[here]))
        read = np.stack(lists.spread(list_ + len(of_institutions)))
        read = read[:, ~np.isin(*(at * len(codes) + code for at, code in (read, own)))]
        at, code = np.hstack([own, read])
        work, code, basis = _distinct(_renumbered(fit)[self.record[here[at]]], code, np.arange(len(at)) >= own.shape[1])
        return _table(COUNTRIES, {
            "work_id": work_ids.take(pa.array(work)), "country_code": pa.array(codes, STRING).take(pa.array(code)),
            "basis": np.where(basis, "string", "institution"),
        })  # fmt: skip

    def found(self, fit: Flags, seen: list[str]) -> pa.Table:
        """FOUND: names and lineages change with ROR; the work seen last (by date, then id) speaks, whatever the order of pages."""
        order = np.argsort(np.array(seen), kind="stable")
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        here = fit[self.record]
        latest = np.full(len(self.lists), -1)
        np.maximum.at(latest, self.list[here], rank[self.record[here]])
        newest: dict[str, tuple[int, Institution]] = {}
        for when, part in zip(latest.tolist(), self.lists, strict=True):
            for institution in part if when >= 0 else ():
                if institution.id and ((known := newest.get(institution.id)) is None or known[0] < when):
                    newest[institution.id] = when, institution
        rows = [(_short(key), when, i) for key, (when, i) in sorted(newest.items())]
        lineages = [sorted({_short(above) for above in i.lineage or () if above} | {key}) for key, _, i in rows]
        return _table(FOUND, {
            "institution_id": [key for key, *_ in rows], "ror": [i.ror for *_, i in rows],
            "name": [i.display_name or key for key, _, i in rows], "country_code": [i.country_code for *_, i in rows],
            "type": [i.type for *_, i in rows], "lineage": lineages, "seen": [seen[order[when]] for _, when, _ in rows],
        })  # fmt: skip


def _renumbered(fit: Flags) -> Integers:
    """Where a record that fits stands among those that do."""
    return np.cumsum(fit) - 1


class _Lists(NamedTuple):
    """Lists of numbers, one after the other."""

    lengths: Integers
    members: Integers

    @classmethod
    def of(cls, parts: Sequence[Sequence[Any]]) -> tuple[list[Any], _Lists]:
        """The different members of the parts, sorted, and the parts by their numbers."""
        flat = list(chain.from_iterable(parts))
        different = sorted(set(flat))
        numbers = {member: n for n, member in enumerate(different)}
        lengths = np.array(list(map(len, parts)), np.int64)
        return different, cls(lengths, np.array(list(map(numbers.__getitem__, flat)), np.int64))

    def spread(self, numbers: Integers) -> tuple[Integers, Integers]:
        """Where lists stand, by number -> one row for each member: (where its list stood, the member).

        >>> at, member = _Lists(np.array([1, 2]), np.array([7, 8, 9])).spread(np.array([1, 0, 1]))
        >>> at.tolist(), member.tolist()
        ([0, 0, 1, 2, 2], [8, 9, 7, 8, 9])
        """
        length = self.lengths[numbers]
        at = np.repeat(np.arange(len(numbers)), length)
        start = (np.cumsum(self.lengths) - self.lengths)[numbers]
        within = np.arange(len(at)) - (np.cumsum(length) - length)[at]
        return at, self.members[start[at] + within]


def _distinct(*columns: Integers) -> tuple[Integers, ...]:
    """The different rows, sorted."""
    key = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        key = key * (column.max(initial=0) + 1) + column
    first = np.unique(key, return_index=True)[1]
    return tuple(column[first] for column in columns)


def _table(schema: pa.Schema, columns: dict[str, Any]) -> pa.Table:
    arrays = [c if isinstance(c, pa.Array) else pa.array(c, t) for c, t in ((columns[f.name], f.type) for f in schema)]
    return pa.Table.from_arrays([a.cast(t) for a, t in zip(arrays, schema.types, strict=True)], schema=schema)


def _short(url: str | None) -> str:
    """`https://openalex.org/W2741809807` -> `W2741809807`; `https://openalex.org/fields/17` -> `17`."""
    return (url or "").rsplit("/", 1)[-1]


def _shortened(urls: Iterable[str | None]) -> pa.Array:
    """`_short` of each, null where it is null."""
    return pc.replace_substring_regex(pa.array(list(urls), STRING), r"(?s)^.*/", "")


def _dois(urls: Iterable[str | None]) -> pa.Array:
    """DOIs without resolver, in lower case; null where there is none.

    >>> _dois(["https://doi.org/10.1/ABC ", "", None]).to_pylist()
    ['10.1/abc', None, None]
    """
    bare = pc.replace_substring_regex(pc.utf8_lower(pc.utf8_trim_whitespace(pa.array(list(urls), STRING))), r"^https?://(dx\.)?doi\.org/", "")
    return pc.if_else(pc.equal(bare, ""), None, bare)
