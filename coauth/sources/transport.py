"""The line to OpenAlex: one request at a time, and what is done when an answer is no answer.

pyalex 0.21 sends requests without a time-out, hides the headers and cannot tell the kinds of 429 apart (its issue
#100), so coauth sends them itself. What OpenAlex really does, and what is done about it:

=============================================  ==================================================================
429, requests per second                       wait as told, all workers; then the same request again
429, account throttled                         the same, and one request per second from then on
429, budget (Retry-After up to a day)          `BudgetSpent`, or sleep until the reset with `wait`
429, plan (no Retry-After), 400, 403, other    `Refused` at once: no retry cures it
401                                            `SourceError` naming OPENALEX_API_KEY
5xx, cut JSON, HTML with status 200, resets,   again, up to six times with growing pauses; then `NoAnswer`, and the
silence, a body that only drips, the search    caller asks for a smaller page
engine's soft time-out
no connection at all                           the same, then `SourceError`: no other question would fare better
=============================================  ==================================================================

Two things never leave this module: the key, and what an error body says beyond the words OpenAlex is known to use.
An error body can hold a whole record, and with it persons.
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import unquote_plus, urlsplit

import msgspec
import requests
from requests.auth import AuthBase
from tenacity import RetryCallState, Retrying, retry_if_exception_type

from coauth.errors import BudgetSpent, SourceError
from coauth.sources import wire
from coauth.sources.progress import Progress, Silent
from coauth.sources.wire import READ_TIMEOUT, Passing, named

API = "https://api.openalex.org"

RATE = 5.0
"""Requests a second over all workers. A free key may make 30; a harvest of 5,000 has no need to come near."""

ATTEMPTS = 6
PATIENCE = 30
"""How often a request follows an order to wait. Such orders are no failures, but an endless row of them is one."""

LONGEST_TOLD = 600.0
"""An order to wait longer than this is about the day's budget, whatever else the answer says."""

SILENCE = 100
"""Failures in a row, over all workers, after which OpenAlex is taken to be down and the run stops."""

Value = TypeVar("Value")


class Refused(SourceError):
    """A 4xx: the same request would be refused for ever."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(f"OpenAlex refused a request with {named(status)}{': ' if words else ''}{words}")
        self.status = status
        self.words = words


class NoAnswer(SourceError):
    """All attempts at a request failed in ways that time may cure; `reason` says how the last one did."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"OpenAlex did not answer ({reason}); run `coauth harvest` again later")
        self.reason = reason


class Stopped(Exception):
    """Raised in the other workers when one has failed."""


