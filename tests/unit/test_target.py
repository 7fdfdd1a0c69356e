"""Taking apart what a person typed."""

import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from badgateway.model.target import (
    URL_LIMIT,
    Endpoint,
    Target,
    TargetError,
    endpoint_of,
    is_address,
    target_of,
)

PARTS = {
    "https://example.com/": ("https", "example.com", 443, "/"),
    "http://example.com": ("http", "example.com", 80, "/"),
    "HTTPS://EXAMPLE.COM/A": ("https", "example.com", 443, "/A"),
    "https://example.com:8443/a?b=c": ("https", "example.com", 8443, "/a?b=c"),
    "https://example.com./": ("https", "example.com", 443, "/"),
    "https://example.com/a b": ("https", "example.com", 443, "/a%20b"),
    "https://example.com/ä?ö": ("https", "example.com", 443, "/%C3%A4?%C3%B6"),
    "https://example.com/%41%zz": ("https", "example.com", 443, "/%41%zz"),
    "https://example.com/a#part": ("https", "example.com", 443, "/a"),
    "https://example.com?q": ("https", "example.com", 443, "/?q"),
    "https://example.com:443/": ("https", "example.com", 443, "/"),
    "https://bücher.example/": ("https", "xn--bcher-kva.example", 443, "/"),
    "https://BÜCHER.example/": ("https", "xn--bcher-kva.example", 443, "/"),
    "https://straße.example/": ("https", "xn--strae-oqa.example", 443, "/"),
    "https://xn--bcher-kva.example/": ("https", "xn--bcher-kva.example", 443, "/"),
    "https://例え。テスト/": ("https", "xn--r8jz45g.xn--zckzah", 443, "/"),
    "https://[2001:DB8::1]/": ("https", "2001:db8::1", 443, "/"),
    "https://[2001:db8::1]:8443/": ("https", "2001:db8::1", 8443, "/"),
    "http://192.0.2.1:8080/": ("http", "192.0.2.1", 8080, "/"),
    "https://my_host.example/": ("https", "my_host.example", 443, "/"),
    "  https://example.com/  ": ("https", "example.com", 443, "/"),
}

GUESSED = {
    "example.com": ("https", 443),
    "example.com/a": ("https", 443),
    "www.example.co.uk": ("https", 443),
    "example.com:443": ("https", 443),
    "example.com:80": ("http", 80),
    "example.com:8080": ("http", 8080),
    "example.com:8443": ("https", 8443),
    "localhost": ("http", 80),
    "localhost:3000": ("http", 3000),
    "127.0.0.1": ("http", 80),
    "192.168.1.1": ("http", 80),
    "::1": ("http", 80),
    "[::1]:8080": ("http", 8080),
    "shop.test": ("http", 80),
    "nas.local": ("http", 80),
}

WRONG = {
    "": "no URL",
    "   ": "no URL",
    "ftp://example.com/": "ftp:",
    "file:///etc/passwd": "file:",
    "javascript:alert(1)": "javascript:",
    "mailto:a@example.com": "",
    "https://": "host",
    "https:///path": "host",
    "//": "",
    "https://example.com:0/": "port 0",
    "https://example.com:65536/": "port",
    "https://example.com:-1/": "port",
    "https://example.com:http/": "port",
    "https://user@example.com/": "user name",
    "https://user:secret@example.com/": "user name",
    "user@example.com": "user name",
    "https://exa mple.com/": "host name",
    "https://-example.com/": "host name",
    "https://example-.com/": "host name",
    "https://a..b/": "host name",
    "https://.example.com/": "host name",
    "https://" + "a" * 64 + ".example/": "host name",
    "https://" + "a." * 130 + "example/": "host name",
    "https://1.2.3/": "neither a name nor an address",
    "https://256.1.1.1/": "neither a name nor an address",
    "https://[::1/": "no URL",
    "https://[hello]/": "no URL",
    "https://ex\x00ample.com/": "control characters",
    "https://example.com/\n": "",
    "https://example.com/a\nb": "control characters",
    "https://example.com/a\x1b[31m": "control characters",
    "https://\u2100.example/": "",
    "https://a\u202eb.example/": "host name",
    "https://example.com/" + "a" * URL_LIMIT: "longer",
    "https://example.com/\udcff": "",
    "https://[::1%é]/": "",
    "https://[::1% x]/": "",
}


@pytest.mark.parametrize(("text", "parts"), PARTS.items())
def test_a_url_is_taken_apart(text, parts):
    """Scheme, host, port and path are what a browser would ask for."""
    target = target_of(text)
    assert (target.scheme, target.host, target.port, target.path) == parts
    assert not target.guessed


@pytest.mark.parametrize(("text", "expected"), GUESSED.items())
def test_a_missing_scheme_is_guessed(text, expected):
    """Without a scheme it is https for a public name and http for everything else."""
    target = target_of(text)
    assert (target.scheme, target.port) == expected
    assert target.guessed


@pytest.mark.parametrize(
    ("text", "word"),
    [(text, word) for text, word in WRONG.items() if text != "https://example.com/\n"],
    ids=lambda value: ascii(value)[:40],
)
def test_what_is_no_web_address_is_refused(text, word):
    """What cannot be asked for is refused with a message that says why."""
    with pytest.raises(TargetError) as refused:
        target_of(text)
    assert word in str(refused.value)
    assert len(str(refused.value)) < 300


