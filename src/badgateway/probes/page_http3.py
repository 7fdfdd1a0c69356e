"""Does the page come over HTTP/3 as well, where the site says that it offers it?

HTTP/3 runs over UDP, which some networks drop: a browser then falls back, or hangs. Tried only
when an answer announced it in `Alt-Svc`, and only where the extra `http3` is installed.
"""

import re
from collections.abc import AsyncGenerator
from importlib.util import find_spec

from badgateway.model.failure import ANSWERING
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.model.target import target_of
from badgateway.probes import Context, Cost
from badgateway.transport.walk import Walk, Way

AFTER = ("http-response",)
GIVES = (
    "http-response",
    "extra-missing",
    *ANSWERING,
)
COST = Cost(seconds=0.2, requests=1, supporting=True, on_demand=True)

_OFFER = re.compile(r'(?:^|,)\s*h3="(?P<host>[^":]{0,255}):(?P<port>\d{1,5})"')


def wanted(about: Observation, context: Context) -> str | None:
    """An https page that announced HTTP/3 at its own host, without a proxy in between."""
    if not about.text("url").startswith("https:") or context.proxy is not None:
        return None
    if about.value.get("what") != "page" or _port(about) is None:
        return None
    return about.text("url")


def _port(about: Observation) -> int | None:
    headers = [pair for pair in about.items("headers") if isinstance(pair, tuple)]
    for name, value in headers:
        if str(name).lower() == "alt-svc" and (offer := _OFFER.search(str(value))):
            return int(offer["port"]) if not offer["host"] and int(offer["port"]) < 65_536 else None
    return None


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Ask for the page over HTTP/3 at the address that announced it."""
    if find_spec("aioquic") is None:
        yield seen(Hop.DEVICE, "extra-missing", "probe:page_http3", what="HTTP/3", extra="http3")
        return
    way = Way(target_of(about.text("url")), about.text("address"), _port(about) or 443)
    async for observation in Walk(way, min(10.0, context.seconds_left())).get3():
        yield observation
