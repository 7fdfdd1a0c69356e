"""One document over HTTP or HTTPS: redirects followed, the certificate demanded to be right."""

import time

from badgateway.model.failure import CONNECTING, Failure
from badgateway.model.response import Response
from badgateway.model.target import Target, TargetError
from badgateway.transport.failures import TransportError, limit
from badgateway.transport.proxy import Proxy
from badgateway.transport.system import resolve
from badgateway.transport.walk import Walk, Way

REDIRECTS = 5
_MOST_ADDRESSES = 4


async def fetch(
    target: Target,
    seconds: float,
    accept: str = "*/*",
    proxy: Proxy | None = None,
    connect_to: tuple[str, int] | None = None,
) -> tuple[Target, Response]:
    """The document at `target`, and where it was found in the end.

    Args:
        target: where to begin.
        seconds: for everything.
        accept: the media types wanted.
        proxy: forward proxy to go through, None for none.
        connect_to: where `target`'s own host is to be found instead, None for its own address.

    Raises:
        TransportError: no whole, trustworthy answer came. A status of an error is an answer.
    """
    end, here = time.monotonic() + seconds, target
    for _ in range(REDIRECTS + 1):
        place = connect_to if here.host == target.host else None
        response = await _once(here, end, accept, proxy, place)
        location = response.header("location")
        if response.status not in (301, 302, 303, 307, 308) or not location:
            return here, response
        try:
            there = here.follow(location)
        except TargetError as error:
            raise TransportError(Failure.UNKNOWN, str(error)) from None
        if here.tls and not there.tls:
            raise TransportError(Failure.UNKNOWN, f"{here.host} leads out of TLS")
        here = there
    raise TransportError(Failure.UNKNOWN, f"more than {REDIRECTS} redirects")


async def _once(
    target: Target, end: float, accept: str, proxy: Proxy | None, place: tuple[str, int] | None
) -> Response:
    host, port = (proxy.host, proxy.port) if proxy else place or (target.host, target.port)
    async with limit(max(0.05, end - time.monotonic()), Failure.NAME_LOOKUP_TIMEOUT):
        addresses = (await resolve(host, port)).addresses
    found = []
    for address in addresses[:_MOST_ADDRESSES]:
        way = Way(target, address, port, proxy, (("Accept", accept),))
        walk = Walk(way, max(0.05, end - time.monotonic()))
        found = [observation async for observation in walk.open(("http/1.1",))]
        if any(o.name == Failure.TLS_CERTIFICATE for o in found):
            walk.close()
            raise TransportError(Failure.TLS_CERTIFICATE, f"{target.host} cannot prove itself")
        if walk.stream is not None:
            found = [observation async for observation in walk.get("document")]
        if not found or found[-1].name not in set(CONNECTING):
            break
    last = found[-1] if found else None
    if last is None or last.name != "http-response":
        failure = Failure(last.name) if last else Failure.NAME_WITHOUT_ADDRESS
        raise TransportError(failure, last.text("detail") if last else "no address")
    return Response.of(last.value)
