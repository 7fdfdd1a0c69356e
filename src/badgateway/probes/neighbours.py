"""When the page fails: do its neighbours fail as well?

The home page, and a file that the front server usually gives out by itself. If those work the
way and the front are fine, and it is what makes this page that is broken.
"""

from collections.abc import AsyncGenerator

from badgateway.model.failure import ANSWERING
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.model.target import target_of
from badgateway.probes import Context, Cost, side_by_side, swept
from badgateway.transport.walk import Walk, Way

AFTER = ("http-response", *ANSWERING)
GIVES = ("neighbour", "neighbour-failed")
COST = Cost(seconds=0.2, requests=2, supporting=True, on_demand=True)

PATHS = ("/", "/robots.txt")


def wanted(about: Observation, context: Context) -> str | None:
    """Once, for a page that ended in a server's error or in no answer."""
    status = about.value.get("status")
    failed = about.name != "http-response" or (isinstance(status, int) and status >= 500)
    if about.value.get("what") != "page" or not (failed or swept(about, context)):
        return None
    return target_of(about.text("url")).host


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Ask for the neighbours side by side, at the address where the page failed."""
    target = target_of(about.text("url"))
    paths = [path for path in PATHS if path != target.path]
    asked = [_ask(path, about, context) for path in paths]
    with side_by_side(asked) as answers:
        for answer in answers:
            if (found := await answer) is not None:
                yield found


async def _ask(path: str, about: Observation, context: Context) -> Observation | None:
    target = target_of(about.text("url")).at(path)
    way = Way(target, about.text("address"), int(about.number("port") or 0), context.proxy)
    last = await Walk(way, min(10.0, context.seconds_left())).last("neighbour")
    if last is None:
        return None
    if last.name == "http-response":
        return seen(
            Hop.GATEWAY,
            "neighbour",
            last.source,
            url=target.url,
            path=path,
            status=last.value.get("status"),
            headers=last.value.get("headers"),
        )
    return seen(
        Hop.GATEWAY,
        "neighbour-failed",
        last.source,
        url=target.url,
        path=path,
        failure=last.name,
    )
