"""`watchlists/*.toml`: listed institutions."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from coauth.queries.strict import Alias, InstitutionId, Ror, Slug, Strict, refuse_twice


class Entry(Strict):
    """One listed institution. Matching is by ROR and OpenAlex id, and by lineage where the list
    says so.
    """

    id: Slug
    name: str
    name_local: str = ""
    openalex: InstitutionId | None = None
    ror: Ror | None = None
    aliases: tuple[Alias, ...] = Field(
        default=(),
        description="campuses, spellings and acronyms nobody else bears, for `flags check` to seek in strings: never matched, never counted",
    )
    withdrawn: tuple[Ror, ...] = Field(
        default=(), description="ROR records withdrawn in its favour: they are it"
    )
    established: int | None = Field(
        default=None, description="year, by ROR; a work older than it was assigned wrongly"
    )
    valid_from: date | None = None
    valid_to: date | None = None
    kind: Literal["designation", "assessment"] | None = Field(
        default=None, description="where it differs from the list's"
    )
    first_listed: str = Field(
        default="", description="as the source words it, where it gives no day"
    )
    source: str = Field(
        default="", description="of this entry's ids or dates, where they are not the list's own"
    )

    @model_validator(mode="after")
    def _sound(self) -> Entry:
        if not (self.ror or self.openalex):
            raise ValueError(
                "an entry is matched by id: give ror or openalex, or move it to [[unmatchable]] with a reason"
            )
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise ValueError(f"valid_to {self.valid_to} is before valid_from {self.valid_from}")
        return self


class Unmatchable(Strict):
    """An institution on the list that no id is known for: kept in sight, flags nothing."""

    name: str
    reason: str = Field(min_length=1)


class Watchlist(Strict):
    """Listed institutions (`watchlists/*.toml`). `designation` is a government's act, `assessment`
    another's judgement.
    """

    id: Slug
    name: str
    name_da: str
    enabled: bool
    kind: Literal["designation", "assessment"]
    match: Literal["strict", "lineage"]
    source: str
    source_da: str | None = None
    version: str
    retrieved: date
    licence: str
    note: str = ""
    exclude_lineage: tuple[Ror, ...] = ()
    entry: tuple[Entry, ...] = Field(min_length=1)
    unmatchable: tuple[Unmatchable, ...] = ()

    @model_validator(mode="after")
    def _once(self) -> Watchlist:
        for key in ("id", "ror", "openalex"):
            refuse_twice(f"entry.{key}", [getattr(e, key) for e in self.entry if getattr(e, key)])
        if bare := [e.id for e in self.entry if self.match == "lineage" and not e.openalex]:
            raise ValueError(
                f"entry.openalex: missing for {', '.join(bare)}; match = 'lineage' finds descendants by this id"
            )
        return self

    def kind_of(self, entry: Entry) -> str:
        return entry.kind or self.kind

    def still_lists(self, entry: Entry) -> bool:
        """Whether the entry is listed "today": on the day this version of the list was retrieved."""
        return entry.valid_to is None or entry.valid_to >= self.retrieved
