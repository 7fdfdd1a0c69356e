"""What a browser shows against what the site answers, and the verdict on both."""

import pytest

from badgateway.inference.judge import judge_check
from badgateway.inference.outside import IN_BROWSER
from badgateway.knowledge.base import knowledge
from badgateway.model.hop import Hop, Side
from badgateway.model.observation import Evidence, Observation
from badgateway.model.response import Response
from badgateway.model.verdict import Outcome

URL = "https://shop.example.com/"
ADDRESS = "192.0.2.1"
KNOWN = knowledge()


def way(status=200, url=URL):
    about = {"url": url, "host": "shop.example.com", "address": ADDRESS, "port": 443}
    answer = {**Response(status, protocol="HTTP/1.1").value(), **about, "what": "page"}
    return [
        Observation(Hop.BROWSER, "asked", {"url": url}),
        Observation(Hop.RESOLVER, "resolved", {**about, "place": 0, "by": "system"}),
        Observation(Hop.NETWORK, "connected", about),
        Observation(Hop.GATEWAY, "http-response", answer),
    ]


def shows(status, profile="own", by="site", url=URL):
    about = {"browser": "Chromium", "version": "156", "profile": profile, "url": url}
    return Observation(Hop.BROWSER, "browser-shows", {**about, "status": status, "by": by})


def fails(error, profile="own"):
    about = {"browser": "Chromium", "version": "156", "profile": profile, "url": URL}
    value = {**about, "status": None, "by": "site", "error": error}
    return Observation(Hop.BROWSER, "browser-fails", value)


def sized(size, status=None, failure=None):
    name = "sized-answer" if status else "sized-failed"
    return Observation(
        Hop.GATEWAY, name, {"url": URL, "size": size, "status": status, "failure": failure}
    )


def kept(name, **value):
    return Observation(Hop.BROWSER, name, {"browser": "Chromium", "url": URL, **value})


BIG_FAIL = [sized(12_000, 400), sized(64, 200), sized(12_000, 400)]
TOO_OLD = "ERR_SSL_VERSION_OR_CIPHER_MISMATCH"
WORKER = kept("browser-worker", scope=URL, script=f"{URL}sw.js")


def judged(*more, status=200):
    return judge_check(Evidence([*way(status), *more]), URL, KNOWN)


@pytest.mark.parametrize(
    ("seen", "cause", "outcome", "status"),
    [
        ([shows(502, by="worker")], "client-browser-cache", Outcome.GATEWAY_ERROR, 502),
        ([shows(503, by="cache")], "client-browser-cache", Outcome.GATEWAY_ERROR, 503),
        ([fails("ERR_BLOCKED_BY_CLIENT")], "client-browser-extension", Outcome.UNREACHABLE, None),
        (
            [fails(TOO_OLD)],
            "client-browser-outdated",
            Outcome.UNREACHABLE,
            None,
        ),
        (
            [fails(TOO_OLD, "clean"), fails(TOO_OLD, "clean")],
            "client-browser-outdated",
            Outcome.UNREACHABLE,
            None,
        ),
        (
            [shows(400), shows(200, "clean"), shows(400), shows(200, "clean"), *BIG_FAIL],
            "client-browser-cookies",
            Outcome.OTHER_ERROR,
            400,
        ),
        ([shows(400), *BIG_FAIL], "client-browser-cookies", Outcome.OTHER_ERROR, 400),
        ([kept("browser-cookies", size=12_000), *BIG_FAIL], "client-browser-cookies", None, 400),
        (
            [kept("browser-cached", status=502, age=60, fresh_for=900)],
            "client-browser-cache",
            Outcome.GATEWAY_ERROR,
            502,
        ),
        ([kept("extension-blocks", title="Guard")], "client-browser-extension", None, None),
    ],
)
def test_what_the_browser_shows_in_the_sites_place_is_its_own(seen, cause, outcome, status):
    """The site answers well: what the browser makes of it is the browser's, and it is clear."""
    verdict = judged(*seen)
    assert verdict.causes[0].cause == cause
    assert verdict.determined
    assert (verdict.side, verdict.hop) == (Side.VISITOR, Hop.BROWSER)
    assert outcome in (None, verdict.outcome)
    assert verdict.outcome is not Outcome.HEALTHY
    assert verdict.status == status
    assert verdict.emitter is None


def test_a_worker_that_stored_an_error_is_a_strong_hint_and_no_proof():
    """Whether it shows what it stores is not known before it was asked."""
    verdict = judged(WORKER, kept("worker-keeps", status=502))
    assert verdict.causes[0].cause == "client-browser-cache"
    assert not verdict.determined


