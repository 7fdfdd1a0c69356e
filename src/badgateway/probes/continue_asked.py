"""Does nginx refuse by itself, or does it pass a refusal on?

nginx answers `Expect: 100-continue` with an interim 100 when it turns to the request's body, which
it does before it asks the server behind it (`ngx_http_read_client_request_body`); before a page of
its own it does not (`ngx_http_special_response_handler` sets `expect_tested`). The request has no
body, so nobody waits for one. A filter in nginx that reads bodies makes it send the 100 as well.
"""

import re
from collections.abc import AsyncGenerator

from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.model.response import Response
from badgateway.model.target import target_of
from badgateway.probes import Context, Cost
from badgateway.transport.walk import Walk, Way

AFTER = ("http-response",)
GIVES = ("continue-asked",)
COST = Cost(seconds=0.1, requests=1, supporting=True, on_demand=True)

REFUSALS = (400, 403, 405, 406, 429, 503)
"""What both nginx itself and a server behind it may answer."""
SECONDS = 4.0
_NGINX = re.compile(r"\b(?:nginx|openresty|tengine|angie|freenginx)\b", re.IGNORECASE)


def wanted(about: Observation, context: Context) -> str | None:
    """Once for a page that is refused at a server that says it is nginx."""
    if about.value.get("what") != "page" or about.value.get("status") not in REFUSALS:
        return None
    target = target_of(about.text("url"))
    if context.proxy is not None and not target.tls:
        return None
    named = _NGINX.search(Response.of(about.value).header("server") or "")
    return target.host if named else None


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """The same page once more, with the expectation."""
    target = target_of(about.text("url"))
    own = context.wishes.headers if target.host == context.target.host else ()
    way = Way(
        target,
        about.text("address"),
        int(about.number("port") or 0),
        context.proxy,
        (*own, ("Expect", "100-continue")),
    )
    last = await Walk(way, min(SECONDS, context.seconds_left())).last("continue")
    if last is None or last.name != "http-response":
        return
    yield seen(
        Hop.GATEWAY,
        "continue-asked",
        last.source,
        url=target.url,
        address=about.text("address"),
        status=last.value.get("status"),
        continued=100 in last.items("informational"),
    )
