"""Records in, works out: which record is a work in scope, and why another is not."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from coauth.openalex import NO_WORK_ID, Outline
from coauth.queries import NO_TYPE, Scope
from coauth.stages.works.batch import short
from coauth.stages.works.records import day, year

ABROAD = "no institution of the scope's country"
NOWHERE = "no country code on its institutions"
LEFT_OUT = "the record is left out"
"""Behind a note: what was done to a record that is no work in scope, for that or another reason."""


@dataclass
class Losses:
    """Records in, works out, and every record between by reason."""

    records: int = 0
    works: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    noted: Counter[str] = field(default_factory=Counter)
    """Works that are kept although something on the record was put right or could not be read."""
    examples: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By reason the smallest ids of records that could not be read as they were."""

    def __add__(self, other: Losses) -> Losses:
        both = self.examples.keys() | other.examples.keys()
        examples = {
            r: smallest({*self.examples.get(r, ()), *other.examples.get(r, ())})
            for r in sorted(both)
        }
        return Losses(
            self.records + other.records,
            self.works + other.works,
            self.dropped + other.dropped,
            self.noted + other.noted,
            examples,
        )

    def balance(self) -> dict[str, Any]:
        assert self.records == self.works + sum(self.dropped.values())  # noqa: S101  a bug here, never a user's fault
        return {
            "records": self.records,
            "works": self.works,
            "dropped": dict(sorted(self.dropped.items())),
            "noted": dict(sorted(self.noted.items())),
            "examples": {r: list(ids) for r, ids in sorted(self.examples.items())},
        }


def reasons(
    records: Sequence[Outline],
    n_authors: Sequence[int],
    at_home: Sequence[bool],
    without_country: Sequence[bool],
    scope: Scope,
    as_of: date,
) -> list[str | None]:
    """For each record the first reason of its own to leave it out, or None."""
    several = zip(records, n_authors, at_home, without_country, strict=True)
    return [
        _reason(record, scope, as_of.year) or _elsewhere(authors, home, nowhere)
        for record, authors, home, nowhere in several
    ]


EXAMPLES = 3
"""Ids shown with a reason, so that a record can be looked at."""


def smallest(ids: Iterable[str]) -> tuple[str, ...]:
    """The first few ids, by number."""
    return tuple(sorted(set(ids), key=lambda i: (len(i), i))[:EXAMPLES])


def examples(
    records: Sequence[Outline], reasons: Sequence[str | None]
) -> dict[str, tuple[str, ...]]:
    """Of records that were damaged, put right or left empty in part: by reason the first ids."""
    ids: defaultdict[str, list[str]] = defaultdict(list)
    for record, reason in zip(records, reasons, strict=True):
        if record.id and (record.noted or record.damage):
            for what in [str(reason)] if record.damage else _notes(record, reason):
                ids[what].append(short(record.id))
    return {what: smallest(several) for what, several in sorted(ids.items())}


def noted(records: Sequence[Outline], reasons: Sequence[str | None]) -> Counter[str]:
    """Records by what of them was put right, left empty or could not be read; those that are left
    out for a reason are counted apart.
    """
    works = [r for r, reason in zip(records, reasons, strict=True) if reason is None]
    counted = Counter(
        {
            "publication date unreadable, year kept": sum(
                bool(r.publication_date) and day(r.publication_date) is None for r in works
            ),
            "publication year taken from the date": sum(r.publication_year is None for r in works),
            "is_retracted: not on the record, taken as not retracted": sum(
                r.is_retracted is None for r in works
            ),
        }
    )
    for record, reason in zip(records, reasons, strict=True):
        if record.noted and record.damage is None:
            counted.update(_notes(record, reason))
    return +counted  # without what never occurred


def _notes(record: Outline, reason: str | None) -> list[str]:
    """What was noted of a record that was read."""
    notes = record.noted or []
    return notes if reason is None else [f"{note}; {LEFT_OUT}" for note in notes]


def _reason(record: Outline, scope: Scope, last: int) -> str | None:
    if record.damage is not None:
        return unreadable(record.damage)
    if record.id is None:
        return NO_WORK_ID
    if (dated := year(record)) is None:
        return "no publication year"
    if not scope.first_year <= dated <= last:
        return "outside the years asked for"
    if (record.type or NO_TYPE) in scope.types:
        return None
    return "type not asked for" if record.type else "no type on the record"


def _elsewhere(n_authors: int, at_home: bool, without_country: bool) -> str | None:
    if at_home:
        return None
    return NOWHERE if without_country else ABROAD if n_authors else "no authorships on the record"


def unreadable(damage: str) -> str:
    """The reason by which a damaged record is counted.

    >>> unreadable("no JSON"), unreadable("no OpenAlex work id")
    ('unreadable record: no JSON', 'no OpenAlex work id')
    """
    return damage if damage == NO_WORK_ID else f"unreadable record: {re.sub('[0-9]+', 'N', damage)}"
