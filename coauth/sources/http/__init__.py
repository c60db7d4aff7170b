"""One request over the wire: sent with a deadline, read to its end or given up, and what went wrong
in a few words.

`transport` and `statbank` say what an answer means; here it only has to arrive. Which certificates
are believed says `trust`, how a deadline is kept `connection`, and what keeps a connection from
being made `barriers`.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable
from http import HTTPStatus
from http.client import responses as PHRASES  # noqa: N812  a table, not a class
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from tenacity import RetryCallState, wait_exponential_jitter
from urllib3.exceptions import HTTPError, ReadTimeoutError

from coauth.errors import SourceError
from coauth.sources.http import barriers, trust
from coauth.sources.http.connection import Late, TlsSocket, timely, within

READ_TIMEOUT = 30.0
"""Seconds of silence. OpenAlex's own proxy gives a query up after 9, so nothing true arrives later
than this.
"""

CONNECT = 10.0
"""Seconds of them that a connection may take; what of the answer comes before its body has both
together.
"""

DEADLINE = 4
"""A body that is not whole after so many read time-outs is given up. One attempt is over after
CONNECT + 5 READ_TIMEOUTs.
"""

BRIEF = 3
"""Attempts at a connection where none has been made yet: the address may be wrong, and nothing is
lost by saying so soon.
"""


Session = requests.Session

logging.getLogger("urllib3").setLevel(
    logging.ERROR
)  # its warning of a header that is none is a traceback


class TransientError(Exception):
    """A failure that time may cure. What reads an answer may raise it too, to have the question
    asked again.

    `retry_after` is the pause in seconds that the server asked for; without it pauses grow.
    `rate_limited` marks a 429: not a failure, but an order. `cure` says what to do where there was no connection at all; with one it
    is empty.
    """

    def __init__(
        self,
        reason: str,
        retry_after: float | None = None,
        *,
        rate_limited: bool = False,
        cure: str = "",
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after
        self.rate_limited = rate_limited
        self.cure = cure


class Blocked(Exception):
    """There is no connection, and no second attempt will make one: `reason` and `cure` are parts of
    one line.
    """

    def __init__(self, reason: str, cure: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.cure = cure


def session() -> Session:
    """Connections that say who asks. Not to be shared between threads."""
    made = Session()
    made.headers["User-Agent"] = "coauth"
    for scheme in ("https://", "http://"):
        made.mount(scheme, _Adapter())
    return made


class _Adapter(HTTPAdapter):
    """Connections that keep a deadline, and believe the certificates of `trust`."""

    _context: ssl.SSLContext | None = None

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **options)
        pool.ConnectionCls = timely(pool.ConnectionCls)
        return pool

    def build_connection_pool_key_attributes(self, *args: Any, **options: Any) -> Any:
        host, _ = super().build_connection_pool_key_attributes(*args, **options)
        return host, {"ssl_context": self._trusted()} if host["scheme"] == "https" else {}

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        secure = (
            {"proxy_ssl_context": self._trusted()} if proxy.lower().startswith("https:") else {}
        )
        return super().proxy_manager_for(proxy, **options, **secure)

    def cert_verify(self, *_: Any) -> None:
        """Nothing: the context checks, and requests would add certifi's CAs to those that a
        variable names.
        """

    def _trusted(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = trust.context()
            self._context.sslsocket_class = TlsSocket
        return self._context


def answered(
    send: Callable[..., requests.Response], url: str, timeout: float
) -> tuple[requests.Response, bytes]:
    """The answer to `send(url, timeout=…, stream=True)` and all of its body.

    Raises `TransientError` where either did not come, `Blocked` where no connection can be made,
    `SourceError` where a variable names no certificates. `timeout` is the longest silence in
    seconds.
    """
    if unusable := barriers.unusable(url):
        raise Blocked(unusable.reason, unusable.cure)
    connect = min(timeout, CONNECT)
    try:
        with within(connect + timeout):
            answer = send(url, timeout=(connect, timeout), stream=True)
        with within(DEADLINE * timeout), answer:
            body = answer.content
    except (requests.RequestException, HTTPError) as broken:
        raise _unanswered(broken, url, timeout) from None
    if answer.status_code == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        refusal = barriers.refusal(answer.status_code, url)
        raise Blocked(refusal.reason, refusal.cure)
    return answer, body


def _unanswered(broken: Exception, url: str, timeout: float) -> TransientError | Blocked:
    """Nothing, or not all, came back."""
    if barrier := barriers.barrier(broken, url):
        return (
            Blocked(barrier.reason, barrier.cure)
            if barrier.lasting
            else TransientError(barrier.reason, cure=barrier.cure)
        )
    errors = list(barriers.causes(broken))
    if any(isinstance(error, Late) for error in errors):
        return TransientError("no whole answer in time")
    silent = any(isinstance(error, TimeoutError | ReadTimeoutError) for error in errors)
    return TransientError(f"no answer within {timeout:g} s" if silent else "connection broken")


def checked(url: str, variable: str, usual: str) -> str:
    """An address given by an environment variable, without its last slash; its text is not
    repeated, since it could hold a password.

    >>> checked("https://mirror.example/v1/", "COAUTH_OPENALEX_URL", "https://api.openalex.org")
    'https://mirror.example/v1'
    """
    try:
        parts = urlsplit(url)
        usable = (
            parts.scheme in ("http", "https")
            and parts.hostname
            and (parts.port is None or parts.port > 0)
        )
    except ValueError:
        usable = False
    if not usable or "?" in url or "#" in url:
        raise SourceError(f"{variable} is not an address like {usual}; mend or unset it")
    return url.rstrip("/")


def fault(state: RetryCallState) -> TransientError:
    """What the last attempt failed by."""
    found = state.outcome.exception() if state.outcome else None
    return found if isinstance(found, TransientError) else TransientError("unknown")


_growing = wait_exponential_jitter(initial=1, max=30, jitter=1)


def pause(state: RetryCallState) -> float:
    """Seconds before the next attempt: as the server asked, else growing."""
    seconds = fault(state).retry_after
    return _growing(state) if seconds is None else seconds


def status_name(status: int) -> str:
    """A status with the name the standard gives it. The reason on the wire is the server's free
    text.

    >>> status_name(503), status_name(521)
    ('503 Service Unavailable', '521')
    """
    return f"{status} {PHRASES[status]}" if status in PHRASES else str(status)
