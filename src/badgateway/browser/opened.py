"""A page opened in the installed browser, as observations."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from badgateway.browser.drive import DriveError, Shown, Tab, copy_into, driver, folder
from badgateway.browser.find import products, program_of
from badgateway.browser.observed import profile_of, unread
from badgateway.browser.profile import Family, Profile, ProfileError
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.transport.system import in_thread

SECONDS = 15.0
"""Time for a browser to start, and for a page to come."""
STOP_SECONDS = 5.0
"""Time for a copy that is cut off to end with the file that it is at."""
_OWN_WORDS = (
    "ERR_BLOCKED_BY_CLIENT",
    "ERR_BLOCKED_BY_ADMINISTRATOR",
    "ERR_SSL_VERSION_OR_CIPHER_MISMATCH",
)
"""What an extension, a policy or an old browser brings about, and no other profile changes."""


@dataclass(frozen=True, slots=True)
class Visit:
    """What is to be opened.

    Attributes:
        url: the page.
        profile: the folder of a profile, `auto`, or empty for a clean one alone.
        seconds: seconds that are left.
        options: further options of the browser's command line.
        answered: the statuses that programs have got for the page so far, also with cookies as
            large as the profile's.
    """

    url: str
    profile: str
    seconds: Callable[[], float]
    options: tuple[str, ...]
    answered: Callable[[], set[int]]


async def opened(visit: Visit) -> AsyncGenerator[Observation, None]:
    """Start the browser once for each profile and open the page.

    Raises:
        ImportError: the extra `browser` is not installed.
    """
    profile = await in_thread(lambda: _own(visit.profile))
    installed = _installed(profile)
    if installed is None:
        detail = (
            "no Chromium, Chrome, Edge or Brave is installed here; on Debian and Ubuntu: "
            "sudo apt-get install chromium"
        )
        yield seen(Hop.BROWSER, "browser-missing", "programs", detail=detail)
        return
    if profile is not None and profile.family is not Family.CHROMIUM:
        yield seen(
            Hop.BROWSER,
            "browser-untried",
            f"profile:{profile.folder}",
            browser=profile.title,
            detail="only browsers of Chromium's family can be driven; its profile was read",
        )
        profile = None
    # Its import alone takes a third of a second, in which other tests go on.
    await in_thread(lambda: import_module("playwright.async_api"))
    stated = _Stated(*installed, visit.url)
    async with AsyncExitStack() as stack:
        tabs: list[tuple[str, Tab]] = []
        started = await stack.enter_async_context(driver())
        for name in ("own", "clean") if profile is not None else ("clean",):
            root = stack.enter_context(folder())
            try:
                own = profile if name == "own" else None
                if own and (left_out := await _copied(own, root)):
                    yield unread(own, ", ".join(left_out), "too large to be copied")
                seconds = min(SECONDS, visit.seconds())
                starting = started.tab(stated.program, root, seconds, visit.options)
                tab = await stack.enter_async_context(starting)
                tabs.append((name, tab))
                shown = await tab.visit(visit.url)
            except ProfileError as error:
                assert profile is not None
                yield unread(profile, "the whole", str(error))
            except DriveError as error:
                yield stated.untried(error)
            else:
                yield stated.shown(name, shown)
                if len(tabs) == 1 and _explains_itself(shown, visit.answered()):
                    return
        # A site may fail now and then: what a profile does, it does every time.
        for name, tab in tabs:
            try:
                yield stated.shown(name, await tab.visit(visit.url))
            except DriveError as error:
                yield stated.untried(error)


def _own(wish: str) -> Profile | None:
    """The profile that is meant; that there is none is told by the probe that reads it."""
    try:
        return profile_of(wish) if wish else None
    except ProfileError:
        return None


def _installed(profile: Profile | None) -> tuple[str, str] | None:
    """The title and program of the browser that a profile is of, else of the first installed."""
    family = [name for name, one in products().items() if one.family is Family.CHROMIUM]
    if profile is not None and profile.family is Family.CHROMIUM:
        family.insert(0, profile.product)
    for name in family:
        if (program := program_of(name)) is not None:
            return products()[name].title, program
    return None


async def _copied(profile: Profile, root: Path) -> tuple[str, ...]:
    """Copy a profile aside; a copy that is cut off is waited for, so that nothing is left of it."""
    stop = threading.Event()
    copying = asyncio.ensure_future(in_thread(lambda: copy_into(profile, root, stop)))
    try:
        return await asyncio.shield(copying)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait([copying], timeout=STOP_SECONDS)
        raise


def _explains_itself(shown: Shown, answered: set[int]) -> bool:
    """Whether a clean profile would tell nothing more: the page came, or not from the site."""
    if shown.by != "site" or shown.error in _OWN_WORDS:
        return True
    return shown.status is not None and (shown.status < 400 or shown.status in answered)


@dataclass(frozen=True, slots=True)
class _Stated:
    """What was seen in one browser, as observations."""

    title: str
    program: str
    url: str

    def shown(self, name: str, shown: Shown) -> Observation:
        """A page, or the browser's own word for having none."""
        about = {
            "browser": self.title,
            "version": shown.version,
            "url": self.url,
            "profile": name,
            "status": shown.status,
            "by": shown.by,
            "cookies": shown.cookies,
        }
        source = f"browser:{self.program}"
        if shown.error and shown.status is None:
            return seen(Hop.BROWSER, "browser-fails", source, **about, error=shown.error)
        return seen(Hop.BROWSER, "browser-shows", source, **about)

    def untried(self, error: DriveError) -> Observation:
        """That the browser could not be driven."""
        source = f"browser:{self.program}"
        return seen(Hop.BROWSER, "browser-untried", source, browser=self.title, detail=str(error))
