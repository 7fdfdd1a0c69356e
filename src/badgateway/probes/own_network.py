"""What is this machine's own network? Asked when a connection fails; nothing is sent.

Default routes of both families, the device and the address from which the site would be reached,
and whether that device is a tunnel.
"""

from collections.abc import AsyncGenerator

from badgateway.model.failure import CONNECTING, NAMING, Failure
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.probes import Context, Cost, swept
from badgateway.transport.own_network import own_network
from badgateway.transport.system import in_thread

AFTER = ("http-response", *NAMING, *CONNECTING, Failure.TLS_TIMEOUT, Failure.ANSWER_TIMEOUT)
GIVES = ("own-network",)
COST = Cost(seconds=0.02)


def wanted(about: Observation, context: Context) -> str | None:
    """Once for each address that fails."""
    if about.name == "http-response" and not swept(about, context):
        return None
    return about.text("address") or "none"


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Read it."""
    address = about.text("address")
    found = await in_thread(lambda: own_network(address))
    yield seen(
        Hop.DEVICE,
        "own-network",
        "system:network",
        url=about.text("url"),
        address=address,
        port=about.value.get("port"),
        default4=found.default4,
        default6=found.default6,
        devices=found.devices,
        source=found.source,
        device=found.device,
        tunnel=found.tunnel,
        others=found.others,
        other_sources=found.other_sources,
        mtu=found.mtu,
    )
