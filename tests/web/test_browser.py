"""The page in a real browser, as people use it."""

import os
import re
import shutil
from pathlib import Path

import pytest

from badgateway.report.words import Words

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
AXE = Path(__file__).parents[2] / ".tools" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (scripts/packages)"),
    # The browser's driver leaves a transport to the garbage collector when it ends.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
WIDTHS = {"phone": (360, 740), "desk": (1440, 900)}
PAYLOADS = (
    "<script>window.hurt=1</script>",
    "<img src=x onerror=window.hurt=1>",
    "</title></style></textarea><svg onload=window.hurt=1>",
    "\"><iframe srcdoc='<script>parent.hurt=1</script>'>",
    "javascript:window.hurt=1",
    "{{7*7}}{% raw %}${7*7}#{7*7}",
    "<a href=javascript:window.hurt=1 autofocus onfocus=window.hurt=1>x</a>",
    "\u202ecod.exe\u2066",
    "]]><!--<script>window.hurt=1</script>-->",
    "&lt;script&gt;window.hurt=1&lt;/script&gt;",
)


@pytest.fixture(scope="module")
def chromium():
    """One real Chromium for all tests of this file."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=sandbox)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium, serve):
    """Open windows; what the page complains about in its console fails the test.

    They close before the servers stop: a page that misses its server would complain of that.
    """
    contexts, complaints = [], []

    def opened(width="desk", **options):
        size = dict(zip(("width", "height"), WIDTHS[width], strict=True))
        context = chromium.new_context(viewport=size, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.set_default_timeout(15_000)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def kept(page, name):
    """A screenshot as an artefact, where `BADGATEWAY_SHOTS` names a folder."""
    if folder := os.environ.get("BADGATEWAY_SHOTS"):
        page.screenshot(path=str(Path(folder, f"{name}.png")), full_page=True)


def ask(page, local, url):
    page.goto(local.url)
    page.fill("#url", url)
    page.click(".ask button")
    page.wait_for_selector(".answer h1")


def explain(page, local, text):
    page.goto(local.url)
    page.fill("#text", text)
    page.click(".paste button")
    page.wait_for_selector(".answer h1")


def violations(page):
    """What axe-core finds, in its strictest usual set."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed (scripts/packages)")
    # The page's own policy forbids foreign scripts, so this one goes in as the debugger's.
    page.evaluate(AXE.read_text("utf-8") + ";0")
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = page.evaluate("tags => axe.run({runOnly: tags})", tags)["violations"]
    return [(v["id"], [node["html"][:120] for node in v["nodes"]]) for v in found]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_from_address_to_verdict(visit, local, demo, width, scheme):
    """A person types, clicks and reads; nothing sticks out, and axe finds nothing."""
    page = visit(width, color_scheme=scheme)
    page.goto(local.url)
    assert violations(page) == []
    kept(page, f"front-{width}-{scheme}")
    demo.stop_application()
    ask(page, local, demo.url)
    assert page.inner_text(".answer h1") == "502 Bad Gateway"
    assert "It is the site's problem" in page.inner_text(".whose")
    broken = page.locator(".chain:visible [data-state=broken]")
    assert broken.get_attribute("data-hop") == "upstream"
    page.click("text=Evidence")
    page.click("text=Where the time went")
    page.locator("summary:has-text('Why?')").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[width][0]
    assert violations(page) == []
    kept(page, f"verdict-{width}-{scheme}")


def test_the_chain_comes_alive(visit, local):
    """While a slow site lets wait, the hops that work are coloured already."""
    from badgateway.demo.site import DemoSite

    with DemoSite(delay=1.5) as site:
        page = visit()
        page.goto(local.url)
        page.fill("#url", site.url)
        page.click(".ask button")
        page.wait_for_selector(".lying [data-hop=network][data-state=works]", timeout=1_400)
        assert page.locator(".answer h1").count() == 0
        assert page.locator("[role=status]").inner_text()
        page.wait_for_selector(".answer.good h1")
        assert page.locator(".lying [data-hop=upstream]").get_attribute("data-state") == "works"


