"""`scope.toml`: what is harvested, and which works count."""

from __future__ import annotations

import hashlib

from pydantic import Field, model_validator

from coauth.queries.strict import CountryCode, Slug, Strict


class Scope(Strict):
    """What is harvested, and which works count (`scope.toml`)."""

    title: str
    countries: tuple[CountryCode, ...] = Field(min_length=1)
    first_year: int = Field(ge=1900)
    last_year: int
    preliminary_years: int = Field(ge=0, description="how many of the last measured years are marked preliminary")
    types: tuple[Slug, ...] = Field(min_length=1)
    max_institutions: int = Field(ge=2, description="K: works of more institutions are set apart from centralities")
    count_duplicates: bool = Field(default=False, description="works that OpenAlex holds twice count twice")

    @model_validator(mode="after")
    def _years(self) -> Scope:
        if self.last_year < self.first_year:
            raise ValueError(f"last_year {self.last_year} is before first_year {self.first_year}")
        return self

    @property
    def years(self) -> range:
        return range(self.first_year, self.last_year + 1)

    @property
    def preliminary(self) -> frozenset[int]:
        return frozenset(range(self.last_year - self.preliminary_years + 1, self.last_year + 1))

    @property
    def fingerprint(self) -> str:
        """Of what decides which records are harvested; a vintage is continued only under the same one."""
        asked = [sorted(self.countries), self.first_year, sorted(self.types)]
        return hashlib.sha256(repr(asked).encode()).hexdigest()[:16]
