"""Reports that are sent to others: hostile content stays text."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgateway.model.hop import Hop, Side
from badgateway.model.observation import Observation
from badgateway.model.verdict import Outcome, RankedCause, Risk, Step, Verdict, Who
from badgateway.report.html import html_report
from badgateway.report.markdown import code, escaped, markdown_report
from badgateway.report.outline import outline
from badgateway.report.words import Words

EVIL = "</style><script>alert(1)</script>`` ![x](http://evil/) @everyone\n# not a heading"


def verdict(text):
    """A verdict in which a hostile text stands wherever one can."""
    seen = {"url": text, "status": 502, "reason": text, "version": text, "what": "page"}
    return Verdict(
        subject=f"https://shop.example/{text}",
        outcome=Outcome.GATEWAY_ERROR,
        status=502,
        side=Side.SITE,
        hop=Hop.UPSTREAM,
        causes=(RankedCause("upstream-down", Hop.UPSTREAM, 0.6, ("o1",)),),
        observations=(Observation(Hop.GATEWAY, "http-response", seen, text, None, "o1"),),
        steps=(Step("look", Who.OWNER, text, Risk.REVERSIBLE, text),),
    )


class Tags(HTMLParser):
    """Every element and attribute of a document."""

    def __init__(self):
        super().__init__()
        self.names, self.attributes = set(), set()

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}


def tags(document):
    parser = Tags()
    parser.feed(document)
    return parser


@given(st.one_of(st.just(EVIL), st.text(max_size=60)))
def test_no_text_becomes_a_part_of_the_html(known, text):
    """Whatever a site says, the document has the elements it would have without it."""
    usual = tags(html_report(verdict("plain"), known, Words()))
    found = tags(html_report(verdict(text), known, Words()))
    assert found.names <= usual.names
    assert found.attributes <= usual.attributes
    assert "script" not in usual.names


def test_the_html_fetches_nothing(known):
    """No link, image, font or style from elsewhere; a policy forbids it besides."""
    page = html_report(verdict("x"), known, Words())
    assert re.findall(r'(?:src|href)="', page) == []
    assert "url(" not in page
    assert "default-src 'none'" in page


@given(st.text(max_size=80))
def test_a_code_span_is_ended_by_nothing_in_it(text):
    """The fence is longer than any run of back-quotes inside."""
    span = code(text)
    fence = re.match("`+", span)[0]
    if "`" in text:
        assert fence not in re.findall("`+", text)
    assert span.endswith(fence)


@pytest.mark.parametrize("text", ["<b>", "[a](b)", "*a*", "_a_", "a|b", "`a`", "&lt;", "#1"])
def test_markdown_is_shown_and_not_acted_on(text):
    """Each mark of Markdown stands behind a backslash."""
    assert re.sub(r"\\(.)", "", escaped(text)).isalnum() or "\\" in escaped(text)
    assert re.sub(r"\\(.)", r"\1", escaped(text)) == text


def test_markdown_mentions_nobody_and_holds_no_markup(known):
    """A hostile text in an issue calls nobody, and opens no tag."""
    lines = markdown_report(verdict(EVIL), known, Words()).splitlines()
    outside = [re.sub(r"(`+).*?\1", "", line) for line in lines]
    assert not any(re.search(r"(?<!\\)<\w|@everyone|(?<!\\)\[x\]", line) for line in outside)
    assert not any(line.startswith("# not") for line in lines)


def test_an_outline_says_what_the_terminal_says(known):
    """Headline, side, causes with their share, steps for each person."""
    out = outline(verdict("x"), known, Words())
    assert out.headline == "502 Bad Gateway"
    assert out.whose.startswith("It is the site's problem")
    assert [(cause.share, cause.hop) for cause in out.causes] == [(60, "application")]
    assert [(hop.hop, hop.state) for hop in out.chain][-1] == ("upstream", "broken")
    assert [step.command for step in out.owner] == ["x"]
    assert out.owner[0].risk == "can be undone"


def test_times_of_the_waterfall_stand_on_one_scale(known):
    """Each bar begins where its step began and ends where it ended."""
    from datetime import UTC, datetime, timedelta

    start = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    url = "https://shop.example/"

    def seen(name, after, took, **value):
        value |= {"seconds": took, "address": "192.0.2.1", "port": 443, "url": url}
        return Observation(Hop.NETWORK, name, value, "x", start + timedelta(seconds=after), name)

    observations = (
        Observation(Hop.BROWSER, "asked", {"url": url}, "x", start, "o0"),
        seen("connected", 0.25, 0.25),
        seen("answer-timeout", 1.0, 0.5),
    )
    out = outline(Verdict(url, Outcome.UNREACHABLE, observations=observations), known, Words())
    assert [(bar.left, bar.width) for bar in out.bars] == [(0, 250), (500, 500)]
    assert [bar.time for bar in out.bars] == ["250 ms", "500 ms"]
