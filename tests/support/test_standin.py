"""The stand-in server is checked against what is known of the real API, and pyalex against the
stand-in.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pyalex
import pyalex.api
import pytest
import requests
from pyalex import Works
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from tests.support import standin
from tests.support.commands import CHECKOUT
from tests.support.standin import Fault, StandIn, load_records, marked

HOME = "https://openalex.org/"
KU, DTU, MIT = (
    ("I124055696", "035b05819", "DK"),
    ("I96673099", "04qtj9h94", "DK"),
    ("I63966007", "042nb2s44", "US"),
)


def institution(which: tuple[str, str, str]) -> dict[str, Any]:
    identifier, ror, country = which
    return {
        "id": HOME + identifier,
        "display_name": f"Institution {identifier}",
        "ror": f"https://ror.org/{ror}",
        "country_code": country,
        "type": "education",
        "lineage": [HOME + identifier],
    }


def author(
    number: int, *places: tuple[str, str, str], countries: list[str] | None = None
) -> dict[str, Any]:
    text = f"Department {number}, Somewhere"
    return {
        "author_position": "middle",
        "author": {
            "id": f"{HOME}A50{number:08d}",
            "display_name": f"Author {number}",
            "orcid": None,
        },
        "institutions": [institution(place) for place in places],
        "countries": sorted({place[2] for place in places}) if countries is None else countries,
        "is_corresponding": False,
        "raw_author_name": f"A. {number}",
        "raw_affiliation_strings": [text],
        "affiliations": [
            {
                "raw_affiliation_string": text,
                "institution_ids": [HOME + place[0] for place in places],
            }
        ],
    }


def work(
    number: int, date: str | None = "2020-01-15", *authors: dict[str, Any], **more: Any
) -> dict[str, Any]:
    record = {
        "id": f"{HOME}W{number}",
        "doi": f"https://doi.org/10.1000/Test.{number}",
        "title": f"Work {number}",
        "display_name": f"Work {number}",
        "publication_year": int(date[:4]) if date else None,
        "publication_date": date,
        "type": "article",
        "is_retracted": False,
        "authorships": list(authors or [author(number, KU)]),
        "cited_by_count": number % 7,
        "cited_by_percentile_year": {"min": 90, "max": 90 + number % 3},
    }
    return record | more


def number_of(record: dict[str, Any]) -> int:
    return int(record["id"].rsplit("W", 1)[1])


@pytest.fixture
def few() -> list[dict[str, Any]]:
    """Eight works that differ in every filterable way."""
    return [
        work(1001, "2019-12-31"),
        work(1002, "2020-01-01", author(1, KU), author(2, MIT)),
        work(1003, "2020-01-31", author(1, DTU), type="review"),
        work(1004, "2020-02-01", author(3, MIT)),
        work(
            1005, "2021-05-05", author(4, countries=["DK"])
        ),  # a Danish address that matched no institution
        work(
            1006, "2021-06-06", *(author(n, MIT) for n in range(150)), author(999, KU)
        ),  # Danish author is the 151st
        work(1007, "2022-01-01", is_retracted=True, doi=None),
        work(1008, None, title=None),
    ]


def get(server: StandIn, path: str = "/works", **options: Any) -> requests.Response:
    headers = options.pop("headers", None)
    names = {
        name.replace("_", "-") if name == "per_page" else name: value
        for name, value in options.items()
    }
    return requests.get(server.url + path, params=names, headers=headers, timeout=10)


def numbers(server: StandIn, text: str, **options: Any) -> list[int]:
    answer = get(server, filter=text, per_page=100, **options)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["meta"]["count"] == len(found["results"])
    return sorted(number_of(record) for record in found["results"])


def walk(server: StandIn, **options: Any) -> Iterator[dict[str, Any]]:
    """Cursor paging as simple as it gets."""
    cursor = "*"
    while cursor:
        page = get(server, cursor=cursor, **options).json()
        yield page
        cursor = page["meta"]["next_cursor"]


# Filters
# -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("authorships.institutions.country_code:DK", [1001, 1002, 1003, 1006, 1007, 1008]),
        ("institutions.country_code:dk", [1001, 1002, 1003, 1006, 1007, 1008]),
        ("authorships.countries:DK", [1001, 1002, 1003, 1005, 1007, 1008]),
        ("authorships.countries:DK,authorships.institutions.country_code:!DK", [1005]),
        ("authorships.institutions.country_code:DK|US", [1001, 1002, 1003, 1004, 1006, 1007, 1008]),
        ("authorships.institutions.country_code:DK+US", [1002, 1006]),
        ("authorships.institutions.country_code:!DK|US", [1005]),
        ("authorships.institutions.country_code:null", [1005]),
        ("authorships.institutions.country_code:!null", [1001, 1002, 1003, 1004, 1006, 1007, 1008]),
        ("authorships.institutions.id:I96673099", [1003]),
        ("authorships.institutions.id:https://openalex.org/i96673099", [1003]),
        ("authorships.institutions.lineage:I96673099", [1003]),
        ("authorships.institutions.ror:https://ror.org/04qtj9h94", [1003]),
        ("institutions.ror:04qtj9h94", [1003]),
        ("from_publication_date:2020-01-01,to_publication_date:2020-01-31", [1002, 1003]),
        ("from-publication-date:2021-06-06", [1006, 1007]),
        ("publication_date:2020-02-01", [1004]),
        ("publication_date:>2021-05-05", [1006, 1007]),
        ("publication_year:2020", [1002, 1003, 1004]),
        ("publication_year:2019-2020", [1001, 1002, 1003, 1004]),
        ("publication_year:>2020", [1005, 1006, 1007]),
        ("publication_year:<2020", [1001]),
        ("publication_year:2021|2022", [1005, 1006, 1007]),
        ("publication_year:!2020", [1001, 1005, 1006, 1007, 1008]),
        ("publication_year:null", [1008]),
        ("type:review", [1003]),
        ("type:!article", [1003]),
        ("type:types/review|https://openalex.org/types/review", [1003]),
        ("is_retracted:true", [1007]),
        ("has_doi:false", [1007]),
        ("doi:10.1000/test.1002|https://doi.org/10.1000/TEST.1003", [1002, 1003]),
        ("ids.openalex:W1001|W1004|W999", [1001, 1004]),
        ("openalex:https://openalex.org/W1001", [1001]),
        ("authors_count:>100", [1006]),
        ("authors_count:2-151", [1002, 1006]),
        ('raw_affiliation_strings.search:"department 2, somewhere"', [1002, 1006]),
    ],
)
def test_filters(few: list[dict[str, Any]], text: str, expected: list[int]) -> None:
    with StandIn(few) as server:
        answer = requests.get(f"{server.url}/works?per-page=100&filter={text}", timeout=10)
        assert sorted(number_of(record) for record in answer.json()["results"]) == expected
        assert answer.json()["meta"]["count"] == len(expected)


@pytest.mark.parametrize(
    ("query", "error", "message"),
    [
        (
            "filter=foo:1",
            "Invalid query parameters error.",
            "foo is not a valid field. Valid fields are underscore",
        ),
        (
            "foo=1",
            "Invalid query parameters error.",
            "foo is not a valid parameter. Valid parameters are: api-key,",
        ),
        (
            "select=foo",
            "Invalid query parameters error.",
            "foo is not a valid select field. Valid fields for select",
        ),
        (
            "select=authorships.author",
            "Invalid query parameters error.",
            "authorships.author is not a valid select",
        ),
        ("sort=foo", "Invalid query parameters error.", "foo is not a valid field."),
        (
            "sort=relevance_score:desc",
            "Invalid query parameters error.",
            "Must include a search query",
        ),
        ("filter=type:", "Invalid query parameters error.", "Invalid query parameter in type:."),
        (
            "filter=publication_year:abc",
            "Invalid query parameters error.",
            "Value for param publication_year",
        ),
        (
            "filter=from_publication_date:2020-13-01",
            "Invalid query parameters error.",
            "Value for param from_public",
        ),
        (
            "filter=is_retracted:maybe",
            "Invalid query parameters error.",
            "Value for is_retracted must be true, false",
        ),
        (
            "filter=type:article|!review",
            "Invalid query parameters error.",
            "The ! operator can only be used",
        ),
        (
            "filter=authorships.institutions.id:foo",
            "Invalid query parameters error.",
            "'foo' is not a valid OpenAlex",
        ),
        (
            "filter=host_venue.id:V1",
            "Invalid query parameters error.",
            "host_venue and alternate_host_venues",
        ),
        ("per-page=0", "Pagination error.", "per-page parameter must be between 1 and 200."),
        ("per_page=201", "Pagination error.", "per-page parameter must be between 1 and 200."),
        ("per-page=x", "Invalid query parameters error.", "Param per-page must be a number."),
        ("page=0", "Pagination error.", "Page parameter must be greater than 0."),
        (
            "page=101&per-page=100",
            "Pagination error.",
            "Maximum results size of 10,000 records is exceeded.",
        ),
        ("page=2&cursor=*", "Pagination error.", "Cannot use page parameter with cursor."),
        ("cursor=null", "Pagination error.", "Cursor is null. Likely reached end of results."),
        ("cursor=xyz", "Pagination error.", "Invalid cursor value"),
        ("group_by=type&page=2", "Pagination error.", "Unable to paginate beyond page 1."),
        (
            "group_by=type&select=id",
            "Invalid query parameters error.",
            "select does not work with group_by.",
        ),
        (
            "group_by=publication_date",
            "Invalid query parameters error.",
            "Cannot group by date, number, or search",
        ),
        (
            "limit=5",
            "Invalid request rejected at the API edge",
            "The 'limit' parameter is not valid.",
        ),
        (
            "filter=type:a,b",
            "Invalid request rejected at the API edge",
            "A filter value contains an unescaped comma",
        ),
    ],
)
def test_refusals_with_400(few: list[dict[str, Any]], query: str, error: str, message: str) -> None:
    with StandIn(few) as server:
        answer = requests.get(f"{server.url}/works?{query}", timeout=10)
        assert answer.status_code == 400
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.json()["error"] == error
        assert answer.json()["message"].startswith(message)
        edge = "edge" in error
        assert ("x-openalex-edge-reject" in answer.headers) is edge
        assert (answer.json().get("error_source") == "openalex-api-proxy") is edge
        assert server.requests[0].status == 400


def test_the_limits_of_values_and_length(few: list[dict[str, Any]]) -> None:
    with StandIn(few) as server:
        hundred = "|".join(f"W{n}" for n in range(1001, 1101))
        assert len(numbers(server, f"ids.openalex:{hundred}")) == 8
        refused = get(server, filter=f"ids.openalex:{hundred}|W1")
        assert refused.status_code == 400
        assert refused.json()["message"].startswith(
            "Maximum number of values exceeded for ids.openalex."
        )
        frame = len("GET /works?filter=type:&per-page=1 HTTP/1.1")
        fits = f"{server.url}/works?filter=type:{'x' * (8190 - frame)}&per-page=1"
        assert requests.get(fits, timeout=10).status_code == 200
        long = requests.get(fits.replace("type:x", "type:xx"), timeout=10)
        assert long.status_code == 400
        assert long.json()["error"] == "Request URL too long"
        assert "8191 bytes" in long.json()["message"]


def test_the_last_of_a_repeated_parameter_counts(few: list[dict[str, Any]]) -> None:
    with StandIn(few) as server:
        answer = requests.get(
            f"{server.url}/works?filter=type:article&filter=type:review", timeout=10
        )
        assert answer.json()["meta"]["count"] == 1


def test_what_is_not_imitated_says_so(few: list[dict[str, Any]]) -> None:
    with StandIn(few) as server:
        assert get(server, search="graphs").status_code == 501
        assert get(server, group_by="type,language").status_code == 501
        assert get(server, "/authors").status_code == 404
        assert requests.post(f"{server.url}/works", json={}, timeout=10).status_code == 405


# Shape of the answers
# ------------------------------------------------------------------------------


def test_a_list_looks_like_a_list(few: list[dict[str, Any]]) -> None:
    with StandIn(few) as server:
        page = get(server, filter="publication_year:2020").json()
        assert list(page) == ["meta", "results", "group_by"]
        assert page["group_by"] == []
        meta = page["meta"]
        assert (meta["count"], meta["page"], meta["per_page"], meta["groups_count"]) == (
            3,
            1,
            25,
            None,
        )
        assert "next_cursor" not in meta
        assert meta["cost_usd"] == 0.0001
        assert meta["db_response_time_ms"] < 5000
        assert get(server, cursor="*").json()["meta"]["page"] is None


def test_select_leaves_out_what_is_missing() -> None:
    with StandIn([work(1001), {"id": f"{HOME}W1002", "title": "Bare"}]) as server:
        page = get(server, select="doi, id,fwci", sort="display_name").json()
        assert page["results"] == [
            {"id": f"{HOME}W1001", "doi": "https://doi.org/10.1000/Test.1001"},
            {"id": f"{HOME}W1002"},
        ]
        assert get(server, "/works/W1002", select="id").json() == {"id": f"{HOME}W1002"}
        assert get(server, "/works/W1002", select="foo").status_code == 400


def test_lists_cut_at_a_hundred_authors_and_singles_do_not(few: list[dict[str, Any]]) -> None:
    with StandIn(few) as server:
        [listed] = get(server, filter="authors_count:>100", select="id,authorships").json()[
            "results"
        ]
        assert len(listed["authorships"]) == 100
        assert "is_authors_truncated" not in listed
        single = get(server, "/works/W1006").json()
        assert len(single["authorships"]) == 151
        assert single["authorships"][:100] == listed["authorships"]


@pytest.mark.parametrize(
    "name",
    [
        "W1003",
        "w1003",
        "https://openalex.org/W1003",
        "doi:10.1000/test.1003",
        "https://doi.org/10.1000/test.1003",
    ],
)
def test_singles_by_any_name(few: list[dict[str, Any]], name: str) -> None:
    with StandIn(few) as server:
        answer = get(server, f"/works/{name}")
        assert answer.json()["id"] == f"{HOME}W1003"
        assert answer.headers["X-RateLimit-Credits-Used"] == "0"


def test_an_unknown_single_is_a_page_of_html(few: list[dict[str, Any]]) -> None:
    with StandIn(few) as server:
        answer = get(server, "/works/W999")
        assert answer.status_code == 404
        assert answer.headers["Content-Type"].startswith("text/html")
        assert "<h1>Not Found</h1>" in answer.text


def test_groups(few: list[dict[str, Any]]) -> None:
    with StandIn(few) as server:
        page = get(server, group_by="publication_year").json()
        assert "results" not in page
        assert [(one["key"], one["count"]) for one in page["group_by"]] == [
            ("2020", 3),
            ("2021", 2),
            ("2019", 1),
            ("2022", 1),
        ]
        assert page["meta"]["groups_count"] == 4
        assert page["meta"]["count"] == 8
        assert page["meta"]["per_page"] == 200
        unknown = get(server, group_by="publication_year:include_unknown").json()["group_by"]
        assert {"key": "-111", "key_display_name": "-111", "count": 1} in unknown
        by_type = get(server, **{"group-by": "type", "filter": "publication_year:2020"}).json()[
            "group_by"
        ]
        assert by_type[0] == {
            "key": f"{HOME}types/article",
            "key_display_name": "article",
            "count": 2,
        }
        countries = get(server, group_by="authorships.countries").json()["group_by"]
        assert countries[0] == {
            "key": f"{HOME}countries/DK",
            "key_display_name": "Denmark",
            "count": 6,
        }
        places = get(server, group_by="authorships.institutions.id").json()["group_by"]
        assert places[0]["key_display_name"] == "Institution I124055696"
        flags = get(server, group_by="is_retracted").json()["group_by"]
        assert [(one["key_display_name"], one["count"]) for one in flags] == [
            ("false", 7),
            ("true", 1),
        ]
        missing = get(server, group_by="has_doi").json()["group_by"]
        assert [(one["key"], one["count"]) for one in missing] == [("true", 7), ("false", 1)]


def test_groups_with_a_cursor_come_by_key(few: list[dict[str, Any]]) -> None:
    with StandIn(few) as server:
        pages = list(walk(server, group_by="publication_year", per_page=3))
        assert [[one["key"] for one in page["group_by"]] for page in pages] == [
            ["2019", "2020", "2021"],
            ["2022"],
            [],
        ]


# Paging
# --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sort",
    ["", "publication_date:asc", "publication_date:desc", "ids.openalex", "cited_by_count:desc"],
)
@pytest.mark.parametrize("per_page", [1, 3, 10])
def test_a_cursor_walk_gives_every_work_once(sort: str, per_page: int) -> None:
    dates = [None, "2020-01-15", "2020-01-16", "not a date"]
    records = [work(1000 + n, "2020-01-15", publication_date=dates[n % 4]) for n in range(23)]
    with StandIn(records) as server:
        pages = list(walk(server, sort=sort, per_page=per_page, select="id"))
        found = [number_of(record) for page in pages for record in page["results"]]
        assert len(found) == 23
        assert sorted(found) == list(range(1000, 1023))
        assert {page["meta"]["count"] for page in pages} == {23}


def test_the_default_order_is_by_citations_and_the_cursor_shows_it() -> None:
    records = [work(1000 + n) for n in range(6)]
    with StandIn(records) as server:
        page = get(server, cursor="*", per_page=2).json()
        # Percentile 92 first (works 1001 and 1004), and of those the more cited.
        assert [number_of(record) for record in page["results"]] == [1004, 1001]
        text = json.loads(base64.b64decode(page["meta"]["next_cursor"]))
        assert text == "[92.0, 0, 'https://openalex.org/W1001']"


def test_a_sorted_cursor_carries_the_date_and_the_default_order() -> None:
    with StandIn([work(1000 + n, "2020-12-31") for n in range(3)]) as server:
        page = get(server, cursor="*", per_page=1, sort="publication_date:asc").json()
        text = json.loads(base64.b64decode(page["meta"]["next_cursor"]))
        assert text.startswith("[1609372800000, ")
        assert len(json.loads(text.replace("'", '"'))) == 4
        again = get(
            server, cursor=page["meta"]["next_cursor"], per_page=2, sort="publication_date:asc"
        ).json()
        assert len(again["results"]) == 2
        other = get(server, cursor=page["meta"]["next_cursor"], per_page=1)
        assert other.status_code == 400
        assert other.json() == {"error": "Pagination error.", "message": "Cursor value is invalid."}


def test_an_exact_multiple_ends_with_an_empty_page() -> None:
    with StandIn([work(1000 + n) for n in range(6)]) as server:
        pages = list(walk(server, per_page=3))
        assert [len(page["results"]) for page in pages] == [3, 3, 0]
        assert pages[-1]["meta"]["next_cursor"] is None
        assert pages[-1]["meta"]["count"] == 6
        assert sum(request.cost for request in server.requests) == 3


def test_a_cursor_outlives_the_server() -> None:
    records = [work(1000 + n) for n in range(10)]
    with StandIn(records) as server:
        cursor = get(server, cursor="*", per_page=4).json()["meta"]["next_cursor"]
        first = get(server, cursor=cursor, per_page=4).json()["results"]
    with StandIn(records, key="other-key") as server:
        assert get(server, cursor=cursor, per_page=4).json()["results"] == first


def test_pages_by_number(few: list[dict[str, Any]]) -> None:
    with StandIn(few) as server:
        pages = [
            get(server, page=n, per_page=3, sort="publication_date:desc").json()
            for n in (1, 2, 3, 4)
        ]
        assert [number_of(record) for record in pages[0]["results"]] == [1007, 1006, 1005]
        assert [len(page["results"]) for page in pages] == [3, 3, 2, 0]
        assert pages[1]["meta"]["page"] == 2


def test_options_of_the_server(few: list[dict[str, Any]]) -> None:
    with StandIn(few, max_per_page=100, sort_by_id=False) as server:
        assert get(server, per_page=101).json()["message"].endswith("between 1 and 100.")
        assert get(server, sort="ids.openalex").status_code == 400


# Keys, money, rate
# ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {"api_key": "right-key"},
        {"api-key": "right-key"},
        {"headers": {"api_key": "right-key"}},
        {"headers": {"Authorization": "Bearer right-key"}},
        {"headers": {"Authorization": "Bearer right-key"}, "api_key": "wrong"},
    ],
)
def test_keys_are_found_where_the_proxy_looks(
    few: list[dict[str, Any]], options: dict[str, Any]
) -> None:
    with StandIn(few, key="right-key") as server:
        answer = get(server, **options)
        assert answer.headers["X-RateLimit-Limit"] == "10000"
        assert server.requests[0].key == "right-key"


def test_wrong_and_missing_keys(few: list[dict[str, Any]]) -> None:
    with StandIn(few, key="right-key") as server:
        wrong = get(server, api_key="wrong-key")
        assert wrong.status_code == 401
        assert wrong.json() == {
            "error": "Invalid or missing API key",
            "message": "API key not found",
        }
        assert get(server).headers["X-RateLimit-Limit"] == "1000"
    with StandIn(few, key="right-key", key_required=True) as server:
        assert get(server).status_code == 401


def test_credits_are_counted_and_shown(few: list[dict[str, Any]]) -> None:
    with StandIn(few, key="right-key", daily_credits=12) as server:
        first = get(server, api_key="right-key")
        headers = {
            name: value for name, value in first.headers.items() if name.startswith("X-RateLimit")
        }
        assert 0 < int(headers.pop("X-RateLimit-Reset")) <= 86_400
        assert headers == {
            "X-RateLimit-Limit-USD": "0.0012",
            "X-RateLimit-Remaining-USD": "0.0011",
            "X-RateLimit-Prepaid-Remaining-USD": "0",
            "X-RateLimit-Cost-USD": "0.0001",
            "X-RateLimit-Limit": "12",
            "X-RateLimit-Remaining": "11",
            "X-RateLimit-Onetime-Remaining": "0",
            "X-RateLimit-Credits-Used": "1",
        }
        refused = get(server, api_key="right-key", filter="foo:1")
        assert refused.headers["X-RateLimit-Remaining"] == "11"  # refunded
        assert (
            get(server, "/works/W1001", api_key="right-key").headers["X-RateLimit-Remaining"]
            == "11"
        )
        search = get(
            server, api_key="right-key", filter="raw_affiliation_strings.search:department"
        )
        assert search.headers["X-RateLimit-Remaining"] == "1"
        assert (
            get(server, api_key="right-key", group_by="type").headers["X-RateLimit-Remaining"]
            == "0"
        )
        broke = get(server, api_key="right-key")
        assert broke.status_code == 429
        assert broke.json()["error"] == "Rate limit exceeded"
        assert broke.json()["message"].startswith(
            "Insufficient budget. This request costs $0.0001 but you only have $0 "
        )
        assert int(broke.headers["X-RateLimit-Remaining"]) < int(
            broke.headers["X-RateLimit-Credits-Required"]
        )
        assert 0 < int(broke.headers["Retry-After"]) <= 86_400
        assert (
            get(server, "/works/W1001", api_key="right-key").status_code == 200
        )  # singles are free
        assert get(server, api_key="").status_code == 200  # another pool
        server.refill()
        assert get(server, api_key="right-key").status_code == 200


def test_rate_limit_page(few: list[dict[str, Any]]) -> None:
    with StandIn(few, key="abcdefghij") as server:
        get(server, api_key="abcdefghij")
        status = get(server, "/rate-limit", api_key="abcdefghij").json()
        assert status["api_key"] == "abc...hij"
        limit = status["rate_limit"]
        assert (limit["credits_limit"], limit["credits_used"], limit["credits_remaining"]) == (
            10_000,
            1,
            9_999,
        )
        assert limit["daily_budget_usd"] == 1
        assert limit["credit_costs"]["list"] == 1
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00\.000Z", limit["resets_at"])
        keyless = get(server, "/rate-limit")
        assert keyless.status_code == 401
        assert keyless.json()["error"] == "Authentication required"


def test_requests_per_second(few: list[dict[str, Any]]) -> None:
    with StandIn(few, per_second=5) as server:
        answers = [get(server) for _ in range(8)]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert refused
        assert refused[0].headers["Retry-After"] == "1"
        assert (
            refused[0].json()["message"].startswith("Rate limit exceeded: 5 requests per second.")
        )
        assert int(refused[0].headers["X-RateLimit-Remaining"]) >= int(
            refused[0].headers["X-RateLimit-Credits-Required"]
        )
        time.sleep(0.3)
        assert get(server).status_code == 200


@pytest.mark.parametrize(
    "options",
    [
        {"filter": "from_updated_date:2026-01-01"},
        {"filter": "type:article,created_date:>2026-01-01"},
        {"sort": "updated_date"},
    ],
)
def test_paid_plans_only(few: list[dict[str, Any]], options: dict[str, str]) -> None:
    with StandIn(few) as server:
        answer = get(server, **options)
        assert answer.status_code == 429
        assert answer.json()["error"] == "Plan upgrade required"
        assert "Retry-After" not in answer.headers


# Faults
# --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "status", "retry_after", "content"),
    [
        ("rate_429", 429, "1", "json"),
        ("budget_429", 429, "40000", "json"),
        ("plan_429", 429, None, "json"),
        ("throttled_429", 429, "1", "json"),
        ("http_500", 500, None, "html"),
        ("http_503", 503, None, "html"),
        ("http_503_json", 503, "30", "json"),
        ("http_504", 504, None, "json"),
        ("html_200", 200, None, "html"),
        ("unauthorized", 401, None, "json"),
    ],
)
def test_error_faults(
    few: list[dict[str, Any]], kind: str, status: int, retry_after: str | None, content: str
) -> None:
    with StandIn(few, faults=[Fault(kind, nth=2, times=2, marker="Leakmark77")]) as server:
        answers = [get(server) for _ in range(4)]
        good = [answer.status_code == 200 and "Leakmark77" not in answer.text for answer in answers]
        assert good == [True, False, False, True]
        struck = answers[1]
        assert struck.status_code == status
        assert struck.headers.get("Retry-After") == retry_after
        assert content in struck.headers["Content-Type"]
        assert "Leakmark77" in struck.text
        assert sum(request.cost for request in server.requests) == 2
        assert answers[3].headers["X-RateLimit-Remaining"] == "998"


def test_faults_find_their_requests(few: list[dict[str, Any]]) -> None:
    faults = [
        Fault("http_504", per_page_over=50, times=None),
        Fault("http_500", when="country_code:DK", nth=2),
        Fault("http_503", when=lambda request: request.query.get("page") == "2"),
        Fault("vanish", when="W1002", times=None),
    ]
    with StandIn(few, faults=faults) as server:
        assert [get(server, per_page=n).status_code for n in (100, 51, 50, 100)] == [
            504,
            504,
            200,
            504,
        ]
        danish = {"filter": "authorships.institutions.country_code:DK"}
        assert [get(server, **danish).status_code for _ in range(3)] == [200, 500, 200]
        assert [get(server, page=n).status_code for n in (1, 2, 2)] == [200, 503, 200]
        assert [get(server, f"/works/W{n}").status_code for n in (1001, 1002, 1002)] == [
            200,
            404,
            404,
        ]


def test_an_error_that_waits_strikes_later(few: list[dict[str, Any]]) -> None:
    with StandIn(few, faults=[Fault("http_500"), Fault("http_503")]) as server:
        server.faults.add(Fault("http_504", nth=3))
        assert [get(server).status_code for _ in range(4)] == [500, 503, 504, 200]


def test_a_short_page_ends_the_walk_too_early() -> None:
    records = [work(1000 + n) for n in range(10)]
    with StandIn(records, faults=[Fault("short_page", nth=2)]) as server:
        pages = list(walk(server, per_page=4))
        assert [len(page["results"]) for page in pages] == [4, 2]
        assert [page["meta"]["count"] for page in pages] == [10, 10]
        assert pages[1]["meta"]["next_cursor"] is None
        assert pages[1]["meta"]["db_response_time_ms"] >= 5000
        assert sum(len(page["results"]) for page in walk(server, per_page=4)) == 10
    with StandIn(
        records, faults=[Fault("short_page", nth=2, keep=1, partial_count=True)]
    ) as server:
        pages = list(walk(server, per_page=4))
        assert [len(page["results"]) for page in pages] == [4, 1]
        assert [page["meta"]["count"] for page in pages] == [10, 5]


def test_records_that_jump_over_the_cursor() -> None:
    records = [work(1000 + n) for n in range(10)]
    with StandIn(
        records, faults=[Fault("duplicate"), Fault("lose", nth=2), Fault("count_drift", nth=2)]
    ) as server:
        pages = list(walk(server, per_page=4))
        found = [number_of(record) for page in pages for record in page["results"]]
        assert pages[1]["results"][0] == pages[0]["results"][-1]  # came twice
        assert len(found) == 10
        assert len(set(found)) == 9  # and one never came
        assert [page["meta"]["count"] for page in pages] == [10, 11, 10]


def test_cut_json_is_a_whole_message(few: list[dict[str, Any]]) -> None:
    with StandIn(few, faults=[Fault("cut_json")]) as server:
        answer = get(server)
        assert answer.status_code == 200
        with pytest.raises(requests.exceptions.JSONDecodeError):
            answer.json()
        assert get(server).json()["meta"]["count"] == 8


def test_reset_closes_in_the_middle(few: list[dict[str, Any]]) -> None:
    with StandIn(few, faults=[Fault("reset")]) as server, requests.Session() as session:
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            session.get(f"{server.url}/works", timeout=10)
        assert session.get(f"{server.url}/works", timeout=10).status_code == 200


def test_hang_sends_nothing(few: list[dict[str, Any]]) -> None:
    with StandIn(few, faults=[Fault("hang", seconds=60), Fault("hang", seconds=0.1)]) as server:
        with pytest.raises(requests.exceptions.ReadTimeout):
            requests.get(f"{server.url}/works", timeout=0.2)
        begun = time.monotonic()
    assert time.monotonic() - begun < 5  # closing the server does not wait for the minute


def test_a_drip_never_comes_to_an_end(few: list[dict[str, Any]]) -> None:
    """A header by the byte: no time-out of silence strikes, and closing the server ends it."""
    with (
        StandIn(few, faults=[Fault("drip", seconds=0.01)]) as server,
        socket.create_connection(
            ("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=1
        ) as line,
    ):
        line.sendall(b"GET /works HTTP/1.1\r\nHost: x\r\n\r\n")
        heard = b""
        while not heard.endswith(b"x" * 20):
            heard += line.recv(1)
        assert get(server).status_code == 200
    assert heard.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\n\r\n" not in heard


@pytest.mark.parametrize(
    ("kind", "piece"),
    [("surrogate", b'\\ud83d","'), ("escape", b'\\x","'), ("nan", b'"cited_by_count":NaN')],
)
def test_a_spoiled_record_is_spoiled_wherever_it_is_shown(
    few: list[dict[str, Any]], kind: str, piece: bytes
) -> None:
    """Its own bytes and no others; where its title is not asked for, nobody sees anything."""
    name = few[3]["id"].rpartition("/")[2]
    with StandIn(few) as server:
        whole = get(server).content
        single = requests.get(f"{server.url}/works/{name}", timeout=10).content
    with StandIn(few, faults=[Fault(kind, record=name, times=None)]) as server:  # type: ignore[arg-type]
        listed = get(server).content
        alone = requests.get(f"{server.url}/works/{name}", timeout=10).content
        assert piece not in get(server, "/works?select=id").content
        assert (
            piece
            not in requests.get(
                f"{server.url}/works/{few[2]['id'].rpartition('/')[2]}", timeout=10
            ).content
        )
        assert server.faults._struck == [2]
    for spoiled, before in ((listed, whole), (alone, single)):
        assert spoiled.count(piece) == 1
        with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
            msgspec.json.decode(spoiled)
        undone = (
            re.sub(rb'"cited_by_count":NaN', rb'"cited_by_count":0', spoiled)
            if kind == "nan"
            else spoiled.replace(piece, b'","')
        )
        assert [r["id"] for r in json.loads(undone).get("results", [])] == [
            r["id"] for r in json.loads(before).get("results", [])
        ]
        if kind != "nan":
            assert undone == before


def test_faults_compose(few: list[dict[str, Any]]) -> None:
    with StandIn(
        few, faults=[Fault("http_503_json"), Fault("cut_json"), Fault("hang", seconds=0.05)]
    ) as server:
        answer = get(server)
        assert answer.status_code == 503
        with pytest.raises(requests.exceptions.JSONDecodeError):
            answer.json()


def test_faults_in_words() -> None:
    assert Fault.parse("http_503,nth=3,times=2") == Fault("http_503", nth=3, times=2)
    assert Fault.parse("hang,seconds=0.5,times=forever") == Fault("hang", seconds=0.5, times=None)
    assert (
        Fault.parse("short_page,partial_count=true,keep=3,when=country_code:DK").partial_count
        is True
    )
    with pytest.raises(ValueError, match="unknown fault"):
        Fault.parse("earthquake")
    with pytest.raises(ValueError, match="unknown setting"):
        Fault.parse("hang,minutes=1")


# The server as a program
# -----------------------------------------------------------------------------


def test_requests_are_kept(few: list[dict[str, Any]]) -> None:
    with StandIn(few) as server:
        get(
            server, filter="type:review", headers={"User-Agent": "test/1", "From": "me@example.org"}
        )
        [request] = server.requests
        assert (request.method, request.path, request.query) == (
            "GET",
            "/works",
            {"filter": "type:review"},
        )
        assert request.headers["user-agent"] == "test/1"
        assert request.headers["from"] == "me@example.org"
        assert (request.status, request.cost, request.number) == (200, 1, 1)


def test_many_threads_over_kept_connections() -> None:
    records = [work(10_000 + n, f"20{n % 10 + 10}-01-01") for n in range(500)]

    def harvest(year: int) -> int:
        with requests.Session() as session:
            found, cursor = 0, "*"
            while cursor:
                query = {"filter": f"publication_year:{year}", "per-page": "7", "cursor": cursor}
                page = session.get(f"{server.url}/works", params=query, timeout=10).json()
                found, cursor = found + len(page["results"]), page["meta"]["next_cursor"]
            return found

    with StandIn(records) as server, ThreadPoolExecutor(4) as pool:
        assert list(pool.map(harvest, range(2010, 2020))) == [50] * 10
        assert len(server.requests) == 80
        assert [request.number for request in server.requests] == list(range(1, 81))
        assert server.peak_in_flight <= 4


@pytest.mark.slow
def test_twenty_thousand_records_in_seconds() -> None:
    records = [
        work(100_000 + n, f"20{10 + n % 12:02d}-{n % 12 + 1:02d}-{n % 28 + 1:02d}")
        for n in range(20_000)
    ]
    begun = time.monotonic()
    with StandIn(records, key="right-key") as server, requests.Session() as session:
        session.headers["Authorization"] = "Bearer right-key"
        found: set[str] = set()
        for year in range(2010, 2022):
            for month in range(1, 13):
                cursor = "*"
                while cursor:
                    limits = f"from_publication_date:{year}-{month:02d}-01,to_publication_date:{year}-{month:02d}-28"
                    query = {
                        "filter": f"authorships.institutions.country_code:DK,{limits}",
                        "per-page": "100",
                    }
                    query |= {
                        "cursor": cursor,
                        "sort": "publication_date:asc",
                        "select": "id,authorships",
                    }
                    page = session.get(f"{server.url}/works", params=query, timeout=10).json()
                    found.update(record["id"] for record in page["results"])
                    cursor = page["meta"]["next_cursor"]
        assert len(found) == 20_000
    assert time.monotonic() - begun < 30  # about three seconds on an idle machine


def test_closing_leaves_nothing_behind(few: list[dict[str, Any]]) -> None:
    before = threading.active_count()
    with StandIn(few) as server:
        address = server.url.removeprefix("http://").split(":")
        idle = socket.create_connection((address[0], int(address[1])))
        get(server)
    with idle:
        assert idle.recv(10) == b""
    assert threading.active_count() == before
    with pytest.raises(RuntimeError, match="not running"):
        _ = server.url


def test_a_mistake_of_the_stand_in_is_not_hidden(few: list[dict[str, Any]]) -> None:
    def broken(_: standin.Request) -> bool:
        raise KeyError("oops")

    with (
        pytest.raises(RuntimeError, match="stand-in itself failed"),
        StandIn(few, faults=[Fault("hang", when=broken)]) as server,
        pytest.raises(requests.exceptions.ConnectionError),
    ):
        get(server)


@pytest.mark.parametrize("shape", ["list.json", "page.json", "lines.jsonl", "lines.jsonl.gz"])
def test_records_from_files(tmp_path: Path, few: list[dict[str, Any]], shape: str) -> None:
    path = tmp_path / shape
    lines = "\n".join(map(json.dumps, few))
    text = {"list": json.dumps(few), "page": json.dumps({"meta": {}, "results": few})}.get(
        Path(shape).stem, lines
    )
    path.write_bytes(gzip.compress(text.encode()) if shape.endswith("gz") else text.encode())
    assert load_records(path) == few


def test_from_a_shell(tmp_path: Path, few: list[dict[str, Any]]) -> None:
    path = tmp_path / "works.json"
    path.write_text(json.dumps(few))
    command = [
        sys.executable,
        "-m",
        "tests.support.standin",
        str(path),
        "--key",
        "right-key",
        "--faults",
        "http_503,nth=2",
        "http_500,nth=3",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT) as process:
        assert process.stdout is not None
        try:
            url = process.stdout.readline().strip()
            codes = [
                requests.get(f"{url}/works?api_key=right-key", timeout=10).status_code
                for _ in range(4)
            ]
        finally:
            process.send_signal(signal.SIGTERM)
        assert codes == [200, 503, 500, 200]
        assert process.wait(10) == 0


# Markers
# -------------------------------------------------------------------------------------------


def test_markers_replace_everything_personal(few: list[dict[str, Any]]) -> None:
    few[0]["corresponding_author_ids"] = [f"{HOME}A5000001001", f"{HOME}A5099999999"]
    few[1]["abstract_inverted_index"] = {"Despite": [0]}
    few[3]["authorships"][0]["author"]["id"] = None
    original = json.dumps(few)
    changed, markers = marked(few)
    assert json.dumps(few) == original
    text = json.dumps(changed)
    assert len(markers) == len(set(markers)) > 600
    # Not found: the id of the author whose id is null, and name, ORCID and mail of the one who only
    # corresponds.
    assert sum(marker not in text for marker in markers) == 4
    personal = [one["author"]["display_name"] for record in few for one in record["authorships"]]
    assert not any(f'"{name}"' in text for name in personal)
    assert "A5000001001" not in text
    assert changed[3]["authorships"][0]["author"]["id"] is None
    first = changed[0]["authorships"][0]
    assert changed[0]["corresponding_author_ids"][0] == first["author"]["id"]
    assert re.fullmatch(r"[A-Z][a-z]+ [A-Z][a-z]+\d{4}", first["author"]["display_name"])
    assert first["raw_affiliation_strings"][0] == first["affiliations"][0]["raw_affiliation_string"]
    for one in (one for record in changed for one in record["authorships"]):
        last = one["author"]["display_name"].split()[1]
        for affiliation in one["raw_affiliation_strings"]:
            assert last in affiliation
            assert "Department of" in affiliation
            assert one["author"]["orcid"] in affiliation
    # The same author (number 1 in two works) is the same invented person.
    assert changed[1]["authorships"][0]["author"] == changed[2]["authorships"][0]["author"]
    assert "Titlemark00002" in changed[1]["title"]
    assert "Abstractmark00002" in changed[1]["abstract_inverted_index"]


def test_marked_affiliations_come_in_five_spellings() -> None:
    changed, _ = marked([work(n, "2020-01-01", author(1, KU)) for n in range(1001, 1006)])
    starts = [
        record["authorships"][0]["raw_affiliation_strings"][0].split("0001", 1)[0]
        for record in changed
    ]
    assert starts == [
        "Thessily Vandrakov",
        "Vandrakov",
        "T. Vandrakov",
        "Vandrakov",
        "Prof. Vandrakov",
    ]


def test_marked_orcids_are_well_formed() -> None:
    for serial in range(1, 50):
        digits = standin.Persona(serial).orcid.replace("-", "")
        total = 0
        for digit in digits[:-1]:
            total = (total + int(digit)) * 2
        assert "0123456789X"[(12 - total % 11) % 11] == digits[-1]


# pyalex against the stand-in
# -------------------------------------------------------------------------


class Rewrite(HTTPAdapter):
    """Sends what is meant for the real host to the stand-in; pyalex has the address built in."""

    def __init__(self, base: str, **options: Any) -> None:
        self.base = base
        super().__init__(**options)

    def send(
        self, request: requests.PreparedRequest, timeout: Any = None, **more: Any
    ) -> requests.Response:
        request.url = str(request.url).replace("https://api.openalex.org", self.base, 1)
        return super().send(request, timeout=timeout or 10, **more)


@pytest.fixture
def pyalex_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Point pyalex at a stand-in, without retries of its own."""
    sessions: list[requests.Session] = []

    @contextmanager
    def point(records: list[dict[str, Any]], **options: Any) -> Iterator[StandIn]:
        with StandIn(records, **options) as server:

            def make_session() -> requests.Session:
                session = requests.Session()
                session.mount(
                    "https://api.openalex.org/", Rewrite(server.url, max_retries=Retry(0))
                )
                sessions.append(session)
                return session

            monkeypatch.setattr(pyalex.api, "_get_requests_session", make_session)
            yield server

    yield point
    for session in sessions:
        session.close()


