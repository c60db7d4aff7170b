"""The line to OpenAlex: what each kind of answer makes it do, what it waits for, and what it never
says.
"""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
import requests
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NewConnectionError,
    ReadTimeoutError,
)

from coauth.errors import BudgetSpent, SourceError
from coauth.sources.api import transport
from coauth.sources.api.error_body import known_words
from coauth.sources.api.transport import NoAnswer, Refused, Stopped, TransientError, Transport
from coauth.sources.http import BRIEF
from tests.support.standin import Fault, StandIn

KEY = "secret-KEY-123"
URL = "https://api.openalex.org/works?filter=type:article"
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def answer(status: int = 200, body: Any = None, **headers: str) -> requests.Response:
    made = requests.Response()
    made.status_code = status
    made.reason = "Zyblenski said so"
    made._content = (
        body if isinstance(body, bytes) else json.dumps(body if body is not None else {}).encode()
    )
    made._content_consumed = True
    made.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return made


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Iterable[Callable[..., tuple[Transport, list[float]]]]:
    """A transport whose answers are written down (the last one is repeated), and the list of its
    naps.
    """
    made: list[Transport] = []

    def make(
        *answers: requests.Response | Exception, **options: Any
    ) -> tuple[Transport, list[float]]:
        left = list(answers)

        def get(self: requests.Session, url: str, **_: Any) -> requests.Response:
            one = left.pop(0) if len(left) > 1 else left[0]
            if isinstance(one, Exception):
                raise one
            return one

        monkeypatch.setattr(requests.Session, "get", get)
        naps: list[float] = []
        given = {"key": KEY, "url": "http://127.0.0.1:1", "sleep": naps.append, "now": lambda: NOON}
        made.append(Transport(**(given | options)))
        return made[-1], naps

    yield make
    for one in made:
        one.__exit__(None, None, None)


RATE = {
    "error": "Rate limit exceeded",
    "message": "Rate limit exceeded: 30 requests per second",
    "retryAfter": 0.03,
}
SPENT = {
    "error": "Rate limit exceeded",
    "message": "Insufficient budget. This request costs $0.0001 but ...",
}
PLAN = {
    "error": "Plan upgrade required",
    "message": 'The "from_updated_date:2026-01-01" filter requires a Premium plan',
}
ITEM = {"id": "W1"}


def read(body: bytes) -> Any:
    return msgspec.json.decode(body, type=dict[str, str])


# -- waiting


def test_a_good_answer_costs_one_request(line: Any) -> None:
    made, naps = line(answer(200, ITEM, X_RateLimit_Credits_Used="1"))
    assert made.get(URL, read) == ITEM
    assert (made.requests, made.credits, naps) == (1, 1, [])


def test_the_tariff_counts_where_the_answer_does_not_say_what_it_cost(line: Any) -> None:
    made, _ = line(answer(200, ITEM))
    made.get(URL, read, cost=1)
    assert made.credits == 1


@pytest.mark.parametrize(
    ("refusal", "pause"),
    [
        (answer(429, RATE, Retry_After="1"), 1.0),
        (answer(429, RATE), 0.03),
        (answer(429, RATE, Retry_After="2.5"), 2.5),
        (answer(429, b"<html>slow down</html>"), 1.0),
        (answer(429, {"error": 7, "message": ["no", "text"]}, Retry_After="soon"), 1.0),
    ],
)
def test_a_rate_limit_is_waited_out_as_told(
    line: Any, refusal: requests.Response, pause: float
) -> None:
    made, naps = line(refusal, answer(200, ITEM))
    assert made.get(URL, read) == ITEM
    assert naps[0] == pause
    assert made.retries == {"429: too many requests a second": 1}


