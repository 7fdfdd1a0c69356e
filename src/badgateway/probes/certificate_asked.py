"""Where a page says that the visitor sent no certificate: did anybody ask for one?

A server that wants a certificate asks for it in the TLS handshake (RFC 8446 4.3.2, RFC 5246 7.4.4).
Where the first server does not, the page is of another one behind it, which wants a certificate of
that server and not of the visitor.
"""

import re
from collections.abc import AsyncGenerator

from badgateway.model.failure import Failure
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.model.target import target_of
from badgateway.probes import Context, Cost
from badgateway.transport.failures import TransportError, limit
from badgateway.transport.stream import asks_certificate, connect

AFTER = ("http-response",)
GIVES = ("certificate-asked",)
COST = Cost(seconds=0.1, supporting=True)

SECONDS = 4.0
_MISSED = re.compile(r"No required SSL certificate was sent", re.IGNORECASE)
"""nginx src/http/ngx_http_special_response.c, the page of 496. Servers that ask later than in the
handshake, as IIS and Apache may, have other words."""


def wanted(about: Observation, context: Context) -> str | None:
    """Once for a page that misses a certificate, on an encrypted connection of our own."""
    target = target_of(about.text("url"))
    if about.value.get("what") != "page" or not target.tls or context.proxy is not None:
        return None
    return target.host if _MISSED.search(about.text("body")) else None


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Shake hands once more and note whether a certificate is asked for."""
    address, port = about.text("address"), int(about.number("port") or 0)
    stream = None
    try:
        async with limit(min(SECONDS, context.seconds_left()), Failure.TLS_TIMEOUT):
            stream = await connect(address, port)
            asked = await asks_certificate(stream, target_of(about.text("url")).host)
    except TransportError:
        return
    finally:
        if stream is not None:
            stream.close()
    if asked is not None:
        yield seen(
            Hop.GATEWAY,
            "certificate-asked",
            f"tls:{address}:{port}",
            url=about.text("url"),
            address=address,
            asked=asked,
        )
