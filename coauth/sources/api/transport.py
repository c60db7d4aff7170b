"""The line to OpenAlex: one request at a time, and what is done when an answer is no answer.

pyalex 0.21 sends requests without a time-out, hides the headers and cannot tell the kinds of 429
apart (its issue #100), so coauth sends them itself. What OpenAlex really does, and what is done
about it:

=============================================  ==================================================================
429, requests per second                       wait as told, all workers; then the same request again
429, account throttled                         the same, and one request per second from then on
429, budget (Retry-After up to a day)          `BudgetSpent`, or sleep until the reset with `wait`
429, plan (no Retry-After), 400, 403, other    `Refused` at once: no retry cures it
401                                            `SourceError` naming OPENALEX_API_KEY
5xx, cut JSON, HTML with status 200, resets,   again, up to six times with growing pauses; then `NoAnswer`, and the
silence, a header or body that only drips,     caller asks for a smaller page
the search engine's soft time-out
no connection at all                           again, three times before anything was answered and six times after;
                                               then `SourceError`: no other question would fare better
a certificate that is not believed, a proxy    `SourceError` at once, naming what to set; no retry cures it
that lets nobody through
=============================================  ==================================================================

Two things never leave this module: the key, and what an error body says beyond the words OpenAlex
is known to use. An error body can hold a whole record, and with it persons.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import urlsplit

import msgspec
import requests
from requests.auth import AuthBase
from tenacity import RetryCallState, Retrying, retry_if_exception_type

from coauth.errors import BudgetSpent, SourceError
from coauth.sources import http
from coauth.sources.api import error_body
from coauth.sources.api.rate_limit import Limiter
from coauth.sources.http import READ_TIMEOUT, Blocked, TransientError, status_name

log = logging.getLogger(__name__)

API = "https://api.openalex.org"

RATE = 5.0
"""Requests a second over all workers. A free key may make 30; a harvest of 5,000 has no need to
come near.
"""

ATTEMPTS = 6
PATIENCE = 30
"""How often a request follows an order to wait. Such orders are no failures, but an endless row of
them is one.
"""

SILENCE = 100
"""Failures in a row, over all workers, after which OpenAlex is taken to be down and the run stops.
"""

Value = TypeVar("Value")


class Refused(SourceError):
    """A 4xx: the same request would be refused for ever."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(
            f"OpenAlex refused a request with {status_name(status)}{': ' if words else ''}{words}"
        )
        self.status = status
        self.words = words


