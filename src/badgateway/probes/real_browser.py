"""What does a real browser show? The installed one, with a clean profile and a copy of one's own.

With `--browser-profile` in a copy of that profile first: its cookies go to the site, as they do
whenever the person opens the page. A clean one follows where the page fails there and that does
not explain itself, and then both once more. With `--browser` the clean one alone.
"""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from badgateway.browser.drive import DriveError, Shown, Tab, clean, copy_of, driver
from badgateway.browser.find import found_profiles, products, profile_at, program_of
from badgateway.browser.profile import Family, Profile, ProfileError
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

SECONDS = 15.0
"""Time for a browser to start, and for a page to come."""
AUTO = "auto"
_OWN_WORDS = ("ERR_BLOCKED_BY_CLIENT", "ERR_BLOCKED_BY_ADMINISTRATOR")
"""What an extension or a policy brings about, and nothing else."""
_SETTINGS = {"own": "a copy of this profile", "clean": "a clean profile"}
_GIVERS = {"site": "the site", "cache": "its cache", "worker": "a service worker"}


def wanted(about: Observation, context: Context) -> str | None:
    """Once, where the person asked for a browser."""
    return about.text("url") if context.wishes.browser or context.wishes.profile else None


async def run(about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
    """Start the browser once for each profile and open the page."""
    source = "probe:real_browser"
    if find_spec("playwright") is None:
        what = "opening the page in a real browser"
        yield seen(Hop.BROWSER, "extra-missing", source, what=what, extra="browser")
        return
    profile = await in_thread(lambda: _own(context.wishes.profile))
    product = _product(profile)
    if product is None:
        detail = (
            "no Chromium, Chrome, Edge or Brave is installed here; on Debian and Ubuntu: "
            "sudo apt-get install chromium"
        )
        yield seen(Hop.BROWSER, "browser-missing", source, detail=detail)
        return
    if profile is not None and profile.family is not Family.CHROMIUM:
        yield seen(
            Hop.BROWSER,
            "browser-untried",
            source,
            browser=profile.title,
            detail="only browsers of Chromium's family can be driven; its profile was read",
        )
        profile = None
    async for found in _compared(profile, product, about.text("url"), context):
        yield found


async def _compared(
    profile: Profile | None, product: str, url: str, context: Context
) -> AsyncGenerator[Observation, None]:
    seen_by = _Stated(product, program_of(product) or product, url)
    async with AsyncExitStack() as stack:
        tabs: list[tuple[str, Tab]] = []
        # Its import alone takes a third of a second, in which other tests go on.
        await in_thread(lambda: import_module("playwright.async_api"))
        started = await stack.enter_async_context(driver())
        for name in ("own", "clean") if profile is not None else ("clean",):
            try:
                if name == "own" and profile is not None:
                    folder, left_out = await _copied(profile, stack)
                    if left_out:
                        yield _unread(profile, ", ".join(left_out), "too large to be copied")
                else:
                    folder = stack.enter_context(clean())
                seconds = min(SECONDS, context.seconds_left())
                opening = started.tab(seen_by.program, folder, seconds, _options(context))
                tabs.append((name, await stack.enter_async_context(opening)))
                result = await tabs[-1][1].visit(url)
            except ProfileError as error:
                assert profile is not None
                yield _unread(profile, "the whole", str(error))
            except DriveError as error:
                yield seen_by.untried(error)
            else:
                yield seen_by.result(name, result)
                if _explains_itself(result, url, context) and len(tabs) == 1:
                    return
        # A site may fail now and then: what a profile does, it does every time.
        for name, tab in tabs:
            try:
                yield seen_by.result(name, await tab.visit(url))
            except DriveError as error:
                yield seen_by.untried(error)


async def _copied(profile: Profile, stack: AsyncExitStack) -> tuple[Path, tuple[str, ...]]:
    copying = copy_of(profile)
    copied = await in_thread(copying.__enter__)
    stack.push(copying.__exit__)
    return copied


def _explains_itself(result: Shown, url: str, context: Context) -> bool:
    """Whether a clean profile would tell nothing more: the page came, or not from the site."""
    if result.by != "site" or result.error in _OWN_WORDS:
        return True
    answers = [o for o in context.evidence.named("http-response") if o.text("url") == url]
    same = any(o.value.get("status") == result.status for o in answers)
    return result.status is not None and (result.status < 400 or same)


def _own(wish: str) -> Profile | None:
    """The profile that is meant; that there is none is told by the probe that reads it."""
    try:
        if wish and wish != AUTO:
            return profile_at(Path(wish))
    except ProfileError:
        return None
    return next(iter(found_profiles()), None) if wish else None


def _product(profile: Profile | None) -> str | None:
    """The browser that a profile is of, else the first of the family that is installed."""
    if profile is not None and profile.family is Family.CHROMIUM and program_of(profile.product):
        return profile.product
    family = [name for name, one in products().items() if one.family is Family.CHROMIUM]
    return next((name for name in family if program_of(name)), None)


def _options(context: Context) -> tuple[str, ...]:
    """The same way as the other tests go: through the proxy that is given, to the address given."""
    wishes, target = context.wishes, context.target
    options = []
    if context.proxy is not None:
        options.append(
            f"--proxy-server={context.proxy.scheme}://{context.proxy.host}:{context.proxy.port}"
        )
    if wishes.connect_to is not None:
        there = wishes.connect_to
        host = f"[{there.host}]" if ":" in there.host else there.host
        port = there.port or target.port
        options.append(f"--host-resolver-rules=MAP {target.host}:{target.port} {host}:{port}")
    return tuple(options)


@dataclass(frozen=True, slots=True)
class _Stated:
    """What was seen in one browser, as observations."""

    product: str
    program: str
    url: str

    def result(self, name: str, shown: Shown) -> Observation:
        """A page, or the browser's own word for having none."""
        about = {
            "browser": products()[self.product].title,
            "version": shown.version,
            "url": self.url,
            "profile": name,
            "setting": _SETTINGS[name],
            "status": shown.status,
            "by": shown.by,
            "giver": _GIVERS[shown.by],
            "cookies": shown.cookies,
        }
        source = f"browser:{self.program}"
        if shown.error and shown.status is None:
            return seen(Hop.BROWSER, "browser-fails", source, **about, error=shown.error)
        return seen(Hop.BROWSER, "browser-shows", source, **about)

    def untried(self, error: DriveError) -> Observation:
        """That the browser could not be driven."""
        title, source = products()[self.product].title, f"browser:{self.program}"
        return seen(Hop.BROWSER, "browser-untried", source, browser=title, detail=str(error))


def _unread(profile: Profile, what: str, detail: str) -> Observation:
    return seen(
        Hop.BROWSER,
        "profile-unread",
        f"profile:{profile.folder}",
        browser=profile.title,
        what=what,
        detail=detail,
    )
