"""Money and rate."""

from __future__ import annotations

import datetime as dt
import math
import threading
import time
from collections import Counter

from tests.support.standin.checks import group_parameter
from tests.support.standin.limits import KEYLESS_SHARE
from tests.support.standin.wire import Request


class Budget:
    """Daily credits, one pool for each key or address, and a bucket of requests per second with one
    second's burst.
    """

    def __init__(self, daily: int, per_second: float | None) -> None:
        self.daily, self.per_second = daily, per_second
        self._lock = threading.Lock()
        self._used: Counter[str] = Counter()
        self._buckets: dict[str, tuple[float, float]] = {}

    def limit(self, request: Request) -> int:
        return self.daily if request.key else self.daily // KEYLESS_SHARE

    def used(self, request: Request) -> int:
        return self._used[request.key or request.client]

    def remaining(self, request: Request) -> int:
        return max(0, self.limit(request) - self.used(request))

    def spend(self, request: Request, amount: int) -> bool:
        with self._lock:
            if amount > self.remaining(request):
                return False
            self._used[request.key or request.client] += amount
            return True

    def refund(self, request: Request, amount: int) -> None:
        with self._lock:
            self._used[request.key or request.client] -= amount

    def refill(self) -> None:
        with self._lock:
            self._used.clear()

    def wait(self, request: Request) -> float:
        """Zero when the request may go on, else the seconds until the next one may."""
        if self.per_second is None:
            return 0.0
        with self._lock:
            now, who = time.monotonic(), request.key or request.client
            tokens, seen = self._buckets.get(who, (self.per_second, now))
            tokens = min(self.per_second, tokens + (now - seen) * self.per_second)
            self._buckets[who] = (tokens - 1 if tokens >= 1 else tokens, now)
            return 0.0 if tokens >= 1 else (1 - tokens) / self.per_second


def seconds_to_midnight() -> int:
    now = dt.datetime.now(dt.UTC)
    midnight = dt.datetime.combine(now.date() + dt.timedelta(days=1), dt.time(), dt.UTC)
    return math.ceil((midnight - now).total_seconds())


def price(request: Request) -> int:
    """Credits of a request: singles free, lists and groups 1 whatever the page size, searches 10
    (read).
    """
    if request.path.strip("/") != "works":
        return 0
    if group_parameter(request.query):
        return 1
    searches = "search" in request.query or ".search:" in request.query.get("filter", "")
    return 10 if searches else 1
