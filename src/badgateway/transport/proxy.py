"""Going through a forward proxy of the visitor's: HTTP CONNECT and SOCKS5."""

import asyncio
import base64
import ipaddress
import socket
import struct
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from badgateway.model.failure import Failure
from badgateway.model.response import Response, response_from_text
from badgateway.model.target import TargetError, endpoint_of
from badgateway.transport.failures import TransportError
from badgateway.transport.http1 import HEAD_LIMIT, number
from badgateway.transport.stream import Stream

TOR_PORTS = (9050, 9150)
"""Tor's SOCKS port, and that of its browser: whoever uses them wants no way past them."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A forward proxy.

    Attributes:
        scheme: `http` or `socks5`.
        host: its name or address.
        port: its port.
        user: user name, empty for none.
        password: password; never shown.
    """

    scheme: str
    host: str
    port: int
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def shown(self) -> str:
        """The proxy for people: without its password."""
        return f"{self.scheme}://{self.host}:{self.port}"

    def authorization(self) -> list[tuple[str, str]]:
        """The header that an HTTP proxy wants; empty without a user."""
        if not self.user:
            return []
        token = base64.b64encode(f"{self.user}:{self.password}".encode()).decode("ascii")
        return [("Proxy-Authorization", f"Basic {token}")]


def proxy_of(text: str) -> Proxy:
    """The proxy that a URL names.

    Raises:
        TargetError: it names none that is understood.
    """
    if text == "tor":
        return Proxy("socks5", "127.0.0.1", _tor_port())
    wrong = TargetError(
        "--proxy wants http://HOST:PORT, socks5://HOST:PORT (with USER:PASSWORD@ if need be), "
        "tor or direct"
    )
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        host, port = endpoint_of(parts.hostname or "").host, parts.port
    except ValueError:
        raise wrong from None
    scheme = {"socks5h": "socks5"}.get(parts.scheme, parts.scheme)
    if scheme not in ("http", "socks5") or parts.path not in ("", "/"):
        raise wrong
    default = 1080 if scheme == "socks5" else 8080
    return Proxy(
        scheme,
        host,
        port or default,
        unquote(parts.username or ""),
        unquote(parts.password or ""),
    )


def _tor_port() -> int:
    """The first of Tor's ports at which something listens here; the usual one if none does."""
    for port in TOR_PORTS:
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            continue
        return port
    return TOR_PORTS[0]


class ProxyError(TransportError):
    """The proxy did not open the way. `response` is its own answer where it gave one."""

    def __init__(self, failure: Failure, detail: str, response: Response | None = None) -> None:
        super().__init__(failure, detail)
        self.response = response


async def tunnel(stream: Stream, proxy: Proxy, host: str, port: int) -> None:
    """Ask the proxy at the other end of `stream` for a way to `host`.

    Raises:
        ProxyError: it refused, or spoke nonsense.
        OSError: the connection broke. The caller bounds the time.
    """
    if proxy.scheme == "socks5":
        await _socks5(stream, proxy, host, port)
    else:
        await _connect(stream, proxy, host, port)


async def _connect(stream: Stream, proxy: Proxy, host: str, port: int) -> None:
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    fields = [("Host", authority), *proxy.authorization()]
    lines = [f"CONNECT {authority} HTTP/1.1", *(f"{name}: {value}" for name, value in fields)]
    await stream.write(("\r\n".join(lines) + "\r\n\r\n").encode("ascii"))
    answer = b""
    while b"\r\n\r\n" not in answer and len(answer) < HEAD_LIMIT:
        data = await stream.read()
        if not data:
            break
        answer += data
    response = response_from_text(answer.decode("latin-1"))
    if response.status is None or b"\r\n\r\n" not in answer:
        raise ProxyError(Failure.PROXY_BROKEN, "the proxy's answer is not HTTP")
    if not 200 <= response.status < 300:
        response = await _rest(stream, response)
        raise ProxyError(
            Failure.PROXY_REFUSED, f"{response.status} {response.reason}".strip(), response
        )


async def _rest(stream: Stream, response: Response) -> Response:
    """The refusal with the page that follows it, which tells who made it and why."""
    body = response.body
    wanted = min(number(response.header("content-length") or "") or 0, HEAD_LIMIT)
    try:
        async with asyncio.timeout(2):
            while len(body) < wanted and (data := await stream.read()):
                body += data.decode("latin-1")
    except (TimeoutError, OSError):
        pass
    text = body.encode("latin-1").decode("utf-8", "replace")
    return Response(
        response.status, response.reason, response.headers, text, len(body), response.protocol
    )


_SOCKS_REFUSALS = {
    1: "general failure",
    2: "not allowed by its rules",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "TTL expired",
    7: "command not supported",
    8: "address type not supported",
}
"""RFC 1928 section 6."""


async def _socks5(stream: Stream, proxy: Proxy, host: str, port: int) -> None:
    methods = b"\x00\x02" if proxy.user else b"\x00"
    await stream.write(b"\x05" + bytes([len(methods)]) + methods)
    reader = _Exactly(stream)
    version, method = await reader.take(2)
    if version != 5:
        raise ProxyError(Failure.PROXY_BROKEN, "the proxy does not speak SOCKS5")
    if method == 2:
        user, password = proxy.user.encode()[:255], proxy.password.encode()[:255]
        await stream.write(b"\x01" + bytes([len(user)]) + user + bytes([len(password)]) + password)
        if (await reader.take(2))[1] != 0:
            raise ProxyError(Failure.PROXY_REFUSED, "SOCKS5: wrong user or password")
    elif method != 0:
        raise ProxyError(Failure.PROXY_REFUSED, "SOCKS5: wants a login that was not given")
    await stream.write(b"\x05\x01\x00" + _socks_address(host) + struct.pack("!H", port))
    version, code, _, kind = await reader.take(4)
    if version != 5:
        raise ProxyError(Failure.PROXY_BROKEN, "the proxy does not speak SOCKS5")
    if code:
        reason = _SOCKS_REFUSALS.get(code, f"code {code}")
        raise ProxyError(Failure.PROXY_REFUSED, f"SOCKS5: {reason}")
    length = {1: 4, 4: 16}.get(kind) or (await reader.take(1))[0]
    await reader.take(length + 2)


def _socks_address(host: str) -> bytes:
    """The target for the proxy; a name stays a name, so that the proxy looks it up."""
    try:
        packed = ipaddress.ip_address(host).packed
        return (b"\x01" if len(packed) == 4 else b"\x04") + packed
    except ValueError:
        name = host.encode("ascii")[:255]
        return b"\x03" + bytes([len(name)]) + name


class _Exactly:
    """So many bytes and no more; the SOCKS answers are counted."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._held = b""

    async def take(self, count: int) -> bytes:
        while len(self._held) < count:
            data = await self._stream.read()
            if not data:
                raise ProxyError(Failure.PROXY_BROKEN, "the proxy closed the connection")
            self._held += data
        taken, self._held = self._held[:count], self._held[count:]
        return taken
