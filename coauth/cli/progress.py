"""How far a command is: a bar on a terminal, plain lines in a log, nothing when quiet."""

from __future__ import annotations

import logging
import sys
import time
from contextlib import ExitStack
from typing import Any

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from coauth.progress import Event

log = logging.getLogger(__name__)

_EVERY = 30.0
"""Seconds between two lines in a log."""


class Bar(ExitStack):
    """Shows events (`coauth.progress.Progress`); used as a context manager."""

    def __init__(self, quiet: bool = False) -> None:
        super().__init__()
        self._quiet, self._terminal = quiet, sys.stderr.isatty()
        self._stage, self._line = "", time.monotonic()
        self._bar: tqdm[Any] | None = None

    def __call__(self, event: Event) -> None:
        if self._quiet:
            return
        if self._terminal:
            self._draw(event)
        elif (now := time.monotonic()) - self._line > _EVERY:
            self._line = now
            log.info("%s: %s", event.stage, words(event))

    def _draw(self, event: Event) -> None:
        text = f"{event.stage}: {words(event)}"
        if self._bar is None or event.stage != self._stage:
            self._stage = event.stage
            self.close()
            self.enter_context(logging_redirect_tqdm())
            form = "{bar:20} {desc}" if event.total else "{desc}"
            self._bar = self.enter_context(
                tqdm(desc=text, total=event.total, bar_format=form, miniters=0, dynamic_ncols=True)
            )
        self._bar.n = event.done
        self._bar.set_description_str(text, refresh=False)
        self._bar.update(0)


def words(event: Event) -> str:
    """
    >>> words(Event("harvest", 1200, 4800, "works", 61.2, 183.6, "2020-03"))
    '1,200 of 4,800 works in 1:01, about 3:04 left: 2020-03'
    >>> words(Event("read", 0, None, "files", 5.0, None))
    '0 files in 0:05'
    """
    of = "" if event.total is None else f" of {event.total:,.0f}"
    left = f", about {clock(event.expected)} left" if event.expected else ""
    detail = f": {event.detail}" if event.detail else ""
    return f"{event.done:,.0f}{of} {event.unit} in {clock(event.elapsed)}{left}{detail}"


def clock(seconds: float) -> str:
    """
    >>> clock(59.6), clock(3725)
    ('1:00', '1:02:05')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
