"""What does each resolver of this machine answer for the name, and for how long?

The system's own resolution tells no times to live and mixes in the hosts file; the resolvers that
it is set to are asked directly. Only where the name itself is the question.
"""

from collections.abc import AsyncGenerator

from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.model.target import target_of
from badgateway.probes import Context, Cost, side_by_side
from badgateway.transport.dns import Resolver, ask
from badgateway.transport.failures import TransportError
from badgateway.transport.system import name_servers

AFTER = ("asked",)
GIVES = ("own-resolver-answer", "own-resolver-silent")
COST = Cost(seconds=0.1, named=True)

SECONDS = 6.0
MOST = 4
"""The system's library reads three at the most (resolv.conf(5))."""


def wanted(about: Observation, context: Context) -> str | None:
    """Once, where the name is the question."""
    target = target_of(about.text("url"))
    return target.host if context.wishes.survey and not target.literal else None


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Ask each of them for both types, all at once."""
    host = target_of(about.text("url")).host
    seconds = min(SECONDS, context.seconds_left())
    asked = [
        _answer(address, host, kind, seconds)
        for address in name_servers()[:MOST]
        for kind in context.record_types()
    ]
    with side_by_side(asked) as answers:
        for answer in answers:
            yield await answer


async def _answer(address: str, host: str, kind: str, seconds: float) -> Observation:
    source = f"dns:{address}:{kind}:{host}"
    asked = {"resolver": address, "label": "resolv.conf", "host": host, "type": kind}
    try:
        answer = await ask(Resolver("resolv.conf", address), host, kind, seconds)
    except TransportError as error:
        return seen(
            Hop.RESOLVER,
            "own-resolver-silent",
            source,
            **asked,
            failure=error.failure.value,
            detail=error.detail,
        )
    return seen(
        Hop.RESOLVER,
        "own-resolver-answer",
        source,
        **asked,
        rcode=answer.rcode,
        addresses=answer.addresses,
        ttl=answer.ttl,
        cnames=answer.cnames,
        extended=answer.extended,
        authentic=answer.authentic,
        took=round(answer.seconds, 6),
    )
