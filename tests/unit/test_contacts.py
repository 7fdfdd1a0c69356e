"""Whom to write to: what a security.txt, a registry and an error page say."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgateway.model.response import Response
from badgateway.model.target import target_of
from badgateway.probes import page_contacts, registration, security_txt

SIGNED = """-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA256

# our policy
Contact: mailto:security@shop.com?subject=x
contact: https://shop.com/report
Contact: tel:+33-1-23-45-67-89
Contact: security at shop dot com
Contact: javascript:alert(1)
Contact: mailto:security@shop.com
Expires: 2026-01-01T00:00:00z
-----BEGIN PGP SIGNATURE-----
"""

BOOTSTRAP = {
    "services": [
        [["com", "net"], ["http://rdap.test/com/", "https://rdap.test/com/"]],
        [["uk"], ["https://rdap.nic.test/uk/"]],
        [["co.uk"], ["https://rdap.nic.test/couk"]],
        ["broken"],
        [None, None],
    ]
}


def card(*fields):
    return ["vcard", [["version", {}, "text", "4.0"], *fields]]


DOMAIN = {
    "ldhName": "shop.com",
    "entities": [
        {
            "roles": ["registrar"],
            "vcardArray": card(["fn", {}, "text", "Registrar"]),
            "entities": [
                {
                    "roles": ["abuse"],
                    "vcardArray": card(
                        ["email", {}, "text", "abuse@registrar.test"],
                        ["tel", {"type": "voice"}, "uri", "tel:+1.5555551212"],
                    ),
                }
            ],
        },
        {
            "roles": ["registrant", "technical"],
            "vcardArray": card(
                ["email", {}, "text", "Please query the RDDS service of the registrar"],
                ["contact-uri", {}, "uri", "https://registrar.test/contact?domain=shop.com"],
            ),
        },
    ],
}


def test_the_contacts_of_a_security_txt_are_read_in_order():
    """Signed or not, comments skipped, only addresses that are some, each once."""
    assert security_txt.contacts(SIGNED) == [
        "security@shop.com",
        "https://shop.com/report",
        "tel:+33-1-23-45-67-89",
    ]
    assert security_txt.expires(SIGNED) == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("response", "one"),
    [
        (Response(200, headers=(("Content-Type", "text/plain; charset=utf-8"),)), True),
        (Response(200, headers=(("Content-Type", "text/html"),)), False),
        (Response(404, headers=(("Content-Type", "text/plain"),)), False),
        (Response(502), False),
    ],
)
def test_a_page_that_answers_everything_is_no_security_txt(response, one):
    """RFC 9116 wants text/plain; a front page at any path has another type."""
    assert security_txt.is_one(response) is one


@pytest.mark.parametrize(
    ("host", "asked"),
    [
        ("shop.com", ["https://rdap.test/com/domain/shop.com"]),
        (
            "www.shop.com",
            ["https://rdap.test/com/domain/shop.com", "https://rdap.test/com/domain/www.shop.com"],
        ),
        (
            "a.shop.co.uk",
            [
                "https://rdap.nic.test/couk/domain/shop.co.uk",
                "https://rdap.nic.test/couk/domain/a.shop.co.uk",
            ],
        ),
        ("shop.museum", []),
    ],
)
def test_the_registry_of_the_longest_ending_is_asked(host, asked):
    """RFC 9224: by whole labels, HTTPS first; nobody where the ending is in no list."""
    assert [place.url for place in registration.places(host, BOOTSTRAP)] == asked


def test_the_contacts_of_a_registration_are_found_inside_each_other():
    """The registrar's desk for abuse, and what the owner lets be seen; redacted text is none."""
    assert list(registration.contacts(DOMAIN)) == [
        ("abuse", "abuse@registrar.test", "registrar"),
        ("abuse", "tel:+1.5555551212", "registrar"),
        ("owner", "https://registrar.test/contact?domain=shop.com", "site"),
        ("technical", "https://registrar.test/contact?domain=shop.com", "site"),
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["entities", "roles", "vcardArray", "services", "ldhName"]), inner
        )
    ),
    max_leaves=30,
)


@given(JSON)
def test_whatever_a_registry_answers_breaks_nothing(told):
    """JSON of any shape gives contacts or none."""
    registration.places("www.shop.com", told)
    if isinstance(told, dict):
        list(registration.contacts(told))


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (
            "<p>Contact <a href='mailto:Help@Shop.com'>us</a></p>",
            {("support", "Help@shop.com")},
        ),
        (
            "abuse@host.net and security@shop.com",
            {("abuse", "abuse@host.net"), ("security", "security@shop.com")},
        ),
        ("See status.shop.com for news.", {("status-page", "https://status.shop.com/")}),
        (
            '<a href="https://shop.statuspage.io/incidents/1">x</a>',
            {("status-page", "https://shop.statuspage.io/incidents/1")},
        ),
        ('<a href="/contact-us">x</a>', {("support", "https://www.shop.com/contact-us")}),
        ('<a href="https://shop.com/support/">x</a>', {("support", "https://shop.com/support/")}),
        ('<a href="https://support.cdn.test/help">x</a>', set()),
        ("<img src=logo@2x.png>", set()),
        ("contact webmaster@localhost, admin@example.com or root@10.0.0.1", set()),
        ("<h1>502 Bad Gateway</h1><hr>nginx", set()),
        ('<a href="mailto:x">y</a><a href="//">z</a><a href="http://[">w</a>', set()),
    ],
)
def test_what_an_error_page_names(body, found):
    """Real addresses, status pages, the site's own support page; no templates, no strangers."""
    assert set(page_contacts.named(body, "https://www.shop.com/cart")) == found


def test_a_page_made_to_be_slow_is_read_in_time():
    """Looking for addresses is linear in the page."""
    for piece in ("a@", "a.", "status.", "x@y.", "href=", "a" * 64 + "@", "status.a.b.c.d."):
        body = (piece * 65_536)[:65_536]
        started = time.process_time()
        list(page_contacts.named(body, "https://www.shop.com/"))
        assert time.process_time() - started < 2, piece


def test_a_security_txt_is_looked_for_over_https():
    """Also where the page was asked for without it, unless the site is at a port of its own."""
    places = {
        "http://shop.com/x": "https://shop.com/.well-known/security.txt",
        "https://shop.com:8443/": "https://shop.com:8443/.well-known/security.txt",
        "http://shop.com:8080/": "http://shop.com:8080/.well-known/security.txt",
    }
    for url, place in places.items():
        assert security_txt.place_of(target_of(url)).url == place