def test_from_paste_to_explanation(visit, local):
    """The maker of a pasted page is named."""
    page = visit()
    explain(page, local, "<h1>502 Bad Gateway</h1><hr><center>nginx/1.24.0</center>")
    assert "nginx 1.24.0 made this page." in page.inner_text(".answer")


def test_dropped_files_are_named_and_explained(visit, local, tmp_path):
    """A file is chosen, its name shown, its content read."""
    file = tmp_path / "saved.html"
    file.write_text("<title>502 Proxy Error</title><h1>Proxy Error</h1>")
    page = visit()
    page.goto(local.url)
    page.set_input_files("#files", str(file))
    assert page.inner_text("#chosen") == "saved.html"
    page.click(".paste button")
    page.wait_for_selector(".answer h1")
    assert page.inner_text(".subject") == "saved.html"


def test_from_question_to_changed_verdict(visit, local):
    """One click, and probabilities and questions are others, without a new page."""
    page = visit()
    explain(page, local, "502 Bad Gateway\nnginx/1.24.0")
    before = page.locator(".percent").all_inner_texts()
    page.evaluate("window.same = true")
    page.click("fieldset button:has-text('Yes')")
    page.wait_for_function(
        "old => [...document.querySelectorAll('.percent')].map(e => e.textContent).join() != old",
        arg=",".join(before),
    )
    assert page.evaluate("window.same")
    assert page.evaluate("document.activeElement.tagName") == "H1"


def english_left(page):
    """English sentences of the catalogue that stand, whole, in what a person reads."""
    shown = set()
    for text in page.evaluate(
        "[...document.querySelectorAll('main *, header *, footer *')].flatMap(e =>"
        " [...e.childNodes].filter(n => n.nodeType === 3).map(n => n.textContent.trim()))"
    ):
        shown.add(text)
    words = Words("fr")
    return [text for text in shown if " " in text and words.say(text) != text]


def test_a_persons_way_in_french(visit, local, demo):
    """From address to verdict, from paste to explanation, from question to another verdict."""
    page = visit(locale="fr-FR")
    page.goto(local.url)
    assert page.get_attribute("html", "lang") == "fr"
    assert english_left(page) == []
    demo.stop_application()
    ask(page, local, demo.url)
    assert page.inner_text(".whose").startswith("Le problème vient du site")
    assert english_left(page) == []
    assert violations(page) == []
    kept(page, "verdict-fr")
    explain(page, local, "502 Bad Gateway\nnginx/1.24.0")
    assert english_left(page) == []
    before = page.locator(".percent").all_inner_texts()
    page.click("fieldset button:has-text('Oui')")
    page.wait_for_function(
        "old => [...document.querySelectorAll('.percent')].map(e => e.textContent).join() != old",
        arg=",".join(before),
    )
    assert english_left(page) == []


TOLD = """window.Notification = class {
  static permission = "granted";
  static async requestPermission() { return "granted"; }
  constructor(title) { window.told = title; }
};"""


def test_from_watching_to_recovery(visit, serve, tmp_path):
    """Once the site works again the person is told, and the page shows it."""
    from badgateway.demo.site import DemoSite
    from badgateway.web.settings import local_settings

    server = serve(
        lambda port: local_settings(port, None, public_resolvers=False), first_pause=0.15
    )
    with DemoSite() as site:
        page = visit()
        page.add_init_script(TOLD)
        site.stop_application()
        ask(page, server, site.url)
        page.click("text=Tell me when it works again")
        page.wait_for_selector(".tries .bad")
        assert violations(page) == []
        site.start_application()
        page.wait_for_selector(".answer.good h1")
        page.wait_for_selector(".lying [data-hop=upstream][data-state=works]")
        assert page.evaluate("window.told") == f"{site.url} works again"
        assert page.title().startswith("✓")