def test_pyalex_walks_every_page(pyalex_at: Callable[..., Any]) -> None:
    records = [work(1000 + n, f"2020-01-{n % 28 + 1:02d}", author(n, KU, MIT)) for n in range(100)]
    with pyalex_at(records) as server:
        query = Works().filter(
            **{"authorships.institutions.country_code": "DK", "from_publication_date": "2020-01-01"}
        )
        query = query.select(["id", "authorships"]).sort(publication_date="asc")
        pages = list(query.paginate(per_page=25, n_max=None))
        assert [len(page) for page in pages] == [25, 25, 25, 25, 0]
        assert {record["id"] for page in pages for record in page} == {
            record["id"] for record in records
        }
        assert all(page.meta["count"] == 100 for page in pages)
        assert set(pages[0][0]) == {"id", "authorships"}
        resumed = (
            Works()
            .filter(**{"authorships.institutions.country_code": "DK"})
            .sort(publication_date="asc")
        )
        rest = list(resumed.paginate(per_page=25, n_max=None, cursor=pages[2].meta["next_cursor"]))
        assert [record["id"] for record in rest[0]] == [record["id"] for record in pages[3]]
        assert Works().filter(type="article").count() == 100
        assert server.requests[0].query["cursor"] == "*"


def test_pyalex_singles_groups_and_lists_of_ids(
    pyalex_at: Callable[..., Any], few: list[dict[str, Any]]
) -> None:
    with pyalex_at(few):
        assert len(Works()["W1006"]["authorships"]) == 151
        found = Works()[["W1001", "W1002", "W999"]]
        assert sorted(number_of(record) for record in found) == [1001, 1002]
        groups = Works().filter(publication_year=2020).group_by("type").get()
        assert [(group["key_display_name"], group["count"]) for group in groups] == [
            ("article", 2),
            ("review", 1),
        ]


