"""A stand-in for the OpenAlex API on loopback, for tests: ``GET /works``, ``GET /works/W…`` and ``GET /rate-limit``.

Run it inside a test::

    with StandIn(records, faults=[Fault("http_503", nth=3, times=2)]) as server:
        requests.get(f"{server.url}/works?filter=publication_year:2020")

or from a shell: ``python tests/standin.py RECORDS [--port N] [--key K] [--faults "http_503,nth=3,times=2" …]``.

How sure the imitation is, by the words used in the docstrings below:

* *read*: read in the published source of the API (ourresearch/openalex-elastic-api and openalex-api-proxy, 2026);
* *documented*: said by the API's own help pages or measured by others on the live API;
* *guessed*: plausible, nobody looked.

Only the standard library is used. Nothing here talks to the network beyond the loopback interface.
"""

from __future__ import annotations

import argparse
import base64
import bisect
import contextlib
import copy
import datetime as dt
import functools
import gzip
import itertools
import json
import math
import re
import signal
import socket
import socketserver
import sys
import threading
import time
import urllib.parse
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import TracebackType
from typing import Any, Self

JSON = "application/json"
HTML = "text/html; charset=utf-8"

LISTED_AUTHORS = 100  # lists show the first hundred authors, singletons all of them (read)
OR_VALUES = 100  # most values in one filter, joined by | or by + (read)
RESULT_WINDOW = 10_000  # page * per_page may not pass this without a cursor (read)
REQUEST_LINE_BYTES = 8190  # longest request line the edge lets through (read)
KEYLESS_SHARE = 10  # without a key the daily budget is a tenth (documented)
SOFT_TIMEOUT_MS = 5000  # the search engine gives up softly here and answers with what it has (read)
LONG_MAX, LONG_MIN = 2**63 - 1, -(2**63)  # what the search engine reports as sort value of a missing number

# Root attributes of a work: all that `select` accepts. In the order of real responses of 2026.
SELECTABLE = (
    "id", "doi", "title", "display_name", "publication_year", "publication_date", "ids", "language",
    "primary_location", "type", "indexed_in", "open_access", "authorships", "institutions",
    "countries_distinct_count", "institutions_distinct_count", "corresponding_author_ids",
    "corresponding_institution_ids", "apc_list", "apc_paid", "fwci", "is_authors_truncated", "has_fulltext",
    "cited_by_count", "citation_normalized_percentile", "cited_by_percentile_year", "biblio", "is_retracted",
    "is_paratext", "is_xpac", "primary_topic", "topics", "keywords", "concepts", "mesh", "locations_count",
    "locations", "best_oa_location", "sustainable_development_goals", "awards", "funders", "has_content",
    "content_urls", "referenced_works_count", "referenced_works", "related_works", "abstract_inverted_index",
    "counts_by_year", "updated_date", "created_date", "relevance_score",
)  # fmt: skip

PARAMETERS = (
    "api-key", "api_key", "corpus", "cursor", "data-version", "data_version", "filter", "format", "group-by",
    "group-bys", "group_by", "group_bys", "include-xpac", "include_xpac", "mailto", "page", "per-page", "per_page",
    "q", "sample", "search", "seed", "select", "sort",
)  # fmt: skip

# The real list of names is longer; an unlisted country shows its code, as it does on the real server (read).
COUNTRY_NAMES = {
    "cn": "China", "de": "Germany", "dk": "Denmark", "fi": "Finland", "fo": "Faroe Islands", "fr": "France",
    "gb": "United Kingdom", "gl": "Greenland", "hk": "Hong Kong", "ir": "Iran", "no": "Norway",
    "ru": "Russian Federation", "se": "Sweden", "us": "United States of America",
}  # fmt: skip


# --------------------------------------------------------------------------------------------------
# What goes over the wire

Record = dict[str, Any]  # a work as the API shows it


@dataclass
class Request:
    """One request as the server saw it; `status` and `cost` (credits) are filled in once it has been answered."""

    number: int  # from 1, in order of arrival
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]  # lower-case names, only those in `HEADERS_KEPT`
    target: str  # path and query exactly as sent
    line_bytes: int  # length of the request line
    client: str = "127.0.0.1"
    status: int = 0
    cost: int = 0

    HEADERS_KEPT = ("accept-encoding", "api-key", "api_key", "authorization", "from", "host", "user-agent")

    @property
    def readable(self) -> str:
        """Path and query with the percent signs undone: what the `when` text of a fault is looked for in."""
        return urllib.parse.unquote_plus(self.target)

    @property
    def key(self) -> str | None:
        """The API key, looked for where the proxy looks, in its order: Bearer wins (read)."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token and " " not in token:
            return token
        places = (self.query.get("api_key"), self.query.get("api-key"))
        return next(filter(None, (*places, self.headers.get("api_key"), self.headers.get("api-key"))), None)


@dataclass
class Response:
    """An answer, and what the wire does to it."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    metered: bool = True  # carries X-RateLimit-* headers; refusals by the proxy's first checks do not (read)
    delay: float = 0.0  # seconds without a byte
    sent: int | None = None  # bytes really sent before the connection is closed; None = all


