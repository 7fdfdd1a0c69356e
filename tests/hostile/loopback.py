"""Servers on loopback that do with each connection whatever a test wants, and what they share."""

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator


class Connection:
    """One accepted connection, as a handler sees it."""

    def __init__(self, sock: socket.socket, stopped: threading.Event) -> None:
        self.socket = sock
        self._stopped = stopped

    def head(self) -> bytes:
        """Everything up to the end of the request's head, or to the end of the connection."""
        data = b""
        while b"\r\n\r\n" not in data and (more := self.socket.recv(65_536)):
            data += more
        return data

    def exactly(self, count: int) -> bytes:
        """So many bytes, fewer at the end of the connection."""
        data = b""
        while len(data) < count and (more := self.socket.recv(count - len(data))):
            data += more
        return data

    def drain(self, seconds: float) -> None:
        """Read and drop what comes until nothing does for so long: a close is then no reset."""
        self.socket.settimeout(seconds)
        with contextlib.suppress(TimeoutError):
            while self.socket.recv(65_536):
                pass

    def send(self, data: bytes) -> None:
        """Send all of it."""
        self.socket.sendall(data)

    def pause(self, seconds: float) -> None:
        """Wait so long; ends the handler when the test has ended meanwhile."""
        if self._stopped.wait(seconds):
            raise ConnectionAbortedError

    def reset(self) -> None:
        """Close with a RST instead of a FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


Handler = Callable[[Connection], None]


class Server:
    """A TCP server that does with each connection whatever a function says."""

    def __init__(
        self, handle: Handler, host: str, port: int = 0, tls: ssl.SSLContext | None = None
    ) -> None:
        self._handle, self._tls = handle, tls
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listening = socket.socket(family, socket.SOCK_STREAM)
        self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listening.bind((host, port))
        self._listening.listen(64)
        self._listening.settimeout(1)
        self.host, self.port = host, self._listening.getsockname()[1]
        self.connections = 0
        self.requests: list[bytes] = []
        self.troubles: list[BaseException] = []
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def authority(self) -> str:
        """Host and port as a URL carries them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The URL of its front page."""
        return f"{'https' if self._tls else 'http'}://{self.authority}/"

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                accepted, _ = self._listening.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            if self._stopped.is_set():
                accepted.close()
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(accepted,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, accepted: socket.socket) -> None:
        with accepted:
            accepted.settimeout(10)
            try:
                if self._tls is None:
                    self._handle(Connection(accepted, self._stopped))
                    return
                with self._tls.wrap_socket(accepted, server_side=True) as secured:
                    self._handle(Connection(secured, self._stopped))
            except OSError:
                pass  # the client left, or the test is over
            except BaseException as error:  # noqa: BLE001 - shown by the test that owns the server
                self.troubles.append(error)

    def close(self) -> None:
        """Stop everything and wait for it."""
        self._stopped.set()
        with contextlib.suppress(OSError):  # wakes the thread that waits for a connection
            socket.create_connection((self.host, self.port), 1).close()
        for thread in self._threads:
            thread.join(15)
        self._listening.close()


def answering(data: bytes) -> Handler:
    """Read the request, send `data`, close."""

    def handle(connection: Connection) -> None:
        connection.head()
        connection.send(data)

    return handle


def http(status: str = "200 OK", body: bytes = b"", *headers: str) -> bytes:
    """A whole, correct HTTP/1.1 answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fail when what stands inside takes longer than so many seconds."""
    started = time.monotonic()
    yield
    took = time.monotonic() - started
    assert took < seconds, f"took {took:.1f} s, more than {seconds} s"


def seen_in(verdict) -> set[str]:
    """The names of everything that was observed."""
    return {observation.name for observation in verdict.observations}


def one(verdict, name: str):
    """The first observation of that name."""
    found = [o for o in verdict.observations if o.name == name]
    assert found, f"{name} is not among {sorted(seen_in(verdict))}"
    return found[0]