class Limiter:
    """Gives every worker its turn, so that together they keep to a rate.

    >>> clock = iter([0.0, 0.0, 0.0]); pauses = []
    >>> limiter = Limiter(5, pauses.append, clock.__next__)
    >>> for _ in range(3): limiter.turn()
    >>> pauses
    [0.2, 0.4]
    """

    def __init__(
        self, rate: float | None, sleep: Callable[[float], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._gap = 1 / rate if rate else 0.0
        self._sleep, self._clock = sleep, clock
        self._next = 0.0
        self._lock = threading.Lock()

    def turn(self) -> None:
        """Return when it is the caller's turn."""
        with self._lock:
            now = self._clock()
            mine = max(now, self._next)
            self._next = mine + self._gap
        if mine > now:
            self._sleep(mine - now)

    def hold(self, seconds: float) -> None:
        """Nobody's turn comes before `seconds` have passed."""
        with self._lock:
            self._next = max(self._next, self._clock() + seconds)

    def slow(self, rate: float) -> None:
        """Keep to `rate` from now on, if it is slower."""
        with self._lock:
            self._gap = max(self._gap, 1 / rate)


class _Key(AuthBase):
    """Sends the key where it appears in no URL. Being an `auth` it also keeps requests from putting the login of a
    ~/.netrc in its place, which it otherwise does without a word."""

    def __init__(self, key: str | None) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._key:
            request.headers["Authorization"] = f"Bearer {self._key}"
        return request


class Transport:
    """Sends requests and gives back what was read from the answers. A context manager: leaving it closes connections.

    `url` is another address of the API; `rate` requests a second (None: 5 at OpenAlex itself, no limit elsewhere);
    `wait` sleeps over a spent budget; `attempts` is how often a failing request is made. `sleep` and `now` are for tests.
    """

    def __init__(
        self,
        *,
        key: str | None,
        url: str | None = None,
        rate: float | None = None,
        wait: bool = False,
        timeout: float = READ_TIMEOUT,
        progress: Progress | None = None,
        attempts: int = ATTEMPTS,
        sleep: Callable[[float], None] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.address = wire.checked(url, "COAUTH_OPENALEX_URL", API) if url else API
        self._key = _clean(key)
        self._auth = _Key(self._key)
        self._timeout = timeout
        self._attempts = attempts
        self._wait, self._progress = wait, progress or Silent()
        self._sleep_as_given, self._now = sleep, now
        self.limiter = Limiter(rate or (None if url else RATE), self.sleep)
        self.stopped = threading.Event()
        self.requests = 0
        self.credits = 0
        self.retries: Counter[str] = Counter()
        self._failures = 0
        self._lock = threading.Lock()
        self._mine = threading.local()
        self._sessions: list[requests.Session] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for session in self._sessions:
            session.close()

    def get(self, url: str, read: Callable[[bytes], Value], *, cost: int = 0) -> Value:
        """What `read` makes of the body that answers `url` (an address as pyalex writes it).

        `cost` is the tariff in credits, counted where the answer does not state its own. Raises `BudgetSpent`,
        `Refused`, `NoAnswer`, `SourceError` (see the module's text), or `Stopped` when another worker has failed.
        """
        failed: Counter[bool] = Counter()

        def enough(state: RetryCallState) -> bool:
            ordered = wire.fault(state).ordered
            failed[ordered] += 1
            return failed[ordered] >= (PATIENCE if ordered else self._attempts)

        retrying = Retrying(
            retry=retry_if_exception_type(Passing), stop=enough, wait=wire.pause, sleep=self.sleep,
            before_sleep=self._say, reraise=True,
        )  # fmt: skip
        try:
            value: Value = retrying(self._once, url, read, cost)
        except Passing as fault:
            if not fault.connected:
                raise SourceError(
                    f"no connection to {urlsplit(self.address).hostname} ({fault.reason}); check the network, and "
                    "COAUTH_OPENALEX_URL if it is set; what was fetched is stored: run `coauth harvest` again"
                ) from None
            raise NoAnswer(fault.reason) from None
        return value

    def sleep(self, seconds: float) -> None:
        """Sleep, unless another worker fails meanwhile (`Stopped`): nobody waits for a harvest that is over."""
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
        """Count and make a pause before a question that was answered, but not credibly, is asked again."""
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
            answer, body = wire.answered(partial(self._session().get, address, auth=self._auth), self._timeout)
        except Passing as fault:
            raise self._failure(fault.reason, connected=fault.connected) from None
        if answer.status_code != HTTPStatus.OK:
            raise self._not_ok(answer, body, url)
        try:
            value = read(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # the last: brackets without end
            raise self._failure("something else than the JSON asked for") from None
        except Passing as fault:
            raise self._failure(fault.reason) from None
        with self._lock:
            self._failures = 0
            self.credits += _number(answer, "X-RateLimit-Credits-Used", cost)
        return value

    def _session(self) -> requests.Session:
        """The thread's own: a `requests.Session` is not made to be shared."""
        if not hasattr(self._mine, "session"):
            self._mine.session = session = wire.session()
            with self._lock:
                self._sessions.append(session)
        own: requests.Session = self._mine.session
        return own

    def _say(self, state: RetryCallState) -> None:
        reason = wire.fault(state).reason
        with self._lock:
            self.retries[reason] += 1
        self._progress.waiting(reason, state.upcoming_sleep)

    # -- what went wrong

    def _failure(self, reason: str, told: float | None = None, *, connected: bool = True) -> Exception:
        """A failure that may pass, unless OpenAlex has done nothing but fail for a long time."""
        with self._lock:
            self._failures += 1
            down = self._failures >= SILENCE
        if down:
            return SourceError(
                f"OpenAlex has not answered one of the last {SILENCE} requests (last: {reason}); what was fetched is "
                "stored: run `coauth harvest` again later"
            )
        return Passing(reason, told, connected=connected)

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
            HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.REQUEST_TIMEOUT
        ):
            spoken = status in (HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN)
            return Refused(status, known_words(body, url) if spoken else "")
        return self._failure(named(status), _told(answer, body) if status == HTTPStatus.SERVICE_UNAVAILABLE else None)

    def _limited(self, answer: requests.Response, body: bytes, url: str) -> Exception:
        """The four kinds of 429. They share a status, and budget and rate even their `error`."""
        complaint = _complaint(body)
        if complaint.error == "Plan upgrade required":
            return Refused(answer.status_code, known_words(body, url))
        told = _told(answer, body)
        if _is_budget(answer, complaint, told):
            return self._budget_spent(answer, told)
        pause = 1.0 if told is None else told
        if "throttled" in complaint.message:
            self.limiter.slow(1.0)
        self.limiter.hold(pause)
        return Passing("429: too many requests a second", pause, ordered=True)

    def _budget_spent(self, answer: requests.Response, told: float | None) -> Exception:
        now = self._now()
        midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), UTC)
        until_midnight = int((midnight - now).total_seconds()) + 1
        seconds = told if told is not None else float(_number(answer, "X-RateLimit-Reset", until_midnight))
        if self._wait:
            return Passing("429: the day's budget is spent", seconds, ordered=True)
        reset = (now + timedelta(seconds=seconds + 30)).strftime("%Y-%m-%d %H:%M UTC")
        return BudgetSpent(
            f"the day's budget at OpenAlex is spent; it is filled again at {reset}; what was fetched is stored: "
            "run `coauth harvest` again after that (--wait sleeps until then)"
        )


def _clean(key: str | None) -> str | None:
    """The key without the blanks and line ends that come along when it is copied.

    Any other character that no header may carry is refused here, because requests would put it, with the key, into
    the text of its error.
    """
    key = (key or "").strip()
    if not all("!" <= sign <= "~" for sign in key):
        raise SourceError("OPENALEX_API_KEY holds a character that no key has; copy it anew from openalex.org/settings/api")
    return key or None


# -- what an error answer says


class _Complaint(msgspec.Struct):
    error: Any = None
    message: Any = None
    retryAfter: Any = None  # noqa: N815  the server's spelling

    def __post_init__(self) -> None:
        self.error = self.error if isinstance(self.error, str) else ""
        self.message = self.message if isinstance(self.message, str) else ""


_complaints = msgspec.json.Decoder(_Complaint)


def _complaint(body: bytes) -> _Complaint:
    try:
        return _complaints.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _Complaint()


def _is_budget(answer: requests.Response, complaint: _Complaint, told: float | None) -> bool:
    """Told by the numbers, as OpenAlex's own client does; by the words where there are none; else by the long wait."""
    left, needed = _number(answer, "X-RateLimit-Remaining", -1), _number(answer, "X-RateLimit-Credits-Required", -1)
    by_numbers = 0 <= left < needed
    return by_numbers or complaint.message.startswith("Insufficient budget") or (told or 0.0) > LONGEST_TOLD


def _number(answer: requests.Response, header: str, otherwise: int) -> int:
    text = answer.headers.get(header, "")
    return int(text) if re.fullmatch(r"\d{1,9}", text) else otherwise


def _told(answer: requests.Response, body: bytes) -> float | None:
    """Seconds to wait: Retry-After (a number or a date), or `retryAfter` of the body."""
    text = answer.headers.get("Retry-After", "")
    if re.fullmatch(r"\d{1,6}(\.\d+)?", text):
        return float(text)
    if text:
        try:
            return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
        except (ValueError, TypeError):
            return None
    said = _complaint(body).retryAfter
    return float(said) if isinstance(said, int | float) and 0 <= said < 1e6 else None


_VOCABULARY = frozenset(  # one word after the other is easier to keep than one a line
    """a abstract address after again all allowed alternate an and any api are as at be been below between bytes can
    cannot character combine comma contain contains corpus cursor data database date day decrease deprecated did do
    does domain e.g edge end error exceeded exist favor field fields filter filters for format free from funds get
    greater group grouping has have host hyphenated id ids in include inside institution institutional instead invalid
    is it its key kb large later length less likely limit limited list literal long maximum mean member missing more
    must need nested no not null number of on one only openalex operator or order over page pages pagination param
    parameter parameters partner per percent-encoded per-page plan plans please premium problem provide
    query queries range reached read records rejected relevance request requested requests required requires result
    results same sample search see select separate separately set size small sort sorting split start supported than
    that the then this to too topic type types underscore unescaped unknown unsupported upgrade url use used using
    valid value values version versions when where with without work works wrapped wrong you your""".split()  # noqa: SIM905
)  # fmt: skip


def known_words(body: bytes, url: str = "") -> str:
    """The server's own words about a refused request, as far as they may be shown: at most 200 characters.

    A message is free text and may quote a record. Shown are words that OpenAlex's messages are made of, short
    numbers, and words of the request itself; each run of other words becomes an ellipsis. So no name, mail address,
    ORCID, author id or key can pass, whatever it looks like.

    >>> known_words(b'{"error": "Pagination error.", "message": "per-page parameter must be between 1 and 200."}')
    'Pagination error. per-page parameter must be between 1 and 200.'
    >>> known_words(b'{"message": "colour is not a valid field, Ann Berg (ann@ku.dk)"}', "/works?filter=colour:red")
    'colour is not a valid field, …'
    """
    complaint = _complaint(body)
    asked = {word.casefold() for word in re.findall(r"\w+(?:[.-]\w+)*", unquote_plus(url))}
    shown: list[str] = []
    for word in f"{complaint.error} {complaint.message}".split():
        bare = word.strip("\"'“”.,:;()").casefold()
        if bare in _VOCABULARY or bare in asked or re.fullmatch(r"\d{1,3}(,\d{3}|\d{0,2})", bare):
            shown.append(word)
        elif shown[-1:] != ["…"]:
            shown.append("…")
    text = " ".join(shown)
    return text if len(text) <= 200 else f"{text[:199]}…"
