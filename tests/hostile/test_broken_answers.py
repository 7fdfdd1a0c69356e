"""Answers that are no valid HTTP, are cut, or never come."""

import pytest
from loopback import Connection, http, one, seen_in

from badgateway.model.hop import Side
from badgateway.model.verdict import Outcome

NO_HTTP = {
    "an SSH banner": b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
    "an SMTP greeting": b"220 mail.example.com ESMTP Postfix\r\n",
    "HTTP/0.9, a page without a head": b"<html><body>hello</body></html>\n",
    "binary": bytes(range(256)),
    "a status line without a number": b"HTTP/1.1 OK\r\n\r\n",
    "a status that is no number": b"HTTP/1.1 abc OK\r\n\r\n",
    "a status of two digits": b"HTTP/1.1 20 OK\r\n\r\n",
    "a status of four digits": b"HTTP/1.1 2000 OK\r\n\r\n",
    "status 000": b"HTTP/1.1 000 Zero\r\n\r\n",
    "status 099": b"HTTP/1.1 099 Odd\r\n\r\n",
    "a status in digits that are not ASCII": "HTTP/1.1 ２００ OK\r\n\r\n".encode(),
    "only empty lines": b"\r\n\r\n\r\n\r\n",
}

SPOILT = {
    "a body that breaks off": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<p>begin",
        "answer-cut-short",
    ),
    "a chunked body that breaks off": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "answer-cut-short",
    ),
    "a head that breaks off": (b"HTTP/1.1 200 OK\r\nContent-Ty", "answer-cut-short"),
    "a chunk whose size is no number": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nhello\r\n0\r\n\r\n",
        "answer-malformed",
    ),
    "a chunk larger than any number": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 400 + b"\r\nhello\r\n",
        "answer-malformed",
    ),
    "a chunk of negative size": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
        "answer-malformed",
    ),
    "two lengths that differ": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        "answer-malformed",
    ),
    "a length that is no number": (
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nhello",
        "answer-malformed",
    ),
    "a switch to a protocol nobody asked for": (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        "answer-malformed",
    ),
    "a head of 1 MB in one line": (
        b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 1_000_000 + b"\r\n\r\nhello",
        "answer-head-too-large",
    ),
    "a head of 1 MB in many lines": (
        b"HTTP/1.1 200 OK\r\n" + b"X-Many: aaaaaaaaaaaaaaaa\r\n" * 40_000 + b"\r\nhello",
        "answer-head-too-large",
    ),
}

TOLERATED = {
    "lines that end in LF alone": b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
    "no reason phrase": b"HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.0 without a length": b"HTTP/1.0 200 OK\r\n\r\nhello",
    "the same length twice": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello"
    ),
    "a header line without a colon, which browsers skip": (
        b"HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 5\r\n\r\nhello"
    ),
    "a header name with a space, which browsers skip": (
        b"HTTP/1.1 200 OK\r\nX Odd: 1\r\nContent-Length: 5\r\n\r\nhello"
    ),
    "invalid UTF-8 in body and header": (
        b"HTTP/1.1 200 OK\r\nX-Odd: \xff\xfe\xc3\x28\r\nContent-Length: 5\r\n\r\nh\xffl\xc3o"
    ),
    "a length and chunks, where the chunks count": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"5\r\nhello\r\n0\r\n\r\n"
    ),
    "100 Continue first": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
    ),
    "103 Early Hints first": (
        b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
    ),
}


@pytest.mark.parametrize("answer", NO_HTTP.values(), ids=NO_HTTP.keys())
def test_what_is_no_http_is_malformed_and_no_page(check, serve, answer):
    """An answer that is no HTTP at all is said to be malformed, and the site is unreachable."""
    verdict = check(serve(answer).url)
    assert "answer-malformed" in seen_in(verdict)
    assert verdict.outcome is Outcome.UNREACHABLE
    assert verdict.side is Side.SITE


@pytest.mark.parametrize("greeting", [b"SSH-2.0-OpenSSH_9.2p1\r\n", b"220 mail ESMTP\r\n"])
def test_a_greeting_of_another_protocol_is_known_at_once(check, serve, greeting):
    """A server of another protocol greets and waits: that is no HTTP, and nobody waits for more."""

    def handle(connection: Connection) -> None:
        connection.send(greeting)
        connection.pause(8)

    verdict = check(serve(handle).url, timeout=2.0)
    assert "answer-malformed" in seen_in(verdict)
    assert verdict.elapsed_s < 1.5


