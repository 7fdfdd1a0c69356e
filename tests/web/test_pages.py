"""The page without any script: forms, links, and what it refuses."""

import json
import os
import re
import sqlite3
import stat
import subprocess
import sys

import pytest

from badgateway.web.runs import FullError


def test_the_front_page_asks_for_an_address_or_for_what_is_seen(local):
    """Both ways in are there, with labels, and nothing is fetched from elsewhere."""
    page = local.get("/").text
    assert '<label for="url">' in page
    assert '<label for="text">' in page
    assert re.findall(r'(?:src|href)="(?![/#])[^"]*"', page) == []


@pytest.mark.parametrize(
    ("accepted", "query", "language"),
    [
        ("fr-CH, fr;q=0.9, en;q=0.8", "", "fr"),
        ("de, en;q=0.5", "", "en"),
        ("xx-klingon", "", "en"),
        ("en", "?lang=fr", "fr"),
        ("fr", "?lang=en", "en"),
        ("fr", "?lang=../../etc", "fr"),
    ],
)
def test_the_page_speaks_the_browsers_language(local, accepted, query, language):
    """The first of its languages that there is, unless the address names one."""
    page = local.get(f"/{query}", Accept_Language=accepted).text
    assert f'<html lang="{language}">' in page


def test_from_an_address_to_a_verdict(local, demo):
    """A broken page is named, with whose problem it is, steps and evidence."""
    demo.stop_application()
    page = local.done(local.check(demo.url)).text
    assert "502 Bad Gateway" in page
    assert "It is the site&#39;s problem, not yours." in page
    assert 'data-hop="upstream" data-state="broken"' in page
    assert "sudo ss -ltnp" in page
    assert "port" in page


def test_a_working_page_is_told_as_such(local, demo):
    """No fault, no steps."""
    page = local.done(local.check(demo.url)).text
    assert "The page works: it answers 200." in page
    assert "What you can do" not in page


def test_what_is_no_address_is_said_beside_the_field(local):
    """The form comes back with what was typed and why it will not do."""
    answer = local.post("/check", {"url": "ftp://files.example/"})
    assert answer.status == 400
    assert 'role="alert"' in answer.text
    assert 'value="ftp://files.example/"' in answer.text


def test_an_address_in_the_query_is_filled_in_and_not_checked(local):
    """A link from elsewhere must not make this machine send anything."""
    page = local.get("/?url=https://shop.example/").text
    assert 'value="https://shop.example/"' in page
    assert local.app.state.site.checks._all == {}


def upload(server, text="", **files):
    """A form as browsers send it, with files."""
    parts = [f'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\n{text}\r\n']
    for name, content in files.items():
        head = f'--b\r\nContent-Disposition: form-data; name="files"; filename="{name}"'
        parts.append(f"{head}\r\nContent-Type: text/plain\r\n\r\n{content}\r\n")
    body = ("".join(parts) + "--b--\r\n").encode()
    return server.post("/explain", body, Content_Type="multipart/form-data; boundary=b")


def test_from_pasted_text_to_an_explanation(local):
    """Who made a page is known by its text."""
    answer = upload(local, "<center><h1>502 Bad Gateway</h1></center><hr><center>nginx/1.24.0")
    page = local.done(answer.headers["location"]).text
    assert "nginx 1.24.0 made this page." in page


def test_dropped_files_are_read_together(local):
    """A log beside the page settles the cause, and the owner's steps come first."""
    line = (
        "2026/11/23 09:14:02 [error] 7#7: *1 connect() failed (111: Connection refused) while "
        'connecting to upstream, client: 1.2.3.4, server: shop, request: "GET / HTTP/1.1", '
        'upstream: "http://127.0.0.1:3000/", host: "shop"\n'
    )
    answer = upload(local, error_log=line)
    page = local.done(answer.headers["location"]).text
    assert "127.0.0.1:3000" in page
    owner = page.index("What the site&#39;s owner can do")
    assert "What you can do" not in page[:owner]


def test_nothing_pasted_is_said(local):
    """An empty form gets an answer that says what to do."""
    answer = upload(local)
    assert answer.status == 400
    assert "Paste something" in answer.text


def test_an_answer_changes_the_verdict(local):
    """Who says that a new version was rolled out gets another first cause, or another share."""
    place = upload(local, "502 Bad Gateway\nnginx/1.24.0").headers["location"]
    before = local.done(place).text
    test = re.search(r'name="test" value="([^"]+)"', before)[1]
    answer = local.post(f"{place}/answer", {"test": test, "answer": "reported"})
    assert (answer.status, answer.headers["location"]) == (303, place)
    after = local.get(place).text
    shares = [re.findall(r'class="percent">(\d+)', page) for page in (before, after)]
    assert shares[0] != shares[1]
    assert f'value="{test}"' not in after