class Refusal(Exception):
    """Raised anywhere while a request is handled: carries the error response to send."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def json_bytes(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def json_error(
    status: int,
    error: str,
    message: str,
    *,
    headers: Mapping[str, str] | None = None,
    metered: bool = True,
    **more: Any,
) -> Response:
    document = {"error": error, "message": message, **more}
    return Response(status, json_bytes(document), headers=dict(headers or {}), metered=metered)


def html_page(status: int, title: str, text: str) -> Response:
    page = f"<!doctype html>\n<html lang=en>\n<title>{title}</title>\n<h1>{title}</h1>\n<p>{text}</p>\n"
    return Response(status, page.encode(), content_type=HTML)


def not_found(marker: str = "") -> Response:
    """Unknown, deleted and merged works are an HTML page, not JSON, and never a redirect (read)."""
    text = "The requested URL was not found on the server. If you entered the URL manually please check your spelling"
    return html_page(404, "Not Found", f"{text} and try again. {marker}".rstrip())


def bad_query(message: str) -> Refusal:
    return Refusal(json_error(400, "Invalid query parameters error.", message))


def bad_page(message: str) -> Refusal:
    return Refusal(json_error(400, "Pagination error.", message))


def usd(amount: float) -> float:
    """One credit is $0.0001 (read)."""
    return round(amount * 0.0001, 6)


# --------------------------------------------------------------------------------------------------
# Faults

ERROR_FAULTS = frozenset(
    {
        "rate_429", "budget_429", "plan_429", "throttled_429", "http_500", "http_503", "http_503_json", "http_504",
        "html_200", "unauthorized", "vanish",
    }
)  # fmt: skip
PAGE_FAULTS = frozenset({"short_page", "duplicate", "lose", "count_drift"})
WIRE_FAULTS = frozenset({"hang", "cut_json", "reset"})


@dataclass(frozen=True)
class Fault:
    """Something to go wrong, decided by counting, never by chance.

    The fault strikes the `nth` request that matches `when` and `per_page_over`, and the ones after it, `times` times
    in all (None = for ever). `when` is a text to find in the unquoted path and query, or a function of the request.
    Faults compose: of the errors the first one listed strikes and the others wait their turn; page faults strike
    lists that were otherwise answered; wire faults strike whatever is sent.

    Errors (`marker` is put into the body, to look for leaks into logs and reports):

    * rate_429 (Retry-After 1), budget_429 (Retry-After `retry_after`, 40,000 by default), plan_429 (no Retry-After),
      throttled_429;
    * http_500 and http_503 (HTML), http_503_json (Retry-After 30), http_504 (JSON, the proxy's nine-second limit);
    * html_200 (a page where JSON should be), unauthorized (401), vanish (404 for a single work the lists do give).

    Pages:

    * short_page: the soft timeout of the search engine. `keep` hits (half of the page by default) and a null cursor
      with status 200, while the count still tells more; with `partial_count` the count too is only what was seen so far;
    * duplicate: the last record of the page before comes again; lose: a record has moved past the cursor unseen
      (both strike only pages with a running cursor);
    * count_drift: meta.count is off by `drift`.

    Wire: hang (`seconds` without a byte, then the answer), cut_json (half of the body with a fitting Content-Length),
    reset (the connection closes in the middle of the body).
    """

    kind: str
    when: Callable[[Request], bool] | str | None = None
    nth: int = 1
    times: int | None = 1
    marker: str = ""
    per_page_over: int = 0
    seconds: float = 5.0
    retry_after: int | None = None
    keep: int | None = None
    partial_count: bool = False
    drift: int = 1

    def __post_init__(self) -> None:
        if self.kind not in ERROR_FAULTS | PAGE_FAULTS | WIRE_FAULTS:
            raise ValueError(f"unknown fault {self.kind!r}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``kind,name=value,…`` as given in a shell; ``times=forever`` is None."""
        kind, *settings = text.split(",")
        read: dict[str, Callable[[str], Any]]
        read = {"when": str, "marker": str, "seconds": float, "partial_count": lambda value: value in ("1", "true")}
        chosen: dict[str, Any] = {}
        for setting in settings:
            name, _, value = setting.partition("=")
            if name == "kind" or name not in {known.name for known in fields(cls)}:
                raise ValueError(f"unknown setting {name!r} in fault {text!r}")
            chosen[name] = None if value == "forever" else read.get(name, int)(value)
        return cls(kind, **chosen)

    def matches(self, request: Request) -> bool:
        if self.kind == "vanish" and single_work(request.path) is None:
            return False
        if self.kind == "budget_429" and not price(request):
            return False  # what is free is never refused for want of money
        if self.kind in ("duplicate", "lose") and request.query.get("cursor", "*") == "*":
            return False
        if self.per_page_over and page_size(request.query) <= self.per_page_over:
            return False
        if callable(self.when):
            return self.when(request)
        return self.when is None or self.when in request.readable


class FaultBook:
    """Keeps count of which fault has met and struck how many requests."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self._lock = threading.Lock()
        self._faults = list(faults)
        self._met = [0] * len(self._faults)
        self._struck = [0] * len(self._faults)

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)
            self._met.append(0)
            self._struck.append(0)

    def striking(self, kinds: frozenset[str], request: Request, *, first_only: bool = False) -> list[Fault]:
        """The faults of these kinds that strike this request."""
        found: list[Fault] = []
        with self._lock:
            for place, fault in enumerate(self._faults):
                if fault.kind not in kinds or not fault.matches(request):
                    continue
                self._met[place] += 1
                spent = fault.times is not None and self._struck[place] >= fault.times
                if self._met[place] < fault.nth or spent or (first_only and found):
                    continue
                self._struck[place] += 1
                found.append(fault)
        return found


# --------------------------------------------------------------------------------------------------
# Fields: what can be filtered, grouped and sorted by

Column = Callable[[Record], Any]
Test = Callable[[Any], bool]


@dataclass(frozen=True)
class Field:
    """A filterable field. `kind` is term, id, number, date, flag (true/false/null), present (has_…) or search."""

    name: str
    kind: str
    column: Column
    group_prefix: str = ""  # put before the key in group_by
    group_number: bool = False  # a number that may be grouped by


def bare(value: str) -> str:
    """A term as it is compared: lower case, without the address in front of an OpenAlex, ROR or DOI value (read)."""
    value = value.strip().strip('"').lower()
    for prefix in ("https://doi.org/", "http://doi.org/", "doi:", "https://ror.org/", "https://orcid.org/"):
        value = value.removeprefix(prefix)
    return value.rsplit("/", 1)[-1] if "openalex.org/" in value else value


def openalex_id(value: str) -> str:
    """The first thing that looks like an OpenAlex id, in upper case; numeric ids of fields and domains stay (read)."""
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
    return lambda record: frozenset(value.rsplit("/", 1)[-1].upper() for value in [look(record)] if value)


def authorships(record: Record) -> list[Record]:
    return record.get("authorships") or []


def over_institutions(name: str, read: Callable[[Any], str] = bare) -> Column:
    """A value of all institutions of ALL authors: these filters look at the full list of authors (read)."""

    def collect(record: Record) -> frozenset[str]:
        institutions = (place for one in authorships(record) for place in one.get("institutions") or [])
        values = (place.get(name) for place in institutions)
        flat = itertools.chain.from_iterable(value if isinstance(value, list) else [value] for value in values)
        return frozenset(read(value) for value in flat if value)

    return collect


def last_part(value: str) -> str:
    return value.rsplit("/", 1)[-1].upper()


def listed_countries(record: Record) -> frozenset[str]:
    """Countries of the first hundred authors, also those read from the text alone: the cut list is searched (read)."""
    return terms(code for one in authorships(record)[:LISTED_AUTHORS] for code in one.get("countries") or [])


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
    """Derived from the date, as the pipeline does; kept as given where there is a year only (read; fallback guessed)."""
    date = publication_date(record)
    return int(date[:4]) if date else number("publication_year")(record)


def flag(name: str) -> Column:
    return lambda record: record.get(name) if isinstance(record.get(name), bool) else None


def present(look: Callable[[Record], Any]) -> Column:
    return lambda record: bool(look(record))


def affiliation_text(record: Record) -> str:
    strings = (text for one in authorships(record) for text in one.get("raw_affiliation_strings") or [])
    return " \n ".join(strings).lower()


def author_values(name: str, read: Callable[[str], str]) -> Column:
    def collect(record: Record) -> frozenset[str]:
        values = ((one.get("author") or {}).get(name) for one in authorships(record))
        return frozenset(read(value) for value in values if value)

    return collect


def topic_ids(*path: str) -> Column:
    look = value_at(*path)
    return lambda record: frozenset(last_part(value) for topic in record.get("topics") or [] if (value := look(topic)))


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
        Field("authorships.author.orcid", "term", author_values("orcid", bare), "https://orcid.org/"),
        Field("ids.openalex", "id", work_id, home),
        Field("openalex", "id", work_id, home),
        Field("openalex_id", "id", work_id, home),
        Field("doi", "term", term_at("doi"), "https://doi.org/"),
        Field("type", "term", term_at("type"), f"{home}types/"),
        Field("language", "term", term_at("language"), f"{home}languages/"),
        Field("indexed_in", "term", lambda record: terms(record.get("indexed_in") or [])),
        Field("primary_topic.id", "id", ids_at("primary_topic", "id"), home),
        Field("primary_topic.subfield.id", "id", ids_at("primary_topic", "subfield", "id"), f"{home}subfields/"),
        Field("primary_topic.field.id", "id", ids_at("primary_topic", "field", "id"), f"{home}fields/"),
        Field("primary_topic.domain.id", "id", ids_at("primary_topic", "domain", "id"), f"{home}domains/"),
        Field("topics.id", "id", topic_ids("id"), home),
        Field("topics.field.id", "id", topic_ids("field", "id"), f"{home}fields/"),
        Field("primary_location.source.id", "id", ids_at("primary_location", "source", "id"), home),
        Field("primary_location.source.type", "term", term_at("primary_location", "source", "type")),
        Field("publication_year", "number", publication_year, group_number=True),
        Field("authors_count", "number", lambda record: len(authorships(record)), group_number=True),
        Field("cited_by_count", "number", number("cited_by_count"), group_number=True),
        Field("institutions_distinct_count", "number", number("institutions_distinct_count"), group_number=True),
        Field("countries_distinct_count", "number", number("countries_distinct_count"), group_number=True),
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
        start = f"{name} is not a valid field. Valid fields are underscore or hyphenated versions of: "
        raise bad_query(start + ", ".join(sorted(FIELDS))) from None


# --------------------------------------------------------------------------------------------------
# Filters


def split_filter(text: str) -> list[str]:
    """Split on the commas that do not stand in double quotes (read)."""
    return [part for part in re.findall(r'(?:[^,"]|"[^"]*"?)+', text) if part]


def parse_filter(text: str) -> list[tuple[Field, str]]:
    """`,` is AND between filters. Hyphens in names become underscores; empty and undefined values are refused (read)."""
    parsed = []
    for part in split_filter(text):
        name, _, value = part.partition(":")
        if value.strip().lower() in ("", "none", "undefined"):
            raise bad_query(f"Invalid query parameter in {part}.")
        parsed.append((known_field(name.strip().replace("-", "_")), value.strip()))
    return parsed


def number_test(one: Field, value: str) -> Test:
    """`2020`, `2011-2024`, open ends, `>5`, `<5` (read; the wording of the refusal is guessed)."""
    shape = re.fullmatch(r"(?P<sign>[<>])?(?P<low>\d+(?:\.\d+)?)?(?P<dash>-)?(?P<high>\d+(?:\.\d+)?)?", value)
    if not shape or not (shape["low"] or shape["high"]) or (shape["sign"] and shape["dash"]):
        raise bad_query(f"Value for param {one.name} must be a number.")
    low = float(shape["low"]) if shape["low"] else -math.inf
    if shape["sign"] == ">":
        return lambda have: have is not None and have > low
    if shape["sign"] == "<":
        return lambda have: have is not None and have < low
    high = low if not shape["dash"] else float(shape["high"]) if shape["high"] else math.inf
    return lambda have: have is not None and low <= have <= high


def date_value(one: Field, value: str) -> str:
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        try:
            return dt.date.fromisoformat(value).isoformat()
        except ValueError:
            pass
    message = f"Value for param {one.name} is an invalid date. Format is yyyy-mm-dd (e.g. 2020-05-17)."
    raise bad_query(message)


def date_test(one: Field, value: str) -> Test:
    """From and to are inclusive; the plain date takes a day, `>` or `<` (read)."""
    if value[:1] in "<>":
        limit = date_value(one, value[1:])
        if value[0] == "<":
            return lambda have: have is not None and have < limit
        return lambda have: have is not None and have > limit
    limit = date_value(one, value)
    if one.name.startswith("from_"):
        return lambda have: have is not None and have >= limit
    if one.name.startswith("to_"):
        return lambda have: have is not None and have <= limit
    return lambda have: have == limit


def flag_test(one: Field, value: str) -> Test:
    if value.lower() not in ("true", "false"):
        choices = "true or false," if one.kind == "present" else "true, false null, or !null:"
        raise bad_query(f"Value for {one.name} must be {choices} not {value.lower()}.")
    wanted = value.lower() == "true"
    return lambda have: have is wanted


def set_test(one: Field, values: Sequence[str], every: bool) -> Test:
    wanted = frozenset(openalex_id(value) if one.kind == "id" else bare(value) for value in values)
    return (lambda have: wanted <= have) if every else (lambda have: not wanted.isdisjoint(have))


def search_test(value: str) -> Test:
    """All the words, or the quoted phrase; no stemming and no ranking, unlike the real search."""
    words = [value.strip('"').lower()] if value.startswith('"') else value.lower().split()
    return lambda have: all(word in have for word in words)


def plain_test(one: Field, values: Sequence[str], every: bool) -> Test:
    """A test for values without negation; `every` asks for all of them (`+`), otherwise one is enough (`|`)."""
    if one.kind in ("term", "id"):
        return set_test(one, values, every)
    make = {"number": number_test, "date": date_test, "flag": flag_test, "present": flag_test}.get(one.kind)
    tests = [make(one, value) if make else search_test(value) for value in values]
    if len(tests) == 1:
        return tests[0]
    return (lambda have: all(test(have) for test in tests)) if every else (lambda have: any(t(have) for t in tests))


def is_missing(have: Any) -> bool:
    return have is None or have == frozenset() or have == ""


def filter_test(one: Field, value: str) -> Test:
    """`null` and `!null`; `|` is OR; a space (a plus in the URL) is AND; `!` in front denies the whole (read)."""
    if value == "null":
        return is_missing
    if value == "!null":
        return lambda have: not is_missing(have)
    denied = value.startswith("!")
    text = value.removeprefix("!")
    every = "|" not in text and one.kind in ("term", "id") and not text.startswith('"')
    values = text.split("|") if "|" in text else text.split() if every else [text]
    if len(values) > OR_VALUES:
        raise bad_query(
            f"Maximum number of values exceeded for {one.name}. Decrease values to {OR_VALUES} or below, "
            "or consider downloading the full dataset at https://docs.openalex.org/download-snapshot"
        )
    for inner in values if not denied else ():
        if inner.startswith("!"):
            raise bad_query(
                "The ! operator can only be used at the beginning of an OR query, like "
                "/works?filter=concepts.id:!C144133560|C15744967, meaning NOT (C144133560 or C15744967). "
                f"Problem value: {inner}"
            )
    test = plain_test(one, [inner.replace("!", "") for inner in values], every)
    return (lambda have: not test(have)) if denied else test


# --------------------------------------------------------------------------------------------------
# Sorting and cursors


@dataclass(frozen=True)
class SortField:
    name: str
    descending: bool = False


# Mutable: citations change every night, so records can jump over a running cursor (read).
DEFAULT_SORT = (SortField("cited_by_percentile_year.max", True), SortField("cited_by_count", True), SortField("id"))
TIE_BREAK = (SortField("publication_date", True), SortField("id"))
SORT_TEXTS = ("id", "display_name")
SORT_NUMBERS = (
    "publication_date", "cited_by_count", "cited_by_percentile_year.max", "authors_count", "fwci",
    "institutions_distinct_count", "countries_distinct_count",
)  # fmt: skip


@functools.total_ordering
class Backwards:
    """Turns the order of texts around."""

    def __init__(self, value: str) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Backwards) and self.value == other.value

    def __lt__(self, other: Backwards) -> bool:
        return self.value > other.value

    __hash__ = None  # type: ignore[assignment]


def parse_sort(text: str, *, by_id: bool) -> tuple[SortField, ...]:
    """`name`, `name:asc` or `name:desc`, by comma; any other direction is silently dropped (read)."""
    found = []
    for part in filter(None, text.split(",")):
        name, _, direction = part.partition(":")
        name = name.replace("-", "_")
        if name == "relevance_score":
            raise bad_query(
                "Must include a search query (such as ?search=example or /filter=display_name.search:example) "
                "in order to sort by relevance_score."
            )
        if name == "publication_year":
            name = "publication_date"
        if name in ("ids.openalex", "openalex") and by_id:
            name = "id"
        elif name not in (*SORT_NUMBERS, "display_name"):
            refused = name if name in FIELDS else known_field(name).name
            raise bad_query(f"{refused} is not a valid field. Valid fields are: {', '.join(SORT_NUMBERS)}")
        if direction in ("", "asc", "desc"):
            found.append(SortField(name, direction == "desc"))
    return tuple(found)


def sort_value(record: Record, by: SortField) -> Any:
    """The value as it stands in a cursor. Missing values go last, shown as the search engine shows them (guessed)."""
    if by.name in SORT_TEXTS:
        return record.get(by.name)
    if by.name == "publication_date":
        day = publication_date(record)
        if day is not None:
            return (dt.date.fromisoformat(day) - dt.date(1970, 1, 1)).days * 86_400_000
    elif by.name == "authors_count":
        return len(authorships(record))
    else:
        value = number(by.name)(record)
        if value is not None:
            # The percentile is a float there: a real cursor reads [100.0, 1751, 'https://openalex.org/W…'].
            return float(value) if by.name in ("cited_by_percentile_year.max", "fwci") else value
        if by.name in ("cited_by_percentile_year.max", "fwci"):
            return "-Infinity" if by.descending else "Infinity"
    return LONG_MIN if by.descending else LONG_MAX


def sort_key(values: Sequence[Any], sort: Sequence[SortField]) -> tuple[Any, ...]:
    """What the values of a record or a cursor are compared by."""
    parts: list[Any] = []
    for value, by in zip(values, sort, strict=True):
        if by.name in SORT_TEXTS:
            text = "" if value is None else str(value)
            parts.append((value is None, Backwards(text) if by.descending else text))
        else:
            parts.append(-float(value) if by.descending else float(value))
    return tuple(parts)


def encode_cursor(value: Any) -> str:
    """The real encoding: base64 of the JSON of the Python text of the list of sort values (read)."""
    return base64.b64encode(json.dumps(str(value)).encode()).decode()


def decode_cursor_text(cursor: str) -> str:
    if cursor == "null" or cursor.lower() == "none":
        raise bad_page("Cursor is null. Likely reached end of results.")
    try:
        return base64.b64decode(cursor).decode().replace('"', "")
    except ValueError:
        raise bad_page("Invalid cursor value") from None


def decode_cursor(cursor: str) -> list[Any]:
    """A cursor is stateless: no expiry, good for any key, bound only to the number of sort values (read)."""
    text = decode_cursor_text(cursor).replace("'", '"').replace("None", "null")
    try:
        return list(json.loads(text))
    except (ValueError, TypeError):
        raise bad_page("Invalid cursor value") from None


# --------------------------------------------------------------------------------------------------
# The works


@dataclass(frozen=True)
class Sorted:
    """The answer to a filter and a sort: places of the records, with the keys that order them."""

    keys: list[tuple[Any, ...]]
    places: list[int]


class Catalogue:
    """The works, indexed for filters, sorts and quick serving. Knows nothing of HTTP."""

    def __init__(self, records: Iterable[Record]) -> None:
        self.records = list(records)
        self._by_id = {last_part(one["id"]): place for place, one in enumerate(self.records) if one.get("id")}
        self._by_doi = {bare(one["doi"]): place for place, one in enumerate(self.records) if one.get("doi")}
        dated = sorted((day, place) for place, one in enumerate(self.records) if (day := publication_date(one)))
        self._dates = [day for day, _ in dated]
        self._dated = [place for _, place in dated]
        self._columns: dict[Column, list[Any]] = {}
        self._names: dict[str, str] | None = None
        # One cache per catalogue: a cache on the class would keep every catalogue of the test run alive.
        self.sorted = functools.lru_cache(maxsize=256)(self._sorted)
        self.matching = functools.lru_cache(maxsize=256)(self._matching)
        self.listed_bytes = functools.lru_cache(maxsize=65_536)(self._listed_bytes)

    def find(self, name: str) -> Record | None:
        """A work by OpenAlex id or DOI, in any of the usual spellings."""
        place = self._by_doi.get(bare(name)) if "10." in name else self._by_id.get(last_part(name))
        return None if place is None else self.records[place]

    def column(self, read: Column) -> list[Any]:
        if read not in self._columns:
            self._columns[read] = [read(record) for record in self.records]
        return self._columns[read]

    def _dated_between(self, wanted: list[tuple[Field, str]]) -> tuple[Iterable[int], list[tuple[Field, str]]]:
        """Narrow by the date limits with the index; the other filters are left to be tested one by one."""
        low, high, rest = "", "9999-12-31", []
        for one, value in wanted:
            if one.name == "from_publication_date" and value[:1] not in "<>!n" and "|" not in value:
                low = max(low, date_value(one, value))
            elif one.name == "to_publication_date" and value[:1] not in "<>!n" and "|" not in value:
                high = min(high, date_value(one, value))
            else:
                rest.append((one, value))
        if len(rest) == len(wanted):
            return range(len(self.records)), wanted
        return self._dated[bisect.bisect_left(self._dates, low) : bisect.bisect_right(self._dates, high)], rest

    def _matching(self, text: str) -> list[int]:
        places, rest = self._dated_between(parse_filter(text))
        for one, value in rest:
            column, test = self.column(one.column), filter_test(one, value)
            places = [place for place in places if test(column[place])]
        return list(places)

    def _sorted(self, text: str, sort: tuple[SortField, ...]) -> Sorted:
        keyed = [(sort_key(self.sort_values(place, sort), sort), place) for place in self.matching(text)]
        keyed.sort()
        return Sorted([key for key, _ in keyed], [place for _, place in keyed])

    def sort_values(self, place: int, sort: Sequence[SortField]) -> list[Any]:
        return [sort_value(self.records[place], by) for by in sort]

    def _listed_bytes(self, place: int, select: tuple[str, ...]) -> bytes:
        """A record as lists show it: the first hundred authors, missing attributes left out (read)."""
        record = self.records[place]
        if len(authorships(record)) > LISTED_AUTHORS:
            record = {**record, "authorships": authorships(record)[:LISTED_AUTHORS]}
        return json_bytes(shown(record, select))

    def display_name(self, identifier: str) -> str | None:
        if self._names is None:
            self._names = dict(self._named())
        return self._names.get(identifier)

    def _named(self) -> Iterable[tuple[str, str]]:
        for record in self.records:
            for one in authorships(record):
                for thing in (*(one.get("institutions") or []), one.get("author") or {}):
                    yield str(thing.get("id")), thing.get("display_name")
            for topic in record.get("topics") or []:
                for thing in (topic, *(topic.get(level) or {} for level in ("subfield", "field", "domain"))):
                    yield str(thing.get("id")), thing.get("display_name")


def shown(record: Record, select: tuple[str, ...]) -> Record:
    """What a client gets of a record. `authors_count` can be filtered by but is never shown (read)."""
    names = select or record.keys()
    return {name: record[name] for name in names if name in record and name != "authors_count"}


# --------------------------------------------------------------------------------------------------
# Money and rate


class Budget:
    """Daily credits, one pool for each key or address, and a bucket of requests per second with one second's burst."""

    def __init__(self, daily: int, per_second: float | None) -> None:
        self.daily, self.per_second = daily, per_second
        self._lock = threading.Lock()
        self._used: Counter[str] = Counter()
        self._buckets: dict[str, tuple[float, float]] = {}

    def limit(self, request: Request) -> int:
        return self.daily if request.key else self.daily // KEYLESS_SHARE

    def used(self, request: Request) -> int:
        return self._used[request.key or request.client]

    def remaining(self, request: Request) -> int:
        return max(0, self.limit(request) - self.used(request))

    def spend(self, request: Request, amount: int) -> bool:
        with self._lock:
            if amount > self.remaining(request):
                return False
            self._used[request.key or request.client] += amount
            return True

    def refund(self, request: Request, amount: int) -> None:
        with self._lock:
            self._used[request.key or request.client] -= amount

    def refill(self) -> None:
        with self._lock:
            self._used.clear()

    def wait(self, request: Request) -> float:
        """Zero when the request may go on, else the seconds until the next one may."""
        if self.per_second is None:
            return 0.0
        with self._lock:
            now, who = time.monotonic(), request.key or request.client
            tokens, seen = self._buckets.get(who, (self.per_second, now))
            tokens = min(self.per_second, tokens + (now - seen) * self.per_second)
            self._buckets[who] = (tokens - 1 if tokens >= 1 else tokens, now)
            return 0.0 if tokens >= 1 else (1 - tokens) / self.per_second


def seconds_to_midnight() -> int:
    now = dt.datetime.now(dt.UTC)
    midnight = dt.datetime.combine(now.date() + dt.timedelta(days=1), dt.time(), dt.UTC)
    return math.ceil((midnight - now).total_seconds())


def price(request: Request) -> int:
    """Credits of a request: singles free, lists and groups 1 whatever the page size, searches 10 (read)."""
    if request.path.strip("/") != "works":
        return 0
    if group_parameter(request.query):
        return 1
    searches = "search" in request.query or ".search:" in request.query.get("filter", "")
    return 10 if searches else 1


# --------------------------------------------------------------------------------------------------
# Reading parameters


def single_work(path: str) -> str | None:
    """The name of the work in `/works/W…` (also a DOI or a whole address) or in `/W…`; None for other paths."""
    path = urllib.parse.unquote(path).strip("/")
    if re.fullmatch(r"[wW]\d+", path):
        return path
    return path.removeprefix("works/") if path.startswith("works/") else None


def group_parameter(query: Mapping[str, str]) -> str:
    return query.get("group_by") or query.get("group-by") or ""


def whole_number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name) or query.get(name.replace("-", "_"))
    if not text:
        return default
    try:
        return int(text)
    except ValueError:
        raise bad_query(f"Param {name} must be a number.") from None


