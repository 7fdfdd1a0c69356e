"""Do this machine's proxy settings send programs another way, and does that way work?

Browsers and most programs follow them; this check goes straight unless `--proxy` says otherwise.
Where `https_proxy` and its like, or the system's settings, name a proxy for the page, the page is
asked for through it once.
"""

import os
import sys
from collections.abc import AsyncGenerator

from badgateway.model.failure import Failure
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.model.target import TargetError
from badgateway.probes import Context, Cost
from badgateway.transport.failures import TransportError, limit
from badgateway.transport.proxy import Proxy, proxy_of
from badgateway.transport.system import configured_proxy, in_thread, resolve
from badgateway.transport.walk import Walk, Way

AFTER = ("asked",)
GIVES = ("proxy-set", "proxied-answer", "proxied-failed")
COST = Cost(seconds=0.2, requests=1)

SECONDS = 5.0


def wanted(about: Observation, context: Context) -> str | None:
    """Where the environment or the system may name a proxy and the person named none."""
    if context.proxy is not None or context.wishes.connect_to:
        return None
    named = any(name.lower().endswith("_proxy") for name in os.environ)
    return "settings" if named or sys.platform in ("win32", "darwin") else None


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Find the proxy of this URL and go through it."""
    target = context.target
    found = await in_thread(lambda: configured_proxy(target.tls, target.host))
    if found is None:
        return
    setting, text = found
    try:
        proxy = proxy_of(text)
    except TargetError:
        return
    told = {"url": target.url, "proxy": proxy.shown, "setting": setting}
    yield seen(Hop.DEVICE, "proxy-set", f"setting:{setting}", **told)
    seconds = min(SECONDS, context.seconds_left())
    try:
        async with limit(seconds, Failure.NAME_LOOKUP_TIMEOUT):
            address = (await resolve(proxy.host, proxy.port)).addresses[0]
    except TransportError as error:
        yield seen(Hop.EXIT, "proxied-failed", proxy.shown, **told, failure=error.failure.value)
        return
    yield await _asked(context, proxy, address, told, seconds)


async def _asked(
    context: Context, proxy: Proxy, address: str, told: dict[str, str], seconds: float
) -> Observation:
    walk = Walk(Way(context.target, address, proxy.port, proxy), seconds)
    last = await walk.last("proxied")
    if last is not None and last.value.get("what") == "proxied" and last.name == "http-response":
        return seen(
            Hop.EXIT,
            "proxied-answer",
            last.source,
            **told,
            status=last.value.get("status"),
            headers=last.value.get("headers"),
        )
    own = last is not None and last.name == "http-response"
    return seen(
        Hop.EXIT,
        "proxied-failed",
        proxy.shown,
        **told,
        failure=Failure.PROXY_REFUSED.value if own or last is None else last.name,
        status=last.value.get("status") if own and last is not None else None,
    )
