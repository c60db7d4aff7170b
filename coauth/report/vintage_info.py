"""What a report is about: the vintage, its state and its losses, as the pipeline knows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from coauth.openalex.eras import Relation
from coauth.public import BASE, VARIANCE
from coauth.storage.manifest import Since


@dataclass(frozen=True)
class About:
    """Everything a report states that is not in the tables. Nothing here is read from the clock."""

    title: str
    quarter: str
    """As `2026Q3`."""
    vintage: str
    as_of: date
    synthetic: bool
    complete: bool
    level: str
    """`unified` or `as-harvested`: whether institutions were rolled up."""
    topic_model: str
    """`v1`, `v2`, `mixed` or `unknown`: OpenAlex re-assigned the topics of every work on 6 October
    2026.
    """
    affiliation_matcher: str
    """`2023`, `3.0`, `mixed` or `unknown`: OpenAlex re-assigned institutions on 28 September 2026.
    """
    source: str
    records: int | None
    """Records read from the pages; `works` of them were in scope, `dropped` the others by reason.
    None: not to be told.
    """
    works: int | None
    dropped: Mapping[str, int] = field(default_factory=dict)
    noted: Mapping[str, int] = field(default_factory=dict)
    """Works in scope of whose records a field was put right or left empty, by reason."""
    passed_over: Mapping[str, str] = field(default_factory=dict)
    """Files that hold no records, and what they are."""
    excluded: Mapping[str, int] = field(default_factory=dict)
    """Works in scope that count nowhere, by reason."""
    versions: Mapping[str, str] = field(default_factory=dict)
    queries_fingerprint: str = ""
    seed: int = 0
    since: Since | None = None
    """None: no earlier vintage to compare with."""
    relations: Mapping[str, Relation] = field(default_factory=dict)
    """What lies between that vintage, or that of the public edition before, and this one, by border
    of OpenAlex; {}: no such vintage.
    """
    quality: Mapping[str, Any] | None = None
    """Measured precision and recall of the technologies, as `coauth flags score` keeps them; None
    where nobody measured.
    """
    lacking: frozenset[str] = frozenset()
    """What no record has (`coauth.tables.absence`): topics, types."""
    part: bool = False
    """The records came from files: an unknown part of the country's works, to be held against no
    total.
    """
    profile: str = "internal"
    """`internal`, or `public`: made of the tables of `coauth.public.edition`, which hold no
    work and no small cell.
    """
    rounding: float = 0.0
    """Variance that rounding gives to each count; 0 where none is rounded."""

    @property
    def counts(self) -> str:
        """What tables and records say of their counts."""
        return f"rounded to {BASE}; empty below it" if self.rounding else "exact"

    @property
    def included(self) -> int | None:
        """Works that count somewhere."""
        return None if self.works is None else self.works - sum(self.excluded.values())

    @property
    def public(self) -> About:
        """This without what may not be published: losses by reason are small cells, and so are
        causes of change.
        """
        return replace(
            self,
            profile="public",
            rounding=VARIANCE,
            records=None,
            works=None,
            dropped={},
            noted={},
            passed_over={},
            excluded={},
            since=None,
            relations={},
        )