class NoAnswer(SourceError):
    """All attempts at a request failed in ways that time may cure; `reason` says how the last one
    did.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"OpenAlex did not answer ({reason}); run `coauth harvest` again later")
        self.reason = reason


class Stopped(Exception):
    """Raised in the other workers when one has failed."""


class _Key(AuthBase):
    """Sends the key where it appears in no URL. Being an `auth` it also keeps requests from putting
    the login of a ~/.netrc in its place, which it otherwise does without a word.
    """

    def __init__(self, key: str | None) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._key:
            request.headers["Authorization"] = f"Bearer {self._key}"
        return request


class Transport:
    """Sends requests and gives back what was read from the answers. A context manager: leaving it
    closes connections.

    `url` is another address of the API; `rate` requests a second (None: 5 at OpenAlex itself, no
    limit elsewhere); `wait` sleeps over a spent budget; `attempts` is how often a failing request
    is made. `sleep` and `now` are for tests.
    """

    def __init__(
        self,
        *,
        key: str | None,
        url: str | None = None,
        rate: float | None = None,
        wait: bool = False,
        timeout: float = READ_TIMEOUT,
        attempts: int = ATTEMPTS,
        sleep: Callable[[float], None] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.address = http.checked(url, "COAUTH_OPENALEX_URL", API) if url else API
        self._key = _clean(key)
        self._auth = _Key(self._key)
        self._timeout = timeout
        self._attempts = attempts
        self._wait = wait
        self._sleep_as_given, self._now = sleep, now
        self.limiter = Limiter(rate or (None if url else RATE), self.sleep)
        self.stopped = threading.Event()
        self.requests = 0
        self.credits = 0
        self.retries: Counter[str] = Counter()
        self._failures = 0
        self._reached = False  # whether anything has ever answered
        self._lock = threading.Lock()
        self._mine = threading.local()
        self._sessions: list[requests.Session] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for session in self._sessions:
            session.close()

    def get(self, url: str, read: Callable[[bytes], Value], *, cost: int = 0) -> Value:
        """What `read` makes of the body that answers `url` (an address as pyalex writes it).

        `cost` is the tariff in credits, counted where the answer does not state its own. Raises
        `BudgetSpent`, `Refused`, `NoAnswer`, `SourceError` (see the module's text), or `Stopped`
        when another worker has failed.
        """
        failed: Counter[bool] = Counter()

        def enough(state: RetryCallState) -> bool:
            limited = http.fault(state).rate_limited
            failed[limited] += 1
            brief = bool(http.fault(state).cure) and not self._reached
            most = (
                PATIENCE
                if limited
                else min(http.BRIEF, self._attempts)
                if brief
                else self._attempts
            )
            return failed[limited] >= most

        retrying = Retrying(
            retry=retry_if_exception_type(TransientError),
            stop=enough,
            wait=http.pause,
            sleep=self.sleep,
            before_sleep=self._say,
            reraise=True,
        )
        try:
            value: Value = retrying(self._once, url, read, cost)
        except TransientError as fault:
            raise (self._unreachable(fault) if fault.cure else NoAnswer(fault.reason)) from None
        return value

    def sleep(self, seconds: float) -> None:
        """Sleep, unless another worker fails meanwhile (`Stopped`): nobody waits for a harvest that
        is over.
        """
        if self._sleep_as_given is not None:
            self._sleep_as_given(seconds)
        else:
            self.stopped.wait(seconds)
        self.go_on()

    def go_on(self) -> None:
        """Raise `Stopped` if another worker has failed."""
        if self.stopped.is_set():
            raise Stopped

    def again(self, reason: str, seconds: float = 1.0) -> None:
        """Count and make a pause before a question that was answered, but not credibly, is asked
        again.
        """
        with self._lock:
            self.retries[reason] += 1
        self.sleep(seconds)

    # -- one attempt

    def _once(self, url: str, read: Callable[[bytes], Value], cost: int) -> Value:
        self.go_on()
        self.limiter.turn()
        with self._lock:
            self.requests += 1
        address = self.address + url.removeprefix(API)
        try:
            answer, body = http.answered(
                partial(self._session().get, auth=self._auth), address, self._timeout
            )
        except Blocked as fault:
            raise self._unreachable(fault) from None
        except TransientError as fault:
            raise self._failure(fault.reason, cure=fault.cure) from None
        self._reached = True
        if answer.status_code != HTTPStatus.OK:
            raise self._not_ok(answer, body, url)
        try:
            value = read(body)
        except (
            msgspec.DecodeError,
            UnicodeDecodeError,
            RecursionError,
        ):  # the last: brackets without end
            raise self._failure("something else than the JSON asked for") from None
        except TransientError as fault:
            raise self._failure(fault.reason) from None
        with self._lock:
            self._failures = 0
            self.credits += error_body.number(answer.headers, "X-RateLimit-Credits-Used", cost)
        return value

    def _session(self) -> requests.Session:
        """The thread's own: a `requests.Session` is not made to be shared."""
        if not hasattr(self._mine, "session"):
            self._mine.session = session = http.session()
            with self._lock:
                self._sessions.append(session)
        own: requests.Session = self._mine.session
        return own

    def _say(self, state: RetryCallState) -> None:
        reason = http.fault(state).reason
        with self._lock:
            self.retries[reason] += 1
        log.info("%s: waiting %.0f s", reason, state.upcoming_sleep)

    # -- what went wrong

    def _failure(
        self, reason: str, retry_after: float | None = None, *, cure: str = ""
    ) -> Exception:
        """A failure that may pass, unless OpenAlex has done nothing but fail for a long time."""
        with self._lock:
            self._failures += 1
            down = self._failures >= SILENCE
        if down:
            return SourceError(
                f"OpenAlex has not answered one of the last {SILENCE} requests (last: {reason}); what was fetched is "
                "stored: run `coauth harvest` again later"
            )
        return TransientError(reason, retry_after, cure=cure)

    def _unreachable(self, fault: TransientError | Blocked) -> SourceError:
        mirror = "" if self.address == API else " of COAUTH_OPENALEX_URL"
        return SourceError(
            f"no connection to {urlsplit(self.address).hostname}{mirror} ({fault.reason}); {fault.cure}; then run "
            "`coauth harvest` again: what was fetched is stored"
        )

    def _not_ok(self, answer: requests.Response, body: bytes, url: str) -> Exception:
        status = answer.status_code
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return self._limited(answer, body, url)
        if status == HTTPStatus.UNAUTHORIZED:
            return SourceError(
                "OpenAlex does not know the key in OPENALEX_API_KEY (401); copy it anew from openalex.org/settings/api"
                if self._key
                else "OpenAlex asks for a key (401); get a free one at openalex.org/settings/api and set OPENALEX_API_KEY"
            )
        if status == HTTPStatus.NOT_IMPLEMENTED or (
            HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
            and status != HTTPStatus.REQUEST_TIMEOUT
        ):
            spoken = status in (HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN)
            return Refused(status, error_body.known_words(body, url) if spoken else "")
        return self._failure(
            status_name(status),
            error_body.pause(answer.headers, body)
            if status == HTTPStatus.SERVICE_UNAVAILABLE
            else None,
        )

    def _limited(self, answer: requests.Response, body: bytes, url: str) -> Exception:
        """The four kinds of 429. They share a status, and budget and rate even their `error`."""
        complaint = error_body.read(body)
        if complaint.error == "Plan upgrade required":
            return Refused(answer.status_code, error_body.known_words(body, url))
        told = error_body.pause(answer.headers, body)
        if error_body.is_budget(answer.headers, complaint, told):
            return self._budget_spent(answer, told)
        pause = 1.0 if told is None else told
        if "throttled" in complaint.message:
            self.limiter.slow(1.0)
        self.limiter.hold(pause)
        return TransientError("429: too many requests a second", pause, rate_limited=True)

    def _budget_spent(self, answer: requests.Response, retry_after: float | None) -> Exception:
        now = self._now()
        midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), UTC)
        until_midnight = int((midnight - now).total_seconds()) + 1
        seconds = (
            retry_after
            if retry_after is not None
            else float(error_body.number(answer.headers, "X-RateLimit-Reset", until_midnight))
        )
        if self._wait:
            return TransientError("429: the day's budget is spent", seconds, rate_limited=True)
        reset = (now + timedelta(seconds=seconds + 30)).strftime("%Y-%m-%d %H:%M UTC")
        return BudgetSpent(
            f"the day's budget at OpenAlex is spent; it is filled again at {reset}; what was fetched is stored: "
            "run `coauth harvest` again after that (--wait sleeps until then)"
        )


def _clean(key: str | None) -> str | None:
    """The key without the blanks and line ends that come along when it is copied.

    Any other character that no header may carry is refused here, because requests would put it,
    with the key, into the text of its error.
    """
    key = (key or "").strip()
    if not all("!" <= sign <= "~" for sign in key):
        raise SourceError(
            "OPENALEX_API_KEY holds a character that no key has; copy it anew from openalex.org/settings/api"
        )
    return key or None
