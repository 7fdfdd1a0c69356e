"""Servers for the tests of this folder; each is closed when its test ends."""

import contextlib
import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterator

import pytest
from cryptography import x509
from loopback import Handler, Server, answering

from badgateway.transport.stream import tls_context


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start servers; each is a function of a connection, or the bytes to answer."""
    with contextlib.ExitStack() as stack:
        servers = []

        def start(
            handle: Handler | bytes,
            host: str = "127.0.0.1",
            port: int = 0,
            tls: ssl.SSLContext | None = None,
        ) -> Server:
            server = Server(
                answering(handle) if isinstance(handle, bytes) else handle, host, port, tls
            )
            stack.callback(server.close)
            servers.append(server)
            return server

        yield start
    assert [trouble for server in servers for trouble in server.troubles] == []


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of 127.0.0.1 where nothing listens and nothing else can listen meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture(scope="session")
def loopback_certificate(certificate):
    """Good for 127.0.0.1 and localhost, trusted by nobody."""
    return certificate(x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")))


@pytest.fixture
def trusted(monkeypatch):
    """Make this process trust a certificate for one test."""

    def trust(issued) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(issued.pem))
        tls_context.cache_clear()

    yield trust
    tls_context.cache_clear()
