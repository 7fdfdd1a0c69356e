"""What does a real browser show? The installed one, with a clean profile and a copy of one's own.

The same address in both, side by side; where they differ, once more. With `--browser` the clean
profile alone, with `--browser-profile` the copy as well: its cookies then go to the site, as they
do whenever the person opens the page.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from importlib.util import find_spec
from pathlib import Path

from badgateway.browser.drive import DriveError, Shown, Tab, clean, copy_of, tab
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
    program, title = program_of(product) or product, products()[product].title
    seconds = min(SECONDS, context.seconds_left())
    async with AsyncExitStack() as stack:
        folders = {"clean": stack.enter_context(clean())}
        if profile is not None:
            copying = copy_of(profile)
            try:
                folders["own"], left_out = await in_thread(copying.__enter__)
                stack.push(copying.__exit__)
            except ProfileError as error:
                yield _unread(profile, "the whole", str(error))
            else:
                if left_out:
                    yield _unread(profile, ", ".join(left_out), "too large to be copied")
        options = _options(context)
        starting = [
            stack.enter_async_context(tab(program, folder, seconds, options))
            for folder in folders.values()
        ]
        started = await asyncio.gather(*starting, return_exceptions=True)
        tabs: dict[str, Tab] = {}
        for name, one in zip(folders, started, strict=True):
            if isinstance(one, DriveError):
                yield _untried(title, str(one))
            elif isinstance(one, BaseException):
                raise one
            else:
                tabs[name] = one
        for _ in range(2):
            results = {name: await _visited(one, url) for name, one in tabs.items()}
            for name, result in results.items():
                if isinstance(result, Shown):
                    yield _stated(title, name, program, url, result)
                else:
                    yield _untried(title, str(result))
            ends = {
                (result.status, result.error) if isinstance(result, Shown) else None
                for result in results.values()
            }
            if len(ends) < 2:
                return


async def _visited(one: Tab, url: str) -> Shown | DriveError:
    try:
        return await one.visit(url)
    except DriveError as error:
        return error


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


def _stated(title: str, name: str, program: str, url: str, result: Shown) -> Observation:
    setting = _SETTINGS[name]
    about = {"browser": title, "version": result.version, "url": url}
    about |= {"profile": name, "setting": setting}
    more = {"status": result.status, "by": result.by, "cookies": result.cookies}
    more["giver"] = _GIVERS[result.by]
    if result.error and result.status is None:
        return seen(
            Hop.BROWSER, "browser-fails", f"browser:{program}", **about, **more, error=result.error
        )
    return seen(Hop.BROWSER, "browser-shows", f"browser:{program}", **about, **more)


def _untried(title: str, detail: str) -> Observation:
    return seen(Hop.BROWSER, "browser-untried", "probe:real_browser", browser=title, detail=detail)


def _unread(profile: Profile, what: str, detail: str) -> Observation:
    return seen(
        Hop.BROWSER,
        "profile-unread",
        f"profile:{profile.folder}",
        browser=profile.title,
        what=what,
        detail=detail,
    )
