"""What does the site answer? The page itself, over HTTP/1.1, step by step on one connection.

TCP, TLS with the certificate, the raw head, the beginning of the body, redirects. Asked at the
first address of each family, and at the next one where that takes no connection, as browsers do;
HTTP/1.1 because only there a broken answer can be seen byte by byte.
"""

import re
from collections.abc import AsyncGenerator

from badgateway.model.failure import ANSWERING, CONNECTING, PROXYING, SECURING, Failure
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.model.response import Response
from badgateway.model.target import TargetError, target_of
from badgateway.probes import MOST_ADDRESSES, Context, Cost
from badgateway.transport.walk import Walk, Way

AFTER = ("resolved", *CONNECTING)
GIVES = (
    "connected",
    "tls-established",
    "http-response",
    "redirect",
    "redirect-loop",
    "redirect-refused",
    *CONNECTING,
    *SECURING,
    *ANSWERING,
    *PROXYING,
    Failure.OUT_OF_REACH,
)
COST = Cost(seconds=0.2, requests=1)

_CRUMB = re.compile(r"\s*(?P<name>[^=;,\s]{1,200})=(?P<value>[^;\s]{0,4096})")
REDIRECTS = 10
"""Browsers give up after 20; a chain of 10 is broken for every practical purpose."""


def wanted(about: Observation, context: Context) -> str | None:
    """The first address of each family, for each URL on the way."""
    place = _place(about, context)
    if place is None:
        return None
    cookies = _cookies(place.text("host"), context)
    return f"{place.text('url')} {place.text('address')} {sorted(cookies.items())}"


def _place(about: Observation, context: Context) -> Observation | None:
    """The address to ask at: the first, or the next after those that take no connection."""
    if about.name == "resolved":
        return about if about.value.get("place") == 0 else None
    url, six = about.text("url"), ":" in about.text("address")
    known = [
        o
        for o in context.evidence.named("resolved")
        if o.text("url") == url and (":" in o.text("address")) == six
    ]
    failed = {
        o.text("address") for o in context.evidence.named(*CONNECTING) if o.text("url") == url
    }
    for o in known[:MOST_ADDRESSES]:
        if o.text("address") not in failed:
            return o
    return None


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Walk to the page; where it sends the visitor elsewhere, say where."""
    about = _place(about, context) or about
    target = target_of(about.text("url"))
    headers = context.wishes.headers if target.host == context.target.host else ()
    if cookies := _cookies(target.host, context):
        crumbs = "; ".join(f"{name}={value}" for name, value in cookies.items())
        headers = (*headers, ("Cookie", crumbs))
    way = Way(target, about.text("address"), int(about.number("port") or 0), context.proxy, headers)
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


def _cookies(host: str, context: Context) -> dict[str, str]:
    """What this host asked to be kept so far: some sites send round in a circle without it."""
    cookies: dict[str, str] = {}
    for response in context.evidence.named("http-response"):
        if response.value.get("what") != "page" or target_of(response.text("url")).host != host:
            continue
        for name, value in _fields(response):
            if name == "set-cookie" and (crumb := _CRUMB.match(value)):
                cookies[crumb["name"]] = crumb["value"]
    return cookies


def _fields(response: Observation) -> list[tuple[str, str]]:
    return [(name.lower(), value) for name, value in Response.of(response.value).headers]


def _redirect(response: Observation, context: Context) -> list[Observation]:
    """Where a 3xx answer leads, unless that is nowhere."""
    location = dict(_fields(response)).get("location")
    if response.value.get("status") not in (301, 302, 303, 307, 308) or not location:
        return []
    here, source = target_of(response.text("url")), response.source
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
    before = context.evidence.named("redirect")
    cookies = sorted(_cookies(there.host, context).items())
    known = {(o.text("to"), o.text("cookies")) for o in before} | {(context.target.url, "[]")}
    count = len({o.text("url") for o in before}) + 1
    # The same step at the site's other address is no second time round.
    same_place = any(
        (o.text("url"), o.text("to")) == (here.url, there.url)
        and o.text("address") != response.text("address")
        for o in before
    )
    if count > REDIRECTS or ((there.url, str(cookies)) in known and not same_place):
        return [seen(Hop.GATEWAY, "redirect-loop", source, url=here.url, to=there.url, count=count)]
    return [
        seen(
            Hop.GATEWAY,
            "redirect",
            source,
            url=here.url,
            to=there.url,
            address=response.text("address"),
            status=response.value.get("status"),
            cookies=str(cookies),
        )
    ]
