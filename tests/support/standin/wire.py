"""What goes over the wire: requests, responses, and the shapes of refusals."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

JSON = "application/json"
HTML = "text/html; charset=utf-8"


Record = dict[str, Any]  # a work as the API shows it


@dataclass
class Request:
    """One request as the server saw it; `status` and `cost` (credits) are filled in once it has
    been answered.
    """

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
    records: tuple[str, ...] = ()  # the works (W…) that the answer shows with a title

    HEADERS_KEPT = (
        "accept-encoding",
        "api-key",
        "api_key",
        "authorization",
        "from",
        "host",
        "user-agent",
    )

    @property
    def readable(self) -> str:
        """Path and query with the percent signs undone: what the `when` text of a fault is looked
        for in.
        """
        return urllib.parse.unquote_plus(self.target)

    @property
    def key(self) -> str | None:
        """The API key, looked for where the proxy looks, in its order: Bearer wins (read)."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token and " " not in token:
            return token
        places = (self.query.get("api_key"), self.query.get("api-key"))
        return next(
            filter(None, (*places, self.headers.get("api_key"), self.headers.get("api-key"))), None
        )


@dataclass
class Response:
    """An answer, and what the wire does to it."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    metered: bool = (
        True  # carries X-RateLimit-* headers; refusals by the proxy's first checks do not (read)
    )
    delay: float = 0.0  # seconds without a byte
    drip: float = 0.0  # seconds between the bytes of a header without end; 0 = none
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
