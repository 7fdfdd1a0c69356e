"""Who made a page, who passed it on, and what it is."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgateway.inference.classify import classify, stated_status
from badgateway.inference.identify import identify
from badgateway.knowledge.emitter import emitter_of
from badgateway.knowledge.files import parse
from badgateway.knowledge.page import Page
from badgateway.model.response import Response, response_from_text
from badgateway.model.verdict import Outcome

NGINX = (
    "<html><title>502 Bad Gateway</title><center><h1>502 Bad Gateway</h1></center><hr>"
    "<center>nginx/1.24.0</center></html>"
)

FILE = """
title = "{name}"
hop = "{hop}"
about = "made up"
source = "made up"

[[made]]
id = "body"
in = "text"
contains = ["made by {name}"]
strength = "{strength}"
kind = "{kind}"

[[passed]]
id = "header"
in = "header:x-{name}"
matches = "(?P<version>.*)"

[[sample]]
matches = true
text = "made by {name}"

[[sample]]
matches = false
text = "another page"
"""


def product(name, hop="gateway", over=(), strength="strong", kind="page"):
    """A made-up product that signs its pages and leaves a header on what it passes on."""
    text = FILE.format(name=name, hop=hop, strength=strength, kind=kind)
    return replace(emitter_of(name, parse(f"{name}.toml", text)), over=tuple(over))


def world(*products):
    """Only these products exist."""
    return {made.name: made for made in products}


def page(body="", status=502, **headers):
    """A page with headers such as `x_a`."""
    pairs = tuple((name.replace("_", "-"), text) for name, text in headers.items())
    return Page.of(Response(status, "", pairs, body))


def test_the_body_names_the_maker_and_the_header_the_relay():
    """Who signed the page made it; who left a header passed it on."""
    who = identify(page("made by a", x_b="2"), world(product("a"), product("b", "edge")))
    assert (who.emitter.name, who.emitter.relayed_by) == ("a", ("b",))


def test_relays_stand_in_the_order_of_the_chain():
    """The relay next to the visitor comes first."""
    products = world(product("a"), product("b", "gateway"), product("c", "edge"))
    who = identify(page("made by a", x_b="1", x_c="1"), products)
    assert who.emitter.relayed_by == ("c", "b")


def test_an_unsigned_page_is_the_innermost_relays_with_doubt():
    """Where nobody signed, the last who could have made it is named, never surely."""
    products = world(product("edge", "edge"), product("gate", "gateway"))
    who = identify(page("?", x_edge="1", x_gate="1"), products)
    assert (who.emitter.name, who.emitter.relayed_by) == ("gate", ("edge",))
    assert who.emitter.probability <= 0.6


def test_a_page_of_an_application_is_no_relays():
    """A header that only applications set says that the page came from behind the relays."""
    who = identify(page("?", x_gate="1", x_powered_by="PHP/8"), world(product("gate")))
    assert who.emitter is None
    assert who.relays == ("gate",)


def test_a_page_without_marks_is_nobodys():
    """Nothing told is said as such."""
    who = identify(page("?"), world(product("a")))
    assert (who.emitter, who.kind, who.settled) == (None, None, False)


def test_a_derivative_wins_over_what_it_repeats():
    """A product that repeats another's page and adds its own mark made it."""
    products = world(product("base", strength="proof"), product("fork", over=["base"]))
    assert identify(page("made by base, made by fork"), products).emitter.name == "fork"
    assert identify(page("made by base"), products).emitter.name == "base"


def test_a_hint_of_a_derivative_does_not_win():
    """A hint is too little to overrule the product that signed."""
    products = world(product("base"), product("fork", over=["base"], strength="hint"))
    assert identify(page("made by base, made by fork"), products).emitter.name == "base"


def test_the_stronger_mark_wins():
    """A proof outweighs a hint."""
    products = world(product("a", strength="hint"), product("b", strength="proof"))
    assert identify(page("made by a, made by b"), products).emitter.name == "b"


def test_the_version_is_as_stated():
    """A version that a header captures is kept as text."""
    assert identify(page("made by a", x_a="1.2-b"), world(product("a"))).emitter.version == "1.2-b"


def test_the_order_of_files_does_not_matter():
    """The maker does not depend on the order in which products are known."""
    products = [product("a"), product("b", "edge"), product("c", over=["a"])]
    answer = page("made by a, made by c", x_b="1")
    whos = [identify(answer, world(*order)) for order in itertools.permutations(products)]
    assert {(who.emitter.name, who.emitter.relayed_by) for who in whos} == {("c", ("b",))}


@pytest.mark.parametrize("kind", ["block", "challenge", "portal"])
@pytest.mark.parametrize("status", [200, 403, 503])
def test_a_refusal_on_purpose_is_no_gateway_error(kind, status):
    """A block page, a challenge or a portal is an error of another kind, even as a 503."""
    read = classify(page("made by a", status).response, world(product("a", kind=kind)), {})
    assert (read.outcome, read.variant) == (Outcome.OTHER_ERROR, None)