def page_size(query: Mapping[str, str]) -> int:
    """25 by default, 200 for groups (read)."""
    try:
        return whole_number(query, "per-page", 200 if group_parameter(query) else 25)
    except Refusal:
        return 0


def read_select(query: Mapping[str, str]) -> tuple[str, ...]:
    names = [name.strip() for name in query.get("select", "").split(",") if name.strip()]
    for name in names:
        if name not in SELECTABLE:
            start = f"{name} is not a valid select field. Valid fields for select are: "
            raise bad_query(f"{start}{', '.join(SELECTABLE)}.")
    return tuple(name for name in SELECTABLE if name in names)  # the schema's order, not the asker's (read)


def edge_refusal(reason: str, message: str) -> Refusal:
    return Refusal(
        json_error(
            400, "Invalid request rejected at the API edge", message,
            headers={"x-openalex-edge-reject": f"f1:{reason}"}, metered=False, error_source="openalex-api-proxy",
        )
    )  # fmt: skip


def check_edge(request: Request) -> None:
    """What the proxy refuses before the API sees it (read)."""
    if "limit" in request.query:
        message = "The 'limit' parameter is not valid. Did you mean 'per-page'? e.g. /works?search=foo&per-page=5"
        raise edge_refusal("limit_param", message)
    if any(":" not in part for part in split_filter(request.query.get("filter", ""))):
        message = (
            "A filter value contains an unescaped comma. Commas separate filters, so a literal comma inside a value "
            "must be percent-encoded as %2C (or the whole value wrapped in double quotes). "
            "e.g. filter=title.search:climate%2C+biodiversity"
        )
        raise edge_refusal("raw_comma_filter", message)
    if request.line_bytes > REQUEST_LINE_BYTES:
        message = (
            f"Your request URL is {request.line_bytes} bytes, over the {REQUEST_LINE_BYTES}-byte limit "
            "(roughly 8 KB, mostly the 'search' value). Split a large Boolean query into smaller chunks, request each "
            "separately, and combine the returned IDs client-side. "
            "See https://docs.openalex.org/guides/searching#large-boolean-queries"
        )
        raise Refusal(json_error(400, "Request URL too long", message, metered=False))


