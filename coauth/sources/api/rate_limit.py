"""The pace of requests, over all workers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Limiter:
    """Gives every worker its turn, so that together they keep to a rate.

    >>> clock = iter([0.0, 0.0, 0.0]); pauses = []
    >>> limiter = Limiter(5, pauses.append, clock.__next__)
    >>> for _ in range(3): limiter.turn()
    >>> pauses
    [0.2, 0.4]
    """

    def __init__(
        self,
        rate: float | None,
        sleep: Callable[[float], None],
        clock: Callable[[], float] = time.monotonic,
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
