"""Stored pages -> works and what hangs on them, as harvested: nothing is rolled up or judged here.

A `Reader` turns the records of some pages into a `Batch` of Arrow tables. Pages are gone through one at a time and a
record is let go as soon as it was gone through, so memory stays flat, and small enough for a processor's cache, however
large the harvest; the parts of it can be read side by side. Only a batch holds abstracts, for `coauth.technologies` to
look for phrases in. A record that is no work in scope is left out and counted by reason in `Losses`.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import compress

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from coauth.pages import MOST_AUTHORS, Record
from coauth.queries import Scope
from coauth.works.authorships import Authorships, Flags, Lists
from coauth.works.batch import AUTHORSHIPS, COUNTRIES, FOUND, HARVESTED, STRINGS_MATCHED, TEXTS, Batch, short, table
from coauth.works.losses import Losses, noted, reasons
from coauth.works.record import columns

__all__ = ["AUTHORSHIPS", "COUNTRIES", "FOUND", "HARVESTED", "STRINGS_MATCHED", "TEXTS", "Batch", "Losses", "Reader", "read"]


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
            return self._read(pages, known)

    def _read(self, pages: Iterable[Sequence[Record]], known: Collection[str]) -> tuple[Batch, Losses]:
        self._lists.forget()
        authors, records = Authorships(self._lists), list[Record]()
        for page in pages:
            authors.add(page)
            for record in page:
                record.authorships = None
            records += page
        why = reasons(records, authors.at_home.tolist(), self._scope, self._as_of, set(known))
        fit = np.array([reason is None for reason in why], bool)
        works = list(compress(records, fit))
        losses = Losses(len(records), len(works), Counter(reason for reason in why if reason is not None), noted(works, authors.count[fit].tolist()))
        seen = [f"{r.publication_date or ''} {short(r.id)}" for r in records]
        return _batch(columns(works), authors, fit, seen), losses


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


def _batch(said: dict[str, pa.Array], authors: Authorships, fit: Flags, seen: Sequence[str]) -> Batch:
    count = authors.count[fit]
    counted = {
        "n_authors": count, "n_authors_with_institution": authors.with_institution[fit], "n_authors_with_string": authors.with_string[fit],
        "authors_cut": pc.or_(said["authors_cut"], pa.array(count == MOST_AUTHORS)), "affiliation_status": authors.status[fit],
        "has_company": authors.of_company[fit],
    }  # fmt: skip
    ids = said["work_id"]
    authorships, found = authors.institutions(fit, ids, seen)
    return Batch(table(HARVESTED, said | counted), authorships, authors.strings(fit, ids), authors.countries(fit, ids), found, table(TEXTS, said))


def read(records: Sequence[Record], scope: Scope, as_of: date, known: Collection[str] = ()) -> tuple[Batch, Losses]:
    """`Reader` for one batch of records: the stage run alone."""
    return Reader(scope, as_of).read([records], known)
