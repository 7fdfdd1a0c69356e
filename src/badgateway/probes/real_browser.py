"""What does a real browser show? The installed one, with a clean profile and a copy of one's own.

With `--browser-profile` in a copy of that profile first: its cookies go to the site, as they do
whenever the person opens the page. A clean one follows where the page fails there and that does
not explain itself, and then both once more. With `--browser` the clean one alone.
"""

from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing
from importlib import import_module
from importlib.util import find_spec

from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.probes import Context, Cost
from badgateway.transport.system import in_thread

AFTER = ("asked",)
GIVES = (
    "browser-shows",
    "browser-fails",
    "browser-missing",
    "browser-untried",
    "extra-missing",
    "profile-unread",
)
COST = Cost(seconds=2.5, requests=2)


def wanted(about: Observation, context: Context) -> str | None:
    """Once, where the person asked for a browser."""
    return about.text("url") if context.wishes.browser or context.wishes.profile else None


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Open the page, on the same way as the other tests go."""
    if find_spec("playwright") is None:
        what = "opening the page in a real browser"
        source = "probe:real_browser"
        yield seen(Hop.BROWSER, "extra-missing", source, what=what, extra="browser")
        return
    url = about.text("url")

    def answered() -> set[int]:
        plain, sized = (
            context.evidence.named("http-response"),
            context.evidence.named("sized-answer"),
        )
        failed = Counter(o.number("status") for o in sized if o.text("url") == url)
        # With cookies it fails twice where it does so because of them.
        certain = {int(status) for status, times in failed.items() if status and times > 1}
        return certain | {int(o.number("status") or 0) for o in plain if o.text("url") == url}

    opening = await in_thread(lambda: import_module("badgateway.browser.opened"))
    visit = opening.Visit(
        url, context.wishes.profile, context.seconds_left, _options(context), answered
    )
    async with aclosing(opening.opened(visit)) as told:
        async for found in told:
            yield found


def _options(context: Context) -> tuple[str, ...]:
    """Through the proxy that is given, to the address that is given."""
    wishes, target, options = context.wishes, context.target, []
    if (proxy := context.proxy) is not None:
        options.append(f"--proxy-server={proxy.scheme}://{proxy.host}:{proxy.port}")
    if (there := wishes.connect_to) is not None:
        host = f"[{there.host}]" if ":" in there.host else there.host
        port = there.port or target.port
        options.append(f"--host-resolver-rules=MAP {target.host}:{target.port} {host}:{port}")
    return tuple(options)
