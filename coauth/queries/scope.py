"""`scope.toml`: what is harvested, and which works count."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from itertools import product
from string import ascii_uppercase
from typing import Annotated

from pydantic import Field, model_validator

from coauth.queries.strict import Home, Slug, Strict

DoiPattern = Annotated[
    str,
    Field(
        pattern=r"^10\.\d{4,9}/[a-z0-9._;()/#-]*\*?$",
        description="lower case, a star only at its end",
    ),
]

EVERY = "*"
"""In the place of a country: all of them."""

NO_TYPE = "none"
"""Among types: records on which no type is given."""


class Scope(Strict):
    """What is harvested, and which works count (`scope.toml`)."""

    title: str
    countries: tuple[Home, ...] = Field(min_length=1)
    first_year: int = Field(ge=1900)
    last_year: int
    preliminary_years: int = Field(
        ge=0, description="how many of the last measured years are marked preliminary"
    )
    types: tuple[Slug, ...] = Field(min_length=1)
    max_institutions: int = Field(
        ge=2, description="K: works of more institutions are set apart from centralities"
    )
    count_duplicates: bool = Field(
        default=False, description="works that OpenAlex holds twice count twice"
    )

    preprint_dois: tuple[DoiPattern, ...] = Field(
        default=(), description="of preprint servers: `#` a digit, `*` anything"
    )

    @model_validator(mode="after")
    def _countries(self) -> Scope:
        if self.everywhere and len(self.countries) > 1:
            raise ValueError('countries: "*" is every country, so it stands alone')
        return self

    @model_validator(mode="after")
    def _years(self) -> Scope:
        if self.last_year < self.first_year:
            raise ValueError(f"last_year {self.last_year} is before first_year {self.first_year}")
        return self

    @property
    def everywhere(self) -> bool:
        """Every country is home: there is no abroad, and what sets home against abroad has no rows."""
        return EVERY in self.countries

    @property
    def home(self) -> frozenset[str]:
        """The codes of the countries in scope."""
        return codes(self.countries)

    @property
    def years(self) -> range:
        return range(self.first_year, self.last_year + 1)

    @property
    def served_types(self) -> tuple[str, ...]:
        """The types that OpenAlex can be asked for."""
        return tuple(sorted(t for t in self.types if t != NO_TYPE))

    @property
    def preliminary(self) -> frozenset[int]:
        return frozenset(range(self.last_year - self.preliminary_years + 1, self.last_year + 1))

    @property
    def settled(self) -> tuple[int, ...]:
        """The years that are not preliminary: how much series vary is read from these."""
        return tuple(year for year in self.years if year not in self.preliminary)

    @property
    def preprints(self) -> list[tuple[str, str]]:
        """For each pattern of `preprint_dois` the registrant (what a DOI has before its first
        slash) and a regular expression.
        """
        return [(p.partition("/")[0], expression(p)) for p in self.preprint_dois]

    @property
    def fingerprint(self) -> str:
        """Of what decides which records are harvested; a vintage is continued only under the same
        one.
        """
        asked = [sorted(self.countries), self.first_year, sorted(self.types)]
        return hashlib.sha256(repr(asked).encode()).hexdigest()[:16]


def codes(countries: Iterable[str]) -> frozenset[str]:
    """What countries of a scope stand for; every country is every code there can be, so that no
    list of them grows old.

    >>> sorted(codes(["DK", "SE"])), len(codes(["*"])), "XK" in codes(["*"])
    (['DK', 'SE'], 676, True)
    """
    given = frozenset(countries)
    return frozenset(map("".join, product(ascii_uppercase, repeat=2))) if EVERY in given else given


def expression(pattern: str) -> str:
    """A regular expression, the same to DuckDB (RE2) and Spark (Java), for the whole of a DOI.

    >>> expression("10.1101/####.##.##.*")
    '^10\\\\.1101/[0-9][0-9][0-9][0-9]\\\\.[0-9][0-9]\\\\.[0-9][0-9]\\\\..*$'
    """
    parts = {"#": "[0-9]", "*": ".*"}
    return f"^{''.join(parts.get(sign) or re.escape(sign) for sign in pattern)}$"
