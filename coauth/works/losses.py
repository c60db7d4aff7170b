"""Records in, works out: which record is a work in scope, and why another is not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from coauth.queries import Scope
from coauth.works.record import Told


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


def reasons(rows: Sequence[Told], at_home: Sequence[bool], scope: Scope, as_of: date, seen: set[str]) -> list[str | None]:
    """For each record the first reason to leave it out, or None; ids of works are added to those `seen`, and count once."""
    found: list[str | None] = []
    for row, home in zip(rows, at_home, strict=True):
        reason = _reason(row, home, scope, as_of.year)
        if row.work_id in seen and not (reason or "").startswith(("unreadable", "no OpenAlex")):
            reason = "same id as an earlier record"
        elif reason is None:
            seen.add(row.work_id)
        found.append(reason)
    return found


def noted(works: Sequence[Told]) -> Counter[str]:
    """What could not be read of records that are kept."""
    counted = Counter({
        "publication date unreadable, year kept": sum(bool(r.dated) and r.publication_date is None for r in works),
        "publication year taken from the date": sum(r.publication_year is None for r in works),
        "no authorships": sum(r.n_authors == 0 for r in works),
    })  # fmt: skip
    return +counted  # without what never occurred


def _reason(row: Told, at_home: bool, scope: Scope, last: int) -> str | None:
    year = row.year
    if row.damage is not None:
        return f"unreadable record: {re.sub('[0-9]+', 'N', row.damage)}"
    if not _WORK_ID.fullmatch(row.id or ""):
        return "no OpenAlex work id"
    if year is None:
        return "no publication year"
    if not scope.first_year <= year <= last:
        return "outside the years asked for"
    if row.type not in scope.types:
        return "type not asked for"
    return None if at_home else "no institution of the scope's country"


_WORK_ID = re.compile(r"(https?://openalex\.org/(works/)?)?W\d+")
