"""Connections that keep a deadline, whatever drips: handshake, a proxy's answer, status line,
headers or body.

The time-outs of requests, urllib3 (its `total` too) and sockets bound one silence, and a server
that sends a byte now and then is never silent. Here each wait on a socket is cut to what is left of
the attempt, so that no second thread has to watch it. Two waits come before there is a socket to
cut: the resolver's, and that for each address of a name.
"""

from __future__ import annotations

import math
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from http.client import HTTPException
from typing import Any, TypeVar

from urllib3.connection import HTTPConnection

Answer = TypeVar("Answer")

_end: ContextVar[float] = ContextVar("end", default=math.inf)
"""The moment at which this thread's attempt is over."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Sockets read in this block raise `Late` after so many seconds."""
    before = _end.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _end.reset(before)


class Late(TimeoutError):
    """The attempt is over, and its answer was still coming in."""


class Unmade(ConnectionError):
    """There is a socket and no connection: something went wrong in the handshake, or in a proxy's
    answer to CONNECT.
    """


class PlainSocket(socket.socket):
    """A socket that waits no longer than the attempt lasts."""

    def recv(self, *args: Any) -> bytes:
        return self._timely(super().recv, *args)

    def recv_into(self, *args: Any) -> int:
        return self._timely(super().recv_into, *args)

    def _timely(self, receive: Callable[..., Answer], *args: Any) -> Answer:
        end = _end.get()
        left = end - time.monotonic()
        if left <= 0:
            raise Late
        if left < (self.gettimeout() or math.inf):
            self.settimeout(left)
        try:
            return receive(*args)
        except TimeoutError:
            if time.monotonic() >= end - 0.01:  # a clock may be read a little before it strikes
                raise Late from None
            raise


class TlsSocket(PlainSocket, ssl.SSLSocket):
    """The same inside TLS. A handshake keeps its time-out as a whole, so it cannot drip."""


class _Timely(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        usual = super()._new_conn()
        silence = usual.gettimeout()
        timely = PlainSocket(fileno=usual.detach())
        timely.settimeout(silence)
        return timely

    def connect(self) -> None:
        try:
            super().connect()
        except (OSError, HTTPException) as broken:
            raise Unmade from broken


@cache
def timely(kind: type[HTTPConnection]) -> type[HTTPConnection]:
    """The class of connection `kind`, its sockets keeping the deadline (those of TLS need
    `TlsSocket` in their context).
    """
    return (
        kind if issubclass(kind, _Timely) else type(f"Timely{kind.__name__}", (_Timely, kind), {})
    )
