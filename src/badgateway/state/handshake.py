"""A TLS handshake with an upstream, made as its gateway is set to make it.

The name that is sent, the authorities that are believed and whether they are asked at all stand in
the gateway's configuration; what is wrong with the certificate matters only to one that checks it.
"""

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from badgateway.model.failure import Failure
from badgateway.transport.certificate import UNKNOWN_ISSUER_CODES, now, read_certificate
from badgateway.transport.failures import TransportError, limit
from badgateway.transport.stream import TlsError, TlsSession, TlsStream, connect, tls_context

_RESULTS = {
    Failure.TLS_NOT_SPOKEN: "not-tls",
    Failure.TLS_REFUSED: "refused",
    Failure.TLS_CLOSED: "closed",
    Failure.TLS_TIMEOUT: "silent",
}
_WANTS_CERTIFICATE = "certificate required"
"""The alert of RFC 8446, 6.2, to a client that shows none where one is demanded."""
_NO_CERTIFICATE = b"No required SSL certificate was sent"
"""What nginx answers to such a client (src/http/ngx_http_special_response.c)."""


@dataclass(frozen=True, slots=True)
class Security:
    """How a gateway shakes hands.

    Attributes:
        name: the server name that it sends; empty where it sends none.
        expects: the name that the certificate must be good for; empty where any will do.
        checks: whether it looks at the certificate at all.
        authorities: the file of those it believes; None for the system's.
        shows: whether it has a certificate of its own to show.
    """

    name: str = ""
    expects: str = ""
    checks: bool = False
    authorities: Path | None = None
    shows: bool = False


@dataclass(frozen=True, slots=True)
class Handshake:
    """What came of it.

    Attributes:
        result: `works`, `refused`, `closed`, `not-tls`, `silent`, `broken`.
        detail: the peer's alert, or the reason.
        problems: what the gateway would find wrong with the certificate: `expired`,
            `not-yet-valid`, `wrong-name`, `self-signed`, `unknown-issuer`.
        until: the last day of the certificate, ISO 8601; empty where none was shown.
        answer: the first bytes of the answer to the question.
        verify_code: OpenSSL's number of the verify error, where a certificate was checked.
    """

    result: str
    detail: str = ""
    problems: tuple[str, ...] = ()
    until: str = ""
    answer: bytes = b""
    verify_code: int = 0

    @property
    def wants_certificate(self) -> bool:
        """Whether the server refused because no certificate was shown to it."""
        return _WANTS_CERTIFICATE in self.detail or _NO_CERTIFICATE in self.answer


async def shake(
    address: str, port: int, security: Security, seconds: float, question: bytes = b""
) -> Handshake:
    """One handshake with a literal address, and one question over it; the certificate is judged.

    Args:
        address: IPv4 or IPv6.
        port: the port.
        security: how the gateway does it.
        seconds: the time for each step.
        question: what is sent once hands are shaken; nothing where it is empty.

    Raises:
        TransportError: there was no connection to shake hands on.
    """
    found = await _shaken(address, port, security, tls_context((), verify=False), seconds, question)
    if found.result != "works" or not security.checks:
        return found
    return replace(
        found, problems=(*found.problems, *await _unbelieved(address, port, security, seconds))
    )


async def _shaken(
    address: str,
    port: int,
    security: Security,
    context: ssl.SSLContext,
    seconds: float,
    question: bytes = b"",
) -> Handshake:
    async with limit(seconds, Failure.CONNECT_TIMEOUT):
        below = await connect(address, port)
    stream = TlsStream(below, security.name, context)
    try:
        async with limit(seconds, Failure.TLS_TIMEOUT):
            session = await stream.handshake()
        problems, until = _looked_at(session, security.expects)
        answer, refusal = await _answer(stream, question, seconds)
    except TlsError as error:
        return Handshake(
            _RESULTS.get(error.failure, "broken"), error.detail, verify_code=error.verify_code
        )
    except TransportError as error:
        return Handshake(_RESULTS.get(error.failure, "closed"), error.detail)
    finally:
        below.close()
    if refusal:
        return Handshake("refused", refusal, problems, until)
    return Handshake("works", "", problems, until, answer)


async def _answer(stream: TlsStream, question: bytes, seconds: float) -> tuple[bytes, str]:
    """The answer, or the alert in its place.

    In TLS 1.3 a server may refuse a client only after the client's part is done (RFC 8446,
    4.4.2.4), so that the refusal is what comes first.
    """
    if not question:
        return b"", ""
    try:
        async with asyncio.timeout(seconds):
            with suppress(OSError):
                # Who is refused may find the way closed already; why can still be read.
                await stream.write(question)
            return await stream.read(), ""
    except TimeoutError:
        return b"", ""
    except OSError as error:
        reason = (error.strerror or "").lower().replace("_", " ")
        return b"", reason if "alert" in reason else ""


def _looked_at(session: TlsSession, expects: str) -> tuple[tuple[str, ...], str]:
    certificate = read_certificate(session.chain[0]) if session.chain else None
    if certificate is None:
        return (), ""
    found = certificate.problems(expects, now())
    if not expects:
        found = tuple(problem for problem in found if problem != "wrong-name")
    return found, certificate.not_after.date().isoformat()


async def _unbelieved(
    address: str, port: int, security: Security, seconds: float
) -> tuple[str, ...]:
    """Whether the gateway's authorities vouch for it, which a second handshake shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    try:
        if security.authorities is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(str(security.authorities))
    except (OSError, ssl.SSLError):
        return ()
    try:
        found = await _shaken(address, port, security, context, seconds)
    except TransportError:
        return ()
    if found.verify_code not in UNKNOWN_ISSUER_CODES:
        # What is wrong with the certificate itself was seen before.
        return ()
    # 18 is a certificate that signed itself (OpenSSL, x509_vfy.h).
    return ("self-signed" if found.verify_code == 18 else "unknown-issuer",)
