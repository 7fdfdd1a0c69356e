"""Does a resolver that fails answer once it need not check signatures?

A validating resolver answers SERVFAIL for what does not verify, and for much else. Asked with the
CD bit (RFC 4035 3.2.2) it gives the same data unchecked: then only the signatures are in the way.
Only where the name itself is the question.
"""

from collections.abc import AsyncGenerator

from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.probes import Context, Cost
from badgateway.transport.dns import Resolver, ask
from badgateway.transport.failures import TransportError

AFTER = ("resolver-answer", "own-resolver-answer")
GIVES = ("unchecked-answer",)
COST = Cost(seconds=0.1, third_party=True, named=True)

SECONDS = 3.0


def wanted(about: Observation, context: Context) -> str | None:
    """Once for each answer that is a failure of the server's."""
    if not context.wishes.survey or about.text("rcode") != "SERVFAIL":
        return None
    return f"{about.text('resolver')} {about.text('host')} {about.text('type')}"


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Ask the same once more, unchecked."""
    address, host, kind = about.text("resolver"), about.text("host"), about.text("type")
    known = next((r for r in context.resolvers if r.address == address), Resolver("", address))
    try:
        answer = await ask(known, host, kind, min(SECONDS, context.seconds_left()), checked=False)
    except TransportError:
        return
    yield seen(
        Hop.RESOLVER,
        "unchecked-answer",
        f"dns:{address}:{kind}:{host}:cd",
        resolver=address,
        label=about.text("label"),
        host=host,
        type=kind,
        rcode=answer.rcode,
        addresses=answer.addresses,
    )
