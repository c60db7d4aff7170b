"""How far a harvest is: a bar on a terminal, plain lines in a log, nothing when quiet."""

from __future__ import annotations

import logging
import sys
import time
from types import TracebackType
from typing import Any

from tqdm import tqdm

log = logging.getLogger(__name__)

_EVERY = 30.0
"""Seconds between two lines in a log."""


class Bar:
    """Draws what a source tells (`coauth.sources.progress.Progress`); used as a context manager."""

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet
        self._bar: tqdm[Any] | None = None
        self._works = self._slices = 0
        self._said = time.monotonic()

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def planned(self, works: int, cost: int, left: int | None) -> None:
        budget = "" if left is None else f", {left:,} credits left today"
        log.info("about %s works to fetch, %s credits%s", f"{works:,}", f"{cost:,}", budget)
        if not self._quiet and sys.stderr.isatty():
            self._bar = tqdm(total=works, unit=" works", dynamic_ncols=True)

    def page(self, name: str, works: int, spent: int) -> None:
        self._works += works
        if self._bar is not None:
            self._bar.update(works)
            self._bar.set_postfix_str(f"{name}, {self._slices} slices, {spent} credits")
        elif time.monotonic() - self._said > _EVERY:
            self._said = time.monotonic()
            log.info(
                "%s: %s works, %d slices closed, %d credits",
                name,
                f"{self._works:,}",
                self._slices,
                spent,
            )

    def closed(self, name: str, status: str, distinct: int, expected: int) -> None:
        self._slices += 1
        if status != "complete":
            log.warning("slice %s %s: %d works of %d counted", name, status, distinct, expected)

    def waiting(self, reason: str, seconds: float) -> None:
        log.info("%s: waiting %.0f s", reason, seconds)
