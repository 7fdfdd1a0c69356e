"""Who is the server that visitors reach? What it says where it must answer by itself.

A server must refuse a header whose name is followed by a space (RFC 9112 5.1), so this one request
is never passed on: its answer shows the maker of the first server's pages. A page of another maker
comes from behind it. nginx, Apache, HAProxy, Caddy, lighttpd, Varnish and Traffic Server were seen
to do so.
"""

from collections.abc import AsyncGenerator

from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.model.target import target_of
from badgateway.probes import Context, Cost, swept
from badgateway.transport.walk import Walk, Way

AFTER = ("http-response",)
GIVES = ("front-answer",)
COST = Cost(seconds=0.1, requests=1, supporting=True, on_demand=True)

SPOILT = b"X-Spoilt : 1\r\n"
SECONDS = 4.0


def wanted(about: Observation, context: Context) -> str | None:
    """Once for a page that is an error; not where a proxy of the person's reads the request."""
    target = target_of(about.text("url"))
    if about.value.get("what") != "page" or (context.proxy is not None and not target.tls):
        return None
    failed = (about.number("status") or 0) >= 400
    return target.host if failed or swept(about, context) else None


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Send the malformed request, without the person's own headers."""
    target = target_of(about.text("url"))
    way = Way(target, about.text("address"), int(about.number("port") or 0), context.proxy)
    walk = Walk(way, min(SECONDS, context.seconds_left()))
    last = await walk.last("front", SPOILT)
    if last is None or last.name != "http-response":
        return
    yield seen(
        Hop.GATEWAY,
        "front-answer",
        last.source,
        url=target.url,
        address=about.text("address"),
        status=last.value.get("status"),
        reason=last.value.get("reason"),
        headers=last.value.get("headers"),
        body=last.text("body")[:2000],
    )
