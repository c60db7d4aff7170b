"""Ctrl-C: one line and 130, the code a shell gives, whatever a command was at.

Files are written whole or not at all (`coauth.storage.atomic`), so there is nothing to undo but to end
the processes that a command has begun.
"""

from __future__ import annotations

import multiprocessing
import signal
from types import FrameType

CODE = 128 + signal.SIGINT
LINE = "coauth: interrupted; nothing is half-written, and the same command goes on or begins again"


def heed() -> None:
    """From now on the first Ctrl-C ends the processes begun here and raises `KeyboardInterrupt`. Others
    are ignored, as they would interrupt the tidying up, which takes a second.
    """
    signal.signal(signal.SIGINT, _end)


def _end(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for process in multiprocessing.active_children():
        process.kill()  # whoever waits for one would wait until its task is done
    raise KeyboardInterrupt
