"""When https fails: what does port 80 of the same address say?

The site's own answer there shows that its machine is up and only the other port is closed or
filtered. A stranger's answer shows who stands in the way: a captive portal cannot forge
certificates, so this is where it shows itself. Only the front page is asked for, for the request
is not encrypted. Its `Date` also tells whether this machine's clock is right.
"""

from collections.abc import AsyncGenerator

from badgateway.model.failure import CONNECTING, SECURING, Failure
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.model.response import Response
from badgateway.model.target import TargetError, target_of
from badgateway.probes import Context, Cost, nowhere, swept
from badgateway.transport.failures import TransportError, limit
from badgateway.transport.system import resolve
from badgateway.transport.walk import Walk, Way

AFTER = ("http-response", *CONNECTING, *SECURING)
GIVES = ("plain-http", "plain-http-failed")
COST = Cost(seconds=0.2, requests=1, supporting=True, on_demand=True)

PORT = 80
SECONDS = 3.0


def wanted(about: Observation, context: Context) -> str | None:
    """Once for each address of an https page at its usual port, when no address works."""
    if context.proxy is not None or not about.text("url").startswith("https:"):
        return None
    certificate = about.name == Failure.TLS_CERTIFICATE
    failed = certificate or nowhere(about, context) or swept(about, context)
    if about.number("port") != 443 or not failed:
        return None
    return about.text("address")


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Ask for the front page without encryption."""
    host = target_of(about.text("url")).authority
    target = target_of(f"http://{host}/")
    walk = Walk(Way(target, about.text("address"), PORT), min(SECONDS, context.seconds_left()))
    last = await walk.last("plain")
    if last is None:
        return
    if last.name != "http-response":
        yield seen(
            Hop.NETWORK,
            "plain-http-failed",
            last.source,
            url=target.url,
            address=about.text("address"),
            failure=last.name,
        )
        return
    response = Response.of(last.value)
    location = response.header("location") or ""
    host, addresses = await _led_to(target.url, location)
    yield seen(
        Hop.GATEWAY,
        "plain-http",
        last.source,
        url=target.url,
        address=about.text("address"),
        status=response.status,
        to=location[:500],
        to_host=host,
        to_addresses=addresses,
        headers=last.value.get("headers"),
        body=response.body[:2000],
    )


async def _led_to(here: str, location: str) -> tuple[str, tuple[str, ...]]:
    """The host that a redirect leads to, and its addresses as this machine finds them."""
    if not location:
        return "", ()
    try:
        there = target_of(here).follow(location)
    except TargetError:
        return "", ()
    if there.host == target_of(here).host:
        return there.host, ()
    try:
        async with limit(1.5, Failure.NAME_LOOKUP_TIMEOUT):
            return there.host, (await resolve(there.host, there.port)).addresses
    except TransportError:
        return there.host, ()
