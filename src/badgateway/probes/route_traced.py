"""How far do packets come, where the system has a tool that tells? Windows and macOS.

On Linux `path_traced` sees more by itself. Elsewhere the answers of routers are shown to the
system's own `tracert` or `traceroute` only; nothing but packets to the site's address is sent.
"""

import sys
from collections.abc import AsyncGenerator

from badgateway.model.failure import Failure
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.model.target import is_address
from badgateway.probes import Context, Cost, nowhere
from badgateway.transport.command import output_of
from badgateway.transport.system import in_thread
from badgateway.transport.systems.route import trace

AFTER = (Failure.CONNECT_TIMEOUT, Failure.NO_ROUTE)
GIVES = ("route-traced",)
COST = Cost(seconds=8.0, supporting=True)

SECONDS = 12.0
TOOLS = {
    "win32": ("tracert", "-d", "-h", "8", "-w", "300"),
    "darwin": ("traceroute", "-n", "-m", "8", "-q", "1", "-w", "1"),
}
"""Numbers only, eight steps, short waits: it ends in time, also where nothing answers."""


def wanted(about: Observation, context: Context) -> str | None:
    """Once, for an address that is out of reach, on systems that have such a tool."""
    address = about.text("address")
    if sys.platform not in TOOLS or context.proxy is not None or not is_address(address):
        return None
    return address if nowhere(about, context) else None


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Run the tool and read it."""
    address = about.text("address")
    tool = TOOLS[sys.platform]
    # macOS has a program of its own for IPv6; Windows' takes both.
    name = "traceroute6" if tool[0] == "traceroute" and ":" in address else tool[0]
    seconds = min(SECONDS, context.seconds_left())
    said = await in_thread(lambda: output_of([name, *tool[1:], address], seconds))
    routers = trace(said or "")
    if not routers:
        return
    answered = [router for router in routers if router.address]
    last = answered[-1] if answered else None
    yield seen(
        Hop.NETWORK,
        "route-traced",
        f"{name}:{address}",
        address=address,
        steps=len(routers),
        answered=len(answered),
        last=last.address if last else "none",
        report=last.report if last else "",
        reached=last is not None and last.address == address,
    )
