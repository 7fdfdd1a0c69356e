"""Byte streams: TCP on `loop.sock_*`, and TLS on top of any stream through `ssl.MemoryBIO`.

Both keep what no HTTP client shows: whether the end was a close or a reset, and the first bytes
of a peer that does not speak TLS at all.
"""

import asyncio
import errno
import socket
import ssl
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol, cast

from badgateway.model.failure import Failure
from badgateway.transport import reach
from badgateway.transport.failures import TransportError, failure_of

CHUNK = 16_384
_HANDSHAKE, _CERTIFICATE_REQUEST = 22, 13
"""RFC 8446 B.1 and B.3: the content type of handshake messages, and the one that asks."""

_INFO_LENGTH = 104
"""Bytes of Linux's `struct tcp_info` up to `tcpi_total_retrans`; older kernels have no more."""


class Stream(Protocol):
    """Bytes both ways. `read` returns `b""` at a clean end and raises `OSError` at a broken one."""

    async def read(self) -> bytes:
        """The next bytes."""

    async def write(self, data: bytes) -> None:
        """Send all of `data`."""

    def state(self) -> "TcpState | None":
        """The kernel's account of the connection underneath; None where there is none."""

    def close(self) -> None:
        """Let go of the connection; never raises, never waits."""


@dataclass(frozen=True, slots=True)
class TcpState:
    """What the kernel knows of a connection.

    Attributes:
        unacknowledged: segments sent that the other end has not confirmed.
        retransmitted: segments that were sent again since the connection began, SYNs included.
    """

    unacknowledged: int
    retransmitted: int


def tcp_state(connection: socket.socket) -> TcpState | None:
    """The kernel's own account of a TCP socket; None where the system gives none (not Linux)."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_LENGTH)
    except OSError:
        return None
    if len(told) < _INFO_LENGTH:
        return None
    # Eight bytes, then 32-bit numbers in the machine's own order (linux/tcp.h).
    numbers = struct.unpack_from("=24I", told, 8)
    return TcpState(unacknowledged=numbers[4], retransmitted=numbers[23])


@dataclass(frozen=True, slots=True)
class Manner:
    """How a TCP connection is made where the usual way is not what is to be tested.

    Attributes:
        segment: the largest segment, in bytes, that both ends may send; None for the usual one.
        device: network device to go through, None for the one that the routes name. Linux only.
        source: own address to come from, None for the one that the routes name; it makes macOS and
            Windows, and Linux with routes by source, go through the device that has it.
    """

    segment: int | None = None
    device: str | None = None
    source: str | None = None

    def apply(self, connection: socket.socket) -> None:
        """Set a socket up so, before it connects.

        Raises:
            OSError: the system does not allow it.
        """
        if self.segment is not None:
            if not hasattr(socket, "TCP_MAXSEG"):
                raise OSError(errno.ENOPROTOOPT, "Windows does not let segments be made smaller")
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, self.segment)
        if self.device is not None:
            name = self.device.encode() + b"\0"
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name)
        if self.source is not None:
            connection.bind((self.source, 0))


USUAL = Manner()


class TcpStream:
    """A connected TCP socket."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._loop = asyncio.get_running_loop()

    async def read(self) -> bytes:
        """The next bytes, `b""` once the peer has closed."""
        return await self._loop.sock_recv(self._socket, CHUNK)

    async def write(self, data: bytes) -> None:
        """Send all of `data`."""
        await self._loop.sock_sendall(self._socket, data)

    def state(self) -> TcpState | None:
        """The kernel's account of the connection."""
        return tcp_state(self._socket)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