def test_retry_after_may_be_a_date(line: Any) -> None:
    made, naps = line(
        answer(429, RATE, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"), answer(200, ITEM)
    )
    made.get(URL, read)
    assert naps[0] == 0.0


def test_orders_to_wait_are_no_failures_but_not_followed_for_ever(line: Any) -> None:
    made, _ = line(*[answer(429, RATE, Retry_After="1")] * 20, answer(200, ITEM))
    assert made.get(URL, read) == ITEM
    made, _ = line(answer(429, RATE, Retry_After="1"))
    with pytest.raises(NoAnswer):
        made.get(URL, read)
    assert made.requests == transport.PATIENCE


def test_a_throttled_account_goes_on_at_one_request_a_second(line: Any) -> None:
    slow = {
        "error": "Rate limit exceeded",
        "message": "Your access is temporarily throttled. 1 request per second.",
    }
    made, naps = line(answer(429, slow, Retry_After="1"), answer(200, ITEM))
    made.limiter._clock = lambda: 100.0
    for _ in range(4):
        made.get(URL, read)
    assert naps[-3:] == [2.0, 3.0, 4.0]


def test_failures_are_tried_six_times_with_growing_pauses(line: Any) -> None:
    made, naps = line(answer(503, b"<h1>Application error</h1>"))
    with pytest.raises(
        NoAnswer,
        match=r"OpenAlex did not answer \(503 Service Unavailable\); run `coauth harvest` again",
    ):
        made.get(URL, read)
    assert made.requests == transport.ATTEMPTS == 6
    assert [lo <= nap <= lo + 1 for lo, nap in zip([1, 2, 4, 8, 16], naps, strict=True)] == [
        True
    ] * 5


def test_a_503_that_says_when_to_come_back_is_believed(line: Any) -> None:
    made, naps = line(answer(503, {"message": "x"}, Retry_After="30"), answer(200, ITEM))
    made.get(URL, read)
    assert naps == [30.0]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b'{"id": "W1"',
        b"\xff\xfe",
        b'{"id": 1}',
        b"[" * 100_000,
        b'{"id":' + b"[" * 100_000,
    ],
)
def test_what_cannot_be_read_is_asked_for_again(line: Any, body: bytes) -> None:
    made, _ = line(answer(200, body), answer(200, ITEM))
    assert made.get(URL, read) == ITEM
    assert made.retries == {"something else than the JSON asked for": 1}


def test_the_reader_may_refuse_to_believe(line: Any) -> None:
    made, _ = line(answer(200, ITEM))
    seen: list[bytes] = []

    def doubting(body: bytes) -> bytes:
        seen.append(body)
        if len(seen) == 1:
            raise TransientError("too slow to be true")
        return body

    made.get(URL, doubting)
    assert made.retries == {"too slow to be true": 1}


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (
            requests.exceptions.ReadTimeout(ReadTimeoutError(None, "/", "Read timed out.")),
            "no answer within 30 s",
        ),  # type: ignore[arg-type]
        (
            requests.exceptions.ConnectionError(ReadTimeoutError(None, "/", "Read timed out.")),
            "no answer within 30 s",
        ),  # type: ignore[arg-type]
        (requests.exceptions.ConnectionError("Connection aborted."), "connection broken"),
        (requests.exceptions.ChunkedEncodingError("IncompleteRead"), "connection broken"),
        (requests.exceptions.ContentDecodingError("gzip"), "connection broken"),
        (requests.exceptions.SSLError("bad record"), "connection broken"),
    ],
)
def test_broken_connections_pass(line: Any, fault: Exception, reason: str) -> None:
    made, _ = line(fault, answer(200, ITEM))
    assert made.get(URL, read) == ITEM
    assert made.retries == {reason: 1}


@pytest.mark.parametrize(
    "fault",
    [
        requests.exceptions.ConnectTimeout(MaxRetryError(None, "/", ConnectTimeoutError())),  # type: ignore[arg-type]
        requests.exceptions.ConnectionError(
            MaxRetryError(None, "/", NewConnectionError(None, "no such host"))
        ),  # type: ignore[arg-type]
    ],
)
def test_no_connection_at_all_is_the_end_of_the_run(line: Any, fault: Exception) -> None:
    """Soon, where nothing has ever answered (`tests/sources/http/test_barriers.py` has each kind over real sockets)."""
    made, naps = line(fault)
    with pytest.raises(
        SourceError, match=r"^no connection to 127\.0\.0\.1 .*check the network"
    ) as raised:
        made.get(URL, read)
    assert not isinstance(raised.value, NoAnswer)
    assert len(naps) == BRIEF - 1


