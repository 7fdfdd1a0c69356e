"""HTTP/2 servers that break the protocol or the promise."""

import pytest
from loopback import Connection, http, one, seen_in

from badgateway.model.verdict import Outcome

PREFACE = 24
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, CONTINUATION = 0, 1, 3, 4, 6, 7, 9
END_STREAM, END_HEADERS = 1, 4
STATUS_200, STATUS_500 = b"\x88", b"\x8e"  # RFC 7541 appendix A: 8 and 14


def frame(kind: int, stream: int, payload: bytes = b"", flags: int = 0) -> bytes:
    """One HTTP/2 frame, RFC 9113 4.1."""
    head = len(payload).to_bytes(3, "big") + bytes([kind, flags])
    return head + stream.to_bytes(4, "big") + payload


def field(name: bytes, value: bytes) -> bytes:
    """A header field, literal and never indexed, RFC 7541 6.2.3."""
    return b"\x10" + bytes([len(name)]) + name + bytes([len(value)]) + value


START = frame(SETTINGS, 0)


@pytest.fixture
def site(serve, loopback_certificate, trusted):
    """A site that is fine over HTTP/1.1 and sends these frames over HTTP/2."""
    trusted(loopback_certificate)

    def start(*frames: bytes, wait: float = 0.05):
        def handle(connection: Connection) -> None:
            if connection.socket.selected_alpn_protocol() != "h2":
                connection.head()
                connection.send(http("200 OK", b"hi"))
                return
            connection.exactly(PREFACE)
            for data in frames:
                connection.send(data)
            connection.drain(wait)

        return serve(handle, tls=loopback_certificate.context("h2", "http/1.1")).url

    return start


def of_http2(verdict, name: str):
    """The observation of that name that HTTP/2 gave."""
    found = [o for o in verdict.observations if o.name == name]
    assert found, f"{name} is not among {sorted(seen_in(verdict))}"
    return found[-1]


GOOD_HEAD = frame(HEADERS, 1, STATUS_200, END_HEADERS)

BROKEN = {
    "GOAWAY with an error": ((START, frame(GOAWAY, 0, bytes(7) + b"\x0b")), "answer-reset"),
    "RST_STREAM before a head": (
        (START, frame(RST_STREAM, 1, (2).to_bytes(4, "big"))),
        "answer-reset",
    ),
    "RST_STREAM in the body": (
        (START, GOOD_HEAD, frame(DATA, 1, b"half"), frame(RST_STREAM, 1, bytes(4))),
        "answer-cut-short",
    ),
    "a close before a head": ((START,), "answer-none"),
    "a close in the body": ((START, GOOD_HEAD, frame(DATA, 1, b"half")), "answer-cut-short"),
    "plain HTTP": ((http("200 OK", b"hi"),), "answer-malformed"),
    "a body without a head": ((START, frame(DATA, 1, b"hi", END_STREAM)), "answer-malformed"),
    "a head that is no HPACK": (
        (START, frame(HEADERS, 1, b"\xff" * 9, END_HEADERS)),
        "answer-malformed",
    ),
    "an index beyond the table": (
        (START, frame(HEADERS, 1, b"\xff\xff\x7f", END_HEADERS)),
        "answer-malformed",
    ),
    "no status": (
        (START, frame(HEADERS, 1, field(b"server", b"x"), END_HEADERS | END_STREAM)),
        "answer-malformed",
    ),
    "a frame larger than agreed": ((START, frame(DATA, 1, bytes(20_000))), "answer-malformed"),
    "a ping of three bytes": ((START, frame(PING, 0, b"abc")), "answer-malformed"),
    "a length that the body does not have": (
        (
            START,
            frame(HEADERS, 1, STATUS_200 + field(b"content-length", b"99"), END_HEADERS),
            frame(DATA, 1, b"short", END_STREAM),
        ),
        "answer-malformed",
    ),
}


@pytest.mark.parametrize(("frames", "name"), BROKEN.values(), ids=BROKEN.keys())
def test_how_http2_breaks_is_stated(check, site, frames, name):
    """Each way to break HTTP/2 has its word, beside the page that HTTP/1.1 gave."""
    verdict = check(site(*frames))
    assert one(verdict, "http-response").value["status"] == 200
    assert of_http2(verdict, name).text("detail")


@pytest.mark.parametrize(
    "status", [b"\xb2\xb2\xb2", b"1ab", b"abc", b"", b"99999", b"-200", b"0", b"\xff"]
)
def test_a_status_that_is_no_number_is_survived(check, site, status):
    """A status that is no status breaks the answer and nothing else."""
    head = frame(HEADERS, 1, field(b":status", status), END_HEADERS | END_STREAM)
    verdict = check(site(START, head))
    assert one(verdict, "http-response").value["status"] == 200


def test_a_page_over_http2_is_read(check, site):
    """The page over HTTP/2 is stated beside the one over HTTP/1.1."""
    verdict = check(site(START, GOOD_HEAD, frame(DATA, 1, b"hello", END_STREAM)))
    answer = of_http2(verdict, "http-response")
    assert (answer.text("protocol"), answer.text("body")) == ("HTTP/2", "hello")
    assert verdict.outcome is Outcome.HEALTHY


@pytest.mark.parametrize("encoding", [b"deflate", b"gzip"])
def test_an_empty_piece_of_a_packed_body_is_survived(check, site, encoding):
    """An empty DATA frame is allowed anywhere, before the first packed byte as well."""
    head = frame(HEADERS, 1, STATUS_200 + field(b"content-encoding", encoding), END_HEADERS)
    verdict = check(site(START, head, frame(DATA, 1), frame(DATA, 1, b"", END_STREAM)))
    assert of_http2(verdict, "http-response").text("protocol") == "HTTP/2"


def test_an_error_over_http2_alone_is_no_healthy_site(check, site):
    """Browsers speak HTTP/2 where it is offered: what fails there fails for visitors."""
    head = frame(HEADERS, 1, field(b":status", b"502"), END_HEADERS | END_STREAM)
    verdict = check(site(START, head))
    assert (verdict.outcome, verdict.status) == (Outcome.GATEWAY_ERROR, 502)


def test_frames_without_end_are_given_up(check, site):
    """A flood of pings is no answer: it ends with the time, beside the page over HTTP/1.1."""
    verdict = check(site(START, frame(PING, 0, bytes(8)) * 20_000, wait=2), timeout=1.0)
    assert one(verdict, "http-response").value["status"] == 200
    assert verdict.elapsed_s < 2
