"""The proxy in front of the API: keys, money, rate, and the faults that strike there."""

from __future__ import annotations

import datetime as dt
import math
import threading
import urllib.parse
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Self

from tests.support.standin.answers import on_the_wire, plain_error, unauthorized
from tests.support.standin.api import Api
from tests.support.standin.budget import Budget, price, seconds_to_midnight
from tests.support.standin.catalogue import Catalogue
from tests.support.standin.checks import check_edge, check_plan, plan_response
from tests.support.standin.faults import ERROR_FAULTS, WIRE_FAULTS, Fault, FaultBook
from tests.support.standin.sockets import Server
from tests.support.standin.wire import (
    Record,
    Refusal,
    Request,
    Response,
    json_bytes,
    json_error,
    usd,
)


class StandIn:
    """The stand-in server; use it as a context manager.

    `key`: the only key that is known; others get 401. Without it every key is taken. `key_required`
    also refuses requests without a key (announced for February 2026 but not enforced: documented).
    Requests without a key have a tenth of `daily_credits`. `per_second` limits the rate of each key
    or address (real: 10 without, 30 with a free key); None = no limit. `max_per_page` 200 is what
    the server accepts, 100 what its pages promise for the future. `faults` may be another server's
    book, to go on with what has struck there. `sort_by_id` says whether `sort=ids.openalex` is
    taken; nobody has tried that on the real one.
    """

    def __init__(
        self,
        records: Iterable[Record],
        *,
        key: str | None = None,
        key_required: bool = False,
        faults: Iterable[Fault] | FaultBook = (),
        daily_credits: int = 10_000,
        per_second: float | None = None,
        max_per_page: int = 200,
        sort_by_id: bool = True,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.budget = Budget(daily_credits, per_second)
        self.faults = faults if isinstance(faults, FaultBook) else FaultBook(faults)
        self.api = Api(Catalogue(records), self.faults, max_per_page, sort_by_id=sort_by_id)
        self.requests: list[Request] = []
        self.peak_in_flight = 0  # most requests handled at the same moment
        self.failures: list[
            BaseException
        ] = []  # mistakes of the stand-in itself, raised again on close
        self.stopping = threading.Event()
        self._key, self._key_required = key, key_required
        self._address = (host, port)
        self._lock = threading.Lock()
        self._in_flight = 0
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    # Life

    def __enter__(self) -> Self:
        self._server = Server(self._address, self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
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

    def receive(
        self, method: str, target: str, headers: Mapping[str, str], line_bytes: int, client: str
    ) -> Request:
        path, _, text = target.partition("?")
        # The proxy keeps the last of a repeated parameter (read).
        query = dict(urllib.parse.parse_qsl(text, keep_blank_values=True))
        kept = {
            name.lower(): value
            for name, value in headers.items()
            if name.lower() in Request.HEADERS_KEPT
        }
        with self._lock:
            request = Request(
                len(self.requests) + 1, method, path, query, kept, target, line_bytes, client
            )
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
                return Response(
                    405, b"Method Not Allowed", content_type="text/plain", metered=False
                )
            self._check_key(request)
            check_plan(request)
            if request.path.strip("/").lower() == "rate-limit":
                return self._rate_limit(request)
            spent = self._charge(request)
            check_edge(request)
            response = self.api.routed(request)
        except Refusal as refusal:
            response = refusal.response
        if response.status >= 400 and spent:
            self.budget.refund(
                request, spent
            )  # failed requests cost nothing since autumn 2026 (read)
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
            raise Refusal(
                self._budget_429(request, self.budget.remaining(request), seconds_to_midnight())
            )
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

    def _limited(
        self, request: Request, message: str, remaining: int, retry_after: float
    ) -> Response:
        """Rate and budget refusals share shape and headers; only the message and the numbers differ
        (read).
        """
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
            429,
            "Rate limit exceeded",
            message,
            headers=headers,
            metered=False,
            retryAfter=retry_after,
            costUsd=usd(cost),
            dailyRemainingUsd=usd(remaining),
            prepaidRemainingUsd=0,
            creditsRequired=cost,
            creditsRemaining=remaining,
            onetimeCreditsRemaining=0,
        )

    def _rate_429(
        self, request: Request, per_second: int, wait: float, marker: str = ""
    ) -> Response:
        message = f"Rate limit exceeded: {per_second} requests per second. Please slow down. {marker}".rstrip()
        return self._limited(request, message, self.budget.remaining(request), round(wait, 3))

    def _budget_429(
        self, request: Request, remaining: int, retry_after: int, marker: str = ""
    ) -> Response:
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
            return self._budget_429(
                request, 0, 40_000 if fault.retry_after is None else fault.retry_after, mark
            )
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
        limit, used, left = (
            self.budget.limit(request),
            self.budget.used(request),
            self.budget.remaining(request),
        )
        costs = {
            "singleton": 0,
            "list": 1,
            "search": 10,
            "content": 100,
            "semantic": 10,
            "text": 100,
        }
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
        return Response(
            200, json_bytes(document), headers={"Cache-Control": "no-store"}, metered=False
        )
