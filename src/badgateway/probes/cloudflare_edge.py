"""Is Cloudflare's edge itself alive? It answers `/cdn-cgi/trace` without asking the origin.

A good answer there beside a failing page clears the visitor, the name and the edge: the fault
lies between Cloudflare and the origin, or at the origin.
"""

from collections.abc import AsyncGenerator

from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.model.target import target_of
from badgateway.probes import Context, Cost
from badgateway.transport.walk import Walk, Way

AFTER = ("http-response",)
GIVES = ("edge-alive", "edge-silent")
COST = Cost(seconds=0.1, requests=1)

PATH = "/cdn-cgi/trace"


def wanted(about: Observation, context: Context) -> str | None:
    """For a failing answer that came through Cloudflare."""
    names = {str(pair[0]).lower() for pair in about.items("headers") if isinstance(pair, tuple)}
    status = about.value.get("status")
    failed = isinstance(status, int) and status >= 500
    return target_of(about.text("url")).host if "cf-ray" in names and failed else None


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Ask the edge for its trace: lines of `key=value`, among them `colo`, the data centre."""
    target = target_of(about.text("url")).at(PATH)
    way = Way(target, about.text("address"), int(about.number("port") or 0), context.proxy)
    last = await Walk(way, min(10.0, context.seconds_left())).last("edge")
    if last is None:
        return
    lines = dict(line.split("=", 1) for line in last.text("body").splitlines() if "=" in line)
    if last.value.get("status") == 200 and "colo" in lines:
        yield seen(
            Hop.EDGE,
            "edge-alive",
            last.source,
            url=target.url,
            colo=lines["colo"][:8],
        )
    else:
        yield seen(
            Hop.EDGE,
            "edge-silent",
            last.source,
            url=target.url,
            status=last.value.get("status"),
            failure=last.name,
        )
