"""A page opened in the installed browser, in a clean profile or in a copy of somebody's own.

Playwright drives it (the extra `browser`); its own browsers are never downloaded. What is asked
is what a person would see, and who gave it: the site, the cache, or a service worker. Only
Chromium's family is driven: a Firefox as people have it is not (docs/decisions/012).
"""

import asyncio
import contextlib
import os
import shutil
import tempfile
import threading
from collections.abc import AsyncGenerator, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from badgateway.browser.profile import Profile, ProfileError

if TYPE_CHECKING:
    from playwright.async_api import CDPSession, Page, Playwright

COPY_LIMIT = 1_500_000_000
"""Bytes of a profile that are copied."""
END_SECONDS = 10.0
"""Time for Playwright's own process to start or to end, once we are cut off."""
T = TypeVar("T")
_ROOT = ("Local State", "Last Version")
_PARTS = (
    *("Preferences", "Secure Preferences", "Cookies", "Cookies-journal", "Network"),
    *("Service Worker", "WebStorage", "Extension State", "Extension Rules", "Extension Scripts"),
    *("Local Extension Settings", "Managed Extension Settings", "DNR Extension Rules"),
    "Extensions",
)
"""What of a profile a page can depend on; no history, no passwords, no open tabs."""
_UNWANTED = [
    "--disable-extensions",
    "--disable-back-forward-cache",
    "--password-store=basic",
    "--use-mock-keychain",
]
"""Options of Playwright's that would make the browser another one than the person's."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a browser showed for a page.

    Attributes:
        status: of the answer; None where there was none.
        by: who gave it: `site`, `cache` or `worker`.
        error: the browser's own word where no page came (`ERR_BLOCKED_BY_CLIENT`).
        cookies: bytes of cookies that were sent.
        version: the browser's.
    """

    status: int | None
    by: str
    error: str
    cookies: int
    version: str


class DriveError(Exception):
    """The browser could not be driven: a failure of ours, which says nothing of the site."""


