"""One request over the wire: sent with a time-out, read to its end or given up, and what went wrong in a few words.

`transport` and `statbank` say what an answer means; here it only has to arrive.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from http.client import responses as PHRASES  # noqa: N812  a table, not a class
from urllib.parse import urlsplit

import requests
from tenacity import RetryCallState, wait_exponential_jitter
from urllib3.exceptions import HTTPError, NewConnectionError, ReadTimeoutError

from coauth.errors import SourceError

READ_TIMEOUT = 30.0
"""Seconds of silence. OpenAlex's own proxy gives a query up after 9, so nothing true arrives later than this."""

DEADLINE = 4
"""A body that is not whole after so many read time-outs is given up: single bytes that drip are no silence."""


Session = requests.Session


class Passing(Exception):
    """A failure that time may cure. What reads an answer may raise it too, to have the question asked again.

    `told` is the pause the server asked for; without it pauses grow. `ordered` marks a 429: not a failure, but an order.
    """

    def __init__(
        self, reason: str, told: float | None = None, *, ordered: bool = False, connected: bool = True
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.told = told
        self.ordered = ordered
        self.connected = connected


def session() -> Session:
    """Connections that say who asks. Not to be shared between threads."""
    made = Session()
    made.headers["User-Agent"] = "coauth"
    return made


def answered(send: Callable[..., requests.Response], timeout: float) -> tuple[requests.Response, bytes]:
    """The answer to `send(timeout=…, stream=True)` and all of its body; raises `Passing` where either did not come.

    `timeout` is the longest silence in seconds, of which a connection may take 10.
    """
    silence = f"no answer within {timeout:g} s"
    try:
        answer = send(timeout=(min(timeout, 10.0), timeout), stream=True)
        return answer, _body(answer, DEADLINE * timeout)
    except requests.RequestException as broken:
        raise _unanswered(broken, silence) from None
    except HTTPError as broken:
        raise Passing(silence if isinstance(broken, ReadTimeoutError) else "connection broken") from None


def _body(answer: requests.Response, deadline: float) -> bytes:
    """All of the body, piece by piece as it comes: the time-out of requests is about silence, so a server that sends
    a byte now and then would be waited for without end."""
    until = time.monotonic() + deadline
    pieces: list[bytes] = []
    with answer:
        while piece := answer.raw.read1(1 << 16, decode_content=True):
            pieces.append(piece)
            if time.monotonic() > until:
                raise ReadTimeoutError(answer.raw, "", "the body drips")  # type: ignore[arg-type]
    return b"".join(pieces)


def _unanswered(broken: requests.RequestException, silence: str) -> Passing:
    """Nothing, or not all, came back."""
    if isinstance(broken, requests.exceptions.ConnectTimeout):
        return Passing("no connection in time", connected=False)
    if isinstance(broken, requests.exceptions.SSLError | requests.exceptions.ProxyError):
        return Passing("no secure connection, or none through the proxy", connected=False)
    if isinstance(getattr(broken.args[0] if broken.args else None, "reason", None), NewConnectionError):
        return Passing("connection refused, or no such host", connected=False)
    silent = isinstance(broken, requests.Timeout) or "timed out" in str(broken)
    return Passing(silence if silent else "connection broken")


def checked(url: str, variable: str, usual: str) -> str:
    """An address given by an environment variable, without its last slash; its text is not repeated, since it could
    hold a password.

    >>> checked("https://mirror.example/v1/", "COAUTH_OPENALEX_URL", "https://api.openalex.org")
    'https://mirror.example/v1'
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or "?" in url or "#" in url:
        raise SourceError(f"{variable} is not an address like {usual}; mend or unset it")
    return url.rstrip("/")


def fault(state: RetryCallState) -> Passing:
    """What the last attempt failed by."""
    found = state.outcome.exception() if state.outcome else None
    return found if isinstance(found, Passing) else Passing("unknown")


_growing = wait_exponential_jitter(initial=1, max=30, jitter=1)


def pause(state: RetryCallState) -> float:
    """Seconds before the next attempt: as told, else growing."""
    told = fault(state).told
    return _growing(state) if told is None else told


def named(status: int) -> str:
    """A status with the name the standard gives it. The reason on the wire is the server's free text.

    >>> named(503), named(521)
    ('503 Service Unavailable', '521')
    """
    return f"{status} {PHRASES[status]}" if status in PHRASES else str(status)
