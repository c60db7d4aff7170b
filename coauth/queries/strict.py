"""What every file of `queries/` is read into: frozen objects that refuse an unknown key, and the
forms of ids and shares.
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

InstitutionId = Annotated[str, Field(pattern=r"^I\d+$")]
TopicId = Annotated[str, Field(pattern=r"^T\d+$")]
Ror = Annotated[str, Field(pattern=r"^https://ror\.org/0[a-z0-9]{6}\d{2}$")]
CountryCode = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Home = Annotated[
    str,
    Field(pattern=r"^([A-Z]{2}|\*)$", description="a country code, or * alone for every country"),
]
Phrase = Annotated[str, Field(pattern=r"^[^*]*\w[^*]*\*?$", description="a star only at its end")]
Alias = Annotated[str, Field(min_length=4, description="shorter keys fit half the world")]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
Share = Annotated[float, Field(ge=0, le=1)]
Years = tuple[int, int]
Period = tuple[Years, Years]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def told_twice(key: str, values: list[str]) -> str:
    twice = sorted(v for v, times in Counter(values).items() if times > 1)
    return f"{key}: listed twice: {', '.join(twice)}" if twice else ""


def refuse_twice(key: str, values: list[str]) -> None:
    if fault := told_twice(key, values):
        raise ValueError(fault)
