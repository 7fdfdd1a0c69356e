"""What do the zone's own name servers say, past every cache?

Asked from the root downwards when the address that this machine found does not work, or none was
found. A cache may hold an old address; these servers cannot. Where they name another one, one
TLS handshake there shows whether the site has moved.
"""

from collections.abc import AsyncGenerator

from badgateway.model.failure import CONNECTING, NAMING, Failure
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.model.target import Target, target_of
from badgateway.probes import Context, Cost, nowhere, swept
from badgateway.transport.failures import TransportError
from badgateway.transport.walk import Walk, Way
from badgateway.transport.zone import ZoneAnswer, ask_zone

AFTER = ("http-response", *NAMING, *CONNECTING, Failure.TLS_CERTIFICATE)
GIVES = ("zone-answer", "zone-silent")
COST = Cost(seconds=0.2, third_party=True, supporting=True, on_demand=True)

SECONDS = 4.0


def wanted(about: Observation, context: Context) -> str | None:
    """Once for each public name whose addresses do not work."""
    target = target_of(about.text("url"))
    if context.proxy is not None or context.wishes.connect_to or target.literal:
        return None
    if not context.wishes.public_resolvers or not target.public:
        return None
    named = about.name in NAMING or about.name == Failure.TLS_CERTIFICATE
    failed = named or nowhere(about, context) or swept(about, context)
    return target.host if failed else None


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Ask for the IPv4 address; where it is another one than failed, try it."""
    target = target_of(about.text("url"))
    try:
        told = await ask_zone(target.host, "A", min(SECONDS, context.seconds_left()))
    except TransportError:
        return
    if told.answer is None:
        yield seen(
            Hop.ZONE,
            "zone-silent",
            f"dns:{told.zone}",
            url=target.url,
            host=target.host,
            zone=told.zone,
        )
        return
    known = {
        o.text("address")
        for o in context.evidence.named("resolved")
        if o.text("host") == target.host and o.text("by") == "system"
    }
    new = [address for address in told.answer.addresses if address not in known]
    works = await _works(target, new[0], context) if new and known else None
    yield _stated(target, told, works)


async def _works(target: Target, address: str, context: Context) -> bool:
    walk = Walk(Way(target, address, target.port), min(2.0, context.seconds_left()))
    found = [observation async for observation in walk.open(("http/1.1",))]
    walk.close()
    last = found[-1] if found else None
    return last is not None and (
        last.value.get("trusted") is True if target.tls else last.name == "connected"
    )


def _stated(target: Target, told: ZoneAnswer, works: bool | None) -> Observation:
    assert told.answer is not None
    return seen(
        Hop.ZONE,
        "zone-answer",
        f"dns:{told.server}:A:{target.host}",
        url=target.url,
        host=target.host,
        zone=told.zone,
        server=told.server,
        rcode=told.answer.rcode,
        addresses=told.answer.addresses,
        cnames=told.answer.cnames,
        ttl=told.answer.ttl,
        works=works,
    )
