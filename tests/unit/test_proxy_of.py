"""The proxy that a person names."""

import pytest

from badgateway.model.target import TargetError
from badgateway.transport.proxy import Proxy, proxy_of


@pytest.mark.parametrize(
    ("text", "proxy"),
    [
        ("http://proxy.example:3128", Proxy("http", "proxy.example", 3128)),
        ("proxy.example:3128", Proxy("http", "proxy.example", 3128)),
        ("http://proxy.example", Proxy("http", "proxy.example", 8080)),
        ("socks5://127.0.0.1", Proxy("socks5", "127.0.0.1", 1080)),
        ("socks5h://[::1]:9050", Proxy("socks5", "::1", 9050)),
        ("http://u:p@h:1", Proxy("http", "h", 1, "u", "p")),
        ("http://u%40x:p%3A%25@h:1", Proxy("http", "h", 1, "u@x", "p:%")),
    ],
)
def test_a_proxy_is_taken_apart(text, proxy):
    """Scheme, host, port, user and password, decoded as a URL carries them."""
    assert proxy_of(text) == proxy


@pytest.mark.parametrize(
    "text", ["ftp://h", "http://", "http://h:x", "http://h:99999", "http://[", "://"]
)
def test_what_is_no_proxy_is_refused(text):
    """Anything else is refused with a message that shows the form."""
    with pytest.raises(TargetError, match="HOST:PORT"):
        proxy_of(text)


def test_a_password_is_not_shown():
    """What is shown of a proxy holds neither user nor password, nor does its repr."""
    proxy = proxy_of("http://user:s3cret@h:1")
    assert proxy.shown == "http://h:1"
    assert "s3cret" not in repr(proxy)
