"""`reference/*.toml`: what others have published of the same questions, to hold these data against."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from coauth.queries.strict import CountryCode, Share, Slug, Strict, Years, refuse_twice

Stated = Literal["rose", "fell", "level"]


class Counts(Strict):
    """Works a year with partner countries, from the reference's `first_year` on; no partners: any
    other country.
    """

    partners: tuple[CountryCode, ...]
    works: tuple[int, ...] = Field(min_length=1)


class Direction(Strict):
    """A statement in words about a series of co-publications (a group's id or `list:…`)."""

    series: str
    years: Years
    stated: Stated
    name: str
    name_da: str


class Admission(Strict):
    """A statement about PhD admissions: exactly one of a direction, a relative change and a number
    of persons a year.
    """

    country_code: str = Field(
        pattern=r"^([A-Z]{2}|[a-z][a-z0-9_-]*)$", description="a country, international, or a group"
    )
    years: Years
    stated: Stated | None = None
    change: float | None = None
    persons: int | None = None
    about: bool = Field(default=False, description="the source says `around`")
    name: str
    name_da: str

    @model_validator(mode="after")
    def _one(self) -> Admission:
        if [self.stated, self.change, self.persons].count(None) != 2:
            raise ValueError("give exactly one of stated, change and persons")
        return self


class Reference(Strict):
    """One publication (`reference/*.toml`), about the works of exactly these home countries."""

    id: Slug
    name: str
    name_da: str
    countries: tuple[CountryCode, ...] = Field(min_length=1)
    source: str
    source_da: str | None = None
    note: str = ""
    first_year: int | None = None
    levels: Years | None = Field(default=None, description="years whose counts are compared")
    tolerance: Share | None = Field(default=None, description="by how much each may differ")
    change: Years | None = Field(
        default=None, description="first and last year of the change whose sign is compared"
    )
    counts: tuple[Counts, ...] = ()
    direction: tuple[Direction, ...] = ()
    admissions: tuple[Admission, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Reference:
        refuse_twice("counts.partners", ["+".join(sorted(c.partners)) for c in self.counts])
        if self.counts and None in (self.first_year, self.levels, self.tolerance, self.change):
            raise ValueError("counts need first_year, levels, tolerance and change")
        if len({len(c.works) for c in self.counts}) > 1:
            raise ValueError("counts: every series has a number for every year")
        return self

    def about(self, countries: tuple[str, ...]) -> bool:
        """Whether it speaks of a scope of these home countries."""
        return set(countries) == set(self.countries)

    def works(self, counts: Counts) -> dict[int, int]:
        """The counts of a series by year."""
        return dict(enumerate(counts.works, self.first_year or 0))
