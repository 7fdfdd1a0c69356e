"""The probes that ask as a browser with cookies asks, against real sockets."""

import pytest
from loopback import http, one, seen_in

from badgateway.browser import observed
from badgateway.browser.agents import agents, headers_of
from badgateway.model.verdict import Outcome
from badgateway.probes import cookies_sized, real_browser


@pytest.fixture(autouse=True)
def without_playwright(monkeypatch):
    """No browser is opened here: that is tested with a real one, in `tests/servers`."""
    monkeypatch.setattr(real_browser, "find_spec", lambda _: None)


@pytest.mark.parametrize(("size", "count"), [(1_024, 1), (12_345, 30), (64, 4), (65_536, 180)])
def test_made_up_cookies_are_as_large_as_asked(size, count):
    """Byte for byte, in as many cookies, each with its own name."""
    header = cookies_sized.made_up(size, count)
    assert len(header) == size
    names = [crumb.partition("=")[0] for crumb in header.split("; ")]
    assert len(set(names)) == len(names) == count


def firefox(folder, size, count=10):
    """A profile with that many bytes of cookies for 127.0.0.1."""
    import sqlite3

    folder.mkdir()
    (folder / "prefs.js").write_text("")
    with sqlite3.connect(folder / "cookies.sqlite") as store:
        store.execute("PRAGMA user_version = 17")
        store.execute(
            "CREATE TABLE moz_cookies (originAttributes TEXT, name TEXT, value TEXT, host TEXT, "
            "path TEXT, expiry INTEGER, isSecure INTEGER)"
        )
        for number in range(count):
            store.execute(
                "INSERT INTO moz_cookies VALUES ('', ?, ?, '127.0.0.1', '/', 99999999999999, 0)",
                (f"c{number}", "x" * (size // count)),
            )
    store.close()
    return folder


def limited(most, requests):
    """A server that refuses longer heads, and remembers all of them."""

    def handle(connection):
        requests.append(connection.head())
        refused = len(requests[-1]) > most
        connection.send(http("400 Bad Request" if refused else "200 OK", b"<p>shop</p>"))

    return handle


def test_cookies_that_are_too_large_are_found_without_a_browser(serve, check, tmp_path):
    """As many bytes fail each time, few do not; no cookie of the person's was sent."""
    profile = firefox(tmp_path / "profile", 12_000)
    requests = []
    server = serve(limited(8_000, requests))
    verdict = check(server.url, profile=str(profile))
    assert len(requests) > 3
    assert verdict.causes[0].cause == "client-browser-cookies"
    assert verdict.determined
    assert verdict.outcome is Outcome.OTHER_ERROR
    assert one(verdict, "browser-cookies").value["count"] == 10
    assert not any(b"c0=" in request for request in requests)


def test_cookies_that_reset_the_connection_are_found(serve, check, tmp_path):
    """Some servers answer nothing to what is too long for them."""

    def handle(connection):
        if len(connection.head()) > 8_000:
            connection.reset()
        else:
            connection.send(http("200 OK", b"<p>shop</p>"))

    verdict = check(serve(handle).url, profile=str(firefox(tmp_path / "profile", 12_000)))
    assert verdict.causes[0].cause == "client-browser-cookies"


def test_few_cookies_cost_no_request(serve, check, tmp_path):
    """What could break nothing is not tried."""
    server = serve(http("200 OK", b"<p>shop</p>"))
    verdict = check(server.url, profile=str(firefox(tmp_path / "profile", 200)))
    assert verdict.outcome is Outcome.HEALTHY
    assert "sized-answer" not in seen_in(verdict)


def test_a_profile_that_is_none_is_said_and_the_check_goes_on(serve, check, tmp_path):
    """A wrong folder is a mistake of the call's, not a fault of the site."""
    verdict = check(serve(http("200 OK", b"<p>shop</p>")).url, profile=str(tmp_path))
    assert verdict.outcome is Outcome.HEALTHY
    assert "prefs.js" in one(verdict, "profile-missing").text("detail")


def test_a_part_that_cannot_be_read_is_said(serve, check, tmp_path, monkeypatch):
    """A store that is locked costs its part of the knowledge and no more."""
    profile = firefox(tmp_path / "profile", 12_000)
    (profile / "cookies.sqlite").write_bytes(b"no database, but as long as one begins" * 40)
    verdict = check(serve(http("200 OK", b"<p>shop</p>")).url, profile=str(profile))
    assert verdict.outcome is Outcome.HEALTHY
    assert one(verdict, "profile-unread").text("what") == "cookies"


def test_auto_without_a_profile_says_what_to_give(serve, check, monkeypatch):
    """On a machine without a browser `auto` finds nothing, and says so."""
    monkeypatch.setattr(observed, "found_profiles", list)
    verdict = check(serve(http("200 OK", b"<p>shop</p>")).url, profile="auto")
    assert "--browser-profile" in one(verdict, "profile-missing").text("detail")


# --- as browsers identify themselves


def refusing(*words, status="403 Forbidden"):
    """A filter that gives the page only where the request holds one of the words."""

    def handle(connection):
        head = connection.head()
        given = any(word in head for word in words)
        connection.send(http("200 OK" if given else status, b"<p>shop</p>"))

    return handle


def test_a_filter_that_refuses_programs_alone_is_no_fault(serve, check):
    """People get the page: healthy, with what browsers were answered."""
    verdict = check(serve(refusing(b"Chrome/", b"Firefox/")).url)
    assert (verdict.outcome, verdict.status) == (Outcome.HEALTHY, 200)
    assert not verdict.causes
    assert one(verdict, "programs-refused").value["status"] == 403
    assert {o.text("browser") for o in verdict.observations if o.name == "as-browser"} == {
        "Chromium",
        "Firefox",
    }


@pytest.mark.parametrize("words", [(), (b"Firefox/",)])
def test_a_filter_that_refuses_a_browser_too_stays_a_refusal(serve, check, words):
    """Whoever is refused in one browser is refused."""
    verdict = check(serve(refusing(*words)).url)
    assert (verdict.outcome, verdict.status) == (Outcome.OTHER_ERROR, 403)
    assert "programs-refused" not in seen_in(verdict)


def test_a_refusal_that_comes_and_goes_is_not_laid_to_the_filter(serve, check):
    """A program that gets the page the second time shows that no filter chooses."""
    asked = []

    def handle(connection):
        connection.head()
        asked.append(1)
        connection.send(http("403 Forbidden" if len(asked) == 1 else "200 OK", b"<p>shop</p>"))

    verdict = check(serve(handle).url)
    assert "as-program" in seen_in(verdict)
    assert "programs-refused" not in seen_in(verdict)


@pytest.mark.parametrize("status", ["401 Unauthorized", "404 Not Found", "429 Too Many Requests"])
def test_a_site_that_means_it_is_not_asked_as_a_browser(serve, check, status):
    """A login, an absent page and a rate limit are the same for everybody."""
    verdict = check(serve(refusing(status=status)).url)
    assert "as-browser" not in seen_in(verdict)


def test_what_browsers_send_over_tls_alone_stays_there():
    """Client hints and fetch metadata are not sent in the clear."""
    for agent in agents():
        plain = {name.lower() for name, _ in headers_of(agent, tls=False)}
        assert "user-agent" in plain
        assert not any(name.startswith("sec-") for name in plain)
        assert any(name.lower().startswith("sec-") for name, _ in headers_of(agent, tls=True))
