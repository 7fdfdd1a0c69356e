"""When the page fails through the person's proxy: does it come without it?

One request straight to the site. It shows the site this machine's own address, so `--no-detours`
leaves it out, and so does a proxy at one of Tor's ports. Where the person named `direct` as an
exit to compare with, `other_exit` does it.
"""

from collections.abc import AsyncGenerator

from badgateway.model.failure import ANSWERING, CONNECTING, PROXYING, SECURING, Failure
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.probes import Context, Cost
from badgateway.transport.failures import TransportError, limit
from badgateway.transport.proxy import TOR_PORTS
from badgateway.transport.system import resolve
from badgateway.transport.walk import Walk, Way

AFTER = ("http-response", *CONNECTING, *SECURING, *ANSWERING, *PROXYING)
GIVES = ("direct-answer", "direct-failed")
COST = Cost(seconds=0.2, requests=1)

SECONDS = 4.0


def wanted(about: Observation, context: Context) -> str | None:
    """Once, for a page that failed through the proxy."""
    proxy, status = context.proxy, about.value.get("status")
    if proxy is None or not context.wishes.detours or proxy.port in TOR_PORTS:
        return None
    if None in context.exits:
        return None
    if about.name == "http-response" and (not isinstance(status, int) or status < 400):
        return None
    return "direct" if about.value.get("what", "page") == "page" else None


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Go straight to the first address."""
    target, failure = context.target, ""
    seconds = min(SECONDS, context.seconds_left())
    try:
        async with limit(seconds, Failure.NAME_LOOKUP_TIMEOUT):
            addresses = (await resolve(target.host, target.port)).addresses
    except TransportError as error:
        addresses, failure = (), error.failure.value
    source = f"direct:{target.host}"
    for address in addresses[:2]:
        last = await Walk(Way(target, address, target.port), seconds).last("direct")
        if last is not None and last.name == "http-response":
            yield seen(
                Hop.GATEWAY,
                "direct-answer",
                last.source,
                url=target.url,
                address=address,
                status=last.value.get("status"),
            )
            return
        failure = last.name if last is not None else failure
    yield seen(Hop.NETWORK, "direct-failed", source, url=target.url, failure=failure)
