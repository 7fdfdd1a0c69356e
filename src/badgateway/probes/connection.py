"""Do the site's other addresses accept connections?

TCP, and TLS for https, to every address that the page itself is not asked at: one dead address
among several is a fault that some visitors meet and others do not.
"""

from collections.abc import AsyncGenerator

from badgateway.model.failure import CONNECTING, SECURING, Failure
from badgateway.model.observation import Observation
from badgateway.model.target import target_of
from badgateway.probes import MOST_ADDRESSES, Context, Cost
from badgateway.transport.walk import Walk, Way

AFTER = ("resolved",)
GIVES = (
    "connected",
    "tls-established",
    *CONNECTING,
    *SECURING,
    Failure.OUT_OF_REACH,
)
COST = Cost(seconds=0.1, supporting=True, on_demand=True)


def wanted(about: Observation, context: Context) -> str | None:
    """Every address but the first of its family."""
    place = about.value.get("place")
    if not isinstance(place, int) or not 0 < place < MOST_ADDRESSES:
        return None
    return f"{about.text('host')} {about.text('address')} {about.text('port')}"


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Open the connection and close it."""
    way = Way(
        target_of(about.text("url")),
        about.text("address"),
        int(about.number("port") or 0),
        context.proxy,
    )
    walk = Walk(way, context.seconds_left())
    async for observation in walk.open(("http/1.1",)):
        yield observation
    walk.close()
