"""What does the person's browser keep about this site? Its profile is read, never written.

Cookies by name and size (never a value), service workers with what they stored, extensions that
may change requests, the page in the cache, proxy and resolver of the browser's own. Only with
`--browser-profile`.
"""

from collections.abc import AsyncGenerator
from importlib import import_module

from badgateway.model.observation import Observation
from badgateway.model.target import target_of
from badgateway.probes import Context, Cost
from badgateway.transport.system import in_thread

AFTER = ("asked", "redirect")
GIVES = (
    "profile-found",
    "profile-missing",
    "profile-unread",
    "browser-cookies",
    "browser-worker",
    "worker-keeps",
    "browser-cached",
    "browser-extension",
    "extension-blocks",
    "browser-proxy",
    "browser-dns",
)
COST = Cost(seconds=0.1)


def wanted(about: Observation, context: Context) -> str | None:
    """For every URL on the way, where the person lets us."""
    return (about.text("to") or about.text("url")) if context.wishes.profile else None


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Read the profile aside: its import takes time, and some caches hold thousands of files."""
    target = target_of(about.text("to") or about.text("url"))
    wish, first = context.wishes.profile, about.name == "asked"

    def read() -> list[Observation]:
        return list(import_module("badgateway.browser.observed").observed(wish, target, first))

    for found in await in_thread(read):
        yield found
