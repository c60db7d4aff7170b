"""Records in, works out: which record is a work in scope, and why another is not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from coauth.pages import Outline
from coauth.queries import Scope
from coauth.works.record import day, year


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


def reasons(records: Sequence[Outline], at_home: Sequence[bool], scope: Scope, as_of: date) -> list[str | None]:
    """For each record the first reason of its own to leave it out, or None."""
    return [_reason(record, home, scope, as_of.year) for record, home in zip(records, at_home, strict=True)]


def noted(works: Sequence[Outline], n_authors: Sequence[int]) -> Counter[str]:
    """What could not be read of records that are kept."""
    counted = Counter({
        "publication date unreadable, year kept": sum(bool(r.publication_date) and day(r.publication_date) is None for r in works),
        "publication year taken from the date": sum(r.publication_year is None for r in works),
        "no authorships": sum(n == 0 for n in n_authors),
    })  # fmt: skip
    return +counted  # without what never occurred


def _reason(record: Outline, at_home: bool, scope: Scope, last: int) -> str | None:
    if record.damage is not None:
        return f"unreadable record: {re.sub('[0-9]+', 'N', record.damage)}"
    if not _WORK_ID.fullmatch(record.id or ""):
        return "no OpenAlex work id"
    if (dated := year(record)) is None:
        return "no publication year"
    if not scope.first_year <= dated <= last:
        return "outside the years asked for"
    if record.type not in scope.types:
        return "type not asked for"
    return None if at_home else "no institution of the scope's country"


_WORK_ID = re.compile(r"(https?://openalex\.org/(works/)?)?W\d+")
