"""A small WSGI shop. `LAB_MODE` breaks its home page the way real code breaks."""

import os
import signal
import time
from collections.abc import Callable, Iterable
from importlib import import_module
from urllib.parse import parse_qs

Start = Callable[[str, list[tuple[str, str]]], object]

MODE = os.environ.get("LAB_MODE", "")
if os.environ.get("LAB_MODULE"):
    import_module(os.environ["LAB_MODULE"])
if os.environ.get("LAB_LIBRARY"):
    with_tax = import_module("pricing").with_tax
if float(os.environ.get("LAB_START_SECONDS", "0")):
    print("loading the catalogue", flush=True)
    time.sleep(float(os.environ["LAB_START_SECONDS"]))
SECONDS = float(os.environ.get("LAB_SECONDS", "30"))

_PAGE = (
    "<!doctype html><html lang=en><head><title>{title}</title></head>"
    "<body><h1>{title}</h1><p>{text}</p></body></html>\n"
)


_REGISTER = """</p><script>navigator.serviceWorker.register("/{worker}.js")</script><p>"""

_START = """
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", event => event.waitUntil(clients.claim()));
self.addEventListener("fetch", event => {
  if (event.request.mode === "navigate") event.respondWith(answer(event.request));
});
"""
_WORKERS = {
    # Keeps whatever came, an error page as well, and never asks again.
    "/hasty.js": """
async function answer(request) {
  const pages = await caches.open("pages");
  const kept = await pages.match(request);
  if (kept) return kept;
  const got = await fetch(request);
  await pages.put(request, got.clone());
  return got;
}
""",
    # Asks the site first, and keeps only what is good, for when there is no network.
    "/careful.js": """
async function answer(request) {
  const pages = await caches.open("pages");
  try {
    const got = await fetch(request);
    if (got.ok) await pages.put(request, got.clone());
    return got;
  } catch (error) {
    return (await pages.match(request)) ?? Response.error();
  }
}
""",
}
"""Service workers by their path."""


def application(environ: dict[str, object], start: Start) -> Iterable[bytes]:
    """Answer one request."""
    path = str(environ.get("PATH_INFO") or "/")
    query = parse_qs(str(environ.get("QUERY_STRING") or ""))
    if path == "/" and MODE:
        path = f"/{MODE}"
    headers = [("Content-Type", "text/html; charset=utf-8")]
    status, title, text = "200 OK", "Shop", "Everything in stock. " * 20
    if path == "/health":
        return _answer(start, "200 OK", [("Content-Type", "text/plain")], b"ok\n")
    if path in _WORKERS:
        script = (_START + _WORKERS[path]).encode()
        return _answer(start, "200 OK", [("Content-Type", "text/javascript")], script)
    if path == "/static.txt":
        return _answer(start, "200 OK", [("Content-Type", "text/plain")], b"static\n" * 20)
    if path == "/large":
        return _answer(start, "200 OK", headers, b"<p>A very long page.</p>\n" * 80_000)
    if path == "/slow":
        time.sleep(float(query.get("s", [str(SECONDS)])[0]))
        text = "That took a while."
    elif path == "/busy":
        time.sleep(0.25)
        text = "What you searched for is in stock."
    elif path == "/crash":
        os.kill(os.getpid(), signal.SIGSEGV)
        time.sleep(1)
    elif path == "/killed":
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(1)
    elif path == "/memory":
        hoard = []
        while True:
            hoard.append(b"x" * (8 << 20))
    elif path == "/error":
        raise RuntimeError("the shop cannot do that")
    elif path == "/bad-gateway":
        status, title, text = "502 Bad Gateway", "Payment provider failed", "Try again later."
    elif path == "/unavailable":
        status, title, text = "503 Service Unavailable", "Stock is being counted", "Back soon."
        headers.append(("Retry-After", "600"))
    elif path == "/teapot":
        status, title, text = "418 I'm a teapot", "Teapot", "No coffee here."
    elif path == "/gone":
        status, title, text = "410 Gone", "Gone", "This offer has ended."
    elif path == "/login":
        status, title, text = "401 Unauthorized", "Sign in", "Members only."
        headers.append(("WWW-Authenticate", 'Basic realm="shop"'))
    elif path == "/forbidden":
        status, title, text = "403 Forbidden", "Access denied", "Blocked by our firewall."
    elif path == "/big-header":
        headers.append(("X-Debug", "d" * int(query.get("n", ["40000"])[0])))
    elif path == "/cookies":
        headers += [("Set-Cookie", f"basket{n}={'c' * 400}; Path=/") for n in range(60)]
    elif path == "/visited":
        # Every page of the shop remembers that it was seen, for a year.
        first = 6 * int(query.get("n", ["0"])[0])
        headers += [
            ("Set-Cookie", f"seen{n}={'c' * 400}; Path=/; Max-Age=31536000")
            for n in range(first, first + 6)
        ]
    elif path == "/app":
        text += _REGISTER.format(worker=query.get("worker", ["careful"])[0])
    elif path == "/article":
        title, text = "What 502 Bad Gateway means", "A 503 Service Unavailable is its sister. " * 20
    elif path == "/old":
        status, title, text = "301 Moved Permanently", "Moved", "See the home page."
        headers.append(("Location", "/"))
    elif path != "/":
        status, title, text = "404 Not Found", "Not found", "No such page."
    body = _PAGE.format(title=title, text=text).encode()
    return _answer(start, status, headers, body)


def _answer(
    start: Start, status: str, headers: list[tuple[str, str]], body: bytes
) -> Iterable[bytes]:
    start(status, [*headers, ("Content-Length", str(len(body)))])
    return [body]