def test_pyalex_sends_its_key(
    pyalex_at: Callable[..., Any], few: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(pyalex.config, "api_key", "right-key")
    with pyalex_at(few, key="right-key") as server:
        Works().filter(type="review").get()
        assert server.requests[0].key == "right-key"
        assert "right-key" not in server.requests[0].target
        monkeypatch.setitem(pyalex.config, "api_key", "wrong-key")
        with pytest.raises(pyalex.api.QueryError, match="API key"):
            Works().filter(type="review").get()


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("rate_429", requests.HTTPError),
        ("budget_429", requests.HTTPError),
        ("http_503", requests.HTTPError),
        ("http_504", requests.HTTPError),
        ("html_200", requests.exceptions.JSONDecodeError),
        ("cut_json", requests.exceptions.JSONDecodeError),
        ("reset", requests.exceptions.ChunkedEncodingError),
        ("unauthorized", pyalex.api.QueryError),
    ],
)
def test_pyalex_meets_faults(
    pyalex_at: Callable[..., Any], few: list[dict[str, Any]], kind: str, error: type[Exception]
) -> None:
    with pyalex_at(few, faults=[Fault(kind, nth=2)]):
        pager = Works().sort(publication_date="asc").paginate(per_page=3, n_max=None)
        found = len(next(pager))
        with pytest.raises(error):
            next(pager)
        assert found + sum(len(page) for page in pager) == 8  # the same page can be asked for again


