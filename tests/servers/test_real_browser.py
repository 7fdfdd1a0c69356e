"""Real Chromium, real profiles: what a browser does to a page, told from a site that is broken.

Each profile is made by a Chromium that visits a site on loopback; the site is well when it is
checked, or broken for everybody.
"""

import json
import subprocess
import sys
import threading
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest
from backstage import needed, verdict_on

import badgateway
from badgateway.model.hop import Side
from badgateway.model.target import Wishes
from badgateway.model.verdict import Outcome
from badgateway.probes import real_browser
from badgateway.report.json import verdict_json

pytestmark = pytest.mark.servers

DRIVER = Path(badgateway.__file__).parent / "lab/apps/chromium.py"
NGINX_502 = b"<title>502 Bad Gateway</title><center><h1>502 Bad Gateway</h1></center><hr>nginx"
WORKER = b"""
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", event => event.waitUntil(clients.claim()));
self.addEventListener("fetch", event => {
  if (event.request.mode === "navigate") event.respondWith(new Response(
    "<title>502 Bad Gateway</title>", {status: 502, headers: {"Content-Type": "text/html"}}));
});
"""


class Site:
    """A shop on loopback that can be broken, and that takes no more than 8 KB of cookies."""

    def __init__(self) -> None:
        self.broken = self.keeps = False
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_page(*site.page(self.path, self.headers.get("Cookie", "")))

            def send_page(self, status, headers, body) -> None:
                self.send_response(status)
                for name, value in (*headers, ("Content-Length", str(len(body)))):
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def page(self, path, cookies):
        html = [("Content-Type", "text/html")]
        if path == "/worker.js":
            return 200, [("Content-Type", "text/javascript")], WORKER
        if self.broken:
            kept = [("Cache-Control", "public, max-age=86400")] if self.keeps else []
            return 502, html + kept, NGINX_502
        if len(cookies) > 8_000:
            return 400, html, b"<title>400 Request Header Or Cookie Too Large</title>"
        if path.startswith("/visited"):
            first = 6 * int(path[-1])
            html += [
                ("Set-Cookie", f"seen{n}=secret{'c' * 400}; Path=/; Max-Age=31536000")
                for n in range(first, first + 6)
            ]
        if path == "/app":
            script = b'<script>navigator.serviceWorker.register("/worker.js")</script>'
            return 200, html, b"<title>App</title>" + script
        return 200, html, b"<title>Shop</title><p>Everything in stock.</p>"


@pytest.fixture(scope="module")
def site():
    found = Site()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture(scope="module")
def profiles(site, tmp_path_factory):
    """Profiles by what is wrong with them, made when they are first asked for."""
    needed("chromium", "Chromium")
    if find_spec("playwright") is None:
        pytest.skip("the extra 'browser' is not installed")
    made: dict[str, Path] = {}

    def make(name: str) -> Path:
        if name not in made:
            folder = tmp_path_factory.mktemp(name) / "profile"
            MAKERS[name](site, folder)
            made[name] = folder
        return made[name]

    return make