@pytest.mark.parametrize(
    "seen",
    [
        [shows(200)],
        [shows(200, by="worker"), WORKER, kept("worker-keeps", status=502)],
        [shows(200), *BIG_FAIL],
        [shows(200, by="cache"), kept("browser-cached", status=502, age=60, fresh_for=900)],
        [shows(200, "clean")],
        [kept("browser-cached", status=502, age=60, fresh_for=0)],
        [kept("browser-cached", status=200, age=60, fresh_for=900)],
        [WORKER],
        [WORKER, kept("browser-cached", status=502, age=60, fresh_for=900)],
        [kept("browser-extension", title="Blocker", powers=["webRequest"])],
        [kept("browser-cookies", size=20_000, count=40)],
        [sized(12_000, 400), sized(64, 400), sized(12_000, 400)],
        [sized(12_000, 400), sized(64, 200), sized(12_000, 200)],
        [sized(12_000, 400)],
        [shows(502), shows(200, "clean"), shows(200), shows(200, "clean")],
        [fails("TIMED_OUT")],
        [kept("browser-untried", detail="it did not start")],
        [kept("profile-missing", detail="none")],
    ],
)
def test_what_a_browser_keeps_without_harm_leaves_the_site_healthy(seen):
    """The page comes with the profile, or nothing shows that it would not: healthy, no cause."""
    verdict = judged(*seen)
    assert verdict.outcome is Outcome.HEALTHY
    assert verdict.causes == ()
    assert not {o.name for o in verdict.observations} & set(IN_BROWSER)


@pytest.mark.parametrize(
    "seen",
    [
        [shows(502, by="worker")],
        [shows(502, by="cache")],
        [shows(502), shows(502, "clean")],
        [fails("ERR_BLOCKED_BY_CLIENT")],
        [kept("browser-cached", status=502, age=60, fresh_for=900)],
        [kept("extension-blocks", title="Guard")],
        BIG_FAIL,
    ],
)
def test_a_site_that_fails_for_programs_too_is_judged_without_the_browser(seen):
    """The causes are the same as without a profile."""
    assert judged(*seen, status=502).causes == judged(status=502).causes


def test_a_page_that_only_this_profile_does_not_get_has_several_causes():
    """Cookies of that size and a clean profile both work: what in this one fails is open."""
    verdict = judged(
        shows(500), shows(200, "clean"), shows(500), shows(200, "clean"), sized(12_000, 200)
    )
    assert verdict.side is Side.VISITOR
    assert not verdict.determined
    assert {"client-browser-cookies", "client-browser-extension"} <= {
        ranked.cause for ranked in verdict.causes
    }
    assert verdict.next


def test_a_page_that_no_browser_gets_is_not_called_healthy():
    """Programs get the page and a clean browser does not: said so, and nothing is sure."""
    verdict = judged(fails("ERR_CONNECTION_RESET", "clean"), fails("ERR_CONNECTION_RESET", "clean"))
    assert verdict.outcome is Outcome.UNREACHABLE
    assert verdict.causes
    assert not verdict.determined


def test_what_a_profile_keeps_of_another_page_says_nothing():
    """A cached error of another URL is not of this page."""
    other = Observation(
        Hop.BROWSER,
        "browser-cached",
        {"browser": "Chromium", "url": f"{URL}other", "status": 502, "age": 1, "fresh_for": 900},
    )
    assert judged(other).outcome is Outcome.HEALTHY


def asked_as(name, status):
    return Observation(Hop.GATEWAY, name, {"url": URL, "browser": "Firefox", "status": status})


@pytest.mark.parametrize(
    ("seen", "healthy"),
    [
        ([shows(200)], True),
        ([shows(200, "clean")], True),
        ([shows(403)], False),
        ([shows(200), shows(403, "clean")], False),
        ([shows(200, by="worker")], False),
        ([asked_as("as-browser", 200), asked_as("as-program", 403)], True),
        ([asked_as("as-browser", 200)], False),
        ([asked_as("as-browser", 200), asked_as("as-program", 200)], False),
        ([shows(403), asked_as("as-browser", 200), asked_as("as-program", 403)], False),
    ],
)
def test_a_page_that_browsers_get_and_programs_do_not_is_there(seen, healthy):
    """A filter against programs is no fault; the answer to a real browser counts most."""
    verdict = judged(*seen, status=403)
    assert (verdict.outcome is Outcome.HEALTHY) is healthy


@pytest.mark.parametrize(
    ("error", "cause", "hop"),
    [
        ("ERR_PROXY_CONNECTION_FAILED", "client-proxy-or-vpn", Hop.EXIT),
        ("ERR_NAME_NOT_RESOLVED", "client-dns-resolver", Hop.RESOLVER),
    ],
)
def test_a_way_of_the_profiles_own_is_told_from_cookies(error, cause, hop):
    """The browser's own proxy or resolver fails: no cookie and no extension is blamed first."""
    verdict = judged(*[fails(error), shows(200, "clean")] * 2)
    assert verdict.causes[0].cause == cause
    assert (verdict.side, verdict.hop) == (Side.VISITOR, hop)


def test_the_extension_whose_rule_blocks_is_named():
    """What was opened says that it was blocked, what was read says by whom."""
    verdict = judged(fails("ERR_BLOCKED_BY_CLIENT"), kept("extension-blocks", title="Guard"))
    (told,) = [o for o in verdict.observations if o.name == "blocked-in-browser"]
    assert told.text("detail") == "ERR_BLOCKED_BY_CLIENT, Guard"