@pytest.mark.parametrize("status", [502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 527, 530])
def test_a_gateways_status_is_a_gateway_error(known, status):
    """Each status that intermediaries give is a gateway error, with a variant."""
    read = classify(Response(status), known.emitters, known.variants)
    assert read.outcome is Outcome.GATEWAY_ERROR
    assert read.variant in known.variants


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Outcome.HEALTHY),
        (204, Outcome.HEALTHY),
        (304, Outcome.HEALTHY),
        (400, Outcome.OTHER_ERROR),
        (401, Outcome.OTHER_ERROR),
        (403, Outcome.OTHER_ERROR),
        (404, Outcome.OTHER_ERROR),
        (429, Outcome.OTHER_ERROR),
        (500, Outcome.OTHER_ERROR),
        (501, Outcome.OTHER_ERROR),
        (505, Outcome.OTHER_ERROR),
        (519, Outcome.OTHER_ERROR),
        (531, Outcome.OTHER_ERROR),
    ],
)
def test_every_other_status_is_what_it_says(known, status, outcome):
    """Below 400 is healthy; an error that is no gateway's is another error, without a variant."""
    read = classify(Response(status), known.emitters, known.variants)
    assert (read.outcome, read.variant) == (outcome, None)


def test_a_page_of_nginx_is_nginx(known):
    """The page of nginx names nginx, with its version."""
    read = classify(response_from_text(NGINX), known.emitters, known.variants)
    assert (read.who.emitter.name, read.who.emitter.version) == ("nginx", "1.24.0")
    assert (read.outcome, read.status) == (Outcome.GATEWAY_ERROR, 502)


def test_a_page_of_nginx_through_cloudflare_is_still_nginx(known):
    """Cloudflare's headers on a page of nginx make it a relay, not the maker."""
    head = "HTTP/1.1 502 Bad Gateway\nServer: cloudflare\nCF-RAY: 8a1b2c3d4e5f6789-FRA\n\n"
    emitter = classify(response_from_text(head + NGINX), known.emitters, known.variants).who.emitter
    assert (emitter.name, emitter.relayed_by) == ("nginx", ("cloudflare",))


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("502 Bad Gateway", 502),
        ("HTTP/1.1 503 Service Unavailable", 503),
        ("Error 504", 504),
        ("HTTP ERROR 502", 502),
        ("Gateway Time-out", 504),
        ("the service is temporarily unavailable", None),
        ("Service Temporarily Unavailable", 503),
        ("call 502 for a taxi", None),
        ("hello", None),
        ("", None),
    ],
)
def test_words_state_a_status(text, status):
    """A status that a page states in words is read; a number alone is none."""
    assert stated_status(Page.of(Response(None, body=text, headed=False))) == status


ARTICLE = (
    "What is a 502 Bad Gateway error and how do you fix it? A 502 Bad Gateway error means that one "
    "server on the internet received an invalid response from another server. You can often fix it "
    "by reloading the page after a minute. If that does not help, you should clear your browser "
    "cache and cookies. Sometimes the problem is with your DNS settings, so flush the cache. "
    "Another common reason is a plugin that breaks the site after an update. Site owners should "
    "look at the error log of the web server first. "
    "Finally, ask your hosting provider for help with it."
)


def test_an_article_about_an_error_is_none(known):
    """A text about 502 errors is no 502 error."""
    read = classify(response_from_text(ARTICLE), known.emitters, known.variants)
    assert read.outcome is Outcome.NONE


@pytest.mark.parametrize(
    "text",
    ["hello", "Welcome to nginx!", "<h1>It works!</h1>", "Order 503 shipped"],
)
def test_ordinary_text_is_no_error(known, text):
    """Text that says nothing of an error is none, whatever numbers it holds."""
    read = classify(response_from_text(text), known.emitters, known.variants)
    assert read.outcome is Outcome.NONE


def test_many_words_without_a_full_stop_are_read_within_a_moment(known):
    """A long line without a sentence is judged in a moment."""
    import time

    started = time.process_time()
    classify(Response(None, body="a" * 200_000, headed=False), known.emitters, known.variants)
    assert time.process_time() - started < 1


@given(
    st.none() | st.integers(0, 999),
    st.text(max_size=60),
    st.lists(
        st.tuples(st.sampled_from(["Server", "Via", "X-Cache", "CF-RAY"]), st.text(max_size=12)),
        max_size=4,
    ),
)
def test_any_response_is_classified(known, status, body, headers):
    """No answer is refused; a variant is given to gateway errors and to nothing else."""
    read = classify(Response(status, "", tuple(headers), body), known.emitters, known.variants)
    assert (read.variant is not None) is (read.outcome is Outcome.GATEWAY_ERROR)
    if read.who.emitter:
        assert 0 < read.who.emitter.probability <= 1


@given(
    st.permutations(["X-A: 1", "Server: nginx/1.2", "Via: 1.1 varnish", "CF-RAY: 1-FRA", "Date: x"])
)
def test_the_order_of_headers_does_not_matter(known, headers):
    """The same headers in another order are the same answer."""
    text = "HTTP/1.1 502 Bad Gateway\n{}\n\n" + NGINX
    expected = classify(
        response_from_text(text.format("\n".join(sorted(headers)))), known.emitters, known.variants
    )
    read = classify(
        response_from_text(text.format("\n".join(headers))), known.emitters, known.variants
    )
    assert (read.who.emitter, read.variant) == (expected.who.emitter, expected.variant)


@pytest.mark.parametrize(
    "text", ["502 EUR per night", "503 rooms are left", "504 people liked this"]
)
def test_a_number_alone_is_no_status(text, known):
    """A text that begins with a number states a status only if it goes on like an error page."""
    read = classify(response_from_text(text), known.emitters, known.variants)
    assert read.outcome is Outcome.NONE