async def connect(address: str, port: int, manner: Manner = USUAL) -> TcpStream:
    """A TCP connection to a literal address, IPv4 or IPv6 (a zone index is allowed).

    Raises:
        TransportError: how it failed. The caller bounds the time.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        connection = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise failure_of(error) from error
    try:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        manner.apply(connection)
        await reach.connect(connection, address, port)
    except OSError as error:
        connection.close()
        raise failure_of(error) from error
    except BaseException:
        connection.close()
        raise
    return TcpStream(connection)


@dataclass(frozen=True, slots=True)
class TlsSession:
    """What was agreed.

    Attributes:
        version: `TLSv1.3` and the like.
        cipher: name of the cipher suite.
        alpn: protocol agreed by ALPN, empty where none was.
        chain: the certificates as sent, DER, leaf first.
    """

    version: str
    cipher: str
    alpn: str
    chain: tuple[bytes, ...]


class TlsError(TransportError):
    """A handshake that failed.

    Attributes:
        answered: the first bytes that the peer sent, for a peer that speaks something else.
        verify_code: OpenSSL's number of the verify error, 0 for any other failure.
    """

    def __init__(
        self, failure: Failure, detail: str, answered: bytes = b"", verify_code: int = 0
    ) -> None:
        super().__init__(failure, detail)
        self.answered = answered
        self.verify_code = verify_code


class TlsStream:
    """TLS over another stream."""

    def __init__(self, below: Stream, name: str, context: ssl.SSLContext) -> None:
        self._below = below
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_hostname=name or None)
        self._answered = b""

    async def handshake(self) -> TlsSession:
        """Shake hands.

        Raises:
            TlsError: the peer refused, closed, does not speak TLS, or its certificate is not valid.
            OSError: the connection below broke.
        """
        while True:
            try:
                self._tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError as error:
                await self._flush()
                raise self._explained(error) from error
            await self._flush()
            data = await self._below.read()
            if not data:
                raise TlsError(
                    Failure.TLS_CLOSED, "closed during the TLS handshake", self._answered
                )
            if len(self._answered) < 512:
                self._answered += data[: 512 - len(self._answered)]
            self._in.write(data)
        await self._flush()
        cipher = self._tls.cipher()
        return TlsSession(
            version=self._tls.version() or "",
            cipher=cipher[0] if cipher else "",
            alpn=self._tls.selected_alpn_protocol() or "",
            chain=self._chain(),
        )

    def _explained(self, error: ssl.SSLError) -> TlsError:
        if isinstance(error, ssl.SSLCertVerificationError):
            return TlsError(
                Failure.TLS_CERTIFICATE, error.verify_message, self._answered, error.verify_code
            )
        reason = error.reason or str(error)
        if self._answered and self._answered[0] not in range(20, 25):
            # RFC 8446 5.1: a TLS record begins with its content type, 20 to 24.
            return TlsError(Failure.TLS_NOT_SPOKEN, "the answer is not TLS", self._answered)
        if "ALERT" in reason or self._answered[:1] == b"\x15":
            # RFC 8446 5.1: content type 21 is an alert, whatever OpenSSL calls its reason.
            return TlsError(Failure.TLS_REFUSED, reason.lower().replace("_", " "), self._answered)
        return TlsError(Failure.TLS_BROKEN, reason.lower().replace("_", " "), self._answered)

    def _chain(self) -> tuple[bytes, ...]:
        # Public as SSLObject.get_unverified_chain only since Python 3.13; before, the C object
        # underneath has it, returning certificate objects.
        inner = getattr(self._tls, "_sslobj", None)
        whole = getattr(inner, "get_unverified_chain", None)
        if whole is not None:
            try:
                return tuple(_der(item) for item in whole() or ())
            except (AttributeError, TypeError, ValueError):
                pass
        leaf = self._tls.getpeercert(binary_form=True)
        return (leaf,) if leaf else ()

    def certificate(self) -> dict[str, str]:
        """Issuer and end of a certificate that verified; empty for one that was not asked to."""
        found = self._tls.getpeercert()
        if not found:
            return {}
        parts = cast("tuple[tuple[tuple[str, str], ...], ...]", found.get("issuer", ()))
        issuer = {key: value for part in parts for key, value in part}
        names = (issuer.get("organizationName"), issuer.get("commonName"))
        return {
            "issuer": ", ".join(dict.fromkeys(name for name in names if name)),
            "not_after": str(found.get("notAfter", "")),
        }

    async def read(self) -> bytes:
        """The next plain bytes; `b""` once the peer has closed, with or without a TLS goodbye."""
        while True:
            try:
                return self._tls.read(CHUNK)
            except ssl.SSLWantReadError:
                await self._flush()
                data = await self._below.read()
                if not data:
                    return b""
                self._in.write(data)
            except ssl.SSLZeroReturnError:
                return b""
            except ssl.SSLError as error:
                raise ConnectionResetError(104, f"TLS: {error.reason or error}") from error

    async def write(self, data: bytes) -> None:
        """Send all of `data`."""
        self._tls.write(data)
        await self._flush()

    async def _flush(self) -> None:
        if self._out.pending:
            await self._below.write(self._out.read())

    def state(self) -> TcpState | None:
        """The kernel's account of the connection below."""
        return self._below.state()

    def close(self) -> None:
        """Close the connection below."""
        self._below.close()


async def asks_certificate(below: Stream, name: str) -> bool | None:
    """Whether the server asks for a certificate of the client's in the handshake.

    None where this Python does not let its messages be seen.

    Raises:
        TlsError: the handshake failed before it could be told.
        OSError: the connection below broke.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if not hasattr(context, "_msg_callback"):
        return None
    read: set[int] = set()

    def note(_connection: object, direction: str, *message: object) -> None:
        # version, content type, kind, bytes; content type 22 is the handshake's.
        if direction == "read" and message[1] == _HANDSHAKE:
            read.add(int(cast("int", message[2])))

    context._msg_callback = note  # noqa: SLF001 - no public name shows messages of a handshake
    try:
        await TlsStream(below, name, context).handshake()
    except TlsError:
        if _CERTIFICATE_REQUEST not in read:
            raise
    return _CERTIFICATE_REQUEST in read


def _der(certificate: object) -> bytes:
    if isinstance(certificate, bytes):
        return certificate
    encoded = certificate.public_bytes(2)  # type: ignore[attr-defined]  # _ssl.ENCODING_DER
    return bytes(encoded)


@cache
def tls_context(alpn: Sequence[str], verify: bool) -> ssl.SSLContext:
    """A context, shared: loading the system's authorities costs some 20 ms each time.

    `verify` false accepts any certificate and old protocol versions, to read what is there.
    """
    if verify:
        context = ssl.create_default_context()
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context
