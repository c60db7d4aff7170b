"""Stored pages -> works and what hangs on them, as harvested: nothing is rolled up or judged here.

A `Reader` turns the records of some pages into a `Batch` of Arrow tables. Pages are gone through one at a time and a
record is let go as soon as it was gone through, so memory stays flat, and small enough for a processor's cache, however
large the harvest; the parts of it can be read side by side. Only a batch holds abstracts, for `coauth.technologies` to
look for phrases in. A record that is no work in scope is left out and counted by reason in `Losses`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import date

import numpy as np

from coauth.pages import Record
from coauth.queries import Scope
from coauth.works.authorships import Authorships, Lists
from coauth.works.batch import AUTHORSHIPS, COUNTRIES, FOUND, HARVESTED, STRINGS_MATCHED, TEXTS, Batch, table
from coauth.works.losses import Losses, reasons
from coauth.works.record import Told, columns, told

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
        self._lists.forget()
        authors, rows = Authorships(self._lists), list[Told]()
        for records in pages:
            authors.add(records)
            rows += map(told, records)
        why = reasons(rows, authors.at_home.tolist(), self._scope, self._as_of, known)
        fit = np.array([reason is None for reason in why], bool)
        kept = [row for row, reason in zip(rows, why, strict=True) if reason is None]
        losses = Losses(len(rows), len(kept), Counter(reason for reason in why if reason is not None))
        losses.noted += Counter({  # += leaves out what never occurred
            "publication date unreadable, year kept": sum(bool(r.date) and r.publication_date is None for r in kept),
            "publication year taken from the date": sum(r.publication_year is None for r in kept),
            "no authorships": int(np.count_nonzero(authors.count[fit] == 0)),
        })  # fmt: skip
        said = columns(kept) | {
            "affiliation_status": authors.status[fit], "n_authors": authors.count[fit], "has_company": authors.of_company[fit],
            "n_authors_with_institution": authors.with_institution[fit], "n_authors_with_string": authors.with_string[fit],
        }  # fmt: skip
        return Batch(
            table(HARVESTED, said),
            authors.institutions(fit, said["work_id"]),
            authors.strings(fit, said["work_id"]),
            authors.countries(fit, said["work_id"]),
            authors.found(fit, [f"{r.date or ''} {r.work_id}" for r in rows]),
            table(TEXTS, said),
        ), losses


def read(records: Sequence[Record], scope: Scope, as_of: date, known: Collection[str] = ()) -> tuple[Batch, Losses]:
    """`Reader` for one batch of records: the stage run alone."""
    return Reader(scope, as_of).read([records], known)
