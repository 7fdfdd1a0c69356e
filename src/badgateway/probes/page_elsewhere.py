"""Where other resolvers lead: is the page there another one?

Only for plain HTTP, where no certificate proves who answers, and only when no other resolver
gives any address that this machine found: a block page or an old server shows by its page.
"""

from collections.abc import AsyncGenerator

from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.model.response import Response
from badgateway.model.target import target_of
from badgateway.probes import Context, Cost
from badgateway.transport.walk import Walk, Way

AFTER = ("resolver-answer", "http-response")
GIVES = ("page-elsewhere",)
COST = Cost(seconds=0.2, requests=1)

SECONDS = 3.0


def wanted(about: Observation, context: Context) -> str | None:
    """Once, where this machine is led to places that nobody else knows."""
    url = context.target.url
    if context.target.tls or context.proxy is not None:
        return None
    return "elsewhere" if _address(url, context) else None


def _address(url: str, context: Context) -> str | None:
    """The address that others give, once this machine's page is there and no address agrees."""
    evidence, host = context.evidence, target_of(url).host
    mine = {
        o.text("address")
        for o in evidence.named("resolved")
        if o.text("url") == url and o.text("by") == "system"
    }
    came = any(
        o.text("url") == url and o.text("address") in mine and o.value.get("what") == "page"
        for o in evidence.named("http-response")
    )
    theirs = [
        str(address)
        for o in evidence.named("resolver-answer")
        if o.text("host") == host
        for address in o.items("addresses")
    ]
    if not came or not theirs or set(theirs) & mine:
        return None
    return min(theirs, key=lambda address: ":" in address)


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Ask for the page at the other address."""
    target, address = context.target, _address(context.target.url, context)
    if address is None:
        return
    way = Way(target, address, target.port, headers=context.wishes.headers)
    last = await Walk(way, min(SECONDS, context.seconds_left())).last("elsewhere")
    if last is None or last.name != "http-response":
        return
    response = Response.of(last.value)
    yield seen(
        Hop.RESOLVER,
        "page-elsewhere",
        last.source,
        url=target.url,
        address=address,
        status=response.status,
        to=(response.header("location") or "")[:500],
        headers=last.value.get("headers"),
        body=response.body[:2000],
    )
