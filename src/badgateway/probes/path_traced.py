"""When no connection opens: how far do its packets get, and who turns them back?

SYNs with a growing time to live, to the port that fails and to the site's other web port, which
shows how the way looks where nothing is in it. A refusal that comes from nearer than the site, a
router that reports an obstacle, or packets that do not even leave this machine tell a filter from
a site that is down; so do answers that reach this machine and are
not delivered. No special right is needed; who reports is known on Linux only.
"""

import asyncio
import ipaddress
from collections.abc import AsyncGenerator

from badgateway.model.failure import Failure
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.probes import Context, Cost, nowhere, swept
from badgateway.transport.answers import Answers
from badgateway.transport.own_network import source_address
from badgateway.transport.path import step
from badgateway.transport.system import undelivered

AFTER = (
    "http-response",
    Failure.CONNECT_REFUSED,
    Failure.CONNECT_TIMEOUT,
    Failure.CONNECT_RESET,
    Failure.NO_ROUTE,
    Failure.LOCALLY_DENIED,
)
GIVES = ("path-traced",)
COST = Cost(seconds=1.0, supporting=True, on_demand=True)

LIMITS = (*range(1, 17), 64)
SECONDS = 1.0


def wanted(about: Observation, context: Context) -> str | None:
    """Once for each address that is not this machine's own, when none works."""
    if context.proxy is not None or not (nowhere(about, context) or swept(about, context)):
        return None
    try:
        address = ipaddress.ip_address(about.text("address").partition("%")[0])
    except ValueError:
        return None
    return None if address.is_loopback or address.is_unspecified else str(address)


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Send the SYNs to both ports at once."""
    address, port = about.text("address"), int(about.number("port") or 0)
    other = 80 if port != 80 else 443
    seconds = min(SECONDS, context.seconds_left())
    before = undelivered(address)
    with Answers(address) as answers:
        steps = await asyncio.gather(
            *(step(address, at, each, seconds) for at in (port, other) for each in LIMITS)
        )
        distances = answers.distances()
    after = undelivered(address)
    told = [(each.limit, each.end.value, each.by) for each in steps]
    yield seen(
        Hop.NETWORK,
        "path-traced",
        f"tcp:{address}:{port}",
        address=address,
        port=port,
        steps=told[: len(LIMITS)],
        other_port=other,
        other_steps=told[len(LIMITS) :],
        own=source_address(address),
        distance=distances.get(port),
        other_distance=distances.get(other),
        undelivered=None if before is None or after is None else max(0, after - before),
    )
