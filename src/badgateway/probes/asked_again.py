"""Does the page come every time? Asked a few times more where several servers take turns.

One good answer says nothing about the server that takes the next turn. Only a site that shows
such turns is asked again: an answer that names the server behind it, a cookie that ties a visitor
to one, or answers of which some are good. One request at a time, each on a new connection, with
a pause between them.
"""

import asyncio
import time
from collections.abc import AsyncGenerator

from badgateway.model.failure import ANSWERING
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.model.response import Response
from badgateway.model.server_name import in_turns
from badgateway.model.target import target_of
from badgateway.probes import Context, Cost, swept
from badgateway.transport.walk import Walk, Way

AFTER = ("http-response",)
GIVES = ("http-response", "again-failed", *ANSWERING)
COST = Cost(seconds=0.6, requests=5)

TIMES = 5
PAUSE = 0.08
"""Seconds between two requests."""
LONGEST = 2.5
"""Seconds after which no further request begins: one that hangs is answer enough."""


def wanted(about: Observation, context: Context) -> str | None:
    """Once for each page of which there are several makers, or good and bad answers."""
    status = about.value.get("status")
    if about.value.get("what") not in ("page", "again") or not isinstance(status, int):
        return None
    if status in range(300, 400) or about.text("by") == "proxy":
        return None
    turns = status < 400 and in_turns(Response.of(about.value))
    again = turns or _mixed(about, context) or swept(about, context)
    return about.text("url") if again else None


def _mixed(about: Observation, context: Context) -> bool:
    """Whether the same address gave the same page well and not well."""
    answers = {
        (o.number("status") or 0) < 500
        for o in context.evidence.named("http-response")
        if (o.text("url"), o.text("address")) == (about.text("url"), about.text("address"))
        and o.value.get("what") in ("page", "again")
    }
    return len(answers) > 1


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Ask for the page again and again, and state each answer."""
    target = target_of(about.text("url"))
    headers = context.wishes.headers if target.host == context.target.host else ()
    way = Way(target, about.text("address"), int(about.number("port") or 0), context.proxy, headers)
    end = time.monotonic() + LONGEST
    for _ in range(TIMES):
        await asyncio.sleep(PAUSE)
        if time.monotonic() > end:
            return
        last = await Walk(way, context.seconds_left()).last("again")
        if last is None:
            continue
        if last.value.get("what") == "again":
            yield last
        else:
            yield seen(
                Hop.NETWORK,
                "again-failed",
                last.source,
                url=target.url,
                failure=last.name,
                address=way.address,
            )
