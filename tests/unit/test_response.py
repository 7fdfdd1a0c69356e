"""HTTP answers, received or pasted."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from badgateway.model.hop import Hop
from badgateway.model.observation import Observation
from badgateway.model.response import Response, response_from_text


def test_a_whole_answer_is_read():
    """Status line, headers and body of a saved answer are told apart."""
    read = response_from_text("HTTP/1.1 502 Bad Gateway\r\nServer: nginx\r\n\r\n<h1>502</h1>")
    assert (read.status, read.reason, read.protocol) == (502, "Bad Gateway", "HTTP/1.1")
    assert read.headers == (("Server", "nginx"),)
    assert (read.body, read.headed) == ("<h1>502</h1>", True)


@pytest.mark.parametrize(
    ("text", "status", "reason", "protocol"),
    [
        ("HTTP/2 502", 502, "", "HTTP/2"),
        ("HTTP/2 502 \r\nserver: x\r\n\r\n", 502, "", "HTTP/2"),
        ("HTTP/1.0 200 OK\n\nhello", 200, "OK", "HTTP/1.0"),
        ("\n\n  HTTP/1.1 503 Service Unavailable\n\n", 503, "Service Unavailable", "HTTP/1.1"),
        ("HTTP/1.1 404", 404, "", "HTTP/1.1"),
    ],
)
def test_every_form_of_status_line_is_read(text, status, reason, protocol):
    """With or without a reason, with or without what follows."""
    read = response_from_text(text)
    assert (read.status, read.reason, read.protocol) == (status, reason, protocol)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "502 Bad Gateway",
        "<html>",
        "HTTP/1.1 50 x",
        "HTTP/1.1 5020",
        "http/1.1 502",
        "HTTP 502",
        "see HTTP/1.1 502 Bad Gateway",
        "HTTP/1.1 ５０２ Bad Gateway",
    ],
)
def test_what_has_no_status_line_is_a_body(text):
    """Anything else is a page or words, of which the head is not known."""
    read = response_from_text(text)
    assert (read.status, read.body, read.headed) == (None, text, False)


def test_a_status_line_alone_knows_no_headers():
    """A pasted status line does not claim that there were no headers."""
    assert response_from_text("HTTP/1.1 502 Bad Gateway").headed is False


def test_a_line_that_is_no_header_begins_the_body():
    """A person who pastes without the empty line loses nothing."""
    read = response_from_text("HTTP/1.1 502 Bad\nServer: nginx\n<html>\nA: b")
    assert read.headers == (("Server", "nginx"),)
    assert read.body == "<html>\nA: b"


def test_headers_are_found_in_any_case_and_joined():
    """Names in any case; several values are one, as RFC 9110 5.3 says."""
    read = response_from_text("HTTP/1.1 200 OK\nVia: a\nVIA: b\n\n")
    assert read.header("via") == "a, b"
    assert read.header("missing") is None


def test_an_empty_header_is_there():
    """An empty value is not a missing header."""
    assert response_from_text("HTTP/1.1 200 OK\nVia:\n\n").header("via") == ""


def test_reading_takes_time_in_proportion_to_length():
    """Four times the lines take four times as long, not sixteen times."""

    def took(lines: int) -> float:
        text = "HTTP/1.1 200 OK\n" + "X-Header: value\n" * lines
        times = []
        for _ in range(3):
            started = time.process_time()
            response_from_text(text)
            times.append(time.process_time() - started)
        # The shortest of them: a collection of garbage in one says nothing of the reading.
        return min(times)

    assert took(120_000) < 9 * took(30_000) + 0.1


RESPONSES = st.builds(
    Response,
    status=st.none() | st.integers(0, 999),
    reason=st.text(max_size=9),
    headers=st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=4).map(tuple),
    body=st.text(max_size=20),
    length=st.none() | st.integers(0, 10**9),
    protocol=st.sampled_from(["", "HTTP/1.1", "HTTP/2"]),
    headed=st.booleans(),
)


@given(RESPONSES)
def test_a_response_survives_being_an_observation(response):
    """What is stated can be read back whole."""
    value = Observation(Hop.GATEWAY, "http-response", response.value()).value
    assert Response.of(value) == response


@given(
    st.dictionaries(
        st.sampled_from(list(Response(None).value())),
        st.none() | st.text() | st.integers() | st.lists(st.integers() | st.lists(st.text())),
    )
)
def test_a_response_is_read_from_any_value(value):
    """A recorded observation that is wrong or old is read as far as it goes."""
    read = Response.of(Observation(Hop.GATEWAY, "http-response", value).value)
    assert all(isinstance(name, str) and isinstance(text, str) for name, text in read.headers)


@given(st.text(max_size=200))
@example("HTTP/1.1 000 \x00")
@example("HTTP/1.1 502 \ud800\n\ud800: \ud800\n\n")
def test_any_text_is_read(text):
    """No text is refused, and nothing of a text without a head is lost."""
    for start in ("", "HTTP/1.1 502 Bad\n"):
        read = response_from_text(start + text)
        assert read.status is not None or read.body == start + text
