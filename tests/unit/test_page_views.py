"""A page as a person sees it, however broken its markup."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from badgateway.knowledge.page import Page, visible
from badgateway.model.response import Response


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<h1>502</h1><p>Bad</p>", "502 Bad"),
        ("<b>a</b>&amp;&lt;&#65;&#x42;&eacute;", "a &<ABé"),
        ("a<script>hidden</script>b", "a b"),
        ("a<STYLE>hidden</STYLE >b", "a b"),
        ("a<!-- hidden <p> -->b", "ab"),
        ("a<template>hidden</template>b", "a b"),
        ("1 < 2 and 3 > 2<br>", "1 < 2 and 3 > 2"),
        ("shown<p unfinished", "shown"),
        ("shown<!-- unfinished", "shown"),
        ("<p>shown<script>never closed", "shown never closed"),
        ("<p>a\n\t b</p>", "a b"),
        ("<br/>" * 3 + "a", "a"),
        ("<p>&nosuch; &</p>", "&nosuch; &"),
    ],
)
def test_only_what_a_person_reads_is_text(markup, text):
    """Tags, scripts, styles and comments go; entities are decoded; white space is single."""
    assert Page.of(Response(502, body=markup)).text == text


@pytest.mark.parametrize(
    ("markup", "title"),
    [
        ("<title>502 Bad Gateway</title>", "502 Bad Gateway"),
        ("<TITLE lang=en> a &amp; b </TITLE>", "a & b"),
        ("<h1>no title</h1>", ""),
        ("no markup", ""),
        ("<title>cut", "cut"),
    ],
)
def test_the_title_is_told_from_the_text(markup, title):
    """The title is its own view, empty where there is none."""
    page = Page.of(Response(502, body=markup))
    assert page.title == title
    assert page.markup is ("<" in markup)


def test_every_view_has_a_name():
    """Text, markup, title, reason and each header can be looked at; a missing header is None."""
    page = Page.of(Response(502, "Bad", (("Server", "x"),), "<title>t</title>b"))
    views = ("text", "html", "title", "reason", "header:server", "header:via")
    assert [page.view(view) for view in views] == [
        *("b", "<title>t</title>b", "t", "Bad", "x"),
        None,
    ]


HOSTILE = {
    "scripts": "<script",
    "closed scripts": "<script>",
    "comments": "<!--",
    "brackets": "<",
    "titles": "<title>",
    "closings": "</",
    "entities": "&#",
    "ampersands": "&",
    "half entities": "&amp",
    "doctypes": "<!",
    "odd letters before tags": "İ<script>",
    "scripts and comments": "<script><!--",
    "escaped": "&lt;p&gt;",
}


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_markup_is_read_within_a_moment(piece):
    """Two hundred thousand of anything take a moment, not minutes."""
    started = time.process_time()
    Page.of(Response(502, body=piece * 200_000 + "<p>"))
    assert time.process_time() - started < 4


@given(st.text(max_size=200))
@example("<p>&#" + "9" * 5_000 + ";")
@example("<p>&#x" + "f" * 5_000 + ";")
@example("&lt;&#" + "9" * 5_000 + ";")
@example("<p>&#55296;\ud800")
def test_any_text_has_views(text):
    """No page is refused, whatever it holds."""
    for markup in (text, "<p>" + text, "<title>" + text):
        words, title, _ = visible(markup)
        assert isinstance(words + title, str)
        Page.of(Response(None, body=markup, headed=False))


@given(st.text(st.sampled_from("<>/!-&#;ab =\"'script title"), max_size=80))
def test_any_markup_has_views(markup):
    """No broken markup is refused, and no text is longer than what it came from."""
    words, title, _ = visible(markup)
    assert len(words) + len(title) <= 2 * len(markup) + 1
