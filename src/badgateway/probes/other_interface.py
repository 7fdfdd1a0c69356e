"""When the site is out of reach: does it answer through another network of this machine?

A machine on cable and Wi-Fi, or with a phone tethered, has several networks; each that has a
default route is tried with one TCP connection, bound to it. No request is sent. The site sees this
machine's address in that network, so `--no-detours` leaves it out. Where the usual way is a
tunnel, `other_device` does it.
"""

from collections.abc import AsyncGenerator

from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.probes import Context, Cost, connects_through, nowhere, side_by_side

AFTER = ("own-network",)
GIVES = ("through-interface",)
COST = Cost(seconds=0.2, supporting=True)

SECONDS = 3.0
MOST = 4


def wanted(about: Observation, context: Context) -> str | None:
    """For an address that does not work, where other devices lead out and none is a tunnel."""
    if not context.wishes.detours or context.proxy is not None or about.value.get("tunnel"):
        return None
    # Without a device for the usual way there is no other one to compare with.
    if not about.items("others") or not about.text("address") or not about.number("port"):
        return None
    return about.text("address") if nowhere(about, context) else None


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Connect through each of them, side by side."""
    seconds = min(SECONDS, context.seconds_left())
    places = range(len(about.items("others")[:MOST]))
    asked = [_one(about, place, seconds) for place in places]
    with side_by_side(asked) as answers:
        for answer in answers:
            yield await answer


async def _one(own: Observation, place: int, seconds: float) -> Observation:
    found = await connects_through(own, place, seconds)
    source = "tcp:{address}:{port}%{device}".format(**found)
    return seen(Hop.NETWORK, "through-interface", source, usual=own.text("device"), **found)
