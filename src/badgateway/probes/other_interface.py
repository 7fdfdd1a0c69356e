"""When the site is out of reach: does it answer through another network of this machine?

A machine on cable and Wi-Fi, or with a phone tethered, has several networks; each that has a
default route is tried with one TCP connection, bound to it. No request is sent. The site sees this
machine's address in that network, so `--no-detours` leaves it out. Where the usual way is a
tunnel, `other_device` does it.
"""

import asyncio
from collections.abc import AsyncGenerator

from badgateway.model.failure import Failure
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.probes import Context, Cost, nowhere, through
from badgateway.transport.failures import TransportError, limit
from badgateway.transport.stream import Manner, connect

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
    names = [str(name) for name in about.items("others")][:MOST]
    asked = [
        asyncio.create_task(_one(about, name, through(about, place), seconds))
        for place, name in enumerate(names)
    ]
    try:
        for answer in asyncio.as_completed(asked):
            yield await answer
    finally:
        for task in asked:
            task.cancel()


async def _one(own: Observation, device: str, manner: Manner, seconds: float) -> Observation:
    address, port, failure = own.text("address"), int(own.number("port") or 0), None
    try:
        async with limit(seconds, Failure.CONNECT_TIMEOUT):
            (await connect(address, port, manner)).close()
    except TransportError as error:
        failure = error.failure.value
    return seen(
        Hop.NETWORK,
        "through-interface",
        f"tcp:{address}:{port}%{device}",
        address=address,
        port=port,
        device=device,
        usual=own.text("device"),
        works=failure is None,
        failure=failure,
    )
