"""How far a long command is: one event, handed to whoever shows it. What does the work prints
nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Event:
    """How far a stage of a command is."""

    stage: str
    """As a person calls it: `harvest`, `tables`, `report` …"""
    done: float
    total: float | None
    """`done` of `total`, both in `unit`s; None where nobody knows of how many."""
    unit: str
    elapsed: float
    """Seconds since the stage began."""
    expected: float | None
    """Seconds until it ends, at the pace so far; None where that is not known."""
    detail: str = ""
    """What was done last, or is waited for."""


Progress = Callable[[Event], None]
"""Called from different threads, but never by two at once. Raising from it stops the command; what
was stored before stays, and the next run goes on after it.
"""


def ignore(event: Event) -> None:
    """The progress of who does not want to know."""


@dataclass
class Stage:
    """Counts what is done of one stage, from any thread, and tells `progress`.

    `even` says that all units take about as long, so that the time to the end can be expected from
    those that are done.

    >>> copied = Stage(print, "copy", "files", 4, even=True, clock=iter([10.0, 12.0]).__next__)
    >>> copied.add(1, "a.txt")
    Event(stage='copy', done=1.0, total=4, unit='files', elapsed=2.0, expected=6.0, detail='a.txt')
    """

    progress: Progress
    name: str
    unit: str
    total: float | None = None
    even: bool = False
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._done, self._began, self._lock = 0.0, self.clock(), threading.Lock()

    def add(self, units: float = 1, detail: str = "") -> None:
        """So many units more are done; with 0 of them `detail` alone is news."""
        with self._lock:
            self._done += units
            elapsed, expected = self.clock() - self._began, None
            if self.even and self.total and self._done:
                expected = elapsed * max(0.0, self.total - self._done) / self._done
            self.progress(
                Event(self.name, self._done, self.total, self.unit, elapsed, expected, detail)
            )
