"""`manifest.json` of a vintage as typed objects: read, checked and written here and nowhere else.

What is known must be of the type stated. An entry that an older coauth did not write has its
default, and one that a newer coauth wrote besides is kept when the file is written again. Written
is what was set, so that a file read and written back has the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from coauth.errors import CacheError
from coauth.openalex.eras import Relation
from coauth.storage import atomic
from coauth.storage.disk import ADVICE, read_bytes, seal, unseal

ByReason = dict[str, int]
"""Records or works, by why they were left out, put right or not counted."""


class Entry(BaseModel):
    """A manifest, or an object in one: what is known of it as attributes."""

    model_config = ConfigDict(frozen=True, strict=True, extra="allow")

    def plain(self) -> dict[str, Any]:
        """As JSON holds it; what was not written is not there either."""
        return self.model_dump(mode="json", exclude_unset=True)


class Origin(Entry):
    """Where a vintage came from: what must be the same for its harvest to be continued."""

    kind: str
    """`api`, `files` or `sample`."""
    path: str | None = None
    """Of files: the file or folder they were read from."""
    state: str | None = None
    """Of files: a digest of names, sizes and times, which changes with any of them."""
    seed: int | None = None
    """Of a sample."""


class Controls(Entry):
    """OpenAlex's own counts of the works in scope, by group; None where it gave no answer."""

    publication_year: dict[str, int] | None = None
    type: dict[str, int] | None = None
    address_without_institution: dict[str, int] | None = None
    """By year: works with an address in the country, and no institution matched there."""


class Plan(Entry):
    """What a harvest over the API set out to fetch."""

    slices: list[str]
    controls: Controls
    budget: dict[str, int | None] = {}
    """Credits: `estimated_cost`, and `left_before` it (None where that is not told)."""


class Harvest(Entry):
    """What the slices hold together, as the source says once all are closed. Beside what is listed
    stand counts that only some sources give.
    """

    source: str
    """`api`, `files`, `records` or `snapshot`."""
    slices: dict[str, dict[str, Any]]
    """By name: status, and records expected, stored and distinct."""
    incomplete: list[str]
    """Slices with fewer works than OpenAlex counts, and files of a snapshot that are missing."""
    controls: Controls | None = None
    """Of the API alone."""
    updated: list[str] = []
    """Of records from disk: days on which OpenAlex updated the first and the last of them."""
    undated: int = 0
    """Records that do not say when they were updated."""
    ignored_reasons: dict[str, str] = {}
    """Files that were passed over, and what they are."""
    missing_files: list[str] = []
    """Of a snapshot: files that its own manifest names and that are not there."""
    named_files: int = 0
    manifest_file: str | None = None


class Account(Entry):
    """What became of the records on the pages: records = works + Σ dropped."""

    records: int
    works: int
    """In scope."""
    dropped: ByReason
    noted: ByReason = {}
    """Works of whose records a field was put right or left empty."""
    examples: dict[str, list[str]] = {}
    """A few ids, by reason."""
    passed_over: dict[str, str] = {}
    """Files that hold no records, and what they are; known to the harvest alone."""


class Losses(Entry):
    """What became of records, and then of works, in a build."""

    works: Account
    excluded: ByReason
    """Works in scope that count nowhere."""


class Since(Entry):
    """The earlier vintage that a build, or a report, is held against."""

    vintage: str
    as_of: date
    version: str
    """Of coauth, then."""
    parts: list[str] = []
    """Questions that differ: series by their names, `queries/scope`, `queries/sql`,
    `queries/institutions`.
    """
    relations: dict[str, Relation] | None = None
    """What lies between the two, by border of OpenAlex; None from a coauth that did not note it."""


class Build(Entry):
    """What the tables rest on."""

    complete: bool
    """Whether no slice of the harvest was short."""
    mixed: str = ""
    """Why its institutions are of two matchers; empty where they are not."""
    no_cues: str = ""
    """Why technologies give no cues; empty where they do."""
    lacking: list[str] | None = None
    """What no record has (`coauth.tables.absence`); None from a coauth that did not look."""
    eras: dict[str, str] = {}
    """By border of OpenAlex."""
    engine: str = "duckdb"
    level: str
    """`unified` or `as-harvested`: whether institutions were rolled up."""
    queries: str
    """Fingerprint of all questions."""
    lists: dict[str, Any] = {}
    """Watchlists and sets of technologies that were enabled, with their versions."""
    parts: dict[str, str] | None = None
    """Fingerprints of what a headline count depends on; None from a coauth that noted none."""
    since: Since | None = None
    synthetic: bool
    losses: Losses
    rows: dict[str, int]
    """By table."""
    sha256: dict[str, str]
    """Of each table's file."""
    seed: int
    versions: dict[str, str]
    """Of Python, coauth and the packages that numbers depend on."""


class Manifest(Entry):
    """What was asked, when and from where; what came of it; what was built."""

    source: Origin
    scope: dict[str, Any]
    """queries/scope.toml as it was."""
    scope_fingerprint: str
    started: date
    """UTC day."""
    completed: date | None = None
    """UTC day; None while slices are missing."""
    reopened: date | None = None
    """The day it had been completed on, while damage is mended."""
    repaired: dict[str, date] = {}
    """Slices that were damaged, and the day on which that was found."""
    affiliation_matcher: str | None = None
    topic_model: str | None = None
    """Eras of OpenAlex's models (`coauth.openalex.eras`); None from a coauth that noted none."""
    taken: date | None = None
    """Of records from disk: the day they were said to be taken."""
    plan: Plan | None = None
    harvest: Harvest | None = None
    account: Account | None = None
    build: Build | None = None
    technology_quality: dict[str, Any] | None = None
    """Measured precision and recall of the technologies (`coauth.review.labelling`)."""

    @property
    def synthetic(self) -> bool:
        """Whether what was built is invented."""
        return self.build is not None and self.build.synthetic

    @classmethod
    def from_entries(cls, entries: Mapping[str, Any]) -> Self:
        """Entries may be as JSON holds them, or typed. Raises `ValidationError`."""
        return cls.model_validate_json(json.dumps(entries, default=_plain))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Raises `CacheError` for a file that is missing or damaged."""
        try:
            return cls.from_entries(unseal(read_bytes(path)))
        except ValidationError as faults:
            fault = faults.errors()[0]
            why = "".join(f"{place}: " for place in fault["loc"]) + fault["msg"]
        except (ValueError, RecursionError) as fault:
            why = str(fault)
        raise CacheError(f"{path}: damaged ({why}); move the folder away and harvest again")

    def write(self, path: Path) -> None:
        atomic.write({path: seal(self.plain())}, ADVICE)


def _plain(value: Any) -> Any:
    return value.plain() if isinstance(value, Entry) else value.isoformat()
