"""What may stand between coauth and a server, on loopback: TLS, a proxy, and servers that say what
they like.

Each is a context manager with a `port`; leaving it closes every connection and waits for every
thread.
"""

from __future__ import annotations

import base64
import contextlib
import socket
import threading


class Middleman:
    """Listens, and serves each connection in a thread of its own."""

    def __init__(self):
        self.over = threading.Event()
        self.heads = []  # the first lines of what came in, as text
        self._open, self._threads, self._guard = [], [], threading.Lock()

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._begin(self._accept)
        return self

    def __exit__(self, *_):
        self.over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._guard:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for connection in self._open:
            connection.close()

    def _begin(self, work, *arguments):
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        with contextlib.suppress(OSError):  # closed
            while True:
                self._begin(self._served, self._kept(self._listener.accept()[0]))

    def _kept(self, connection):
        with self._guard:
            self._open.append(connection)
        if self.over.is_set():
            connection.close()
        return connection

    def _served(self, connection):
        with contextlib.suppress(OSError):  # the other side has gone
            self.serve(connection)
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def serve(self, connection):
        raise NotImplementedError

    def head(self, connection):
        """What comes up to an empty line."""
        head = b""
        while b"\r\n\r\n" not in head and (piece := connection.recv(4096)):
            head += piece
        self.heads.append(head.decode("latin-1"))
        return self.heads[-1]

    def piped(self, one, other):
        """Everything from either side to the other, until one of them has gone."""
        self._begin(self._pumped, other, one)
        self._pumped(one, other)

    @staticmethod
    def _pumped(giver, taker):
        with contextlib.suppress(OSError):
            while piece := giver.recv(1 << 16):
                taker.sendall(piece)
        for side in (giver, taker):
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)


class Tls(Middleman):
    """TLS in front of a plain server at `behind`."""

    def __init__(self, context, behind):
        super().__init__()
        self.context, self.behind = context, behind

    @property
    def url(self):
        return f"https://localhost:{self.port}"

    def serve(self, connection):
        secure = self._kept(self.context.wrap_socket(connection, server_side=True))
        self.piped(secure, self._kept(socket.create_connection(("127.0.0.1", self.behind))))


class Proxy(Middleman):
    """A proxy that carries CONNECT. `login` is the user:password it asks for, `refusal` a status it
    gives everybody, `behind` a port to which it leads whoever asks for whatever, `context` its own
    TLS.
    """

    def __init__(self, *, login="", refusal=None, behind=None, context=None):
        super().__init__()
        self.login, self.refusal, self.behind, self.context = login, refusal, behind, context

    @property
    def url(self):
        return f"{'https://localhost' if self.context else 'http://127.0.0.1'}:{self.port}"

    def serve(self, connection):
        if self.context:
            connection = self._kept(self.context.wrap_socket(connection, server_side=True))
        head = self.head(connection)
        verb, target, _ = head.split(" ", 2)
        if self.refusal:
            connection.sendall(
                f"HTTP/1.1 {self.refusal} Zyblenski\r\nContent-Length: 0\r\n\r\n".encode()
            )
        elif self.login and f"Basic {base64.b64encode(self.login.encode()).decode()}" not in head:
            connection.sendall(
                b'HTTP/1.1 407 Zyblenski\r\nProxy-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n'
            )
        elif verb == "CONNECT":
            port = self.behind or int(target.rpartition(":")[2])
            behind = self._kept(socket.create_connection(("127.0.0.1", port)))
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self.piped(connection, behind)


class Saying(Middleman):
    """Hears a request out, says `words`, and then one `drop` every `pause` seconds for ever (None:
    closes).
    """

    def __init__(self, words=b"", drop=None, *, pause=0.02, hears=True):
        super().__init__()
        self.words, self.drop, self.pause, self.hears = words, drop, pause, hears
        self.drops = 0

    def serve(self, connection):
        if self.hears:
            self.head(connection)
        connection.sendall(self.words)
        while self.drop is not None and not self.over.wait(self.pause):
            connection.sendall(self.drop)
            self.drops += 1
