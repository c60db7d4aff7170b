"""`events.toml`: policy dates, and how a change at one is tested."""

from __future__ import annotations

from datetime import date

from pydantic import Field, model_validator

from coauth.queries.strict import Share, Slug, Strict, refuse_twice


class Event(Strict):
    """A policy date drawn on charts and used by the tests of a shift (`events.toml`)."""

    id: Slug
    date: date
    name: str
    name_da: str
    series: tuple[str, ...] = Field(description="the copublication series it is tested on; empty: only drawn")
    source: str


class Events(Strict):
    lags: tuple[int, ...] = Field(description="years after the date at which publication may answer; all are reported")
    controls: int = Field(ge=1, description="institutions each listed one is compared with")
    widest_ratio: float = Field(gt=1, description="how many times more or fewer works such an institution may have")
    widest_distance: Share = Field(description="how far its mix of fields may be, as a Hellinger distance")
    event: tuple[Event, ...]

    @model_validator(mode="after")
    def _once(self) -> Events:
        refuse_twice("event.id", [e.id for e in self.event])
        return self