def plan_response(message: str) -> Response:
    """A paid-plan refusal wears the status of a rate limit but has no Retry-After: it never goes away (read)."""
    return json_error(429, "Plan upgrade required", message, headers={"Cache-Control": "no-store"}, metered=False)


def check_plan(request: Request) -> None:
    end = "requires a Premium, Institutional, or Partner plan. See https://openalex.org/pricing for details."
    gated = re.search(r"(?:from_|to_)?(?:updated|created)_date:[><]?\d{4}-\d{2}-\d{2}", request.query.get("filter", ""))
    if gated:
        raise Refusal(plan_response(f'The "{gated.group()}" filter {end}'))
    gated = re.search(r"(?:from_|to_)?(?:updated|created)_date(?::(?:asc|desc))?", request.query.get("sort", ""))
    if gated:
        raise Refusal(plan_response(f'Sorting by "{gated.group()}" {end}'))


def check_parameters(query: Mapping[str, str]) -> None:
    for name in query:
        if name not in PARAMETERS:
            known = ", ".join(PARAMETERS)
            raise bad_query(f"{name} is not a valid parameter. Valid parameters are: {known}.")
    if any("host_venue" in value for value in query.values()):
        raise bad_query(
            "host_venue and alternate_host_venues are deprecated in favor of locations. "
            "Read more here: https://groups.google.com/g/openalex-users/c/rRf34GRr-Oo"
        )
    if group_parameter(query) and "select" in query:
        raise bad_query("select does not work with group_by.")


