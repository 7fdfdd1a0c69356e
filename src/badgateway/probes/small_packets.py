"""When a connection opens and then hangs: does it work with small packets?

A link that takes only smaller packets, and a filter that swallows the message saying so, make a
connection hang as soon as much is sent. Both ends are asked to send small segments only: if that
works, the size was it. (RFC 2923; no right and no tool is needed, unlike pings of several sizes.)
"""

from collections.abc import AsyncGenerator

from badgateway.model.failure import Failure
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.model.target import target_of
from badgateway.probes import Context, Cost, nowhere
from badgateway.transport.stream import Manner
from badgateway.transport.walk import Walk, Way

AFTER = (Failure.TLS_TIMEOUT, Failure.ANSWER_TIMEOUT)
GIVES = ("small-packets-pass", "small-packets-fail")
COST = Cost(seconds=0.3, requests=1, supporting=True, on_demand=True)

SEGMENT = 400
"""Bytes of data in a packet, well below what any link in use refuses."""
SECONDS = 3.0
LEAST = 1.0
"""Seconds that are needed for a failure to mean anything."""


def wanted(about: Observation, context: Context) -> str | None:
    """Once, for a connection that opened and then hung, when no other address works."""
    return about.text("url") if nowhere(about, context) else None


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Walk the same way with small segments."""
    target, address = target_of(about.text("url")), about.text("address")
    port = int(about.number("port") or 0)
    way = Way(target, address, port, context.proxy, manner=Manner(segment=SEGMENT))
    # It must end before the run does, or nothing of it is told.
    seconds = min(SECONDS, context.seconds_left() - 0.3)
    if seconds < LEAST:
        return
    last = await Walk(way, seconds).last("small")
    if last is None:
        return
    passed = last.name == "http-response"
    yield seen(
        Hop.NETWORK,
        "small-packets-pass" if passed else "small-packets-fail",
        last.source,
        url=target.url,
        address=address,
        segment=SEGMENT,
        failure=None if passed else last.name,
    )
