"""Broken applications: each one small TCP server that fails in one way, for ever."""

import contextlib
import socket
import socketserver
import ssl
import threading
from enum import StrEnum
from typing import Self

from certificates import Leaf


class Fault(StrEnum):
    """What is wrong behind a gateway; one port of each gateway leads to each of them."""

    HEALTHY = "healthy"
    REFUSED = "refused"
    SLOW = "slow"
    CLOSING = "closing"
    NOT_HTTP = "not-http"
    BROKEN_HEADER = "broken-header"
    TLS_TO_PLAIN = "tls-to-plain"
    TLS_UNTRUSTED = "tls-untrusted"
    RELAYED = "relayed"

    @property
    def tls(self) -> bool:
        """Whether the gateway is told to speak TLS to this upstream."""
        return self in (Fault.TLS_TO_PLAIN, Fault.TLS_UNTRUSTED)


PAGE = b"<!doctype html><title>The shop</title><p>It works.</p>\n"
"""What the healthy application answers."""

_GOOD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nCache-Control: no-store\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(PAGE), PAGE)
)
_NOT_A_REQUEST = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_BANNER = b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u5\r\n"
_BROKEN_HEADER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nnot a header line\r\n"
    b"Content-Length: 3\r\nConnection: close\r\n\r\nhi\n"
)
_SECONDS = 20
"""No connection of a test lives longer; a gateway gave up long before."""


class _Server(socketserver.ThreadingTCPServer):
    """One upstream on a free loopback port; every connection has its own thread."""

    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, fault: Fault, ended: threading.Event, tls: ssl.SSLContext | None) -> None:
        self.fault = fault
        self.ended = ended
        self.tls = tls
        super().__init__(("127.0.0.1", 0), _Connection)

    def handle_error(self, request: object, client_address: object) -> None:
        """Gateways break connections in every way; that is what they are here for."""


class _Connection(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        connection: socket.socket = self.request
        connection.settimeout(_SECONDS)
        if self.server.tls is None:
            self._answer(connection)
            return
        with (
            contextlib.suppress(OSError),
            self.server.tls.wrap_socket(connection, server_side=True) as secured,
        ):
            self._answer(secured)

    def _answer(self, connection: socket.socket) -> None:
        fault = self.server.fault
        if fault is Fault.NOT_HTTP:
            connection.sendall(_BANNER)
        head = self._head(connection)
        if fault is Fault.SLOW:
            self.server.ended.wait(_SECONDS)
        elif fault is Fault.BROKEN_HEADER:
            connection.sendall(_BROKEN_HEADER)
        elif fault in (Fault.HEALTHY, Fault.TLS_TO_PLAIN, Fault.TLS_UNTRUSTED):
            connection.sendall(_GOOD if head.startswith(b"GET ") else _NOT_A_REQUEST)

    def _head(self, connection: socket.socket) -> bytes:
        """The head of the request, or what came instead of one."""
        head = b""
        with contextlib.suppress(OSError):
            while b"\r\n\r\n" not in head:
                data = connection.recv(65_536)
                head += data
                # A TLS record begins with 20 to 24 (RFC 8446 5.1): nobody will end that line.
                if not data or head[0] in range(20, 25):
                    break
        return head


class Upstreams:
    """All of the upstreams; `ports` tells where each one is."""

    def __init__(self, untrusted: Leaf) -> None:
        """Args: untrusted: the certificate of the upstream whose certificate does not verify."""
        self._ended = threading.Event()
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(untrusted.chain, untrusted.key)
        # Bound and never listening: the port is ours, and the kernel refuses every connection.
        self._dead = socket.socket()
        self._dead.bind(("127.0.0.1", 0))
        self._servers = {
            fault: _Server(fault, self._ended, tls if fault is Fault.TLS_UNTRUSTED else None)
            for fault in Fault
            if fault not in (Fault.REFUSED, Fault.RELAYED)
        }
        self._threads = [
            threading.Thread(target=server.serve_forever, args=(0.05,), name=f"upstream {fault}")
            for fault, server in self._servers.items()
        ]
        self.ports: dict[Fault, int] = {
            fault: server.server_address[1] for fault, server in self._servers.items()
        }
        self.ports[Fault.REFUSED] = self._dead.getsockname()[1]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for server in self._servers.values():
            server.shutdown()
            server.server_close()
        for thread in self._threads:
            thread.join()
        self._dead.close()
