"""The threads and sockets that requests come by."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import sys
import threading
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

from tests.support.standin.wire import Response

if TYPE_CHECKING:
    from tests.support.standin.server import StandIn


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections stay open between requests
    disable_nagle_algorithm = (
        True  # head and body are two writes; together with delayed ACKs they would cost 40 ms
    )
    server: Server

    def _respond(self) -> None:
        stand_in = self.server.stand_in
        line_bytes = len(self.requestline)  # decoded byte by byte, so characters are bytes
        headers = dict(self.headers.items())
        request = stand_in.receive(
            self.command, self.path, headers, line_bytes, self.client_address[0]
        )
        try:
            self._send(stand_in.answer(request))
        finally:
            stand_in.done()

    def _send(self, response: Response) -> None:
        if response.delay and self.server.stand_in.stopping.wait(response.delay):
            self.close_connection = True
            return
        self.send_response(response.status)
        if response.drip:
            self._drip(response.drip)
            return
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body)))
        for name, value in response.headers.items():
            self.send_header(name, value)
        # A refused method may have sent a body that nobody read: the connection cannot be used
        # again.
        self.close_connection = (
            self.close_connection or response.sent is not None or self.command != "GET"
        )
        if self.close_connection and response.sent is None:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(response.body[: response.sent])

    def _drip(self, pause: float) -> None:
        """A header without end, until the client has had enough of it."""
        self.close_connection = True
        self.flush_headers()
        self.wfile.write(b"X-Drip: ")
        while not self.server.stand_in.stopping.wait(pause):
            self.wfile.write(b"x")

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _respond

    def log_message(self, *_: Any) -> None:
        """Say nothing: tests read `StandIn.requests`."""


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    allow_reuse_address = True
    request_queue_size = 64
    daemon_threads = False  # so that server_close() waits for them

    def __init__(self, address: tuple[str, int], stand_in: StandIn) -> None:
        self.stand_in = stand_in
        self._connections: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(address, Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._connections.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        """Wake the threads that wait for the next request on an idle connection."""
        with self._guard:
            for connection in self._connections:
                with contextlib.suppress(OSError):  # the client may have been faster
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exception()
        if error is not None and not isinstance(error, ConnectionError | TimeoutError):
            self.stand_in.failures.append(error)
