"""`groups.toml`: partner countries counted together."""

from __future__ import annotations

from pydantic import Field, model_validator

from coauth.queries.strict import CountryCode, Slug, Strict, refuse_twice


class Group(Strict):
    """A set of partner countries counted together (`groups.toml`)."""

    id: Slug
    name: str
    name_da: str
    countries: tuple[CountryCode, ...] = Field(min_length=1)
    figure: bool = Field(default=True, description="drawn in Figure 1")
    control: bool = Field(default=False, description="drawn as comparison, thin")
    valid_from: int | None = None
    valid_to: int | None = None
    source: str
    note: str = ""


class Groups(Strict):
    group: tuple[Group, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _once(self) -> Groups:
        refuse_twice(
            "group.id", ["international", *(g.id for g in self.group)]
        )  # the name of all groups together
        return self