def test_pyalex_refusals(pyalex_at: Callable[..., Any], few: list[dict[str, Any]]) -> None:
    with pyalex_at(few):
        with pytest.raises(pyalex.api.QueryError, match="not a valid field"):
            Works().filter(foo="1").get()
        with pytest.raises(requests.HTTPError):
            Works()["W999"]


# Real records
# ----------------------------------------------------------------------------------------


def test_real_records(pyalex_at: Callable[..., Any]) -> None:
    folder = os.environ.get("COAUTH_REAL_RECORDS")
    if not folder:
        pytest.skip(
            "COAUTH_REAL_RECORDS is not set to a folder with openalex/works/full_works_613.jsonl.gz"
        )
    records = load_records(Path(folder) / "openalex/works/full_works_613.jsonl.gz")
    identifiers = {record["id"] for record in records}
    changed, markers = marked(records)
    assert len(markers) == len(set(markers))
    for served in (records, changed):
        with pyalex_at(served):
            for order in ("asc", "desc"):
                pages = list(
                    Works().sort(publication_date=order).paginate(per_page=100, n_max=None)
                )
                assert {record["id"] for page in pages for record in page} == identifiers
                assert sum(map(len, pages)) == pages[0].meta["count"] == len(records)
            single = Works()[served[0]["id"].rsplit("/", 1)[-1]]
            assert dict(single) == served[0]
            totals = Works().group_by("publication_year").get()
            assert sum(group["count"] for group in totals) == len(records)
