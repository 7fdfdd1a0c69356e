"""The visitor's way to a site, one step after the other, each stated as an observation.

Connect, then TLS, then HTTP. The first step that fails ends the walk: what was not reached is
not stated. One walk is one connection; a certificate that does not verify costs a second one,
so that the page behind it can still be seen.
"""

import time
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from importlib import import_module

from badgateway.model.failure import Failure
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, Value, seen
from badgateway.model.target import Target
from badgateway.transport.certificate import (
    PROBLEM_CODES,
    UNKNOWN_ISSUER_CODES,
    now,
    read_certificate,
)
from badgateway.transport.failures import TransportError, limit
from badgateway.transport.http1 import Exchange, exchange
from badgateway.transport.proxy import Proxy, ProxyError, tunnel
from badgateway.transport.stream import (
    USUAL,
    Manner,
    Stream,
    TlsError,
    TlsSession,
    TlsStream,
    connect,
    tls_context,
)
from badgateway.transport.system import in_thread

CONNECT_SECONDS = 6.0
"""Time for a TCP connection: three SYN packets of Linux go out at 0, 1 and 3 seconds."""
TLS_SECONDS = 6.0
"""Time for the handshake: the first message is sent again some five times within it."""
BODY_SECONDS = 8.0
"""Time for the body behind a head; what came until then is kept."""

USER_AGENT = "Mozilla/5.0 (compatible; badgateway)"
"""Fixed and documented: error pages change with it (nginx pads them for some browsers)."""
REQUEST_HEADERS = (
    ("User-Agent", USER_AGENT),
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("Accept-Language", "en"),
    ("Accept-Encoding", "gzip, deflate"),
)


@dataclass(frozen=True, slots=True)
class Way:
    """How to get there.

    Attributes:
        target: the URL; its host stands in the Host header and the SNI.
        address: literal address to connect to; the proxy's where there is one.
        port: port to connect to.
        proxy: forward proxy that is spoken to at that address, None for none.
        headers: further request headers of the person's.
        manner: how the connection is made.
    """

    target: Target
    address: str
    port: int
    proxy: Proxy | None = None
    headers: tuple[tuple[str, str], ...] = ()
    manner: Manner = USUAL


