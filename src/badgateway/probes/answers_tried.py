"""Which of the answers leads to a site that works?

The page is asked for once at each address that somebody names and this machine does not, with its
name kept. Only where that was asked for.
"""

from collections.abc import AsyncGenerator

from badgateway.model.failure import Failure
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.model.target import target_of
from badgateway.probes import MOST_ADDRESSES, Context, Cost
from badgateway.transport.walk import Walk, Way

AFTER = ("resolver-answer", "own-resolver-answer", "nameserver-answer", "resolved")
GIVES = ("answer-tried", "answer-tried-failed")
COST = Cost(seconds=0.2, requests=1, named=True)

SECONDS = 6.0


def wanted(about: Observation, context: Context) -> str | None:
    """Each answer with addresses, once for each set of them."""
    if not context.wishes.try_answers or context.proxy is not None:
        return None
    found = _addresses(about)
    return " ".join(found) if found else None


def _addresses(about: Observation) -> list[str]:
    if about.name == "resolved":
        return [about.text("address")] if about.text("by") == "system" else []
    return sorted(map(str, about.items("addresses")))


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Ask for the page at those of its addresses that nobody has tried yet."""
    target = target_of(context.target.url)
    for address in _addresses(about)[:MOST_ADDRESSES]:
        tried = {
            o.text("address") for o in context.evidence.named("answer-tried", "answer-tried-failed")
        }
        if address in tried:
            continue
        way = Way(target, address, target.port, headers=context.wishes.headers)
        walk = Walk(way, min(SECONDS, context.seconds_left()))
        found = [observation async for observation in walk.open(("http/1.1",))]
        if walk.stream is not None:
            found += [observation async for observation in walk.get("tried")]
        if found:
            yield _ended(target.url, address, found)


def _ended(url: str, address: str, found: list[Observation]) -> Observation:
    """How one walk ended; a certificate that does not verify stops a browser, whatever follows."""
    warned = [o for o in found if o.name == Failure.TLS_CERTIFICATE]
    last = (warned or found)[-1]
    if last.name != "http-response":
        return seen(
            Hop.NETWORK,
            "answer-tried-failed",
            last.source,
            url=url,
            address=address,
            failure=last.name,
        )
    status = last.value.get("status")
    return seen(
        Hop.GATEWAY,
        "answer-tried",
        last.source,
        url=url,
        address=address,
        status=status,
        works=isinstance(status, int) and status < 400,
    )