def test_a_line_end_behind_the_url_is_forgiven():
    """A pasted URL brings its line end along."""
    assert target_of("https://example.com/\n").url == "https://example.com/"


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://example.com:443/", "https://example.com/"),
        ("http://example.com:443/", "http://example.com:443/"),
        ("http://[::1]:80/", "http://[::1]/"),
        ("https://[::1]:80/", "https://[::1]:80/"),
    ],
)
def test_the_usual_port_is_left_out(text, url):
    """The URL names a port only where it is not the scheme's own, and IPv6 in brackets."""
    assert target_of(text).url == url


@pytest.mark.parametrize(
    ("host", "public"),
    [
        ("example.com", True),
        ("www.example.com.", True),
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("localhost", False),
        ("www.localhost", False),
        ("intranet", False),
        ("printer.local", False),
        ("router.lan", False),
        ("nas.home.arpa", False),
        ("x.test", False),
        ("x.example", False),
        ("x.invalid", False),
        ("hidden.onion", False),
        ("db.internal", False),
        ("dc.corp", False),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("169.254.1.1", False),
        ("192.168.0.1", False),
        ("100.64.0.1", False),
        ("192.0.2.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
    ],
)
def test_only_what_the_world_can_know_is_public(host, public):
    """Names and addresses of a private net are never told to strangers."""
    assert Target("https", host, 443, "/").public is public


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/b", "https://example.com/b"),
        ("b", "https://example.com/a/b"),
        ("?x", "https://example.com/a/?x"),
        ("//other.example/", "https://other.example/"),
        ("http://other.example", "http://other.example/"),
        (" /b ", "https://example.com/b"),
        ("/ä", "https://example.com/%C3%A4"),
        ("../../../x", "https://example.com/x"),
    ],
)
def test_a_location_is_followed_as_browsers_do(location, url):
    """A Location header leads to what RFC 3986 says, relative or not."""
    assert target_of("https://example.com/a/").follow(location).url == url


@pytest.mark.parametrize(
    "location", ["ftp://x/", "javascript:1", "http://[", "//[::1", "//a\u2100b/", "http://h:99999/"]
)
def test_a_location_to_nowhere_is_refused(location):
    """A Location header that no browser can follow raises one error and no other."""
    with pytest.raises(TargetError):
        target_of("https://example.com/").follow(location)


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("192.0.2.1", Endpoint("192.0.2.1", None)),
        ("192.0.2.1:53", Endpoint("192.0.2.1", 53)),
        ("2001:db8::1", Endpoint("2001:db8::1", None)),
        ("[2001:db8::1]:53", Endpoint("2001:db8::1", 53)),
        ("name.example:80", Endpoint("name.example", 80)),
    ],
)
def test_an_endpoint_is_a_host_and_a_port(text, endpoint):
    """Address or name, with a port or without."""
    assert endpoint_of(text) == endpoint


@pytest.mark.parametrize(
    "text",
    [
        *("", ":", ":53", "1.2.3.4:", "1.2.3.4:0", "1.2.3.4:65536", "1.2.3.4:x", "1.2.3.4:²"),
        *(
            "[::1",
            "[::1]x",
            "[x]:1",
            "a b",
            "a:1:2",
            "http://a/",
            "1.2.3.4:-1",
            "1.2.3.4:" + "9" * 20,
        ),
    ],
)
def test_what_is_no_endpoint_is_refused(text):
    """Anything else is refused with a message."""
    with pytest.raises(TargetError):
        endpoint_of(text)


@given(st.text(max_size=60))
@example("\ud800")
@example("http://h/\udcff")
@example("http://h/?\udcff")
@example("[\ud800]")
@example("http://\u3002/")
@example("http://\u00ad/")
@example("http://xn--/")
@example("http://xn--a.example/")
def test_any_text_is_a_target_or_a_target_error(text):
    """Nothing that can be typed brings anything but a target or its one error."""
    try:
        target = target_of(text)
    except TargetError:
        return
    assert target.url.isascii()
    assert target_of(target.url).url == target.url


URLISH = st.text("htps:/[]%@?#.-_0:1aäxn\u3002\uff0e ²\u200d\u2100", max_size=30)


@given(URLISH)
def test_what_looks_like_a_url_is_a_target_or_a_target_error(text):
    """The same for text made of the signs that URLs are made of."""
    for given_text in (text, "http://" + text):
        try:
            target = target_of(given_text)
        except TargetError:
            continue
        assert target.host
        assert target.authority.isascii()


@given(URLISH)
def test_any_location_is_a_target_or_a_target_error(text):
    """Whatever a site sends as Location, following it raises nothing else."""
    with contextlib.suppress(TargetError):
        assert target_of("https://example.com/a").follow(text).url.isascii()


@given(st.ip_addresses().map(str))
def test_every_address_is_one(address):
    """Every address that is written as usual is known as one, bare or in a URL."""
    assert is_address(address)
    assert target_of(address).literal


def test_a_login_in_a_redirect_is_dropped():
    """Browsers follow `https://user:pw@host/`; so does the check, without the login."""
    here = target_of("https://a.example.com/")
    assert here.follow("https://us:pw@b.example.com/x").url == "https://b.example.com/x"
    with pytest.raises(TargetError):
        target_of("https://us:pw@b.example.com/x")
