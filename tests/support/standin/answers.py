"""Answers that do not depend on the works."""

from __future__ import annotations

import re
from dataclasses import replace

from tests.support.standin.faults import Fault
from tests.support.standin.wire import Response, html_page, json_error, not_found


def unauthorized(message: str) -> Response:
    headers = {"Cache-Control": "no-store"}
    return json_error(401, "Invalid or missing API key", message, headers=headers, metered=False)


def plain_error(fault: Fault) -> Response:
    """The error bodies that do not depend on the request (throttled, 401, 404: read; the rest:
    documented).
    """
    mark = f" {fault.marker}" if fault.marker else ""
    if fault.kind == "throttled_429":
        message = (
            f"Your access is temporarily throttled. Please limit requests to 1 per second.{mark}"
        )
        wait = {"Retry-After": "1"}
        return json_error(
            429, "Rate limit exceeded", message, headers=wait, metered=False, retryAfter=1
        )
    if fault.kind == "unauthorized":
        return unauthorized(f"API key not found{mark}")
    if fault.kind == "vanish":
        return not_found(fault.marker)
    if fault.kind == "http_503_json":
        message = f"The service is temporarily unavailable. Please try again.{mark}"
        return json_error(
            503,
            "Service unavailable",
            message,
            headers={"Retry-After": str(fault.retry_after or 30)},
        )
    if fault.kind == "http_504":
        message = f"The query took too long and was cancelled. Its cost was refunded.{mark}"
        return json_error(504, "Gateway timeout", message, reason="query_timeout")
    if fault.kind == "http_500":
        return html_page(
            500, "Internal Server Error", f"The server encountered an internal error.{mark}"
        )
    if fault.kind == "http_503":
        return html_page(503, "Application error", f"An error occurred in the application.{mark}")
    return html_page(200, "OpenAlex", f"We are down for maintenance.{mark}")


_TITLE = rb'("title":"(?:[^"\\]|\\.)*)"'
_SPOILS = {
    "surrogate": (_TITLE, rb'\1\\ud83d"'),
    "escape": (_TITLE, rb'\1\\x"'),
    "nan": (rb'"cited_by_count":\d+', b'"cited_by_count":NaN'),
}


def spoil(record: bytes, fault: Fault) -> bytes:
    """A record as no strict reader takes it."""
    pattern, replacement = _SPOILS[fault.kind]
    return re.sub(pattern, replacement, record, count=1)


def on_the_wire(response: Response, fault: Fault) -> Response:
    half = len(response.body) // 2
    if fault.kind == "hang":
        return replace(response, delay=response.delay + fault.seconds)
    if fault.kind == "drip":
        return replace(response, drip=fault.seconds)
    if fault.kind == "cut_json":
        return replace(response, body=response.body[:half])
    return replace(response, sent=half)