def test_the_script_gets_the_changed_part_alone(local):
    """With the script's own header the answer is the verdict and no whole page."""
    place = upload(local, "502 Bad Gateway\nnginx/1.24.0").headers["location"]
    test = re.search(r'name="test" value="([^"]+)"', local.done(place).text)[1]
    part = local.post(f"{place}/answer", {"test": test, "answer": "denied"}, X_Part="1")
    assert part.status == 200
    assert "<html" not in part.text


@pytest.mark.parametrize("form", [{}, {"test": "x"}, {"test": "dig-trace", "answer": "maybe"}])
def test_an_answer_to_nothing_is_refused(local, form):
    """Only questions that there are can be answered, by what can be said."""
    place = upload(local, "502 Bad Gateway").headers["location"]
    local.done(place)
    assert local.post(f"{place}/answer", form).status == 400


def test_a_check_goes_as_a_file(local, demo):
    """HTML, Markdown and JSON, each to be saved."""
    demo.stop_application()
    place = local.check(demo.url)
    local.done(place)
    for kind, mark in (("html", "<!doctype html>"), ("md", "# 502"), ("json", '{"schema"')):
        answer = local.get(f"{place}/report.{kind}")
        assert answer.text.startswith(mark)
        assert "attachment" in answer.headers["content-disposition"]
    assert local.get(f"{place}/report.exe").status == 404


def test_past_checks_are_kept_for_their_owner_alone_and_forgotten_when_asked(local, demo):
    """They survive in a file that nobody else may read."""
    demo.stop_application()
    place = local.check(demo.url)
    local.done(place)
    assert place in local.get("/").text
    path = local.settings.history
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert local.post("/past/forget").status == 303
    assert place not in local.get("/past").text
    assert sqlite3.connect(path).execute("select count(*) from checks").fetchone() == (0,)


def test_a_past_check_opens_after_a_restart(local, serve, demo):
    """The whole verdict is there again, with its steps and questions."""
    demo.stop_application()
    place = local.check(demo.url)
    before = local.done(place).text
    again = serve(lambda port: local.settings.__class__(port=port, history=local.settings.history))
    after = again.get(place).text
    assert "502 Bad Gateway" in after
    steps = re.compile(r"<code>([^<]*)</code>")
    assert steps.findall(after) == steps.findall(before)
    told = again.get(f"/api/v1{place}/events").text
    assert json.loads(told.strip().rpartition("data: ")[2])["verdict"]["status"] == 502


@pytest.mark.parametrize(
    ("path", "form"), [("/machine", {"url": ""}), ("/machine/logs", {"files": "/var/log/a.log"})]
)
def test_an_owner_who_would_wait_too_long_is_told(local, monkeypatch, path, form):
    """Too many readings are under way: that is said on a page, and is no bug."""

    def full(self, *_):
        raise FullError

    monkeypatch.setattr("badgateway.web.runs.Runs.ask", full)
    answer = local.post(path, form)
    assert (answer.status, answer.headers["retry-after"]) == (503, "60")
    assert "Too many people" in answer.text


def test_what_is_not_there_is_said(local):
    """An unknown address is a page with a way back."""
    answer = local.get("/checks/nobody")
    assert answer.status == 404
    assert 'href="/"' in answer.text


# --- who may speak to it


def test_a_name_that_was_bent_to_this_machine_is_not_served(local):
    """DNS rebinding: the browser believes it speaks to the attacker's site, and says so."""
    for host in ("evil.example", f"evil.example:{local.port}", "127.0.0.1", ""):
        assert local.get("/", Host=host).status == 421
    assert local.get("/", Host=f"localhost:{local.port}").status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_another_site_starts_nothing(local, headers):
    """A hostile page in the same browser cannot make this machine check, answer or forget."""
    for path in ("/check", "/explain", "/machine", "/past/forget", "/api/v1/check"):
        assert local.post(path, {"url": "http://10.0.0.1/"}, **headers).status == 403
    assert local.app.state.site.checks._all == {}


