"""Stored pages -> works and what hangs on them, as harvested: nothing is rolled up or judged here.

A `Reader` turns the records of some pages into a `Batch` of Arrow tables. Pages are gone through
one at a time and a record is let go as soon as it was gone through, so memory stays flat, and small
enough for a processor's cache, however large the harvest; the parts of it can be read side by side.
Only a batch holds abstracts, for `coauth.stages.technologies` to look for phrases in. A record that is no
work in scope is left out and counted by reason in `Losses`.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from itertools import compress
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from coauth.openalex import MOST_AUTHORS, Outline, Record, Stored
from coauth.queries import Scope
from coauth.stages.works import newest
from coauth.stages.works.affiliations import Countries
from coauth.stages.works.authorships import Authorships, Flags, Lists
from coauth.stages.works.batch import (
    AUTHORSHIPS,
    COUNTRIES,
    HARVESTED,
    INSTITUTION_RECORDS,
    STRINGS_MATCHED,
    TEXTS,
    Addresses,
    Batch,
    Links,
    short,
    table,
)
from coauth.stages.works.losses import ABROAD, NOWHERE, Losses, examples, noted, reasons
from coauth.stages.works.newest import Claim
from coauth.stages.works.records import columns, year
from coauth.stages.works.strings import Strings
from coauth.tables.contract import BOOL, INT, STRING

__all__ = [
    "AUTHORSHIPS",
    "COUNTRIES",
    "HARVESTED",
    "INSTITUTION_RECORDS",
    "STRINGS_MATCHED",
    "TEXTS",
    "Addresses",
    "Batch",
    "Claim",
    "Links",
    "Losses",
    "Reader",
    "newest",
    "read",
]


_NOWHERE: Mapping[str, Claim] = {}


class Reader:
    """Reads one batch after another; what it remembers of those before makes it faster, and changes
    nothing.
    """

    def __init__(self, scope: Scope, as_of: date) -> None:
        self._scope, self._as_of = scope, as_of
        self._lists = Lists(scope)

    def read(
        self, pages: Iterable[Sequence[Record]], elsewhere: Mapping[str, Claim] = _NOWHERE
    ) -> tuple[Batch, Losses, pa.Table]:
        """The works in scope among the records of the pages, and what stands behind each id
        (`newest.CLAIMS`).

        A work is in scope when its year is between the scope's first year and `as_of`, its type is
        asked for, and one of its institutions has a country of the scope (the institution's own,
        not its parent's: lineages cross borders). Of records that share an id the newest counts
        (`coauth.stages.works.newest`), unless the id counts `elsewhere`.
        """
        with _uncollected():
            records, authors, countries, strings = self._everything(pages)
            fit, works, losses, claims = self._fit(
                records,
                authors,
                elsewhere,
                partial(
                    _whole_text,
                    records=records,
                    authors=authors,
                    countries=countries,
                    strings=strings,
                ),
            )
            return (
                _batch(columns(works), authors, countries, strings, fit, _seen(records)),
                losses,
                claims,
            )

    def links(
        self, pages: Iterable[Sequence[Outline]], elsewhere: Mapping[str, Claim] = _NOWHERE
    ) -> tuple[Links, Losses, pa.Table]:
        """The same works, and no more of them than a network needs, in half the time."""
        with _uncollected():
            authors = self._begun()
            records = _gathered(
                pages, lambda page: authors.add([r.authorships or () for r in page])
            )
            fit, works, losses, claims = self._fit(
                records, authors, elsewhere, lambda n: (_text(n, records, authors),)
            )
            ids = pa.array([short(r.id) for r in works], STRING)
            affiliations, found = authors.links(fit, ids, _seen(records))
            counts = [not (r.is_retracted or r.is_paratext) for r in works]
            told = pa.table(
                {
                    "work_id": ids,
                    "title": pa.array([r.title for r in works], STRING),
                    "year": pa.array([year(r) for r in works], INT),
                    "included": pa.array(counts, BOOL),
                }
            )
            return Links(told, affiliations, found), losses, claims

    def addresses(
        self, pages: Iterable[Sequence[Record]], elsewhere: Mapping[str, Claim] = _NOWHERE
    ) -> tuple[Addresses, pa.Table]:
        """Where the authors are, of works in scope and of those that would be with an institution
        of the scope's country.
        """
        with _uncollected():
            records, authors, countries, strings = self._everything(pages)
            said = partial(
                _whole_text, records=records, authors=authors, countries=countries, strings=strings
            )
            why, claims = self._judged(records, authors, elsewhere, said)
            fit = np.array([reason in (None, ABROAD, NOWHERE) for reason in why], bool)
            chosen = list(compress(records, fit))
            ids = pa.array([short(r.id) for r in chosen], STRING)
            affiliations, described = authors.links(fit, ids, _seen(records))
            works = pa.table(
                {
                    "work_id": ids,
                    "year": pa.array([year(r) for r in chosen], INT),
                    "affiliation_status": authors.status[fit],
                    "in_scope": authors.at_home[fit],
                }
            )
            return Addresses(
                works, strings.table(fit, ids), strings.unmatched(fit, ids), affiliations, described
            ), claims

    def claims(self, pages: Iterable[Sequence[Record]], ids: Collection[str]) -> dict[str, Claim]:
        """What the records of these ids bring forward, with all they say."""
        records, authors, countries, strings = self._everything(
            [r for r in page if short(r.id) in ids] for page in pages
        )
        n_authors = authors.count.tolist()
        own = self._reasons(records, authors)
        text = partial(
            _whole_text, records=records, authors=authors, countries=countries, strings=strings
        )
        _, best = newest.settle(records, own, n_authors, {}, text)
        return {i: newest.claim(records[n], own[n], n_authors[n], text(n)) for i, n in best.items()}

    def _everything(
        self, pages: Iterable[Sequence[Record]]
    ) -> tuple[list[Record], Authorships, Countries, Strings]:
        """The records of the pages, and what their authorships say."""
        authors = self._begun()
        countries, strings = Countries(self._lists, authors), Strings(self._lists, authors)

        def add(page: Sequence[Record]) -> None:
            authorships = authors.add([r.authorships or () for r in page])
            countries.add(authorships)
            strings.add(authorships)

        return _gathered(pages, add), authors, countries, strings

    def _begun(self) -> Authorships:
        self._lists.forget()
        return Authorships(self._lists)

    def _fit(
        self,
        records: list[Stored],
        authors: Authorships,
        elsewhere: Mapping[str, Claim],
        texts: Callable[[int], tuple[bytes, ...]],
    ) -> tuple[Flags, list[Stored], Losses, pa.Table]:
        """Which records are works in scope, and these."""
        why, claims = self._judged(records, authors, elsewhere, texts)
        fit = np.array([reason is None for reason in why], bool)
        works = list(compress(records, fit))
        left = Counter(reason for reason in why if reason is not None)
        losses = Losses(len(records), len(works), left, noted(records, why), examples(records, why))
        return fit, works, losses, claims

    def _reasons(self, records: Sequence[Outline], authors: Authorships) -> list[str | None]:
        """For each record the first reason of its own to leave it out."""
        count, home, nowhere = authors.count, authors.at_home, authors.without_country
        of_authors = (count.tolist(), home.tolist(), nowhere.tolist())
        return reasons(records, *of_authors, self._scope, self._as_of)

    def _judged(
        self,
        records: Sequence[Outline],
        authors: Authorships,
        elsewhere: Mapping[str, Claim],
        texts: Callable[[int], tuple[bytes, ...]],
    ) -> tuple[list[str | None], pa.Table]:
        """Why each record is left out, or None; and what stands behind each id (`newest.CLAIMS`)."""
        n_authors = authors.count.tolist()
        own = self._reasons(records, authors)
        why, best = newest.settle(records, own, n_authors, elsewhere, texts)
        return why, newest.table(records, own, n_authors, best)


def _text(record: int, records: Sequence[Outline], authors: Authorships) -> bytes:
    """What a record says that a network needs: of two records equal in this, it is all one which of
    them counts.
    """
    r = records[record]
    said = [
        r.title,
        r.publication_year,
        r.publication_date,
        r.type,
        bool(r.is_retracted),
        bool(r.is_paratext),
        r.noted,
    ]
    return msgspec.json.encode(said) + authors.text(record)


def _whole_text(
    record: int,
    records: Sequence[Record],
    authors: Authorships,
    countries: Countries,
    strings: Strings,
) -> tuple[bytes, ...]:
    """The same, and all else it says that a table needs."""
    rest = msgspec.json.encode(records[record]) + countries.text(record) + strings.text(record)
    return _text(record, records, authors), rest


def _gathered(
    pages: Iterable[Sequence[Stored]], add: Callable[[Sequence[Stored]], Any]
) -> list[Stored]:
    """The records of all pages, each page shown to `add`; without their authorships, most of what
    they hold.
    """
    records = list[Stored]()
    for page in pages:
        add(page)
        for record in page:
            record.authorships = None
        records += page
    return records


def _seen(records: Sequence[Outline]) -> list[str]:
    return [f"{r.publication_date or ''} {short(r.id)}" for r in records]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without looking for cycles: records hold none, and looking takes a quarter of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _batch(
    columns: dict[str, pa.Array],
    authors: Authorships,
    countries: Countries,
    strings: Strings,
    fit: Flags,
    institution_ids: Sequence[str],
) -> Batch:
    count = authors.count[fit]
    counted = {
        "n_authors": count,
        "n_authors_with_institution": authors.with_institution[fit],
        "n_authors_with_string": strings.count[fit],
        "authors_cut": pc.or_(columns["authors_cut"], pa.array(count == MOST_AUTHORS)),
        "affiliation_status": authors.status[fit],
        "has_company": authors.of_company[fit],
    }
    ids = columns["work_id"]
    authorships, found = authors.institutions(fit, ids, institution_ids)
    return Batch(
        table(HARVESTED, columns | counted),
        authorships,
        strings.table(fit, ids),
        strings.unmatched(fit, ids),
        countries.table(fit, ids),
        found,
        table(TEXTS, columns),
    )


def read(records: Sequence[Record], scope: Scope, as_of: date) -> tuple[Batch, Losses]:
    """`Reader` for one batch of records: the stage run alone."""
    batch, losses, _ = Reader(scope, as_of).read([records])
    return batch, losses