def not_imitated(what: str) -> Refusal:
    """Said loudly, with a status the real API never uses, so that no test passes by accident."""
    return Refusal(json_error(501, "Not imitated", f"This stand-in does not imitate {what}."))


# --------------------------------------------------------------------------------------------------
# The server


class StandIn:
    """The stand-in server; use it as a context manager.

    `key`: the only key that is known; others get 401. Without it every key is taken. `key_required` also refuses
    requests without a key (announced for February 2026 but not enforced: documented). Requests without a key have a
    tenth of `daily_credits`. `per_second` limits the rate of each key or address (real: 10 without, 30 with a free
    key); None = no limit. `max_per_page` 200 is what the server accepts, 100 what its pages promise for the future.
    `sort_by_id` says whether `sort=ids.openalex` is taken; nobody has tried that on the real one.
    """

    def __init__(
        self,
        records: Iterable[Record],
        *,
        key: str | None = None,
        key_required: bool = False,
        faults: Iterable[Fault] = (),
        daily_credits: int = 10_000,
        per_second: float | None = None,
        max_per_page: int = 200,
        sort_by_id: bool = True,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.catalogue = Catalogue(records)
        self.budget = Budget(daily_credits, per_second)
        self.faults = FaultBook(faults)
        self.requests: list[Request] = []
        self.peak_in_flight = 0  # most requests handled at the same moment
        self.failures: list[BaseException] = []  # mistakes of the stand-in itself, raised again on close
        self.stopping = threading.Event()
        self._key, self._key_required = key, key_required
        self._max_per_page, self._sort_by_id = max_per_page, sort_by_id
        self._address = (host, port)
        self._lock = threading.Lock()
        self._in_flight = 0
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    # Life

    def __enter__(self) -> Self:
        self._server = _Server(self._address, self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if self.failures and error is None:
            raise RuntimeError("the stand-in itself failed") from self.failures[0]

    def close(self) -> None:
        """Stop serving: wakes hanging answers, closes idle connections and waits for their threads."""
        if self._server is None or self._thread is None:
            return
        self.stopping.set()
        self._server.shutdown()
        self._server.close_connections()
        self._server.server_close()
        self._thread.join()
        self._server = self._thread = None

    @property
    def url(self) -> str:
        if self._server is None:
            raise RuntimeError("the stand-in is not running: use it in a with statement")
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def refill(self) -> None:
        """What midnight UTC does: every budget is whole again."""
        self.budget.refill()

    # One request

    def receive(self, method: str, target: str, headers: Mapping[str, str], line_bytes: int, client: str) -> Request:
        path, _, text = target.partition("?")
        # The proxy keeps the last of a repeated parameter (read).
        query = dict(urllib.parse.parse_qsl(text, keep_blank_values=True))
        kept = {name.lower(): value for name, value in headers.items() if name.lower() in Request.HEADERS_KEPT}
        with self._lock:
            request = Request(len(self.requests) + 1, method, path, query, kept, target, line_bytes, client)
            self.requests.append(request)
            self._in_flight += 1
            self.peak_in_flight = max(self.peak_in_flight, self._in_flight)
        return request

    def done(self) -> None:
        with self._lock:
            self._in_flight -= 1

    def answer(self, request: Request) -> Response:
        """The whole answer to a request, faults and headers included."""
        errors = self.faults.striking(ERROR_FAULTS, request, first_only=True)
        response = self._struck(request, errors[0]) if errors else self._handled(request)
        if response.metered:
            response.headers = {**self._rate_headers(request), **response.headers}
        request.status = response.status
        for fault in self.faults.striking(WIRE_FAULTS, request):
            response = on_the_wire(response, fault)
        return response

    def _handled(self, request: Request) -> Response:
        """The order of the checks is that of the proxy, then of the API (read)."""
        spent = 0
        try:
            if request.method != "GET":
                return Response(405, b"Method Not Allowed", content_type="text/plain", metered=False)
            self._check_key(request)
            check_plan(request)
            if request.path.strip("/").lower() == "rate-limit":
                return self._rate_limit(request)
            spent = self._charge(request)
            check_edge(request)
            response = self._routed(request)
        except Refusal as refusal:
            response = refusal.response
        if response.status >= 400 and spent:
            self.budget.refund(request, spent)  # failed requests cost nothing since autumn 2026 (read)
            spent = 0
        request.cost = spent
        return response

    def _check_key(self, request: Request) -> None:
        if request.key and self._key and request.key != self._key:
            raise Refusal(unauthorized("API key not found"))
        if not request.key and self._key_required:
            raise Refusal(unauthorized("Provide a valid API key"))

    def _charge(self, request: Request) -> int:
        wait = self.budget.wait(request)
        if wait:
            raise Refusal(self._rate_429(request, math.ceil(self.budget.per_second or 1), wait))
        cost = price(request)
        if not self.budget.spend(request, cost):
            raise Refusal(self._budget_429(request, self.budget.remaining(request), seconds_to_midnight()))
        return cost

    def _rate_headers(self, request: Request) -> dict[str, str]:
        limit, left = self.budget.limit(request), self.budget.remaining(request)
        return {
            "X-RateLimit-Limit-USD": f"{usd(limit):g}",
            "X-RateLimit-Remaining-USD": f"{usd(left):g}",
            "X-RateLimit-Prepaid-Remaining-USD": "0",
            "X-RateLimit-Cost-USD": f"{usd(request.cost):g}",
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Onetime-Remaining": "0",
            "X-RateLimit-Credits-Used": str(request.cost),
            "X-RateLimit-Reset": str(seconds_to_midnight()),
        }

    def _limited(self, request: Request, message: str, remaining: int, retry_after: float) -> Response:
        """Rate and budget refusals share shape and headers; only the message and the numbers differ (read)."""
        cost, limit = price(request), self.budget.limit(request)
        headers = {
            "Retry-After": str(max(1, math.ceil(retry_after))),
            "X-RateLimit-Limit-USD": f"{usd(limit):g}",
            "X-RateLimit-Remaining-USD": f"{usd(remaining):g}",
            "X-RateLimit-Prepaid-Remaining-USD": "0",
            "X-RateLimit-Cost-Required-USD": f"{usd(cost):g}",
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(remaining),
            "X-RateLimit-Onetime-Remaining": "0",
            "X-RateLimit-Credits-Required": str(cost),
            "X-RateLimit-Reset": str(seconds_to_midnight()),
        }
        return json_error(
            429, "Rate limit exceeded", message, headers=headers, metered=False,
            retryAfter=retry_after, costUsd=usd(cost), dailyRemainingUsd=usd(remaining), prepaidRemainingUsd=0,
            creditsRequired=cost, creditsRemaining=remaining, onetimeCreditsRemaining=0,
        )  # fmt: skip

    def _rate_429(self, request: Request, per_second: int, wait: float, marker: str = "") -> Response:
        message = f"Rate limit exceeded: {per_second} requests per second. Please slow down. {marker}".rstrip()
        return self._limited(request, message, self.budget.remaining(request), round(wait, 3))

    def _budget_429(self, request: Request, remaining: int, retry_after: int, marker: str = "") -> Response:
        message = (
            f"Insufficient budget. This request costs ${usd(price(request)):g} but you only have "
            f"${usd(remaining):g} remaining. Resets at midnight UTC. Need more? Add funds at "
            f"https://openalex.org/pricing {marker}"
        ).rstrip()
        return self._limited(request, message, remaining, retry_after)

    def _struck(self, request: Request, fault: Fault) -> Response:
        """The answer an error fault gives instead of the right one."""
        mark = fault.marker
        if fault.kind == "rate_429":
            return self._rate_429(request, 30, fault.retry_after or 0.03, mark)
        if fault.kind == "budget_429":
            return self._budget_429(request, 0, 40_000 if fault.retry_after is None else fault.retry_after, mark)
        if fault.kind == "plan_429":
            end = "filter requires a Premium, Institutional, or Partner plan."
            return plan_response(f'The "from_updated_date:2026-01-01" {end} {mark}'.rstrip())
        return plain_error(fault)

    def _rate_limit(self, request: Request) -> Response:
        """The pre-flight check: needs a key, costs nothing (read)."""
        key = request.key
        if not key:
            message = "You must provide a valid API key to check rate limit status"
            return json_error(401, "Authentication required", message, metered=False)
        limit, used, left = self.budget.limit(request), self.budget.used(request), self.budget.remaining(request)
        costs = {"singleton": 0, "list": 1, "search": 10, "content": 100, "semantic": 10, "text": 100}
        now = dt.datetime.now(dt.UTC)
        midnight = dt.datetime.combine(now.date() + dt.timedelta(days=1), dt.time())
        document = {
            "api_key": "***" if len(key) <= 6 else f"{key[:3]}...{key[-3:]}",
            "is_grandfathered": False,
            "rate_limit": {
                "daily_budget_usd": usd(limit),
                "daily_used_usd": usd(used),
                "daily_remaining_usd": usd(left),
                "prepaid_balance_usd": 0,
                "prepaid_remaining_usd": 0,
                "prepaid_expires_at": None,
                "resets_at": f"{midnight.isoformat(timespec='milliseconds')}Z",
                "resets_in_seconds": seconds_to_midnight(),
                "endpoint_costs_usd": {name: usd(cost) for name, cost in costs.items()},
                "credits_limit": limit,
                "credits_used": used,
                "credits_remaining": left,
                "onetime_credits_balance": 0,
                "onetime_credits_remaining": 0,
                "onetime_credits_expires_at": None,
                "credit_costs": costs,
            },
        }
        return Response(200, json_bytes(document), headers={"Cache-Control": "no-store"}, metered=False)

    # The API behind the proxy

    def _routed(self, request: Request) -> Response:
        name = single_work(request.path)
        if name is not None:
            return self._single(name, request.query)
        if request.path.strip("/") != "works":
            return not_found()
        check_parameters(request.query)
        for unknown in ("search", "sample", "group_bys", "group-bys"):
            if request.query.get(unknown):
                raise not_imitated(unknown)
        return self._groups(request) if group_parameter(request.query) else self._list(request)

    def _single(self, name: str, query: Mapping[str, str]) -> Response:
        """One work with all its authors; `select` works here too (read)."""
        record = self.catalogue.find(name)
        if record is None:
            return not_found()
        return Response(200, json_bytes(shown(record, read_select(query))))

    def _page_size(self, query: Mapping[str, str]) -> int:
        size = whole_number(query, "per-page", 200 if group_parameter(query) else 25)
        if not 1 <= size <= self._max_per_page:
            raise bad_page(f"per-page parameter must be between 1 and {self._max_per_page}.")
        return size

    def _list(self, request: Request) -> Response:
        query = request.query
        size, page, cursor = self._page_size(query), whole_number(query, "page", 1), query.get("cursor", "")
        select = read_select(query)
        chosen = parse_sort(query.get("sort", ""), by_id=self._sort_by_id)
        if cursor:
            sort = chosen + DEFAULT_SORT  # the whole default order follows the chosen one (read)
        else:
            named = {by.name for by in chosen}
            tail = () if "id" in named else tuple(by for by in TIE_BREAK if by.name not in named)
            sort = chosen + tail if chosen else DEFAULT_SORT
        found = self.catalogue.sorted(query.get("filter", ""), sort)
        start = self._start(found, sort, cursor, page, size)
        return self._page(request, found, sort, select, start, size, page, cursor)

    @staticmethod
    def _start(found: Sorted, sort: Sequence[SortField], cursor: str, page: int, size: int) -> int:
        """Where the page begins: right after the values of the cursor, whether or not that record is still there."""
        if page < 1:
            raise bad_page("Page parameter must be greater than 0.")
        if cursor and page != 1:
            raise bad_page("Cannot use page parameter with cursor.")
        if page * size > RESULT_WINDOW:
            raise bad_page(
                f"Maximum results size of {RESULT_WINDOW:,} records is exceeded. Cursor pagination is required for "
                f"records beyond {RESULT_WINDOW:,}. See: https://docs.openalex.org/api#cursor-paging"
            )
        if not cursor:
            return (page - 1) * size
        if cursor == "*":
            return 0
        values = decode_cursor(cursor)
        try:
            return bisect.bisect_right(found.keys, sort_key(values, sort))
        except (ValueError, TypeError):
            raise bad_page("Cursor value is invalid.") from None

    def _page(
        self,
        request: Request,
        found: Sorted,
        sort: Sequence[SortField],
        select: tuple[str, ...],
        start: int,
        size: int,
        page: int,
        cursor: str,
    ) -> Response:
        """A page of hits. The cursor ends as soon as a page is not full, whatever the count says (read)."""
        count, took = len(found.places), 12
        for fault in self.faults.striking(PAGE_FAULTS, request):
            if fault.kind == "lose":
                start += 1
            elif fault.kind == "duplicate":
                start = max(0, start - 1)
            elif fault.kind == "count_drift":
                count += fault.drift
            else:
                took = SOFT_TIMEOUT_MS + 3
                full, size_kept = len(found.places[start : start + size]), fault.keep
                found = replace(found, places=found.places[: start + (full // 2 if size_kept is None else size_kept)])
                if fault.partial_count:
                    count = len(found.places)
        places = found.places[start : start + size]
        meta: dict[str, Any] = {
            "count": count,
            "db_response_time_ms": took,
            "page": None if cursor else page,
            "per_page": size,
            "groups_count": None,
        }
        if cursor:
            full = len(places) == size
            meta["next_cursor"] = encode_cursor(self.catalogue.sort_values(places[-1], sort)) if full else None
        return self._document(request, meta, b'"results":[%s],"group_by":[]', places, select)

    def _document(
        self, request: Request, meta: dict[str, Any], frame: bytes, places: Iterable[int], select: tuple[str, ...]
    ) -> Response:
        asked = {name: value for name, value in request.query.items() if name not in ("api_key", "api-key")}
        meta["x_query"] = {"url": f"/works?{urllib.parse.urlencode(asked)}"}
        meta["cost_usd"] = usd(price(request))
        hits = b",".join(self.catalogue.listed_bytes(place, select) for place in places)
        return Response(200, b'{"meta":%s,%s}' % (json_bytes(meta), frame % hits))

    def _groups(self, request: Request) -> Response:
        """One level of groups: largest first, or by key when there is a cursor; no `results` at all (read).

        Keys are texts, also of years (read). The zero counts the real server adds for known types are left out.
        """
        query, catalogue = request.query, self.catalogue
        name, _, unknown = group_parameter(query).partition(":")
        if "," in name:
            raise not_imitated("nested groups")
        one = known_field(name.replace("-", "_"))
        if one.kind in ("date", "search") or (one.kind == "number" and not one.group_number):
            raise bad_query("Cannot group by date, number, or search fields.")
        size, cursor = self._page_size(query), query.get("cursor", "")
        if whole_number(query, "page", 1) != 1:
            raise bad_page(
                "Unable to paginate beyond page 1. Group-by is limited to page 1 with up to 200 results at this time."
            )
        if cursor and one.kind in ("flag", "present"):
            raise bad_query("Cannot use cursor pagination when grouping fields that return true or false.")
        places = catalogue.matching(query.get("filter", ""))
        counts = self._counts(one, places, unknown == "include_unknown")
        if cursor:
            after = None if cursor == "*" else decode_cursor_text(cursor)
            ordered = sorted((key, n) for key, n in counts.items() if after is None or key > after)
        else:
            ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        chosen = ordered[:size]
        meta: dict[str, Any] = {
            "count": len(places),
            "db_response_time_ms": 12,
            "page": None if cursor else 1,
            "per_page": size,
            "groups_count": len(chosen),
        }
        if cursor:
            meta["next_cursor"] = encode_cursor(chosen[-1][0]) if chosen else None
        groups = [{"key": key, "key_display_name": self._group_name(one, key), "count": n} for key, n in chosen]
        return self._document(request, meta, b'"group_by":' + json_bytes(groups).replace(b"%", b"%%") + b"%s", (), ())

    def _counts(self, one: Field, places: Iterable[int], include_unknown: bool) -> Counter[str]:
        column = self.catalogue.column(one.column)
        counts: Counter[str] = Counter()
        for place in places:
            have = column[place]
            if is_missing(have):
                if include_unknown:
                    counts["-111" if one.kind in ("number", "flag") else "unknown"] += 1
            elif one.kind in ("term", "id"):
                upper = "countries/" in one.group_prefix
                counts.update(one.group_prefix + (value.upper() if upper else value) for value in have)
            elif one.kind == "flag":
                counts["1" if have else "0"] += 1
            else:
                counts[str(have).lower() if one.kind == "present" else str(int(have))] += 1
        return counts

    def _group_name(self, one: Field, key: str) -> str | None:
        if key in ("unknown", "-111"):
            return key
        if one.kind == "flag":
            return "true" if key == "1" else "false"
        value = key.removeprefix(one.group_prefix)
        if "countries/" in one.group_prefix:
            return COUNTRY_NAMES.get(value.lower(), value)
        return self.catalogue.display_name(key) if one.kind == "id" else value


def unauthorized(message: str) -> Response:
    headers = {"Cache-Control": "no-store"}
    return json_error(401, "Invalid or missing API key", message, headers=headers, metered=False)


def plain_error(fault: Fault) -> Response:
    """The error bodies that do not depend on the request (throttled, 401, 404: read; the rest: documented)."""
    mark = f" {fault.marker}" if fault.marker else ""
    if fault.kind == "throttled_429":
        message = f"Your access is temporarily throttled. Please limit requests to 1 per second.{mark}"
        wait = {"Retry-After": "1"}
        return json_error(429, "Rate limit exceeded", message, headers=wait, metered=False, retryAfter=1)
    if fault.kind == "unauthorized":
        return unauthorized(f"API key not found{mark}")
    if fault.kind == "vanish":
        return not_found(fault.marker)
    if fault.kind == "http_503_json":
        message = f"The service is temporarily unavailable. Please try again.{mark}"
        return json_error(503, "Service unavailable", message, headers={"Retry-After": str(fault.retry_after or 30)})
    if fault.kind == "http_504":
        message = f"The query took too long and was cancelled. Its cost was refunded.{mark}"
        return json_error(504, "Gateway timeout", message, reason="query_timeout")
    if fault.kind == "http_500":
        return html_page(500, "Internal Server Error", f"The server encountered an internal error.{mark}")
    if fault.kind == "http_503":
        return html_page(503, "Application error", f"An error occurred in the application.{mark}")
    return html_page(200, "OpenAlex", f"We are down for maintenance.{mark}")


def on_the_wire(response: Response, fault: Fault) -> Response:
    half = len(response.body) // 2
    if fault.kind == "hang":
        return replace(response, delay=response.delay + fault.seconds)
    if fault.kind == "cut_json":
        return replace(response, body=response.body[:half])
    return replace(response, sent=half)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections stay open between requests
    disable_nagle_algorithm = True  # head and body are two writes; together with delayed ACKs they would cost 40 ms
    server: _Server

    def _respond(self) -> None:
        stand_in = self.server.stand_in
        line_bytes = len(self.requestline)  # decoded byte by byte, so characters are bytes
        headers = dict(self.headers.items())
        request = stand_in.receive(self.command, self.path, headers, line_bytes, self.client_address[0])
        try:
            self._send(stand_in.answer(request))
        finally:
            stand_in.done()

    def _send(self, response: Response) -> None:
        if response.delay and self.server.stand_in.stopping.wait(response.delay):
            self.close_connection = True
            return
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body)))
        for name, value in response.headers.items():
            self.send_header(name, value)
        # A refused method may have sent a body that nobody read: the connection cannot be used again.
        self.close_connection = self.close_connection or response.sent is not None or self.command != "GET"
        if self.close_connection and response.sent is None:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(response.body[: response.sent])

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _respond

    def log_message(self, *_: Any) -> None:
        """Say nothing: tests read `StandIn.requests`."""


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    allow_reuse_address = True
    request_queue_size = 64
    daemon_threads = False  # so that server_close() waits for them

    def __init__(self, address: tuple[str, int], stand_in: StandIn) -> None:
        self.stand_in = stand_in
        self._connections: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._connections.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        """Wake the threads that wait for the next request on an idle connection."""
        with self._guard:
            for connection in self._connections:
                with contextlib.suppress(OSError):  # the client may have been faster
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exception()
        if error is not None and not isinstance(error, ConnectionError | TimeoutError):
            self.stand_in.failures.append(error)


# --------------------------------------------------------------------------------------------------
# Records with markers, to look for personal data where it must not be

FIRST_NAMES = ("Quorvane", "Thessily", "Bramwick", "Oelwyn", "Maristel", "Jorvath")
LAST_NAMES = ("Zyblenski", "Vandrakov", "Hjortqvist", "Pellworth", "Okambira", "Dravenholt")
DEPARTMENTS = ("Department of Physics", "Department of Clinical Medicine", "Department of History")


@dataclass(frozen=True)
class Persona:
    """An invented author; every value of it can be searched for."""

    serial: int

    @property
    def first(self) -> str:
        return FIRST_NAMES[self.serial % len(FIRST_NAMES)]

    @property
    def last(self) -> str:
        return f"{LAST_NAMES[self.serial % len(LAST_NAMES)]}{self.serial:04d}"

    @property
    def identifier(self) -> str:
        return f"A77{self.serial:08d}"

    @property
    def mail(self) -> str:
        return f"{self.last.lower()}@mail{self.serial:04d}.example"

    @property
    def orcid(self) -> str:
        """A well-formed ORCID, check digit included, in a block that is not given out."""
        digits = f"{9 * 10**14 + self.serial:015d}"
        total = functools.reduce(lambda sum_, digit: (sum_ + int(digit)) * 2, digits, 0)
        check = (12 - total % 11) % 11
        text = digits + ("X" if check == 10 else str(check))
        return "-".join(text[at : at + 4] for at in range(0, 16, 4))

    def spelled(self, form: int) -> str:
        """The author's name as people write it: five forms, taken in turn."""
        forms = (
            f"{self.first} {self.last}",
            f"{self.last}, {self.first}",
            f"{self.first[0]}. {self.last}",
            f"{self.last} {self.first[0]}",
            f"Prof. {self.last}",
        )
        return forms[form % len(forms)]

    def markers(self) -> list[str]:
        return [self.last, self.identifier, self.orcid, self.mail]


class _Marker:
    """Marks records one after the other; the same author keeps the same invented name in all of them."""

    def __init__(self) -> None:
        self.markers: list[str] = []
        self._personas: dict[str, Persona] = {}
        self._forms = itertools.count()

    def _persona(self, known_as: str) -> Persona:
        if known_as not in self._personas:
            self._personas[known_as] = Persona(len(self._personas) + 1)
            self.markers += self._personas[known_as].markers()
        return self._personas[known_as]

    def _affiliation(self, persona: Persona, text: str) -> str:
        form = next(self._forms)
        url, department = f"https://orcid.org/{persona.orcid}", DEPARTMENTS[form % len(DEPARTMENTS)]
        return f"{persona.spelled(form)}, {persona.mail}, {url} ({persona.orcid}), {department}, {text}"

    def _authorship(self, one: Record, fallback: str) -> None:
        author = one.get("author") or {}
        persona = self._persona(author.get("id") or fallback)
        url = f"https://orcid.org/{persona.orcid}"
        if author.get("id"):
            author["id"] = f"https://openalex.org/{persona.identifier}"
        author.update(display_name=persona.spelled(0), orcid=url, observed_orcids=[url])
        one.update(author=author, raw_author_name=persona.spelled(1), raw_orcid=url)
        texts = one.get("raw_affiliation_strings") or []
        marked_texts = {text: self._affiliation(persona, text) for text in texts}
        one["raw_affiliation_strings"] = [marked_texts[text] for text in texts]
        for affiliation in one.get("affiliations") or []:
            text = affiliation.get("raw_affiliation_string")
            if text:
                affiliation["raw_affiliation_string"] = marked_texts.get(text) or self._affiliation(persona, text)

    def _text(self, name: str, serial: int) -> str:
        self.markers.append(f"{name}{serial:05d}")
        return self.markers[-1]

    def mark(self, record: Record, serial: int) -> Record:
        record = copy.deepcopy(record)
        renamed: dict[str, str] = {}
        for place, one in enumerate(authorships(record)):
            before = (one.get("author") or {}).get("id")
            self._authorship(one, fallback=f"{serial}/{place}")
            if before:
                renamed[before] = one["author"]["id"]
        if record.get("corresponding_author_ids"):
            named = (
                renamed.get(known_as) or f"https://openalex.org/{self._persona(known_as).identifier}"
                for known_as in record["corresponding_author_ids"]
            )
            record["corresponding_author_ids"] = list(named)
        if record.get("title") or record.get("display_name"):
            title = f"{record.get('title') or record['display_name']} {self._text('Titlemark', serial)}"
            record.update(title=title, display_name=title)
        for name in ("abstract_inverted_index", "abstract_inverted_index_v3"):
            if record.get(name):
                record[name] = {**record[name], self._text("Abstractmark", serial): [9999]}
        for name in ("abstract", "citation"):  # old record shapes carry them as plain text
            if isinstance(record.get(name), str):
                record[name] += f" {self._text('Textmark', serial)}"
        return record


def marked(records: Iterable[Record]) -> tuple[list[Record], list[str]]:
    """Copies of the records in which everything personal is a marker, and the list of all markers to search for.

    Marked are the author's id (unless null), name, ORCIDs, raw name, the corresponding author ids, every affiliation
    text (name in five spellings, mail address, ORCID as address and bare, a department, then the text as it was), titles
    (``Titlemark…``), abstracts (``Abstractmark…``) and the plain texts of old shapes (``Textmark…``).
    """
    marker = _Marker()
    changed = [marker.mark(record, serial) for serial, record in enumerate(records, start=1)]
    return changed, sorted(set(marker.markers))


# --------------------------------------------------------------------------------------------------
# From a shell


def load_records(path: Path) -> list[Record]:
    """Read a JSON list, a saved page with `results`, or JSONL; also gzipped."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()
    try:
        document = json.loads(text)
    except json.JSONDecodeError:
        # Not splitlines(): titles and affiliations hold U+2028 and U+0085, which it takes for ends of lines.
        return [json.loads(line) for line in text.split("\n") if line.strip()]
    if isinstance(document, list):
        return list(document)
    return list(document.get("results", [document]))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Serve works the way the OpenAlex API does, on loopback.")
    parser.add_argument("records", type=Path, help="works as JSON, JSONL or JSONL.gz")
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    parser.add_argument("--key", help="the only API key to accept")
    parser.add_argument("--credits", type=int, default=10_000, help="daily credits with a key")
    parser.add_argument("--per-second", type=float, help="requests per second before 429; default: no limit")
    parser.add_argument("--faults", nargs="*", type=Fault.parse, default=[], metavar="KIND[,NAME=VALUE…]")
    chosen = parser.parse_args(arguments)
    stop = threading.Event()
    for number_ in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number_, lambda *_: stop.set())
    with StandIn(
        load_records(chosen.records),
        key=chosen.key,
        faults=chosen.faults,
        daily_credits=chosen.credits,
        per_second=chosen.per_second,
        port=chosen.port,
    ) as server:
        print(server.url, flush=True)
        stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
