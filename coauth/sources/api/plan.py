"""What a harvest asks for: slices of publication months, cut finer where a month holds too much."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

from coauth.errors import SourceError
from coauth.queries import Scope


@dataclass(frozen=True)
class Part:
    """What one slice asks for: days (inclusive) and types. The name is the slice's."""

    name: str
    first: date
    last: date
    types: tuple[str, ...]

    def split(self) -> list[Part]:
        """A month's days, or a day's types; nothing where no finer cut is left.

        >>> month = Part("2011-02", date(2011, 2, 1), date(2011, 2, 28), ("article", "book"))
        >>> [p.name for p in month.split()[:2]], [p.name for p in month.split()[0].split()]
        (['2011-02-01', '2011-02-02'], ['2011-02-01.article', '2011-02-01.book'])
        """
        if self.first < self.last:
            days = [
                self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)
            ]
            return [Part(day.isoformat(), day, day, self.types) for day in days]
        if len(self.types) > 1:
            return [Part(f"{self.name}.{t}", self.first, self.last, (t,)) for t in self.types]
        return []


def months(scope: Scope, as_of: date) -> list[Part]:
    """The plan: every publication month from January of the first year to the month of `as_of`."""
    types = scope.served_types
    plan = []
    for year in range(scope.first_year, as_of.year + 1):
        for month in range(1, (as_of.month if year == as_of.year else 12) + 1):
            last = calendar.monthrange(year, month)[1]
            plan.append(
                Part(f"{year}-{month:02d}", date(year, month, 1), date(year, month, last), types)
            )
    if not plan:
        raise SourceError(
            f"nothing to harvest: first_year {scope.first_year} in queries/scope.toml is after {as_of}"
        )
    return plan
