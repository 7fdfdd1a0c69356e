"""What does each name server of the zone answer, and do the zone above and the zone agree?

Found from the root downwards, past every cache. Each server is asked for the addresses; one that
answers also for its own list of servers and for its keys, and the zone above for the digest of
those keys (DS). Only where the name itself is the question.
"""

import asyncio
from collections.abc import AsyncGenerator

from badgateway.model.failure import Failure
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.model.target import target_of
from badgateway.probes import Context, Cost, side_by_side
from badgateway.transport import zone as names
from badgateway.transport.dns import DnsAnswer, Resolver, ask
from badgateway.transport.failures import TransportError
from badgateway.transport.zone import ZoneAnswer, ask_zone

AFTER = ("asked",)
GIVES = ("delegation", "nameserver-answer", "nameserver-silent", "zone-silent")
COST = Cost(seconds=0.4, third_party=True, named=True)

SECONDS = 5.0
EACH = 2.0
"""Seconds that each server gets."""
MOST = 8
"""Servers that are asked; few zones have more."""


def wanted(about: Observation, context: Context) -> str | None:
    """Once for a public name, where the name is the question."""
    target = target_of(about.text("url"))
    return target.host if context.wishes.survey and target.public and not target.literal else None


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Walk down to the zone, then ask all of its servers at once."""
    host = target_of(about.text("url")).host
    try:
        told = await ask_zone(host, "A", min(SECONDS, context.seconds_left()))
    except TransportError:
        return
    servers = await _addressed(told, min(EACH, context.seconds_left()))
    if not servers and told.server:
        # Nobody leads any deeper: whoever answered has the last word, as for a name that is free.
        servers = [(told.server, told.server)]
    asked = [
        _answer(told.zone, name, address, host, kind)
        for name, address in servers
        for kind in context.record_types()
    ]
    answered = 0
    with side_by_side(asked) as answers:
        for answer in answers:
            observation = await answer
            answered += observation.name == "nameserver-answer"
            yield observation
    if not answered and told.answer is None:
        yield seen(Hop.ZONE, "zone-silent", f"dns:{told.zone}", host=host, zone=told.zone)
    yield await _delegation(host, told, [address for _, address in servers])


async def _addressed(told: ZoneAnswer, seconds: float) -> list[tuple[str, str]]:
    """Each server of the zone with one address of it; an empty one where it has none."""

    async def one(name: str, held: tuple[str, ...]) -> tuple[str, str]:
        if not held:
            try:
                found = await ask_zone(name, "A", seconds)
                held = found.answer.addresses if found.answer else ()
            except TransportError:
                held = ()
        return name, held[0] if held else ""

    return list(await asyncio.gather(*(one(*item) for item in list(told.named.items())[:MOST])))


async def _answer(zone: str, server: str, address: str, host: str, kind: str) -> Observation:
    source = f"dns:{address or server}:{kind}:{host}"
    asked = {"zone": zone, "server": server, "address": address, "host": host, "type": kind}
    answer, failure, detail = await _asked(address, host, kind)
    if answer is None:
        return seen(Hop.ZONE, "nameserver-silent", source, **asked, failure=failure, detail=detail)
    return seen(
        Hop.ZONE,
        "nameserver-answer",
        source,
        **asked,
        rcode=answer.rcode,
        addresses=answer.addresses,
        ttl=answer.ttl,
        cnames=answer.cnames,
        authoritative=answer.authoritative,
        took=round(answer.seconds, 6),
    )


async def _asked(address: str, name: str, kind: str) -> tuple[DnsAnswer | None, str, str]:
    """The answer; else the word for what failed, and its particulars."""
    if not address:
        return None, Failure.NAME_WITHOUT_ADDRESS.value, "its name has no address"
    try:
        server = Resolver("", address, names.PORT)
        return await ask(server, name, kind, EACH, recursive=False), "", ""
    except TransportError as error:
        return None, error.failure.value, error.detail


async def _delegation(host: str, told: ZoneAnswer, addresses: list[str]) -> Observation:
    """How the zone above leads to this one, and what this one says of itself."""
    own = keys = None
    for address in filter(None, addresses):
        own, _, _ = await _asked(address, told.zone, "NS")
        if own is not None and own.authoritative and own.rcode == "NOERROR":
            keys, _, _ = await _asked(address, told.zone, "DNSKEY")
            break
    digest, _, _ = await _asked(told.parent, told.zone, "DS") if told.parent else (None, "", "")
    return seen(
        Hop.ZONE,
        "delegation",
        f"dns:{told.parent}:NS:{told.zone}",
        host=host,
        zone=told.zone,
        parent=told.parent,
        named=tuple(sorted(told.named)),
        own=tuple(sorted(name.rstrip(".").lower() for name in own.addresses)) if own else (),
        digests=None if digest is None else len(digest.addresses),
        keys=None if keys is None else len(keys.addresses),
    )