def test_an_openalex_that_only_fails_is_down(line: Any) -> None:
    made, _ = line(answer(500))
    for _ in range(transport.SILENCE // transport.ATTEMPTS):
        with pytest.raises(NoAnswer):
            made.get(URL, read)
    with pytest.raises(SourceError, match="has not answered one of the last 100 requests"):
        made.get(URL, read)
    assert made.requests == transport.SILENCE


# -- the end


@pytest.mark.parametrize(
    "refusal",
    [
        answer(429, SPENT, Retry_After="43200"),
        answer(429, SPENT, X_RateLimit_Reset="43200"),
        answer(429, SPENT),
        answer(
            429,
            RATE,
            Retry_After="43200",
            X_RateLimit_Remaining="0",
            X_RateLimit_Credits_Required="1",
        ),
        answer(429, b"", Retry_After="43200"),
    ],
)
def test_a_spent_budget_names_the_hour_it_is_filled(line: Any, refusal: requests.Response) -> None:
    made, naps = line(refusal)
    with pytest.raises(
        BudgetSpent, match=r"filled again at 2026-11-23 00:00 UTC; .*`coauth harvest`"
    ):
        made.get(URL, read)
    assert (made.requests, naps) == (1, [])


def test_a_spent_budget_can_be_slept_over(line: Any) -> None:
    made, naps = line(answer(429, SPENT, Retry_After="43200"), answer(200, ITEM), wait=True)
    assert made.get(URL, read) == ITEM
    assert naps == [43200.0]


@pytest.mark.parametrize("status", [400, 403, 404, 405, 410, 414, 501])
def test_refusals_are_not_repeated(line: Any, status: int) -> None:
    made, _ = line(
        answer(status, {"error": "Pagination error.", "message": "Cursor value is invalid."})
    )
    with pytest.raises(Refused) as raised:
        made.get(URL, read)
    assert made.requests == 1
    assert raised.value.status == status
    assert ("Cursor value is invalid." in str(raised.value)) == (status in (400, 403))
    assert "Zyblenski" not in str(raised.value)


def test_a_paid_plan_is_never_waited_for(line: Any) -> None:
    made, naps = line(answer(429, PLAN))
    with pytest.raises(Refused, match="Plan upgrade required The … filter requires a Premium plan"):
        made.get(URL, read)
    assert naps == []


def test_401_names_the_key_or_asks_for_one(line: Any) -> None:
    made, _ = line(
        answer(401, {"error": "Invalid or missing API key", "message": f"{KEY} not found"})
    )
    with pytest.raises(SourceError, match="OPENALEX_API_KEY") as raised:
        made.get(URL, read)
    assert KEY not in str(raised.value)
    made, _ = line(answer(401), key=None)
    with pytest.raises(SourceError, match="asks for a key"):
        made.get(URL, read)


def test_other_workers_stop_when_one_has_failed(line: Any) -> None:
    made, _ = line(answer(200, ITEM))
    made.stopped.set()
    with pytest.raises(Stopped):
        made.get(URL, read)
    assert made.requests == 0


def test_a_sleeping_worker_wakes_when_another_fails() -> None:
    with Transport(key=None, url="http://127.0.0.1:1") as made:
        threading.Timer(0.05, made.stopped.set).start()
        with pytest.raises(Stopped):
            made.sleep(60)


# -- keys and addresses


def test_the_key_goes_as_bearer_to_the_given_address() -> None:
    with StandIn([], key=KEY) as server, Transport(key=f"  {KEY}\n", url=server.url + "/") as made:
        made.get(URL, msgspec.json.decode)
    (request,) = server.requests
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.target == "/works?filter=type:article"


@pytest.mark.parametrize("key", ["secret\nX-Other: 1", "sécret", "secret key", "secret\x00"])
def test_a_key_no_header_can_carry_is_refused_unsaid(key: str) -> None:
    with pytest.raises(SourceError, match="OPENALEX_API_KEY holds a character") as raised:
        Transport(key=key)
    assert "cret" not in str(raised.value).replace("OPENALEX", "")


@pytest.mark.parametrize(
    "url",
    [
        "api.openalex.org",
        "ftp://x",
        "http://",
        "http://u:pw@h:port",
        "http://h:99999",
        "https://h/?api_key=pw",
    ],
)
def test_an_address_that_is_none_is_refused_unsaid(url: str) -> None:
    with pytest.raises(SourceError, match="COAUTH_OPENALEX_URL is not an address") as raised:
        Transport(key=None, url=url)
    assert "pw" not in str(raised.value)


def test_a_redirect_to_another_host_does_not_take_the_key_along() -> None:
    seen: list[str | None] = []

    class Elsewhere(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers.get("Authorization"))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None: ...

    class Here(Elsewhere):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", f"http://localhost:{elsewhere.server_port}/")
            self.send_header("Content-Length", "0")
            self.end_headers()

    with (
        http.server.HTTPServer(("127.0.0.1", 0), Elsewhere) as elsewhere,
        http.server.HTTPServer(("127.0.0.1", 0), Here) as here,
    ):
        threads = [threading.Thread(target=s.handle_request) for s in (elsewhere, here)]
        for thread in threads:
            thread.start()
        with Transport(key=KEY, url=f"http://127.0.0.1:{here.server_port}") as made:
            made.get(URL, msgspec.json.decode)
        for thread in threads:
            thread.join()
    assert seen == [None]


# -- rate


def test_workers_share_one_rate() -> None:
    """Twelve requests of four workers at 100 a second take at least 0.11 s."""
    starts: list[float] = []
    with StandIn([]) as server, Transport(key=None, url=server.url, rate=100.0) as made:

        def work() -> None:
            for _ in range(3):
                made.get(URL, msgspec.json.decode)
                starts.append(time.monotonic())

        before = time.monotonic()
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert max(starts) - before >= 0.11


def test_openalex_itself_is_asked_five_times_a_second_and_others_at_will() -> None:
    assert Transport(key=KEY).limiter._gap == 1 / 5
    assert Transport(key=KEY, rate=2).limiter._gap == 1 / 2
    assert Transport(key=KEY, url="http://127.0.0.1:1").limiter._gap == 0


def test_a_real_hang_ends_with_the_timeout() -> None:
    naps: list[float] = []
    with StandIn([], faults=[Fault("hang", seconds=3)]) as server:
        with Transport(key=None, url=server.url, timeout=0.1, sleep=naps.append) as made:
            made.get(URL, msgspec.json.decode)
        assert made.retries == {"no answer within 0.1 s": 1}


# -- words


@pytest.mark.parametrize(
    "leak",
    [
        "Ann Berg",
        "ann@ku.dk",
        "0000-0002-1825-0097",
        "https://orcid.org/0000-0002-1825-0097",
        "A5048491430",
        KEY,
        "zyblenski0001",
        "Rigshospitalet",
        "010190-1234",
        "Bergæøå",
    ],
)
@pytest.mark.parametrize(
    "shape", ["{0}", "The {0} filter", "'{0}'", "({0}),", "{0}: is not a valid field", "<{0}>"]
)
def test_nothing_personal_passes_as_words(leak: str, shape: str) -> None:
    said = known_words(
        json.dumps({"error": f"Pagination error. {leak}", "message": shape.format(leak)}).encode(),
        "/works?filter=type:article",
    )
    for piece in leak.split():
        assert piece not in said


def test_words_are_short_and_on_one_line() -> None:
    long = known_words(json.dumps({"message": "field is\nnot valid\t" * 100}).encode())
    assert len(long) == 200
    assert "\n" not in long
    assert "\t" not in long


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"error": {"a": 1}, "message": null}', b"\xff"]
)
def test_no_words_where_there_are_none(body: bytes) -> None:
    assert known_words(body) == ""


def test_openalexs_known_messages_are_readable() -> None:
    for message in (
        "per-page parameter must be between 1 and 200.",
        "Cursor value is invalid.",
        "Cursor is null. Likely reached end of results.",
        "Maximum results size of 10,000 records is exceeded. Cursor pagination is required",
        "Cannot use page parameter with cursor.",
    ):
        assert known_words(json.dumps({"message": message}).encode()) == message
