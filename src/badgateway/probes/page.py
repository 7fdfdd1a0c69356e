"""What does the site answer? The page itself, over HTTP/1.1, step by step on one connection.

TCP, TLS with the certificate, the raw head, the beginning of the body, redirects. Asked at the
first address of each family, as browsers do; HTTP/1.1 because only there a broken answer can be
seen byte by byte.
"""

from collections.abc import AsyncGenerator

from badgateway.model.failure import Failure
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.model.target import TargetError, target_of
from badgateway.probes import Context, Cost
from badgateway.transport.walk import Walk, Way

AFTER = ("resolved",)
GIVES = (
    "connected",
    "tls-established",
    "http-response",
    "redirect",
    "redirect-loop",
    "redirect-refused",
    *(failure.value for failure in Failure if not failure.value.startswith("name-")),
)
COST = Cost(seconds=0.2, requests=1)

REDIRECTS = 10
"""Browsers give up after 20; a chain of 10 is broken for every practical purpose."""


def wanted(about: Observation, context: Context) -> str | None:
    """The first address of each family, for each URL on the way."""
    if about.value.get("place") != 0:
        return None
    return f"{about.text('url')} {about.text('address')}"


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Walk to the page; where it sends the visitor elsewhere, say where."""
    target = target_of(about.text("url"))
    way = Way(
        target,
        about.text("address"),
        int(about.number("port") or 0),
        context.proxy,
        context.wishes.headers if target.host == context.target.host else (),
    )
    walk = Walk(way, context.seconds_left())
    async for observation in walk.open(("http/1.1",)):
        yield observation
    if walk.stream is None:
        return
    async for observation in walk.get():
        yield observation
        if observation.name == "http-response":
            for found in _redirect(observation, context):
                yield found


def _redirect(response: Observation, context: Context) -> list[Observation]:
    """Where a 3xx answer leads, unless that is nowhere."""
    status = response.value.get("status")
    headers = {
        str(pair[0]).lower(): str(pair[1])
        for pair in response.items("headers")
        if isinstance(pair, tuple)
    }
    location = headers.get("location")
    if status not in (301, 302, 303, 307, 308) or not location:
        return []
    here = target_of(response.text("url"))
    source = response.source
    try:
        there = here.follow(location)
    except TargetError as error:
        return [
            seen(
                Hop.GATEWAY,
                "redirect-refused",
                source,
                url=here.url,
                to=location,
                detail=str(error),
            )
        ]
    before = [found.text("url") for found in context.evidence.named("redirect")]
    if there.url in (*before, here.url):
        return [
            seen(
                Hop.GATEWAY,
                "redirect-loop",
                source,
                url=here.url,
                to=there.url,
                count=len(set(before)) + 1,
            )
        ]
    if len(set(before)) >= REDIRECTS:
        return [
            seen(
                Hop.GATEWAY,
                "redirect-loop",
                source,
                url=here.url,
                to=there.url,
                count=REDIRECTS + 1,
            )
        ]
    return [seen(Hop.GATEWAY, "redirect", source, url=here.url, to=there.url, status=status)]
