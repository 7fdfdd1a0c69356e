"""Are packets lost on the way? Several connections at once, and how many of them open, and when.

A connection that needs more than a second lost its first packet: that is when it is sent again
(RFC 6298). The same is tried with other places, for a busy server loses packets too.
"""

import asyncio
import time
from collections.abc import AsyncGenerator

from badgateway.model.failure import Failure
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.probes import Context, Cost, nowhere, side_by_side, swept
from badgateway.transport.failures import TransportError
from badgateway.transport.stream import connect

AFTER = (
    "connected",
    "http-response",
    Failure.CONNECT_TIMEOUT,
    Failure.TLS_TIMEOUT,
    Failure.ANSWER_TIMEOUT,
)
GIVES = ("connects-counted",)
COST = Cost(seconds=2.3, elsewhere=True)

TIMES = 10
SECONDS = 2.3
"""Long enough for one packet more after the second that passes before it is sent again."""
LATE = 0.9
APART = 0.02


def wanted(about: Observation, context: Context) -> str | None:
    """For a connection that came late or had to repeat itself, or one that hangs."""
    if about.name == "connected":
        suspicious = (about.number("seconds") or 0) >= LATE
    elif about.name == "http-response":
        suspicious = (about.number("retransmitted") or 0) > 0 or swept(about, context)
    else:
        suspicious = nowhere(about, context)
    return "loss" if suspicious and about.text("address") else None


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Connect to the site, and to other places where they may be asked."""
    places = [("site", about.text("address"), int(about.number("port") or 0), TIMES)]
    if context.proxy is None:
        other = [c for c in context.controls if ":" not in c.address]
        places += [("elsewhere", c.address, 443, TIMES // 2) for c in other[:4:2]]
    with side_by_side(_count(*place) for place in places) as answers:
        for answer in answers:
            yield await answer


async def _count(where: str, address: str, port: int, times: int) -> Observation:
    tries = [asyncio.create_task(_connect(address, port, place * APART)) for place in range(times)]
    try:
        took = [await each for each in tries]
    finally:
        for task in tries:
            task.cancel()
    answered = [seconds for seconds in took if seconds is not None]
    return seen(
        Hop.NETWORK,
        "connects-counted",
        f"tcp:{address}:{port}",
        where=where,
        address=address,
        port=port,
        tried=times,
        answered=len(answered),
        late=sum(seconds >= LATE for seconds in answered),
    )


async def _connect(address: str, port: int, wait: float) -> float | None:
    """Seconds until something answered, be it with a refusal; None where nothing did."""
    await asyncio.sleep(wait)
    started = time.perf_counter()
    try:
        async with asyncio.timeout(SECONDS):
            (await connect(address, port)).close()
    except TimeoutError:
        return None
    except TransportError as error:
        if error.failure is not Failure.CONNECT_REFUSED:
            return None
    return time.perf_counter() - started
