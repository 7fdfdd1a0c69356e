"""Opens pages in a real Chromium and says what it shows: `chromium.py [OPTION…] PROFILE URL…`.

PROFILE is a folder, which is made where it is missing and kept, or `clean` for one that is thrown
away. `--copy` leaves the folder as it is and opens a copy of it. `--extension DIR` installs an
unpacked extension in it first. For each URL one line is printed: the status and who gave the
answer (network, cache or service worker), or Chromium's own error, and the page's title.

Chromium is driven through its DevTools protocol on two pipes
(https://chromedevtools.github.io/devtools-protocol/).
"""

import argparse
import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections import deque
from pathlib import Path
from typing import Any

SECONDS = 15.0
_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--no-pings",
    "--no-default-browser-check", "--disable-background-networking", "--disable-sync",
    "--disable-component-update", "--disable-domain-reliability", "--disable-dev-shm-usage",
    "--remote-debugging-pipe", "--enable-unsafe-extension-debugging", "--password-store=basic",
)  # fmt: skip
_WORKER = """
navigator.serviceWorker.getRegistrations().then(
  found => found.length ? navigator.serviceWorker.ready.then(() => found.length) : 0)
"""

Event = dict[str, Any]


class Chromium:
    """A running Chromium with one tab."""

    def __init__(self, profile: Path) -> None:
        told, self._out = os.pipe()
        self._in, says = os.pipe()

        def pipes() -> None:
            # It reads commands from descriptor 3 and writes to 4; none may overwrite the other.
            mine = [os.dup(told), os.dup(says)]
            os.dup2(mine[0], 3)
            os.dup2(mine[1], 4)

        self._process = subprocess.Popen(
            ["chromium", *_FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            close_fds=False,
            preexec_fn=pipes,  # noqa: PLW1509 - no thread is running
        )
        os.close(told)
        os.close(says)
        self._rest, self._number = b"", 0
        self._heard: deque[Event] = deque()
        self._tab: str | None = None
        target = self._page()
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self._tab = attached["sessionId"]
        for domain in ("Page", "Network", "Runtime"):
            self.ask(f"{domain}.enable")

    def _page(self) -> str:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            for target in self.ask("Target.getTargets")["targetInfos"]:
                if target["type"] == "page":
                    return str(target["targetId"])
            time.sleep(0.05)
        raise TimeoutError("Chromium opened no tab")

    def ask(self, method: str, **parameters: object) -> Event:
        """Give a command, and wait for its result."""
        self._number += 1
        message: Event = {"id": self._number, "method": method, "params": parameters}
        if self._tab and not method.startswith(("Target.", "Browser.", "Extensions.")):
            message["sessionId"] = self._tab
        os.write(self._out, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + SECONDS
        while True:
            for heard in self._read(end):
                if heard.get("id") != self._number:
                    self._heard.append(heard)
                elif "error" in heard:
                    raise RuntimeError(f"{method}: {heard['error'].get('message')}")
                else:
                    return dict(heard["result"])

    def events(self, seconds: float) -> Event | None:
        """The next event, None after so many seconds without one."""
        if not self._heard:
            with contextlib.suppress(TimeoutError):
                self._heard.extend(self._read(time.monotonic() + seconds))
        return self._heard.popleft() if self._heard else None

    def _read(self, end: float) -> list[Event]:
        if not select.select([self._in], [], [], max(0.0, end - time.monotonic()))[0]:
            raise TimeoutError("Chromium does not answer")
        data = os.read(self._in, 1 << 20)
        if not data:
            raise EOFError("Chromium has ended")
        *whole, self._rest = (self._rest + data).split(b"\0")
        return [json.loads(each) for each in whole]

    def visit(self, url: str) -> str:
        """Open a page as a person does who follows a link; returns what is shown, as one line."""
        self._heard.clear()
        opened = self.ask("Page.navigate", url=url)
        shown = ""
        end = time.monotonic() + SECONDS
        while not shown and time.monotonic() < end:
            event = self.events(0.2)
            if event is None and opened.get("errorText"):
                break
            told = (event or {}).get("params", {})
            if event and event["method"] == "Network.responseReceived":
                shown = _source(told["response"]) if told["type"] == "Document" else ""
        if opened.get("errorText"):
            # An error answer without a body is shown as an error of Chromium's own.
            shown = ", ".join(filter(None, (shown, f"error {opened['errorText']}")))
        # Time for what the page starts: cookies, and a worker that installs itself.
        time.sleep(0.3)
        title = self._evaluate("document.title")
        with contextlib.suppress(RuntimeError):
            self._evaluate(_WORKER)
        return f"{url}: {shown or 'nothing within the time'}, title {json.dumps(title)}"

    def _evaluate(self, script: str) -> object:
        asked = {"expression": script, "awaitPromise": True, "returnByValue": True}
        return self.ask("Runtime.evaluate", **asked)["result"].get("value")

    def install(self, folder: str) -> None:
        """Install an unpacked extension, as "Load unpacked" does."""
        self.ask("Extensions.loadUnpacked", path=folder)

    def close(self) -> None:
        """End it so that everything is written to the profile."""
        with contextlib.suppress(EOFError, TimeoutError):
            self.ask("Browser.close")
        try:
            self._process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()


def _source(answer: Event) -> str:
    """The status of a page, and who gave it."""
    worker, cache = answer.get("fromServiceWorker"), answer.get("fromDiskCache")
    source = "service worker" if worker else "cache" if cache else "network"
    return f"status {answer['status']} from {source}"


def _prepared(profile: Path) -> None:
    """A new profile lets its owner load extensions of his own."""
    settings = profile / "Default" / "Preferences"
    if not settings.exists():
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(json.dumps({"extensions": {"ui": {"developer_mode": True}}}))


def _kept(profile: Path) -> None:
    """Let what was installed stay, as what a person loads does.

    Chromium drops at its next start what came by DevTools; the mark that says so is one bit.
    """
    settings = profile / "Default" / "Preferences"
    told = json.loads(settings.read_text())
    for extension in told["extensions"]["settings"].values():
        extension["creation_flags"] = extension.get("creation_flags", 0) & ~(1 << 15)
    settings.write_text(json.dumps(told))


def main() -> int:
    """Open the pages."""
    # In the lab the authorities that its browser trusts stand beside this file.
    if (home := Path(__file__).parent).joinpath(".pki").exists():
        os.environ["HOME"] = str(home)
    parser = argparse.ArgumentParser()
    parser.add_argument("--copy", action="store_true")
    parser.add_argument("--extension")
    parser.add_argument("profile")
    parser.add_argument("urls", nargs="*")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as spare:
        profile = Path(spare) / "profile" if asked.profile == "clean" else Path(asked.profile)
        if asked.copy:
            if not profile.exists():
                print(f"there is no profile {profile}")
                return 1
            profile = Path(shutil.copytree(profile, Path(spare) / "copy", symlinks=True))
        _prepared(profile)
        chromium = Chromium(profile)
        try:
            if asked.extension:
                chromium.install(asked.extension)
            for url in asked.urls:
                print(chromium.visit(url), flush=True)
        finally:
            chromium.close()
        if asked.extension:
            _kept(profile)
    return 0


if __name__ == "__main__":
    sys.exit(main())