class Walk:
    """One way, walked. `stream` is there after `open` while the connection stands."""

    def __init__(self, way: Way, seconds: float) -> None:
        """Args: way: where to. seconds: time for the whole walk."""
        self.way = way
        self.stream: Stream | None = None
        self.session: TlsSession | None = None
        self._trusted = True
        self._end = time.monotonic() + seconds
        self.source = f"connection:{way.target.host}@{way.address}:{way.port}"
        self._about: dict[str, Value] = {
            "url": way.target.url,
            "address": way.address,
            "port": way.port,
        }

    async def open(self, alpn: tuple[str, ...]) -> AsyncGenerator[Observation, None]:
        """Connect and, for https, shake hands. The walk stands if `stream` is there at the end."""
        try:
            async for observation in self._connected():
                yield observation
            if self.stream is not None and self.way.target.tls:
                async for observation in self._secured(alpn):
                    yield observation
        except BaseException:
            self.close()
            raise

    async def _connected(self) -> AsyncGenerator[Observation, None]:
        way, proxy = self.way, self.way.proxy
        started = time.perf_counter()
        hop = Hop.EXIT if proxy else Hop.NETWORK
        try:
            async with limit(self._time(CONNECT_SECONDS), Failure.CONNECT_TIMEOUT):
                self.stream = await connect(way.address, way.port, way.manner)
        except TransportError as error:
            refused = error.failure in (Failure.CONNECT_REFUSED, Failure.CONNECT_RESET)
            yield self._failed(Hop.GATEWAY if refused and not proxy else hop, error, started)
            return
        yield self._stated(hop, "connected", seconds=_since(started))
        if proxy and (way.target.tls or proxy.scheme == "socks5"):
            started = time.perf_counter()
            try:
                async with limit(self._time(CONNECT_SECONDS * 2), Failure.PROXY_REFUSED):
                    await tunnel(self.stream, proxy, way.target.host, way.target.port)
            except TransportError as error:
                self.close()
                yield self._failed(Hop.EXIT, error, started, proxy=proxy.shown)
                response = error.response if isinstance(error, ProxyError) else None
                if response is not None:
                    yield self._stated(
                        Hop.EXIT,
                        "http-response",
                        by="proxy",
                        seconds=_since(started),
                        **response.value(),
                    )

    async def _secured(self, alpn: tuple[str, ...]) -> AsyncGenerator[Observation, None]:
        """The TLS handshake; where the certificate does not verify, once more without asking."""
        started = time.perf_counter()
        try:
            await self._handshake(alpn, verify=True)
        except TlsError as error:
            if error.failure is not Failure.TLS_CERTIFICATE:
                self.close()
                yield self._failed(
                    Hop.GATEWAY,
                    error,
                    started,
                    answered=error.answered.decode("latin-1"),
                    encrypted=False,
                )
                return
            self.close()
            reopened = await self._again(alpn)
            self._trusted = False
            yield self._certificate(error, _since(started))
            if not reopened:
                return
        except TransportError as error:
            kernel = self._kernel()
            self.close()
            yield self._failed(Hop.GATEWAY, error, started, **kernel)
            return
        if self.session is not None:
            yield self._stated(
                Hop.GATEWAY,
                "tls-established",
                seconds=_since(started),
                version=self.session.version,
                cipher=self.session.cipher,
                alpn=self.session.alpn,
                trusted=self._trusted,
                **_validity(self.stream),
            )

    async def _handshake(self, alpn: tuple[str, ...], verify: bool) -> None:
        assert self.stream is not None
        tls = TlsStream(self.stream, self.way.target.host, tls_context(alpn, verify))
        async with limit(self._time(TLS_SECONDS), Failure.TLS_TIMEOUT):
            self.session = await tls.handshake()
        self.stream = tls

    async def _again(self, alpn: tuple[str, ...]) -> bool:
        """A second connection that accepts any certificate; whether it stands."""
        async for _ in self._connected():
            pass
        if self.stream is None:
            return False
        try:
            await self._handshake(alpn, verify=False)
        except TransportError:
            self.close()
            return False
        return True

    def _certificate(self, error: TlsError, seconds: float) -> Observation:
        """What is wrong with the certificate, all of it, and whose it is."""
        der = self.session.chain[0] if self.session and self.session.chain else b""
        certificate = read_certificate(der) if der else None
        problems: list[str] = []
        facts: dict[str, Value] = {}
        if certificate is not None:
            problems += certificate.problems(self.way.target.host, now())
            facts = {
                "subject": certificate.subject,
                "issuer": certificate.issuer,
                "names": certificate.names,
                "not_before": certificate.not_before.isoformat(),
                "not_after": certificate.not_after.isoformat(),
                "sent": len(self.session.chain) if self.session else 0,
            }
        if (problem := PROBLEM_CODES.get(error.verify_code)) and problem not in problems:
            problems.append(problem)
        if error.verify_code in UNKNOWN_ISSUER_CODES:
            alone = certificate is not None and certificate.self_signed
            problems.append("self-signed" if alone else "unknown-issuer")
        return self._stated(
            Hop.GATEWAY,
            Failure.TLS_CERTIFICATE.value,
            seconds=seconds,
            detail=error.detail,
            verify_code=error.verify_code,
            problems=tuple(problems) or (error.detail,),
            **facts,
        )

    async def get(
        self, what: str = "page", spoilt: bytes = b""
    ) -> AsyncGenerator[Observation, None]:
        """One HTTP/1.1 GET of the target on the open connection, which is closed afterwards.

        `spoilt` is a line that is put into the head as it is, for an answer to what is malformed.
        """
        assert self.stream is not None
        way = self.way
        absolute = way.proxy is not None and way.proxy.scheme == "http" and not way.target.tls
        target = way.target.url if absolute else way.target.path
        try:
            result = await exchange(
                self.stream,
                target,
                self.request_headers(),
                self._time(1e6),
                self._time(BODY_SECONDS),
                spoilt=spoilt,
            )
            kernel = self._kernel()
        finally:
            self.close()
        for observation in self.told(result, what, kernel):
            yield observation

    async def get2(self, what: str = "page") -> AsyncGenerator[Observation, None]:
        """The same over HTTP/2, on a connection where ALPN agreed on it."""
        assert self.stream is not None
        way = self.way
        fields = self._lower_headers()
        try:
            # 60 ms of import, which only sites with HTTP/2 are worth, and not in others' way.
            http2 = await in_thread(lambda: import_module("badgateway.transport.http2"))
            result = await http2.exchange2(
                self.stream,
                way.target.authority,
                way.target.path,
                fields,
                self._time(1e6),
                self._time(BODY_SECONDS),
            )
        finally:
            self.close()
        for observation in self.told(result, what):
            yield observation

    async def get3(self, what: str = "http3") -> AsyncGenerator[Observation, None]:
        """The same over HTTP/3, which needs no connection opened before.

        Its failure is no failure of the page: browsers fall back to HTTP/2.

        Raises:
            ImportError: the extra `http3` is not installed.
        """
        http3 = await in_thread(lambda: import_module("badgateway.transport.http3"))
        target = self.way.target
        fields = [
            (":method", "GET"),
            (":scheme", "https"),
            (":authority", target.authority),
            (":path", target.path),
            *self._lower_headers(),
        ]
        result = await http3.exchange3(
            self.way.address,
            self.way.port,
            target.host,
            fields,
            self._time(1e6),
            self._time(BODY_SECONDS),
        )
        for observation in self.told(result, what):
            yield observation

    def _lower_headers(self) -> list[tuple[str, str]]:
        """The headers of HTTP/2 and 3: lower case, without those of one connection."""
        left_out = ("host", "connection")
        named = [(name.lower(), value) for name, value in self.request_headers()]
        return [(name, value) for name, value in named if name not in left_out]

    async def last(self, what: str, spoilt: bytes = b"") -> Observation | None:
        """Walk the whole way for a page that only its end matters of: the last thing seen."""
        seen_last = [observation async for observation in self.open(("http/1.1",))][-1:]
        if self.stream is not None:
            seen_last = [observation async for observation in self.get(what, spoilt)][-1:]
        return seen_last[0] if seen_last else None

    def request_headers(self) -> list[tuple[str, str]]:
        """The headers to send. The person's own stay away from a peer that could be anybody."""
        own = self.way.headers if self._trusted else ()
        named = {name.lower() for name, _ in own}
        usual = [(name, value) for name, value in REQUEST_HEADERS if name.lower() not in named]
        proxy = self.way.proxy
        login = proxy.authorization() if proxy and not self.way.target.tls else []
        return [("Host", self.way.target.authority), *usual, ("Connection", "close"), *login, *own]

    def _kernel(self) -> dict[str, Value]:
        """What the kernel says of the connection: told only while it stands, and on Linux."""
        state = self.stream.state() if self.stream is not None else None
        if state is None:
            return {}
        return {"unacknowledged": state.unacknowledged, "retransmitted": state.retransmitted}

    def told(
        self, result: Exchange, what: str, kernel: Mapping[str, Value] | None = None
    ) -> list[Observation]:
        """The observations that one exchange gives, with what the kernel says of it."""
        told = []
        times: dict[str, Value] = {
            "wait_s": result.wait_s,
            "read_s": round(result.read_s, 6),
            **(kernel or {}),
        }
        if result.response is not None:
            told.append(
                self._stated(
                    Hop.GATEWAY,
                    "http-response",
                    what=what,
                    capped=result.capped,
                    informational=tuple(result.informational),
                    **times,
                    **result.response.value(),
                )
            )
        if result.failure is not None:
            told.append(
                self._stated(
                    Hop.GATEWAY,
                    result.failure.value,
                    what=what,
                    detail=result.detail,
                    received=result.received,
                    answered=result.raw.decode("latin-1"),
                    **times,
                )
            )
        return told

    def close(self) -> None:
        """Let go of the connection, if there is one."""
        if self.stream is not None:
            self.stream.close()
        self.stream = None

    def _time(self, most: float) -> float:
        return max(0.05, min(most, self._end - time.monotonic()))

    def _stated(self, hop: Hop, name: str, /, **value: object) -> Observation:
        return seen(hop, name, self.source, **{**self._about, **value})

    def _failed(
        self, hop: Hop, error: TransportError, started: float, **more: object
    ) -> Observation:
        return self._stated(
            hop, error.failure.value, seconds=_since(started), detail=error.detail, **more
        )


def _since(started: float) -> float:
    return round(time.perf_counter() - started, 6)


def _validity(stream: Stream | None) -> Mapping[str, Value]:
    """Issuer and end of a certificate that verified, as the TLS library already parsed it."""
    return stream.certificate() if isinstance(stream, TlsStream) else {}
