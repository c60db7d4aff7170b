"""Stored pages -> works and what hangs on them, as harvested: nothing is rolled up or judged here.

A `Reader` turns the records of some pages into a `Batch` of Arrow tables. Pages are gone through one at a time and a
record is let go as soon as it was gone through, so memory stays flat, and small enough for a processor's cache, however
large the harvest; the parts of it can be read side by side. Only a batch holds abstracts, for `coauth.technologies` to
look for phrases in. A record that is no work in scope is left out and counted by reason in `Losses`.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import compress
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from coauth.pages import MOST_AUTHORS, Outline, Record, Stored
from coauth.queries import Scope
from coauth.tables import BOOL, INT, STRING
from coauth.works.authorships import Authorships, Flags, Lists
from coauth.works.batch import (
    AUTHORSHIPS,
    COUNTRIES,
    FOUND,
    HARVESTED,
    STRINGS_MATCHED,
    TEXTS,
    Batch,
    Links,
    short,
    table,
)
from coauth.works.countries import Countries
from coauth.works.losses import Losses, noted, reasons
from coauth.works.record import columns, year
from coauth.works.strings import Strings

__all__ = ["AUTHORSHIPS", "COUNTRIES", "FOUND", "HARVESTED", "STRINGS_MATCHED", "TEXTS", "Batch", "Links", "Losses", "Reader", "read"]


class Reader:
    """Reads one batch after another; what it remembers of those before makes it faster, and changes nothing."""

    def __init__(self, scope: Scope, as_of: date) -> None:
        self._scope, self._as_of = scope, as_of
        self._lists = Lists(scope)

    def read(self, pages: Iterable[Sequence[Record]], known: Collection[str] = ()) -> tuple[Batch, Losses]:
        """The works in scope among the records of the pages.

        A work is in scope when its year is between the scope's first year and `as_of`, its type is asked for, and one of
        its institutions has a country of the scope (the institution's own, not its parent's: lineages cross borders).
        Of records that share an id the first counts; `known` are ids of works read before.
        """
        with _uncollected():
            authors = self._begun()
            countries, strings = Countries(self._lists, authors), Strings(self._lists, authors)

            def add(page: Sequence[Record]) -> None:
                authorships = authors.add([r.authorships or () for r in page])
                countries.add(authorships)
                strings.add(authorships)

            records = _gathered(pages, add)
            fit, works, losses = self._fit(records, authors, known)
            return _batch(columns(works), authors, countries, strings, fit, _seen(records)), losses

    def links(self, pages: Iterable[Sequence[Outline]], known: Collection[str] = ()) -> tuple[Links, Losses]:
        """The same works, and no more of them than a network needs, in half the time."""
        with _uncollected():
            authors = self._begun()
            records = _gathered(pages, lambda page: authors.add([r.authorships or () for r in page]))
            fit, works, losses = self._fit(records, authors, known)
            ids = pa.array([short(r.id) for r in works], STRING)
            affiliations, found = authors.links(fit, ids, _seen(records))
            counts = [not (r.is_retracted or r.is_paratext) for r in works]
            told = pa.table({"work_id": ids, "title": pa.array([r.title for r in works], STRING),
                             "year": pa.array([year(r) for r in works], INT), "included": pa.array(counts, BOOL)})  # fmt: skip
            return Links(told, affiliations, found), losses

    def _begun(self) -> Authorships:
        self._lists.forget()
        return Authorships(self._lists)

    def _fit(self, records: list[Stored], authors: Authorships, known: Collection[str]) -> tuple[Flags, list[Stored], Losses]:
        """Which records are works in scope, and these."""
        why = reasons(records, authors.count.tolist(), authors.at_home.tolist(), self._scope, self._as_of, set(known))
        fit = np.array([reason is None for reason in why], bool)
        works = list(compress(records, fit))
        left = Counter(reason for reason in why if reason is not None)
        return fit, works, Losses(len(records), len(works), left, noted(works))


def _gathered(pages: Iterable[Sequence[Stored]], add: Callable[[Sequence[Stored]], Any]) -> list[Stored]:
    """The records of all pages, each page shown to `add`; without their authorships, most of what they hold."""
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


def _batch(said: dict[str, pa.Array], authors: Authorships, countries: Countries, strings: Strings, fit: Flags, seen: Sequence[str]) -> Batch:
    count = authors.count[fit]
    counted = {
        "n_authors": count, "n_authors_with_institution": authors.with_institution[fit], "n_authors_with_string": strings.count[fit],
        "authors_cut": pc.or_(said["authors_cut"], pa.array(count == MOST_AUTHORS)), "affiliation_status": authors.status[fit],
        "has_company": authors.of_company[fit],
    }  # fmt: skip
    ids = said["work_id"]
    authorships, found = authors.institutions(fit, ids, seen)
    return Batch(table(HARVESTED, said | counted), authorships, strings.table(fit, ids), countries.table(fit, ids), found, table(TEXTS, said))


def read(records: Sequence[Record], scope: Scope, as_of: date, known: Collection[str] = ()) -> tuple[Batch, Losses]:
    """`Reader` for one batch of records: the stage run alone."""
    return Reader(scope, as_of).read([records], known)
