"""Which addresses does this machine find for the name, the way every program here would?

The system's own resolution: hosts file, search domains, caches and whatever else is set up. A
literal address, `--connect-to` and a proxy that resolves by itself need no lookup and say so.
"""

import ipaddress
import time
from collections.abc import AsyncGenerator

from badgateway.model.failure import Failure
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.model.target import Target, target_of
from badgateway.probes import Context, Cost
from badgateway.transport.failures import TransportError, limit
from badgateway.transport.system import hosts_entries, resolve

AFTER = ("asked", "redirect")
GIVES = (
    "resolved",
    "hosts-file-entry",
    Failure.NAME_UNKNOWN,
    Failure.NAME_WITHOUT_ADDRESS,
    Failure.NAME_LOOKUP_FAILED,
    Failure.NAME_LOOKUP_TIMEOUT,
    Failure.NO_LOCAL_ADDRESS,
    Failure.OUT_OF_REACH,
)
COST = Cost(seconds=0.05)

SECONDS = 12.0
"""glibc asks each name server twice for 5 seconds; what is slower is as good as dead."""


def wanted(about: Observation, context: Context) -> str | None:
    """Once for each URL on the way."""
    return f"{about.text('to') or about.text('url')} {about.text('cookies')}"


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Find the addresses of the URL that was asked for, or that a redirect leads to."""
    target = target_of(about.text("to") or about.text("url"))
    wishes, started = context.wishes, time.perf_counter()
    host, port, by = target.host, target.port, "system"
    if context.proxy is not None:
        # The person's proxy looks the name up; asking here would go around it.
        host, port, by = context.proxy.host, context.proxy.port, "proxy"
    elif wishes.connect_to and target.host == context.target.host:
        host, port = wishes.connect_to.host, wishes.connect_to.port or target.port
        by = "connect-to"
    try:
        ipaddress.ip_address(host.partition("%")[0])
        addresses: tuple[str, ...] = (host,)
        by = "literal" if by == "system" else by
    except ValueError:
        if by == "system" and not wishes.for_another:
            for entry in hosts_entries(host):
                yield seen(
                    Hop.DEVICE,
                    "hosts-file-entry",
                    f"{entry.path}:{entry.line}",
                    host=host,
                    address=entry.address,
                )
        try:
            async with limit(min(SECONDS, context.seconds_left()), Failure.NAME_LOOKUP_TIMEOUT):
                addresses = (await resolve(host, port)).addresses
        except TransportError as error:
            yield seen(
                Hop.EXIT if by == "proxy" else Hop.RESOLVER,
                error.failure.value,
                "system-resolver",
                host=host,
                url=target.url,
                by=by,
                detail=error.detail,
                seconds=round(time.perf_counter() - started, 6),
            )
            return
    for observation in _resolved(
        target, addresses, port, by, context, time.perf_counter() - started
    ):
        yield observation


def _resolved(
    target: Target, addresses: tuple[str, ...], port: int, by: str, context: Context, seconds: float
) -> list[Observation]:
    """One observation for each address, numbered within its family, best first."""
    wanted_family = context.wishes.family
    told, counts = [], {4: 0, 6: 0}
    for address in addresses:
        family = 6 if ":" in address else 4
        if wanted_family and family != wanted_family:
            continue
        told.append(
            seen(
                Hop.EXIT if by == "proxy" else Hop.RESOLVER,
                "resolved",
                f"{'system-resolver' if by == 'system' else by}:{target.host}",
                host=target.host,
                url=target.url,
                address=address,
                port=port,
                family=family,
                place=counts[family],
                by=by,
                seconds=round(seconds, 6),
            )
        )
        counts[family] += 1
    if addresses and not told:
        return [
            seen(
                Hop.RESOLVER,
                Failure.NO_LOCAL_ADDRESS.value,
                "system-resolver",
                host=target.host,
                url=target.url,
                by=by,
                address="",
                detail=f"no IPv{wanted_family} address among {', '.join(addresses)}",
            )
        ]
    return told
