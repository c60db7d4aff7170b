"""What a source tells while it works, so that the command line can draw a bar. Sources themselves
print nothing.
"""

from __future__ import annotations

import threading
from typing import Protocol


class Progress(Protocol):
    """Told how far a source has come. Calls come one at a time, but from different threads.

    Raising from a call stops the run: whatever was told before is stored, and the next run
    continues after it.
    """

    def planned(self, works: int, cost: int, left: int | None) -> None:
        """Before the first page: works still to come, the credits they cost, credits left today
        (None: not known).
        """

    def page(self, name: str, works: int, spent: int) -> None:
        """A page of slice `name` is stored; `works` are on it, `spent` credits were used since the
        run began.
        """

    def closed(self, name: str, status: str, distinct: int, expected: int) -> None:
        """A slice is closed (complete, drifted or incomplete) with `distinct` works where
        `expected` were counted.
        """

    def waiting(self, reason: str, seconds: float) -> None:
        """A request will be made again after a pause."""


class Silent:
    """The progress nobody watches."""

    def planned(self, works: int, cost: int, left: int | None) -> None:
        pass

    def page(self, name: str, works: int, spent: int) -> None:
        pass

    def closed(self, name: str, status: str, distinct: int, expected: int) -> None:
        pass

    def waiting(self, reason: str, seconds: float) -> None:
        pass


class InTurn:
    """Hands calls of several threads on one at a time, so that who draws the bar needs no lock."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress or Silent()
        self._lock = threading.Lock()

    def planned(self, works: int, cost: int, left: int | None) -> None:
        with self._lock:
            self._progress.planned(works, cost, left)

    def page(self, name: str, works: int, spent: int) -> None:
        with self._lock:
            self._progress.page(name, works, spent)

    def closed(self, name: str, status: str, distinct: int, expected: int) -> None:
        with self._lock:
            self._progress.closed(name, status, distinct, expected)

    def waiting(self, reason: str, seconds: float) -> None:
        with self._lock:
            self._progress.waiting(reason, seconds)
