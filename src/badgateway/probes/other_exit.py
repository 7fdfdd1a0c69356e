"""Does the page come through another exit? `--proxy` given again: a proxy, `tor`, or `direct`.

The same request through each of them, side by side. A refused address (a VPN's, a country's, one
that asked too often), a proxy that makes the page itself and a blocked way show in the comparison.
"""

from collections.abc import AsyncGenerator

from badgateway.model.failure import Failure
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.model.target import Target, target_of
from badgateway.probes import WALKED, Context, Cost, ended, side_by_side
from badgateway.transport.failures import TransportError, limit
from badgateway.transport.proxy import Proxy
from badgateway.transport.system import resolve
from badgateway.transport.walk import Walk, Way

AFTER = WALKED
GIVES = ("exit-answer", "exit-failed")
COST = Cost(seconds=1.0, requests=1, named=True)

SECONDS = 15.0
"""A circuit through Tor takes some seconds to be built."""


def wanted(about: Observation, context: Context) -> str | None:
    """Once, when the way to the page has ended, and the person named further exits."""
    return "exits" if context.exits and ended(about, context) else None


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Go through all of them side by side."""
    target = target_of(about.text("url"))
    with side_by_side(_one(proxy, target, context) for proxy in context.exits) as answers:
        for answer in answers:
            yield await answer


async def _one(proxy: Proxy | None, target: Target, context: Context) -> Observation:
    shown = proxy.shown if proxy else "direct"
    told = {"url": target.url, "exit": shown}
    host, port = (proxy.host, proxy.port) if proxy else (target.host, target.port)
    seconds = min(SECONDS, context.seconds_left())
    if proxy is None and context.wishes.connect_to and target.host == context.target.host:
        host = context.wishes.connect_to.host
        port = context.wishes.connect_to.port or port
    try:
        async with limit(seconds, Failure.NAME_LOOKUP_TIMEOUT):
            addresses = (await resolve(host, port)).addresses
    except TransportError as error:
        return _failed(told, error.failure.value, error.detail)
    headers = context.wishes.headers if target.host == context.target.host else ()
    last = None
    for address in addresses[:2]:
        last = await Walk(Way(target, address, port, proxy, headers), seconds).last("exit")
        if last is not None and last.name == "http-response":
            break
    if last is None:
        return _failed(told, Failure.UNKNOWN.value, "")
    if last.name != "http-response":
        return _failed(told, last.name, last.text("detail"))
    if last.text("by") == "proxy":
        return _failed(
            told, Failure.PROXY_REFUSED.value, f"it answers {last.text('status')} itself"
        )
    kept = ("status", "reason", "headers", "body", "protocol", "address")
    return seen(
        Hop.EXIT,
        "exit-answer",
        f"exit:{shown}",
        **told,
        **{key: last.value.get(key) for key in kept},
        # Asked for an unencrypted page, an HTTP proxy can answer in the site's place.
        relayed=proxy is not None and proxy.scheme == "http" and not target.tls,
    )


def _failed(told: dict[str, str], failure: str, detail: str) -> Observation:
    source = f"exit:{told['exit']}"
    return seen(Hop.EXIT, "exit-failed", source, **told, failure=failure, detail=detail)
