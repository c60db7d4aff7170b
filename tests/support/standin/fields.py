"""Fields: what can be filtered, grouped and sorted by."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tests.support.standin.limits import LISTED_AUTHORS
from tests.support.standin.wire import Record, bad_query

Column = Callable[[Record], Any]
Test = Callable[[Any], bool]


@dataclass(frozen=True)
class Field:
    """A filterable field. `kind` is term, id, number, date, flag (true/false/null), present (has_…)
    or search.
    """

    name: str
    kind: str
    column: Column
    group_prefix: str = ""  # put before the key in group_by
    group_number: bool = False  # a number that may be grouped by


def bare(value: str) -> str:
    """A term as it is compared: lower case, without the address in front of an OpenAlex, ROR or DOI
    value (read).
    """
    value = value.strip().strip('"').lower()
    for prefix in (
        "https://doi.org/",
        "http://doi.org/",
        "doi:",
        "https://ror.org/",
        "https://orcid.org/",
    ):
        value = value.removeprefix(prefix)
    return value.rsplit("/", 1)[-1] if "openalex.org/" in value else value


def openalex_id(value: str) -> str:
    """The first thing that looks like an OpenAlex id, in upper case; numeric ids of fields and
    domains stay (read).
    """
    found = re.search(r"[WAICFVPST]\d{2,}", value.strip().upper())
    if found:
        return found.group()
    tail = value.strip().rsplit("/", 1)[-1]
    if tail.isdigit():
        return tail
    raise bad_query(f"'{value.replace('https://openalex.org/', '')}' is not a valid OpenAlex ID.")


def terms(values: Iterable[Any]) -> frozenset[str]:
    return frozenset(bare(value) for value in values if value)


def value_at(*path: str) -> Callable[[Record], Any]:
    def look(record: Record) -> Any:
        for step in path:
            record = record.get(step) if isinstance(record, dict) else None  # type: ignore[assignment]
        return record

    return look


def term_at(*path: str) -> Column:
    look = value_at(*path)
    return lambda record: terms([look(record)])


def ids_at(*path: str) -> Column:
    look = value_at(*path)
    return lambda record: frozenset(
        value.rsplit("/", 1)[-1].upper() for value in [look(record)] if value
    )


def authorships(record: Record) -> list[Record]:
    return record.get("authorships") or []


def over_institutions(name: str, read: Callable[[Any], str] = bare) -> Column:
    """A value of all institutions of ALL authors: these filters look at the full list of authors
    (read).
    """

    def collect(record: Record) -> frozenset[str]:
        institutions = (
            place for one in authorships(record) for place in one.get("institutions") or []
        )
        values = (place.get(name) for place in institutions)
        flat = itertools.chain.from_iterable(
            value if isinstance(value, list) else [value] for value in values
        )
        return frozenset(read(value) for value in flat if value)

    return collect


def last_part(value: str) -> str:
    return value.rsplit("/", 1)[-1].upper()


def listed_countries(record: Record) -> frozenset[str]:
    """Countries of the first hundred authors, also those read from the text alone: the cut list is
    searched (read).
    """
    return terms(
        code for one in authorships(record)[:LISTED_AUTHORS] for code in one.get("countries") or []
    )


def number(name: str) -> Column:
    look = value_at(*name.split("."))
    return lambda record: value if isinstance(value := look(record), int | float) else None


def publication_date(record: Record) -> str | None:
    value = record.get("publication_date")
    try:
        return dt.date.fromisoformat(str(value)).isoformat()
    except ValueError:
        return None


def publication_year(record: Record) -> int | None:
    """Derived from the date, as the pipeline does; kept as given where there is a year only (read;
    fallback guessed).
    """
    date = publication_date(record)
    return int(date[:4]) if date else number("publication_year")(record)


def flag(name: str) -> Column:
    return lambda record: record.get(name) if isinstance(record.get(name), bool) else None


def present(look: Callable[[Record], Any]) -> Column:
    return lambda record: bool(look(record))


def affiliation_text(record: Record) -> str:
    strings = (
        text for one in authorships(record) for text in one.get("raw_affiliation_strings") or []
    )
    return " \n ".join(strings).lower()


def author_values(name: str, read: Callable[[str], str]) -> Column:
    def collect(record: Record) -> frozenset[str]:
        values = ((one.get("author") or {}).get(name) for one in authorships(record))
        return frozenset(read(value) for value in values if value)

    return collect


def topic_ids(*path: str) -> Column:
    look = value_at(*path)
    return lambda record: frozenset(
        last_part(value) for topic in record.get("topics") or [] if (value := look(topic))
    )


def _fields() -> dict[str, Field]:
    country = over_institutions("country_code")
    institution = over_institutions("id", last_part)
    lineage = over_institutions("lineage", last_part)
    ror = over_institutions("ror")
    kind = over_institutions("type")
    work_id = ids_at("id")
    home = "https://openalex.org/"
    listed = [
        Field("authorships.institutions.country_code", "term", country, f"{home}countries/"),
        Field("institutions.country_code", "term", country, f"{home}countries/"),
        Field("authorships.countries", "term", listed_countries, f"{home}countries/"),
        Field("authorships.institutions.id", "id", institution, home),
        Field("institutions.id", "id", institution, home),
        Field("authorships.institutions.lineage", "id", lineage, home),
        Field("authorships.institutions.ror", "term", ror, "https://ror.org/"),
        Field("institutions.ror", "term", ror, "https://ror.org/"),
        Field("authorships.institutions.type", "term", kind, f"{home}institution-types/"),
        Field("institutions.type", "term", kind, f"{home}institution-types/"),
        Field("authorships.author.id", "id", author_values("id", last_part), home),
        Field("author.id", "id", author_values("id", last_part), home),
        Field(
            "authorships.author.orcid", "term", author_values("orcid", bare), "https://orcid.org/"
        ),
        Field("ids.openalex", "id", work_id, home),
        Field("openalex", "id", work_id, home),
        Field("openalex_id", "id", work_id, home),
        Field("doi", "term", term_at("doi"), "https://doi.org/"),
        Field("type", "term", term_at("type"), f"{home}types/"),
        Field("language", "term", term_at("language"), f"{home}languages/"),
        Field("indexed_in", "term", lambda record: terms(record.get("indexed_in") or [])),
        Field("primary_topic.id", "id", ids_at("primary_topic", "id"), home),
        Field(
            "primary_topic.subfield.id",
            "id",
            ids_at("primary_topic", "subfield", "id"),
            f"{home}subfields/",
        ),
        Field(
            "primary_topic.field.id", "id", ids_at("primary_topic", "field", "id"), f"{home}fields/"
        ),
        Field(
            "primary_topic.domain.id",
            "id",
            ids_at("primary_topic", "domain", "id"),
            f"{home}domains/",
        ),
        Field("topics.id", "id", topic_ids("id"), home),
        Field("topics.field.id", "id", topic_ids("field", "id"), f"{home}fields/"),
        Field("primary_location.source.id", "id", ids_at("primary_location", "source", "id"), home),
        Field(
            "primary_location.source.type", "term", term_at("primary_location", "source", "type")
        ),
        Field("publication_year", "number", publication_year, group_number=True),
        Field(
            "authors_count", "number", lambda record: len(authorships(record)), group_number=True
        ),
        Field("cited_by_count", "number", number("cited_by_count"), group_number=True),
        Field(
            "institutions_distinct_count",
            "number",
            number("institutions_distinct_count"),
            group_number=True,
        ),
        Field(
            "countries_distinct_count",
            "number",
            number("countries_distinct_count"),
            group_number=True,
        ),
        Field("fwci", "number", number("fwci")),
        Field("publication_date", "date", publication_date),
        Field("from_publication_date", "date", publication_date),
        Field("to_publication_date", "date", publication_date),
        Field("is_retracted", "flag", flag("is_retracted")),
        Field("is_paratext", "flag", flag("is_paratext")),
        Field("is_xpac", "flag", flag("is_xpac")),
        Field("has_doi", "present", present(value_at("doi"))),
        Field("has_abstract", "present", present(value_at("abstract_inverted_index"))),
        Field("has_references", "present", present(value_at("referenced_works"))),
        Field("has_orcid", "present", present(author_values("orcid", bare))),
        Field("has_raw_affiliation_strings", "present", present(affiliation_text)),
        Field("raw_affiliation_strings.search", "search", affiliation_text),
    ]
    return {one.name: one for one in listed}


FIELDS = _fields()


def known_field(name: str) -> Field:
    try:
        return FIELDS[name]
    except KeyError:
        start = (
            f"{name} is not a valid field. Valid fields are underscore or hyphenated versions of: "
        )
        raise bad_query(start + ", ".join(sorted(FIELDS))) from None
