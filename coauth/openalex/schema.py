"""What OpenAlex serves, and the part of it that coauth stores.

Every attribute may be missing or null (OpenAlex omits attributes a document lacks), and lists may
hold nulls (`institution_ids` of 2025 records do).
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from coauth.openalex.canonical import (
    CountryCode,
    Date,
    InstitutionId,
    InstitutionType,
    Ror,
    Score,
    TopicId,
    WorkId,
    WorkType,
)

SELECT = (
    "id",
    "doi",
    "title",
    "publication_year",
    "publication_date",
    "type",
    "language",
    "is_retracted",
    "is_paratext",
    "authorships",
    "institutions_distinct_count",
    "countries_distinct_count",
    "primary_topic",
    "topics",
    "cited_by_count",
    "citation_normalized_percentile",
    "primary_location",
    "abstract_inverted_index",
    "updated_date",
    "created_date",
)
"""Root fields asked for, fixed from the start: a later change would mean another harvest."""

LIST_AUTHORS = 100
"""A list answer holds at most this many authorships of a work and does not say that it cut (only a
singleton is whole).
"""

MOST_AUTHORS = 5_000
"""OpenAlex itself keeps no more authorships than this; a work with exactly so many is cut even as a
singleton.
"""


Whole = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""A number that a table can hold; what is larger makes the record damaged, not the build."""


Year = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
"""Of a publication; 0 and -1 are other tools' marks for "none"."""


class Institution(msgspec.Struct, omit_defaults=True):
    id: InstitutionId | None = None
    ror: Ror | None = None
    display_name: str | None = None
    country_code: CountryCode | None = None
    type: InstitutionType | None = None
    lineage: list[InstitutionId | None] | None = None


class Affiliation(msgspec.Struct, omit_defaults=True):
    raw_affiliation_string: str | None = None
    institution_ids: list[InstitutionId | None] | None = None


class Authorship(msgspec.Struct, omit_defaults=True):
    """One author's place on a work, without the author."""

    institutions: list[Institution | None] | None = None
    countries: list[CountryCode | None] | None = None
    affiliations: list[Affiliation | None] | None = None


class Named(msgspec.Struct, omit_defaults=True):
    id: str | None = None
    display_name: str | None = None


class Topic(msgspec.Struct, omit_defaults=True):
    id: TopicId | None = None
    display_name: str | None = None
    score: Score | None = None
    subfield: Named | None = None
    field: Named | None = None
    domain: Named | None = None


class Source(msgspec.Struct, omit_defaults=True):
    id: str | None = None
    display_name: str | None = None
    type: str | None = None
    host_organization_name: str | None = None


class Location(msgspec.Struct, omit_defaults=True):
    source: Source | None = None


class Percentile(msgspec.Struct, omit_defaults=True):
    value: float | None = None
    is_in_top_1_percent: bool | None = None
    is_in_top_10_percent: bool | None = None


class WorkFields(msgspec.Struct, omit_defaults=True, kw_only=True):
    id: WorkId | None = None
    doi: str | None = None
    title: str | None = None
    publication_year: Year | None = None
    publication_date: Date | None = None
    type: WorkType | None = None
    language: str | None = None
    is_retracted: bool | None = None
    is_paratext: bool | None = None
    institutions_distinct_count: Whole | None = None
    countries_distinct_count: Whole | None = None
    primary_topic: Topic | None = None
    topics: list[Topic | None] | None = None
    cited_by_count: Whole | None = None
    citation_normalized_percentile: Percentile | None = None
    primary_location: Location | None = None
    updated_date: Date | None = None
    created_date: Date | None = None


class Work(WorkFields, omit_defaults=True, kw_only=True):
    """One work as it is stored: OpenAlex's attributes without persons, the abstract as plain masked
    text.

    `authors_cut` is true where the full list of authors could not be had. `noted` says which fields
    of the record were put right or left empty, and why; `damage` why it could not be read at all,
    and is then the only attribute beside `id`.
    """

    authorships: list[Authorship | None] | None = None
    abstract: str | None = None
    authors_cut: bool = False
    noted: list[str] | None = None
    damage: str | None = None


class Page(msgspec.Struct, omit_defaults=True, kw_only=True):
    """What is stored of one answer: where it came from, what the server counted, the works that
    were kept.
    """

    request: str
    served_sha256: list[str]
    """Of each response body as served: the list answer first, then the singletons fetched for long
    author lists.
    """
    count: int | None = None
    next_cursor: str | None = None
    works: list[Work]


class Person(msgspec.Struct):
    display_name: str | None = None


class ServedAuthorship(msgspec.Struct):
    institutions: list[Institution | None] | None = None
    countries: list[CountryCode | None] | None = None
    affiliations: list[Affiliation | None] | None = None
    author: Person | None = None
    raw_author_name: str | None = None
    raw_affiliation_strings: list[str | None] | None = None
    raw_affiliation_string: str | None = None
    """The spelling until 2023: one string, or several in one."""


class Venue(msgspec.Struct):
    """Where a work was published, as records until 2023 have it."""

    id: str | None = None
    display_name: str | None = None
    publisher: str | None = None
    type: str | None = None


class ServedWork(WorkFields, kw_only=True):
    """One work as OpenAlex serves it, as far as coauth reads it. Held in memory only while it is
    being masked.
    """

    display_name: str | None = None
    """The title again; some records have only this."""
    authorships: list[ServedAuthorship | None] | None = None
    is_authors_truncated: bool | None = None
    host_venue: Venue | None = None
    abstract_inverted_index: dict[str, list[Whole]] | None = None
    abstract: str | None = None
    """As text, on pages of ours that are read back."""


class StoredWork(ServedWork, kw_only=True):
    """A work of pages of ours that are read back: they say what an earlier reading noted, which
    nobody else is believed.
    """

    authors_cut: bool = False
    noted: list[str] | None = None
    damage: str | None = None


class Meta(msgspec.Struct):
    count: int
    next_cursor: str | None = None
    db_response_time_ms: float | None = None


class Response(msgspec.Struct):
    """A list answer: `meta` and the results still undecoded, so that one broken record does not
    cost the page.
    """

    meta: Meta
    results: list[msgspec.Raw]