def browse(folder, *urls, extension=None):
    more = ["--extension", str(extension)] if extension else []
    done = subprocess.run(
        [sys.executable, DRIVER, *more, folder, *urls],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.count("status ") + done.stdout.count("BLOCKED") == len(urls), done.stdout


def with_cookies(site, folder):
    browse(folder, *(f"{site.url}visited?n={n}" for n in range(4)))


def with_few_cookies(site, folder):
    browse(folder, f"{site.url}visited?n=0")


def with_worker(site, folder):
    browse(folder, f"{site.url}app")


def with_stale_page(site, folder):
    site.broken = site.keeps = True
    try:
        browse(folder, site.url)
    finally:
        site.broken = site.keeps = False


def with_extension(site, folder):
    made = folder.parent / "guard"
    made.mkdir()
    rule = {
        "id": 1,
        "action": {"type": "block"},
        "condition": {"urlFilter": "||localhost^", "resourceTypes": ["main_frame"]},
    }
    rules = {"id": "sites", "enabled": True, "path": "rules.json"}
    manifest = {
        "manifest_version": 3,
        "name": "Page guard",
        "version": "1.0",
        "permissions": ["declarativeNetRequest"],
        "declarative_net_request": {"rule_resources": [rules]},
    }
    (made / "rules.json").write_text(json.dumps([rule]))
    (made / "manifest.json").write_text(json.dumps(manifest))
    browse(folder, site.url, extension=made)


MAKERS = {
    "cookies": with_cookies,
    "few-cookies": with_few_cookies,
    "worker": with_worker,
    "stale": with_stale_page,
    "extension": with_extension,
}
CAUSES = {
    "cookies": "client-browser-cookies",
    "worker": "client-browser-cache",
    "stale": "client-browser-cache",
    "extension": "client-browser-extension",
}
EACH = pytest.mark.parametrize("name", CAUSES)


def checked(site, profile):
    return verdict_on(
        site.url,
        Wishes(timeout=40, public_resolvers=False, profile=str(profile) if profile else ""),
    )


def named(verdict, name):
    return [o for o in verdict.observations if o.name == name]


@EACH
def test_what_the_profile_does_is_told_from_a_broken_site(site, profiles, name):
    """The site is well, the browser fails: the cause is the browser's, and clear."""
    verdict = checked(site, profiles(name))
    assert named(verdict, "browser-untried") == []
    assert named(verdict, "browser-shows") + named(verdict, "browser-fails")
    assert verdict.causes[0].cause == CAUSES[name]
    assert verdict.determined
    assert verdict.side is Side.VISITOR
    assert verdict.steps


@EACH
def test_a_broken_site_is_not_blamed_on_the_profile(site, profiles, name):
    """The site fails for everybody: whatever the profile holds, it is the site's."""
    profile = profiles(name)
    site.broken = True
    try:
        verdict = checked(site, profile)
    finally:
        site.broken = False
    assert (verdict.outcome, verdict.status) == (Outcome.GATEWAY_ERROR, 502)
    assert verdict.side is Side.SITE
    assert not [c for c in verdict.causes if c.cause.startswith("client-browser")]


@pytest.mark.parametrize("name", ["cookies", "stale", "extension"])
def test_reading_the_profile_is_enough(site, profiles, name, monkeypatch):
    """Without Playwright the same cause comes first, and the extra is named."""
    monkeypatch.setattr(real_browser, "find_spec", lambda _: None)
    verdict = checked(site, profiles(name))
    assert [o.text("extra") for o in named(verdict, "extra-missing")] == ["browser"]
    assert verdict.causes[0].cause == CAUSES[name]
    assert verdict.side is Side.VISITOR


def test_a_worker_that_is_only_registered_proves_nothing(site, profiles, monkeypatch):
    """What a worker would answer is not known without asking it."""
    monkeypatch.setattr(real_browser, "find_spec", lambda _: None)
    verdict = checked(site, profiles("worker"))
    assert named(verdict, "browser-worker")
    assert verdict.outcome is Outcome.HEALTHY
    assert not verdict.causes


def test_cookies_that_the_site_takes_are_no_fault(site, profiles):
    """Some cookies, and the page comes with them: healthy, in one browser."""
    verdict = checked(site, profiles("few-cookies"))
    assert verdict.outcome is Outcome.HEALTHY
    assert not verdict.causes
    (shown,) = named(verdict, "browser-shows")
    assert shown.value["profile"] == "own"
    assert shown.number("cookies") > 2_400


def test_a_clean_profile_alone_shows_a_healthy_site(site, profiles):
    """`--browser` opens the page once and finds nothing."""
    profiles("few-cookies")  # skips where there is no browser
    verdict = verdict_on(site.url, Wishes(timeout=40, public_resolvers=False, browser=True))
    assert verdict.outcome is Outcome.HEALTHY
    assert [o.text("profile") for o in named(verdict, "browser-shows")] == ["clean"]


@EACH
def test_the_profile_stays_as_it_was(site, profiles, name):
    """Byte for byte, after it was read and its copy was opened."""
    profile = profiles(name)

    def fingerprints():
        return {
            path: sha256(path.read_bytes()).digest()
            for path in sorted(profile.rglob("*"))
            if path.is_file() and not path.is_symlink()
        }

    before = fingerprints()
    checked(site, profile)
    assert fingerprints() == before


def test_no_value_of_a_cookie_is_told(site, profiles):
    """Names and sizes come out, values never."""
    told = verdict_json(checked(site, profiles("few-cookies")))
    assert "seen0" in told
    assert "secret" not in told


def test_nothing_is_left_behind(site, profiles, tmp_path, monkeypatch):
    """Copies and clean profiles are gone afterwards."""
    profile = profiles("few-cookies")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    checked(site, profile)
    assert [path for path in tmp_path.iterdir() if path.name.startswith("badgateway")] == []


@pytest.mark.parametrize("seconds", [0.4, 0.7, 1.0, 1.3, 1.6])
def test_a_run_that_is_cut_off_leaves_nothing_running(site, profiles, seconds):
    """Too little time for a browser: the verdict on the rest comes, and every process is gone."""
    profile = str(profiles("few-cookies"))
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    verdict = verdict_on(site.url, Wishes(timeout=seconds, public_resolvers=False, profile=profile))
    assert verdict.outcome is Outcome.HEALTHY
    left = [child for child in psutil.Process().children(recursive=True) if child.pid not in before]
    _, alive = psutil.wait_procs(left, timeout=5)
    assert alive == []
