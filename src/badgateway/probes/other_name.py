"""When TLS to the site breaks off: does the same address answer for another name?

A filter that reads the name in the first message of TLS (RFC 6066, SNI) stops only that name. A
server answers any name, be it with a refusal. The other name is one that is reserved for
examples, so nobody else's is used.
"""

from collections.abc import AsyncGenerator

from badgateway.model.failure import Failure
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.model.target import target_of
from badgateway.probes import Context, Cost, nowhere
from badgateway.transport.failures import TransportError, limit
from badgateway.transport.stream import TlsStream, connect, tls_context

AFTER = (Failure.CONNECT_RESET, Failure.TLS_CLOSED, Failure.TLS_TIMEOUT, Failure.TLS_BROKEN)
GIVES = ("other-name",)
COST = Cost(seconds=0.1, supporting=True, on_demand=True)

NAME = "www.example.com"
"""RFC 2606 keeps it for examples."""
SECONDS = 3.0


def wanted(about: Observation, context: Context) -> str | None:
    """Once for an https page whose TLS breaks off, when no address works."""
    target = target_of(about.text("url"))
    if context.proxy is not None or not target.tls or target.host == NAME:
        return None
    return about.text("address") if nowhere(about, context) else None


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Shake hands with the other name; a certificate or a refusal both are an answer."""
    address, port, failure = about.text("address"), int(about.number("port") or 0), ""
    stream = None
    try:
        async with limit(min(SECONDS, context.seconds_left()), Failure.TLS_TIMEOUT):
            stream = await connect(address, port)
            await TlsStream(stream, NAME, tls_context(("http/1.1",), False)).handshake()
    except TransportError as error:
        failure = error.failure.value
    finally:
        if stream is not None:
            stream.close()
    yield seen(
        Hop.NETWORK,
        "other-name",
        f"tls:{address}:{port}",
        url=about.text("url"),
        address=address,
        name=NAME,
        answers=failure in ("", Failure.TLS_REFUSED),
        failure=failure,
    )
