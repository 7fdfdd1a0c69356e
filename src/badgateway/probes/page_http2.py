"""Does the page come over HTTP/2 as well?

Browsers speak it wherever it is offered, and a site can be broken in one protocol only. A server
that does not offer HTTP/2 is fine and says so in the handshake; it is asked once more over
HTTP/1.1 then, as the connection stands: a page that comes now and then may show it.
"""

from collections.abc import AsyncGenerator

from badgateway.model.failure import ANSWERING
from badgateway.model.observation import Observation
from badgateway.model.target import target_of
from badgateway.probes import Context, Cost
from badgateway.transport.walk import Walk, Way

AFTER = ("resolved",)
GIVES = (
    "http-response",
    *ANSWERING,
)
COST = Cost(seconds=0.2, requests=1)


def wanted(about: Observation, context: Context) -> str | None:
    """Https, at the best address only."""
    best = about.value.get("place") == 0 and about is _first(about, context)
    return about.text("url") if best and about.text("url").startswith("https:") else None


def _first(about: Observation, context: Context) -> Observation | None:
    same = (o for o in context.evidence.named("resolved") if o.text("url") == about.text("url"))
    return next(same, None)


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Ask for the page over HTTP/2; only what HTTP/2 itself showed is stated."""
    target = target_of(about.text("url"))
    way = Way(
        target,
        about.text("address"),
        int(about.number("port") or 0),
        context.proxy,
        context.wishes.headers if target.host == context.target.host else (),
    )
    walk = Walk(way, context.seconds_left())
    async for _ in walk.open(("h2", "http/1.1")):
        pass  # the page over HTTP/1.1 has stated these steps already
    if walk.stream is None:
        return
    two = walk.session is not None and walk.session.alpn == "h2"
    async for observation in walk.get2() if two else walk.get("again"):
        yield observation
