"""Where the page is refused: is it refused to browsers too?

Some filters answer programs with an error and people with the page. The same URL is asked for
with the headers by which Chromium and Firefox identify themselves, and, if that changes the
answer, once more as a program and as a browser, so that a site that fails now and then is not
taken for one that chooses.
"""

from collections.abc import AsyncGenerator

from badgateway.browser.agents import Agent, agents, headers_of
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.model.target import target_of
from badgateway.probes import Context, Cost
from badgateway.transport.walk import Walk, Way

AFTER = ("http-response",)
GIVES = ("as-browser", "as-browser-failed", "as-program")
COST = Cost(seconds=0.3, requests=5)

REFUSALS = (400, 403, 405, 406)
"""Not 429, which asks for fewer requests, and not what a login or an absent page answers."""
SECONDS = 6.0


def wanted(about: Observation, context: Context) -> str | None:
    """Once for a page that is refused; a person's own User-Agent is not put to the test."""
    named = {name.lower() for name, _ in context.wishes.headers}
    if about.value.get("what") != "page" or about.value.get("status") not in REFUSALS:
        return None
    return about.text("url") if "user-agent" not in named else None


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Each browser, then a program and the first browser again where one got the page."""
    got = False
    for agent in agents():
        found = await _ask(about, agent, context)
        got = got or _good(found)
        if found is not None:
            yield found
    if not got:
        return
    for again in (None, *agents()):
        found = await _ask(about, again, context)
        if found is not None:
            yield found


def _good(found: Observation | None) -> bool:
    status = found.value.get("status") if found is not None else None
    return isinstance(status, int) and status < 400


async def _ask(about: Observation, agent: Agent | None, context: Context) -> Observation | None:
    target = target_of(about.text("url"))
    headers = headers_of(agent, target.tls) if agent else ()
    own = context.wishes.headers if target.host == context.target.host else ()
    way = Way(
        target,
        about.text("address"),
        int(about.number("port") or 0),
        context.proxy,
        (*headers, *own),
    )
    last = await Walk(way, min(SECONDS, context.seconds_left())).last("as-browser")
    if last is None:
        return None
    told = {"url": target.url, "browser": agent.title if agent else ""}
    if last.name == "http-response":
        name = "as-browser" if agent else "as-program"
        status = last.value.get("status")
        return seen(Hop.GATEWAY, name, last.source, **told, status=status)
    return seen(Hop.GATEWAY, "as-browser-failed", last.source, **told, failure=last.name)