def test_by_keyboard_alone(visit, local, demo):
    """Tab, typing, Enter and space do everything; the focus is always seen."""
    demo.stop_application()
    page = visit()
    page.goto(local.url)
    assert page.evaluate("document.activeElement.id") == "url"
    page.keyboard.type(demo.url)
    page.keyboard.press("Enter")
    page.wait_for_selector(".answer h1")
    assert page.evaluate("document.activeElement.tagName") == "H1"
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        seen = page.evaluate(
            "(e => [e.tagName, e.className, getComputedStyle(e).outlineStyle])"
            "(document.activeElement)"
        )
        if seen[0] == "BODY":
            break
        assert seen[2] != "none", seen
        reached.add(seen[0])
        if seen[0] == "INPUT":
            page.keyboard.press("Space")
        if seen[0] == "SUMMARY":
            page.keyboard.press("Enter")
    assert {"INPUT", "SUMMARY", "BUTTON", "A"} <= reached
    assert page.locator("details[open]").count() >= 2
    assert page.locator(".steps input:checked").count() >= 3


def test_commands_are_copied(visit, local, demo):
    """The button puts the command on the clipboard, and says so."""
    demo.stop_application()
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    ask(page, local, demo.url)
    command = page.locator(".command code").first.inner_text()
    page.locator("button.copy").first.click()
    page.wait_for_selector("button.copy:has-text('Copied')")
    assert page.evaluate("navigator.clipboard.readText()") == command


def test_without_script_everything_works(visit, local, demo):
    """Forms lead on, and the verdict is there."""
    demo.stop_application()
    page = visit(java_script_enabled=False)
    page.goto(local.url)
    page.fill("#url", demo.url)
    page.click(".ask button")
    if page.locator("noscript a").count():
        page.wait_for_timeout(1_500)
        page.reload()
    assert page.inner_text(".answer h1") == "502 Bad Gateway"


def test_past_checks_are_listed(visit, local, demo):
    """What was checked can be opened again."""
    page = visit("phone")
    ask(page, local, demo.url)
    page.click("text=Past checks")
    assert violations(page) == []
    page.click(f"text={demo.url}")
    page.wait_for_selector(".answer.good h1")


@pytest.mark.parametrize(
    "path", ["/machine", "/known", "/known/causes/upstream-down", "/known/products/nginx"]
)
def test_other_pages_are_accessible(visit, local, path):
    """Other pages are clean for axe too, and nothing sticks out of a phone."""
    page = visit("phone")
    page.goto(local.url + path)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS["phone"][0]
    kept(page, path.strip("/").replace("/", "-"))


def test_what_is_known_is_searched(visit, local):
    """What is typed leaves what fits."""
    page = visit()
    page.goto(local.url + "/known")
    page.fill("#filter", "disk full")
    assert page.locator(".known li:visible").all_inner_texts() == ["the disk is full"]


def test_the_report_stands_alone(visit, local, demo, tmp_path):
    """The saved file shows the same, fetches nothing, and runs nothing."""
    demo.stop_application()
    page = visit()
    ask(page, local, demo.url)
    with page.expect_download() as saved:
        page.click("text=report as a file")
    file = tmp_path / "report.html"
    saved.value.save_as(file)
    asked = []
    page = visit("phone")
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    assert page.inner_text(".answer h1") == "502 Bad Gateway"
    assert asked == [file.as_uri()]
    assert violations(page) == []
    kept(page, "report-phone")


