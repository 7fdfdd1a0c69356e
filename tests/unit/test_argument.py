"""Typed values: what comes from a site or a log cannot become a command or a directive."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgateway.model.argument import TYPES, WHOLE, ArgumentError, filled, words_of

HOSTILE = [
    "a; rm -rf /", "$(id)", "`id`", "a\nuser root;", "a b", "-rf", "--config=/x", "a;b", "{", "a#b",
    "../../etc/passwd", "/etc/../shadow", "unix:/x y", "10.0.0.1:80; return 200", "x:0", "x:99999",
    "a'b", 'a"b', "a\\b", "a|b", "a>b", "", " ", "\x00", "é.example", "a..b", "*",
]  # fmt: skip
SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-_/[]@+,=")


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_of_no_type(kind, text):
    """Shell words, further directives, options and climbing paths are refused by every type."""
    with pytest.raises(ArgumentError):
        TYPES[kind](text)


@given(st.sampled_from(sorted(TYPES)), st.text(max_size=80))
def test_what_is_admitted_is_one_plain_word(kind, text):
    """Whatever a type admits holds no space, quote, brace, semicolon or sign of a shell."""
    try:
        admitted = TYPES[kind](text)
    except ArgumentError:
        return
    assert admitted
    assert set(admitted) <= SAFE
    assert not admitted.startswith("-")


@pytest.mark.parametrize(
    ("kind", "text", "form"),
    [
        ("address", "127.0.0.1:8000", "127.0.0.1:8000"),
        ("address", "[::1]:8000", "[::1]:8000"),
        ("address", "app.internal:80", "app.internal:80"),
        ("address", "unix:/run/php/php8.2-fpm.sock", "unix:/run/php/php8.2-fpm.sock"),
        ("host", "a-b.example.com", "a-b.example.com"),
        ("path", "/etc/nginx/sites-available/shop.conf", "/etc/nginx/sites-available/shop.conf"),
        ("word", "php8.2-fpm.service", "php8.2-fpm.service"),
        ("word", "app@1.service", "app@1.service"),
        ("size", "16k", "16k"),
    ],
)
def test_what_is_meant_is_admitted(kind, text, form):
    """Addresses, names, paths and units as people have them pass."""
    assert TYPES[kind](text) == form


def test_a_value_holds_no_place_of_another():
    """A value that looks like a place is refused, not filled in again."""
    with pytest.raises(ArgumentError):
        filled("{a:word}", {"a": "{b:word}", "b": "x"})


def test_a_missing_value_refuses_the_whole():
    """What is not known leaves no half command behind."""
    with pytest.raises(ArgumentError, match="'unit'"):
        filled("start {unit:word}", {})


@pytest.mark.parametrize("kind", ["ip", "ips", "host", "address"])
@pytest.mark.parametrize(
    "scope", ["eth0; return 200", "a b", "x{", "eth0\nuser root", "$(id)", "a'"]
)
def test_an_interface_behind_an_address_holds_nothing_else(kind, scope):
    """`ipaddress` takes any text behind the percent sign; a type admits a zone (RFC 4007)."""
    text = f"fe80::1%{scope}"
    with pytest.raises(ArgumentError):
        TYPES[kind](f"[{text}]:80" if kind == "address" else text)
    assert TYPES["ip"]("fe80::1%eth0") == "fe80::1%eth0"


@given(st.sampled_from(sorted(WHOLE)), st.text(max_size=80))
def test_what_stands_alone_is_no_option_and_ends_no_line(kind, text):
    """Freer types are words of a command: never an option of it, never two lines of a file."""
    try:
        admitted = WHOLE[kind](text)
    except ArgumentError:
        return
    assert not admitted.startswith("-")
    assert admitted.isprintable() or not any(ord(each) < 32 for each in admitted)
    assert kind == "argument" or set(admitted) <= SAFE | {" ", "%"}


def test_each_address_becomes_a_word():
    """A list of addresses is as many words of a command; a name with spaces stays one."""
    words = words_of(
        ("networksetup", "-setdnsservers", "{service:argument}", "{servers:each_ip}"),
        {"service": "John's USB 10/100 LAN", "servers": "1.1.1.1,2606:4700:4700::1111"},
    )
    assert words[2:] == ("John's USB 10/100 LAN", "1.1.1.1", "2606:4700:4700::1111")
    with pytest.raises(ArgumentError):
        words_of(("{service:argument}",), {"service": "-setwebproxy"})
