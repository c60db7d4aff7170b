"""`events.toml`: policy dates, and how a change at one is tested."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from pydantic import Field, model_validator

from coauth.queries.strict import CountryCode, Share, Slug, Strict, refuse_twice


class Event(Strict):
    """A policy date drawn on charts and used by the tests of a shift (`events.toml`)."""

    id: Slug
    date: date
    name: str
    name_da: str
    series: tuple[str, ...] = Field(
        description="the copublication series it is tested on; empty: only drawn"
    )
    source: str
    countries: tuple[CountryCode, ...] = Field(
        default=(), description="whose policy it is; empty: every country's"
    )

    def concerns(self, home: Iterable[str]) -> bool:
        """Whether it is a policy of all these home countries: the works of others show no answer to
        it.

        >>> told = {"id": "e", "date": date(2022, 5, 1), "name": "e", "name_da": "e", "series": (), "source": "-"}
        >>> guidelines = Event(**told, countries=("DK", "SE"))
        >>> guidelines.concerns(["DK"]), guidelines.concerns(["DK", "NO"]), Event(**told).concerns(["NO"])
        (True, False, True)
        """
        return not self.countries or set(home) <= set(self.countries)


class Events(Strict):
    lags: tuple[int, ...] = Field(
        description="years after the date at which publication may answer; all are reported"
    )
    controls: int = Field(ge=1, description="institutions each listed one is compared with")
    widest_ratio: float = Field(
        gt=1, description="how many times more or fewer works such an institution may have"
    )
    widest_distance: Share = Field(
        description="how far its mix of fields may be, as a Hellinger distance"
    )
    event: tuple[Event, ...]

    @model_validator(mode="after")
    def _once(self) -> Events:
        refuse_twice("event.id", [e.id for e in self.event])
        return self
