"""What do other resolvers answer for the name?

Public resolvers are asked side by side for A and AAAA: an answer that only the visitor's own
resolver fails to give, or gives otherwise, tells a fault of the way from one of the site. Names
that are not public are never asked about: it would tell strangers about them and help nobody.
"""

from collections.abc import AsyncGenerator

from badgateway.model.failure import NAMING
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.model.target import Target, target_of
from badgateway.probes import Context, Cost, side_by_side
from badgateway.transport.dns import DnsAnswer, Resolver, ask
from badgateway.transport.failures import TransportError

AFTER = ("asked", "redirect")
GIVES = ("resolver-answer", "resolver-unreachable", "resolved")
COST = Cost(seconds=0.1, third_party=True, supporting=True)

SECONDS = 6.0
CONTROL_SECONDS = 1.5
NO_ANSWER = "no answer"
"""What stands for the response code where a resolver that works gives none."""


def wanted(about: Observation, context: Context) -> str | None:
    """Once for each public host name, unless the way there resolves otherwise."""
    target = target_of(about.text("to") or about.text("url"))
    if context.proxy is not None or context.wishes.connect_to or target.literal:
        return None
    return target.host if _asked(target, context) else None


def _asked(target: Target, context: Context) -> tuple[Resolver, ...]:
    """Resolvers that the person named are asked about any name, public ones about public ones."""
    if context.wishes.resolvers or target.public:
        return context.resolvers
    return ()


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Ask every resolver for both types, all at once; state each answer as it comes."""
    target = target_of(about.text("to") or about.text("url"))
    seconds = min(SECONDS, context.seconds_left())
    asked = [
        _answer(resolver, target.host, kind, seconds)
        for resolver in _asked(target, context)
        for kind in context.record_types()
    ]
    told = []
    with side_by_side(asked) as answers:
        for answer in answers:
            told.append(await answer)
            yield told[-1]
    if context.wishes.resolvers or _system_failed(target.host, context):
        for observation in _resolved(target, told):
            yield observation


def _system_failed(host: str, context: Context) -> bool:
    return any(o.text("host") == host for o in context.evidence.named(*NAMING))


def _resolved(target: Target, answers: list[Observation]) -> list[Observation]:
    """The addresses that the others found, to see whether the site works there."""
    found: dict[str, Observation] = {}
    for answer in answers:
        for address in answer.items("addresses"):
            found.setdefault(str(address), answer)
    counts, told = {4: 0, 6: 0}, []
    for address, answer in found.items():
        family = 6 if ":" in address else 4
        told.append(
            seen(
                Hop.RESOLVER,
                "resolved",
                answer.source,
                host=target.host,
                url=target.url,
                address=address,
                port=target.port,
                family=family,
                place=counts[family],
                by=answer.text("resolver"),
                seconds=answer.number("seconds"),
            )
        )
        counts[family] += 1
    return told


async def _alive(resolver: Resolver) -> bool:
    """Whether it answers about the root, which every resolver has at hand."""
    try:
        await ask(resolver, ".", "NS", CONTROL_SECONDS)
    except TransportError:
        return False
    return True


async def _answer(resolver: Resolver, host: str, kind: str, seconds: float) -> Observation:
    source = f"dns:{resolver.address}:{kind}:{host}"
    asked = {"resolver": resolver.address, "label": resolver.label, "host": host, "type": kind}
    try:
        answer: DnsAnswer = await ask(resolver, host, kind, seconds)
    except TransportError as error:
        if await _alive(resolver):
            # It answers about other names: that it has nothing to say about this one is an answer.
            return seen(
                Hop.RESOLVER,
                "resolver-answer",
                source,
                **asked,
                rcode=NO_ANSWER,
                addresses=(),
                detail=error.detail,
            )
        return seen(
            Hop.NETWORK,
            "resolver-unreachable",
            source,
            **asked,
            failure=error.failure.value,
            detail=error.detail,
        )
    return seen(
        Hop.RESOLVER,
        "resolver-answer",
        source,
        **asked,
        rcode=answer.rcode,
        addresses=answer.addresses,
        ttl=answer.ttl,
        cnames=answer.cnames,
        extended=answer.extended,
        transport=answer.transport,
        authentic=answer.authentic,
        seconds=round(answer.seconds, 6),
    )
