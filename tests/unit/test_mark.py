"""One mark against one page."""

import pytest

from badgateway.knowledge.files import parse
from badgateway.knowledge.mark import Kind, Strength, mark_of
from badgateway.knowledge.page import Page
from badgateway.model.response import Response


def mark(text: str):
    """The mark that these lines of TOML describe."""
    return mark_of(parse("test.toml", text))


def page(body: str = "", status: int | None = 502, headed: bool = True, **headers: str) -> Page:
    """A page with these headers."""
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Page.of(Response(status, "", pairs, body, headed=headed))


def test_literals_are_found_in_any_case():
    """All literals must be there, in any case of letters."""
    found = mark('id = "a"\nin = "text"\ncontains = ["BAD", "gateway"]')
    assert found.find(page("502 bad GATEWAY"))
    assert not found.find(page("502 bad"))


def test_a_pattern_captures():
    """What a named group holds is kept; an empty group is not."""
    found = mark("id = 'a'\nin = 'header:server'\nmatches = '^nginx(?:/(?P<version>\\S+))?'")
    assert found.find(page(Server="nginx/1.24.0")).captures == {"version": "1.24.0"}
    assert found.find(page(Server="nginx")).captures == {}
    assert found.find(page(Server="apache")) is None
    assert found.find(page()) is None


def test_a_status_limits_a_mark_where_it_is_known():
    """A mark for some statuses holds for those and where the status is not known."""
    found = mark("id = 'a'\nin = 'text'\ncontains = ['x']\nstatus = [502, 504]")
    assert [bool(found.find(page("x", status))) for status in (502, 504, 503, None)] == [
        *(True, True, False),
        True,
    ]


def test_a_header_can_forbid_a_mark():
    """A mark with `without` is not there where the header is."""
    found = mark("id = 'a'\nin = 'text'\ncontains = ['x']\nwithout = ['Via']")
    assert found.find(page("x"))
    assert not found.find(page("x", Via="1.1 proxy"))


def test_emptiness_needs_a_known_head():
    """An empty body counts only where the headers show that it is one."""
    found = mark("id = 'a'\nin = 'reason'\nempty = true")
    assert found.find(page("  "))
    assert not found.find(page("x"))
    assert not found.find(page("", headed=False))


def test_what_is_not_said_is_usual():
    """A mark is strong and of a page unless it says otherwise."""
    plain = mark("id = 'a'\nin = 'text'\ncontains = ['x']")
    assert (plain.kind, plain.strength) == (Kind.PAGE, Strength.STRONG)
    special = mark("id='a'\nin='text'\ncontains=['x']\nkind='block'\nstrength='proof'")
    assert (special.kind, special.strength) == (Kind.BLOCK, Strength.PROOF)


@pytest.mark.parametrize("view", ["text", "html", "title", "reason", "header:x-a"])
def test_a_mark_looks_at_its_view_only(view):
    """A literal in another view does not count."""
    answer = Response(
        502, "reason-word", (("X-A", "header-word"),), "<title>title-word</title>t-word"
    )
    words = {
        "text": "t-word",
        "html": "<title>",
        "title": "title-word",
        "reason": "reason-word",
        "header:x-a": "header-word",
    }
    for other, word in words.items():
        found = mark(f"id = 'a'\nin = '{view}'\ncontains = ['{word}']").find(Page.of(answer))
        assert bool(found) is (other == view or (view == "html" and other in ("text", "title")))
