"""When the site is out of reach through a tunnel: does it answer past the tunnel?

One TCP connection through another network device that has a default route; no request is sent.
The site sees this machine's own address then, so `--no-detours` leaves it out.
"""

from collections.abc import AsyncGenerator

from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.probes import Context, Cost, connects_through

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
    found = await connects_through(about, 0, min(SECONDS, context.seconds_left()))
    source = "tcp:{address}:{port}%{device}".format(**found)
    yield seen(Hop.EXIT, "past-tunnel", source, tunnel=about.text("device"), **found)