def harmless(page):
    """Whether nothing of what came from outside became a part of the page."""
    assert page.evaluate("typeof window.hurt") == "undefined"
    made = page.evaluate(
        "[...document.querySelectorAll('main *')].filter(e => "
        "[...e.attributes].some(a => a.name.startsWith('on')) || "
        "['IFRAME', 'SCRIPT', 'IMG', 'OBJECT', 'EMBED'].includes(e.tagName)).length"
    )
    assert made == 0
    links = page.evaluate("[...document.querySelectorAll('a')].map(a => a.protocol)")
    assert set(links) <= {"http:", "https:", "file:"}


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_hostile_site_is_shown_as_text(visit, local, payload, tmp_path):
    """Body, status line, headers and a redirect of a site are never part of the page."""
    import socket
    import threading

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(2)
                    try:
                        connection.recv(65_536)
                        line = payload.encode("utf-8").replace(b"\n", b"")
                        head = b"HTTP/1.1 502 " + line + b"\r\nServer: " + line
                        head += b"\r\nVia: 1.1 " + line + b"\r\nX-Request-Id: " + line
                        body = b"<title>502 Bad Gateway</title>" + line
                        connection.sendall(
                            head + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body
                        )
                    except OSError:
                        continue

        threading.Thread(target=answer, daemon=True).start()
        page = visit()
        ask(page, local, f"http://127.0.0.1:{listener.getsockname()[1]}/?{payload}")
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        harmless(page)
        place = re.sub(r"^https?://[^/]+", "", page.url)
        report = tmp_path / "report.html"
        report.write_bytes(local.get(f"{place}/report.html").body)
        page.goto(report.as_uri())
        harmless(page)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_material_is_shown_as_text(visit, local, payload, tmp_path):
    """Neither a log line, a header, a name of a host nor the name of a file becomes markup."""
    file = tmp_path / re.sub(r"[/\0]", "_", payload)
    line = (
        "2026/11/23 09:14:02 [error] 7#7: *1 connect() failed (111: Connection refused) while "
        f'connecting to upstream, client: {payload}, server: {payload}, request: "GET /{payload} '
        f'HTTP/1.1", upstream: "http://{payload}:3000/{payload}", host: "{payload}"\n'
    )
    file.write_text(f"{line}HTTP/1.1 502 {payload}\r\nServer: {payload}\r\n\r\n<h1>{payload}</h1>")
    page = visit()
    page.goto(local.url)
    page.fill("#text", line)
    page.set_input_files("#files", str(file))
    page.click(".paste button")
    page.wait_for_selector(".answer h1")
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    harmless(page)
    page.goto(f"{local.url}/?url={payload}")
    harmless(page)


def test_a_hostile_certificate_is_shown_as_text(visit, local, certificate):
    """The names in a certificate are whatever its maker wrote."""
    import ssl
    import threading
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    from cryptography import x509

    issued = certificate(
        x509.DNSName("a<img src=x onerror=window.hurt=1>.example"), subject=PAYLOADS[0]
    )

    class Quiet(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        context: ssl.SSLContext = issued.context()
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = visit()
        ask(page, local, f"https://127.0.0.1:{server.server_port}/")
        page.click("text=Evidence")
        place = re.sub(r"^https?://[^/]+", "", page.url)
        assert "window.hurt" in local.get(f"{place}/report.json").text, "it has come as far as here"
        harmless(page)
        server.shutdown()


def test_a_hostile_page_cannot_use_the_local_one(visit, local, chromium):
    """From another origin in the same browser nothing is read, framed, started or changed."""
    import http.server
    import threading

    attack = f"""<!doctype html><title>evil</title><form id=f method=post target=t
      action="{local.url}/check"><input name=url value="http://10.0.0.1/"></form>
      <iframe name=t></iframe><iframe id=framed src="{local.url}/"></iframe><script>
      f.submit(); window.got = [];
      for (const [path, options] of [["/", {{}}], ["/past", {{}}],
        ["/check", {{method: "POST", body: new URLSearchParams({{url: "http://10.0.0.1/"}})}}],
        ["/past/forget", {{method: "POST", mode: "no-cors"}}],
        ["/api/v1/check", {{method: "POST", body: '{{"url": "http://10.0.0.1/"}}'}}],
        ["/api/v1/check", {{method: "POST", headers: {{"Content-Type": "application/json"}},
          body: '{{"url": "http://10.0.0.1/"}}'}}]])
        fetch("{local.url}" + path, options).then(a => a.text())
          .then(t => got.push(t), e => got.push("refused"));
      </script>""".encode()

    class Evil(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(attack)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Evil) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        context = chromium.new_context()
        page = context.new_page()
        page.goto(f"http://localhost:{server.server_port}/")
        page.wait_for_function("got.length == 6")
        assert all(text in ("refused", "") for text in page.evaluate("got"))
        context.close()
        server.shutdown()
    assert local.app.state.site.checks._all == {}
