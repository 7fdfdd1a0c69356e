"""When the site is out of reach through a tunnel: does it answer past the tunnel?

One TCP connection through another network device that has a default route; no request is sent.
The site sees this machine's own address then, so `--no-detours` leaves it out.
"""

from collections.abc import AsyncGenerator

from badgateway.model.failure import Failure
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.probes import Context, Cost, through
from badgateway.transport.failures import TransportError, limit
from badgateway.transport.stream import connect

AFTER = ("own-network",)
GIVES = ("past-tunnel",)
COST = Cost(seconds=0.2, supporting=True, on_demand=True)

SECONDS = 2.0


def wanted(about: Observation, context: Context) -> str | None:
    """For an address that is reached through a tunnel, where another device leads out."""
    if not context.wishes.detours or not about.value.get("tunnel") or not about.items("others"):
        return None
    return about.text("address") or None


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Connect through the first other device."""
    device, address = str(about.items("others")[0]), about.text("address")
    port, failure = int(about.number("port") or 0), None
    try:
        async with limit(min(SECONDS, context.seconds_left()), Failure.CONNECT_TIMEOUT):
            (await connect(address, port, through(about, 0))).close()
    except TransportError as error:
        failure = error.failure.value
    yield seen(
        Hop.EXIT,
        "past-tunnel",
        f"tcp:{address}:{port}%{device}",
        address=address,
        port=port,
        device=device,
        tunnel=about.text("device"),
        works=failure is None,
        failure=failure,
    )