@pytest.mark.parametrize(("answer", "name"), SPOILT.values(), ids=SPOILT.keys())
def test_a_good_status_does_not_make_a_spoilt_answer_healthy(check, serve, answer, name):
    """What no browser can show in full is a fault, whatever its status line says."""
    verdict = check(serve(answer).url)
    assert name in seen_in(verdict)
    assert verdict.outcome not in (Outcome.HEALTHY, Outcome.NONE)


@pytest.mark.parametrize("answer", TOLERATED.values(), ids=TOLERATED.keys())
def test_what_browsers_tolerate_is_healthy(check, serve, answer):
    """An answer that is odd and that every browser shows is no fault."""
    verdict = check(serve(answer).url)
    assert (verdict.outcome, verdict.status) == (Outcome.HEALTHY, 200)


def test_interim_answers_are_kept(check, serve):
    """The statuses of interim answers are stated beside the final one."""
    verdict = check(serve(TOLERATED["103 Early Hints first"]).url)
    assert one(verdict, "http-response").items("informational") == (103,)


def test_chunks_win_over_a_length(check, serve):
    """RFC 9112 6.3: with both, the chunks say where the body ends."""
    verdict = check(serve(TOLERATED["a length and chunks, where the chunks count"]).url)
    assert one(verdict, "http-response").text("body") == "hello"


@pytest.mark.parametrize("status", [502, 503, 504, 521])
def test_a_gateway_error_that_breaks_off_is_still_one(check, serve, status):
    """A gateway's error page that is cut is a gateway error first."""
    answer = f"HTTP/1.1 {status} Odd\r\nContent-Length: 999\r\n\r\n<h1>".encode()
    verdict = check(serve(answer).url)
    assert (verdict.outcome, verdict.status) == (Outcome.GATEWAY_ERROR, status)
    assert "answer-cut-short" in seen_in(verdict)


def test_status_999_is_an_error_of_another_kind(check, serve):
    """A status that nobody defined is an error and no gateway's."""
    verdict = check(serve(http("999 Request denied")).url)
    assert (verdict.outcome, verdict.status) == (Outcome.OTHER_ERROR, 999)


def test_a_close_without_a_byte_is_no_answer(check, serve):
    """A server that takes the request and closes gave no answer."""

    def handle(connection: Connection) -> None:
        connection.head()

    verdict = check(serve(handle).url)
    assert {"connected", "answer-none"} <= seen_in(verdict)
    assert (verdict.outcome, verdict.side) == (Outcome.UNREACHABLE, Side.SITE)


def test_a_close_before_the_request_is_no_answer(check, serve):
    """A server that closes at once gave no answer, reset or not."""
    verdict = check(serve(lambda connection: None).url)
    assert seen_in(verdict) & {"answer-none", "answer-reset"}
    assert verdict.outcome is Outcome.UNREACHABLE


def test_a_reset_is_told_from_a_close(check, serve):
    """A connection that is reset instead of answered is a reset, not an empty answer."""

    def handle(connection: Connection) -> None:
        connection.head()
        connection.reset()

    verdict = check(serve(handle).url)
    assert "answer-reset" in seen_in(verdict)
    assert verdict.outcome is Outcome.UNREACHABLE


def test_a_reset_in_the_middle_of_a_page_is_a_fault(check, serve):
    """A page that is reset half way is seen and no browser calls it fine."""

    def handle(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf of it")
        connection.pause(0.1)
        connection.reset()

    verdict = check(serve(handle).url)
    assert {"http-response", "answer-reset"} <= seen_in(verdict)
    assert verdict.outcome is not Outcome.HEALTHY


def test_a_refused_port_is_refused(check, closed_port):
    """A port where nothing listens refuses, and that is the site's side."""
    verdict = check(f"http://127.0.0.1:{closed_port}/")
    assert "connect-refused" in seen_in(verdict)
    assert (verdict.outcome, verdict.side) == (Outcome.UNREACHABLE, Side.SITE)


def test_what_was_not_reached_is_not_stated(check, closed_port):
    """Behind a refused connection there is no TLS and no answer to speak of."""
    verdict = check(f"https://127.0.0.1:{closed_port}/")
    assert not {name for name in seen_in(verdict) if name.startswith(("tls-", "answer-", "http-"))}


def test_the_first_bytes_of_nonsense_are_kept(check, serve):
    """Whoever reads the verdict can see what the server sent instead of HTTP."""
    verdict = check(serve(NO_HTTP["an SSH banner"]).url)
    assert one(verdict, "answer-malformed").text("answered").startswith("SSH-2.0-OpenSSH")
