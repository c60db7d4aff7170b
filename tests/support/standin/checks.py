"""Reading parameters, and refusing those the real one refuses."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping

from tests.support.standin.filters import split_filter
from tests.support.standin.limits import PARAMETERS, REQUEST_LINE_BYTES, SELECTABLE
from tests.support.standin.wire import Refusal, Request, Response, bad_query, json_error


def single_work(path: str) -> str | None:
    """The name of the work in `/works/W…` (also a DOI or a whole address) or in `/W…`; None for
    other paths.
    """
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
    return tuple(
        name for name in SELECTABLE if name in names
    )  # the schema's order, not the asker's (read)


def edge_refusal(reason: str, message: str) -> Refusal:
    return Refusal(
        json_error(
            400,
            "Invalid request rejected at the API edge",
            message,
            headers={"x-openalex-edge-reject": f"f1:{reason}"},
            metered=False,
            error_source="openalex-api-proxy",
        )
    )


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
    """A paid-plan refusal wears the status of a rate limit but has no Retry-After: it never goes
    away (read).
    """
    return json_error(
        429, "Plan upgrade required", message, headers={"Cache-Control": "no-store"}, metered=False
    )


def check_plan(request: Request) -> None:
    end = "requires a Premium, Institutional, or Partner plan. See https://openalex.org/pricing for details."
    gated = re.search(
        r"(?:from_|to_)?(?:updated|created)_date:[><]?\d{4}-\d{2}-\d{2}",
        request.query.get("filter", ""),
    )
    if gated:
        raise Refusal(plan_response(f'The "{gated.group()}" filter {end}'))
    gated = re.search(
        r"(?:from_|to_)?(?:updated|created)_date(?::(?:asc|desc))?", request.query.get("sort", "")
    )
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
