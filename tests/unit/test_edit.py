"""Edits of configuration files: the smallest span, every other byte as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgateway.remedies.edit import EditError, assign, point, remove, replace

NGINX = """http {
  # proxy_read_timeout 1s; in a comment
  upstream shop { server 10.0.0.1:80; server 10.0.0.2:80; }
  server {
    location / { proxy_pass http://shop; }
    location /x {
      proxy_pass http://127.0.0.1:8000; # here
      set $a "a;{b}";
    }
  }
}
"""


def test_a_directive_is_put_beside_the_one_that_sends_requests():
    """On a line of its own where the other stands alone, else on the same line."""
    text = assign("nginx", NGINX, 7, "proxy_read_timeout", "9s")
    assert "    location /x {\n      proxy_read_timeout 9s;\n      proxy_pass" in text
    text = assign("nginx", NGINX, 5, "proxy_read_timeout", "9s")
    assert "location / { proxy_read_timeout 9s; proxy_pass http://shop; }" in text


def test_a_server_of_a_group_leads_to_where_the_group_is_used():
    """A timeout belongs to the location that sends to the group, not into `upstream`."""
    text = assign("nginx", NGINX, 3, "proxy_read_timeout", "9s")
    assert text == assign("nginx", NGINX, 5, "proxy_read_timeout", "9s")


def test_what_stands_in_a_comment_or_in_quotes_is_no_directive():
    """Only the real directive of the block changes; braces in quotes open nothing."""
    text = assign("nginx", NGINX, 7, "set", "$a b")
    assert "set $a b;" in text
    assert text.replace("set $a b;", 'set $a "a;{b}";') == NGINX


@given(st.text(alphabet=" \n\t;{}#\"'\\$ab", max_size=60))
def test_any_text_is_kept_around_the_edit(junk):
    """Whatever else a file holds, taking the inserted text out gives the file back."""
    before = f"proxy_pass http://a;\n{junk}"
    try:
        after = assign("nginx", before, 1, "proxy_read_timeout", "9s")
    except EditError:
        return
    assert after.replace("proxy_read_timeout 9s;\n", "", 1) == before


def test_an_address_is_a_word_of_its_own():
    """127.0.0.1:80 is not found in 127.0.0.1:8080, nor 10.0.0.1 in 110.0.0.1."""
    with pytest.raises(EditError):
        replace("server 127.0.0.1:8080;", 1, "127.0.0.1:80", "x")
    with pytest.raises(EditError):
        replace("server 110.0.0.1;", 1, "10.0.0.1", "x")
    assert replace("a 10.0.0.1/", 1, "10.0.0.1", "b") == "a b/"


def test_a_port_that_its_scheme_implies_need_not_stand_there():
    """`http://10.0.0.1/` is the upstream 10.0.0.1:80."""
    text = point("nginx", "proxy_pass http://10.0.0.1/;\n", 1, "10.0.0.1:80", "10.0.0.2:8000")
    assert text == "proxy_pass http://10.0.0.2:8000/;\n"


def test_apache_sections_are_kept_apart():
    """A directive of another VirtualHost is not the one that is meant."""
    text = "<VirtualHost a>\nProxyTimeout 1\n</VirtualHost>\n<VirtualHost b>\nProxyPass / x\n</VirtualHost>\n"  # noqa: E501
    after = assign("apache", text, 5, "ProxyTimeout", "9")
    assert after == text.replace("ProxyPass", "ProxyTimeout 9\nProxyPass")
    assert assign("apache", text, 2, "ProxyTimeout", "9") == text.replace("Timeout 1", "Timeout 9")


def test_what_is_taken_out_leaves_no_trace():
    """The line goes with its line end; the rest stays."""
    text = "server {\n  return 503;\n  listen 80;\n}\n"
    assert remove("nginx", text, 3, "return") == "server {\n  listen 80;\n}\n"
    with pytest.raises(EditError):
        remove("nginx", text, 3, "deny")


@pytest.mark.parametrize(
    "by", ["nginx", "apache", "haproxy", "php-fpm", "caddy", "varnish", "squid"]
)
def test_a_line_that_is_not_there_is_an_error(by):
    """A file that is shorter than the evidence says was changed since: nothing is edited."""
    with pytest.raises(EditError):
        assign(by, "x\n", 40, "a", "b")


ODD = "# a\x0cb \x85 c \u2028 d\r\n"
"""One line for every server; `str.splitlines` would make several of it."""


@pytest.mark.parametrize(
    ("by", "text", "name", "after"),
    [
        ("apache", "<Location />\r\n  ProxyTimeout 4\r\n  ProxyPass / x\r\n</Location>\r\n",
         "ProxyTimeout", "  ProxyTimeout 9\r\n"),
        ("haproxy", "backend a\n  timeout server 4s\n  server b x\n", "timeout server",
         "  timeout server 9\n"),
        ("php-fpm", "[www]\npm.max_children = 4\nlisten = x\n", "pm.max_children",
         "pm.max_children = 9\n"),
    ],
)  # fmt: skip
def test_only_a_line_feed_ends_a_line(by, text, name, after):
    """Form feeds and signs of Unicode stand inside a line; a carriage return stays where it is."""
    edited = assign(by, ODD + text, 4, name, "9")
    assert edited.startswith(ODD)
    assert after in edited
    assert len(edited.split("\n")) == len((ODD + text).split("\n"))
    assert remove(by, ODD + text, 4, name).startswith(ODD)