@contextmanager
def folder() -> Iterator[Path]:
    """A folder for a profile, which is thrown away."""
    with tempfile.TemporaryDirectory(prefix="badgateway-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def copy_into(profile: Profile, root: Path, stop: threading.Event) -> tuple[str, ...]:
    """Copy what a page depends on; returns what was left out because of its size.

    Args:
        profile: what is copied; it may be in use.
        root: where to, as the browser's folder of all profiles.
        stop: ends the copying before its next file once it is set.

    Raises:
        ProfileError: it cannot be copied.
    """
    goal = root / "Default"
    wanted = [(profile.root / part, root / part) for part in _ROOT]
    wanted += [(profile.folder / part, goal / part) for part in _PARTS]
    wanted.append((profile.cache, goal / "Cache/Cache_Data"))
    left, out = COPY_LIMIT, []
    for source, place in wanted:
        size = _size(source)
        if size > left:
            out.append(source.name)
            continue
        left -= size
        try:
            _copy(source, place, stop)
        except OSError as error:
            why = error.strerror or str(error)
            raise ProfileError(f"{source.name}: {why}; close the browser and retry") from error
    return tuple(out)


def _size(path: Path) -> int:
    if not path.is_dir():
        return path.stat().st_size if path.is_file() else 0
    total = 0
    for place, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(OSError):
                total += Path(place, name).lstat().st_size
    return total


def _copy(source: Path, goal: Path, stop: threading.Event) -> None:
    def one(here: str, there: str) -> None:
        if stop.is_set():
            raise ProfileError("cut off")
        shutil.copyfile(here, there, follow_symlinks=False)

    if source.is_dir():
        # A running browser takes files away while they are copied; what is gone was not needed.
        with contextlib.suppress(shutil.Error):
            unwanted = shutil.ignore_patterns("LOCK")
            shutil.copytree(source, goal, symlinks=True, ignore=unwanted, copy_function=one)
    elif source.is_file():
        goal.parent.mkdir(parents=True, exist_ok=True)
        one(str(source), str(goal))


class Tab:
    """One tab of a running browser."""

    def __init__(self, page: "Page", session: "CDPSession", seconds: float) -> None:
        self._page, self._session, self._seconds = page, session, seconds

    async def visit(self, url: str) -> Shown:
        """Open a page as a person does who types its address.

        Raises:
            DriveError: the browser did not take the command.
        """
        from playwright.async_api import Error  # noqa: PLC0415 - the extra

        heard, error, answer = _Heard(), "", None
        try:
            await heard.listen(self._session)
            try:
                answer = await self._page.goto(
                    url, wait_until="commit", timeout=self._seconds * 1_000
                )
            except Error as failure:
                error = _code(failure.message)
                if not error:
                    raise
            # What the protocol tells beside the page comes a little after it.
            await asyncio.sleep(0.05)
        except Error as failure:
            raise DriveError(_first_line(failure.message)) from failure
        worker = answer is not None and answer.from_service_worker
        by = "worker" if worker else "cache" if heard.cached else "site"
        status = answer.status if answer is not None else heard.status
        return Shown(status, by, error, heard.cookies, heard.version)


class Driver:
    """Starts browsers, one after the other or side by side."""

    def __init__(self, driver: "Playwright") -> None:
        self._driver = driver

    @asynccontextmanager
    async def tab(
        self, program: str, folder: Path, seconds: float, options: Sequence[str] = ()
    ) -> AsyncGenerator[Tab, None]:
        """A tab of a browser, which is started with a profile and ends with the block.

        Args:
            program: the browser's program, of Chromium's family.
            folder: the profile's root; the browser writes there.
            seconds: time for the start, and for each visit.
            options: further options of its command line.

        Raises:
            DriveError: it does not start.
        """
        from playwright.async_api import Error  # noqa: PLC0415 - the extra

        root = hasattr(os, "geteuid") and os.geteuid() == 0
        try:
            context = await self._driver.chromium.launch_persistent_context(
                str(folder),
                executable_path=program,
                headless=True,
                timeout=seconds * 1_000,
                args=list(options),
                ignore_default_args=_UNWANTED,
                # The browser's own wall stays up; for root it cannot.
                chromium_sandbox=not root,
            )
        except Error as error:
            raise DriveError(_first_line(error.message)) from error
        try:
            page = context.pages[0] if context.pages else await context.new_page()
            yield Tab(page, await context.new_cdp_session(page), seconds)
        except Error as error:
            raise DriveError(_first_line(error.message)) from error
        finally:
            with contextlib.suppress(Error):
                await context.close()


@asynccontextmanager
async def driver() -> AsyncGenerator[Driver, None]:
    """Playwright's own process, which ends with the block and every browser with it.

    Raises:
        ImportError: the extra `browser` is not installed.
    """
    from playwright.async_api import async_playwright  # noqa: PLC0415 - the extra

    manager = async_playwright()
    try:
        yield Driver(await _to_the_end(manager.start()))
    finally:
        await _to_the_end(manager.__aexit__())


async def _to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Wait for it also when we are cut off: half started or half ended, a process stays behind."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task], timeout=END_SECONDS)
        raise


class _Heard:
    """What Chromium's DevTools protocol tells and Playwright does not.

    https://chromedevtools.github.io/devtools-protocol/tot/Network/
    """

    def __init__(self) -> None:
        self.cached, self.cookies, self.version = False, 0, ""
        self.status: int | None = None

    async def listen(self, session: "CDPSession") -> None:
        """Hear what is told of the next page."""
        session.on("Network.responseReceived", self._response)
        session.on("Network.requestWillBeSentExtraInfo", self._sent)
        await session.send("Network.enable")
        told = await session.send("Browser.getVersion")
        self.version = str(told.get("product", "")).partition("/")[2]
        # Some sites refuse the name by which it calls itself while nobody sees it.
        agent = str(told.get("userAgent", "")).replace("Headless", "")
        await session.send("Network.setUserAgentOverride", {"userAgent": agent})

    def _response(self, told: dict[str, Any]) -> None:
        if told.get("type") == "Document" and self.status is None:
            self.status = told["response"]["status"]
            self.cached = bool(told["response"].get("fromDiskCache"))

    def _sent(self, told: dict[str, Any]) -> None:
        # Their names are written small in HTTP/2 only.
        for name, value in told.get("headers", {}).items():
            if name.lower() == "cookie":
                self.cookies = max(self.cookies, len(value))


def _code(message: str) -> str:
    """The browser's own word for a failure, out of Playwright's message; empty where none is."""
    for word in message.replace(":", " ").split():
        if word.startswith("ERR_"):
            return word
    return "TIMED_OUT" if "Timeout" in message and "exceeded" in message else ""


def _first_line(message: str) -> str:
    return " ".join(message.splitlines()[0].split())[:200] if message else "no reason given"