def test_another_site_reads_nothing(local):
    """Neither as a script, an image or a frame; a person may follow a link here."""
    for mode in ("no-cors", "cors"):
        answer = local.get("/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode=mode)
        assert answer.status == 403
    assert local.get("/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate").status == 200


def test_our_own_forms_pass(local, demo):
    """What browsers send with a form of this page."""
    origin = local.url
    answer = local.post("/check", {"url": demo.url}, Origin=origin, Sec_Fetch_Site="same-origin")
    assert answer.status == 303


def test_a_body_that_is_too_large_is_refused(serve):
    """By its announced length, and by what comes."""
    from badgateway.web.settings import Settings

    server = serve(lambda port: Settings(port=port, body_limit=1_000))
    assert server.post("/check", b"url=" + b"x" * 2_000).status == 413
    chunked = iter([b"url=", b"x" * 2_000])
    kind = "application/x-www-form-urlencoded"
    assert server.post("/check", chunked, Content_Type=kind).status == 413


@pytest.mark.parametrize("path", ["/", "/past", "/machine", "/checks/x", "/api/v1/openapi.json"])
def test_browsers_are_told_to_run_nothing_from_elsewhere(local, path):
    """A strict policy, no framing, no cookies, on every answer."""
    headers = local.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in headers
    assert "server" not in headers


def test_strangers_see_nothing_of_the_machine_and_its_past(serve):
    """The public service has no inspection and no history, and gives no cookies."""
    from badgateway.web.settings import Settings

    server = serve(lambda port: Settings(port=port, public=True))
    for path in ("/machine", "/past"):
        assert server.get(path).status == 404
    page = server.get("/").text
    assert "This server" not in page
    assert "Past checks" not in page


def test_the_owner_inspects_this_machine(local, monkeypatch):
    """The page starts what `inspect` does, and shows its verdict."""
    from badgateway.model.verdict import Outcome, Verdict
    from badgateway.web import owner

    asked = []

    async def inspected(request, wishes):
        asked.append(request)
        return Verdict("shop.example", Outcome.NONE)

    monkeypatch.setattr(owner, "inspect_machine", inspected)
    answer = local.post("/machine", {"url": "http://shop.example/"})
    page = local.done(answer.headers["location"])
    assert asked[0].site == "shop.example"
    assert page.status == 200


def test_what_could_be_changed_is_shown_as_a_diff_and_not_done(local, monkeypatch, tmp_path):
    """The plan of a fix, escaped, beside the command that would do it."""
    from badgateway.model.plan import Edit, Plan
    from badgateway.model.verdict import Outcome, Risk, Verdict
    from badgateway.remedies.plan import Proposal
    from badgateway.web import owner

    before = "proxy_pass http://127.0.0.1:3000;\n"
    after = "proxy_pass http://127.0.0.1:3001; # <b>\n"
    file = tmp_path / "site.conf"
    file.write_text(before)
    changes = (Edit(str(file), before, after),)
    plan = Plan("correct-upstream", "upstream-wrong-address", "Correct it", Risk.NONE, changes)

    async def inspected(request, wishes):
        return Verdict("shop.example", Outcome.GATEWAY_ERROR, status=502)

    monkeypatch.setattr(owner, "inspect_machine", inspected)
    monkeypatch.setattr(owner, "proposal", lambda *_: Proposal((plan,), {}))
    answer = local.post("/machine", {"url": "http://shop.example/?a='b"})
    page = local.done(answer.headers["location"]).text
    assert 'class="plus">  +proxy_pass http://127.0.0.1:3001; # &lt;b&gt;' in page
    assert 'class="minus">  -proxy_pass http://127.0.0.1:3000;' in page
    assert "sudo badgateway fix --url" in page
    assert file.read_text() == before


def test_incidents_of_logs_are_shown_on_a_time_line(local, tmp_path):
    """Files of this machine are read where they lie."""
    log = tmp_path / "access.log"
    line = '1.2.3.4 - - [23/Nov/2026:09:{m:02}:{s:02} +0000] "GET / HTTP/1.1" {code} 5 "-" "x"\n'
    log.write_text(
        "".join(
            line.format(m=n // 60, s=n % 60, code=502 if 1_200 < n < 1_500 else 200)
            for n in range(3_000)
        )
    )
    answer = local.post("/machine/logs", {"files": f"{log}\n\n"})
    place = answer.headers["location"]
    page = local.done(place).text
    assert f"{place}/timeline" in page
    assert "299 of 300 failed" in page
    timeline = local.get(f"{place}/timeline")
    assert "1 incident" in timeline.text
    assert "script-src" not in timeline.headers["content-security-policy"]


def test_a_log_that_is_not_there_is_said(local):
    """With its name, and no verdict."""
    answer = local.post("/machine/logs", {"files": "/nowhere/access.log"})
    assert "/nowhere/access.log" in local.done(answer.headers["location"]).text
    assert local.post("/machine/logs", {"files": " "}).status == 400


def test_another_user_of_this_machine_is_refused(local, serve):
    """Nobody else on the machine reads what was checked, or inspects with our rights."""
    assert local.settings.accounts, "the usual settings know their account"
    call = f"import urllib.request as u; print(u.urlopen('{local.url}/').status)"
    code = [sys.executable, "-c", call]
    assert subprocess.run(code, capture_output=True, check=True).stdout == b"200\n"
    if os.geteuid() != 0:
        pytest.skip("only root can act as somebody else")
    # The system's own Python, because another user may not read ours.
    code[0] = "/usr/bin/python3"
    ran = subprocess.run(code, capture_output=True, user=65_534, check=False)
    assert b"403" in ran.stderr
