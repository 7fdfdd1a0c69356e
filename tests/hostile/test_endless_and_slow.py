"""Answers without an end, answers that drip, and bodies that grow when they are unpacked."""

import gzip
import json
import subprocess
import sys
import zlib

import pytest
from loopback import Connection, http, one, seen_in, within

from badgateway.model.verdict import Outcome

MEBIBYTE = 1_048_576
MEMORY_KIB = 160 * 1024
"""What a process that checks a hostile site may take at most; a peaceful one takes half of it."""


def endless(start: bytes, piece: bytes):
    """A server that sends `piece` until the client has had enough."""

    def handle(connection: Connection) -> None:
        connection.head()
        connection.send(start)
        while True:
            connection.send(piece)

    return handle


def dripping(data: bytes, every: float):
    """A server that sends one byte, waits, sends the next."""

    def handle(connection: Connection) -> None:
        connection.head()
        for place in range(len(data)):
            connection.send(data[place : place + 1])
            connection.pause(every)

    return handle


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"X-Header: value\r\n" * 1_000),
        (b"HTTP/1.1 200 OK\r\nX: ", b"a" * 16_000),
        (b"HTTP/1.1 200 ", b"OK" * 8_000),
        (b"", b"a" * 16_000),
        (b"", b"\r\n" * 8_000),
    ],
    ids=["header lines", "one header line", "a reason phrase", "no head at all", "empty lines"],
)
def test_a_head_without_end_is_given_up(check, serve, start, piece):
    """A head that never ends is too large or malformed, long before the time is up."""
    verdict = check(serve(endless(start, piece)).url)
    assert seen_in(verdict) & {"answer-head-too-large", "answer-malformed"}
    assert verdict.outcome not in (Outcome.HEALTHY, Outcome.NONE)
    assert verdict.elapsed_s < 2.5


@pytest.mark.parametrize("status", [b"100 Continue", b"103 Early Hints"])
def test_interim_answers_without_end_are_given_up(check, serve, status):
    """Interim answers for ever are no answer, and only so many of them are kept."""
    piece = b"HTTP/1.1 " + status + b"\r\n\r\n"
    verdict = check(serve(endless(b"", piece * 500)).url, timeout=2.0)
    assert verdict.outcome is Outcome.UNREACHABLE
    kept = [len(o.items("informational")) for o in verdict.observations]
    assert max(kept) <= 100
    assert verdict.elapsed_s < 1.5


def test_a_body_without_end_is_a_page(check, serve):
    """A body may go on for ever, as a stream does: what came is judged, and the rest is left."""
    start = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
    verdict = check(serve(endless(start, b"<p>more</p>" * 1_000)).url)
    answer = one(verdict, "http-response")
    assert verdict.outcome is Outcome.HEALTHY
    assert answer.value["capped"] is True
    assert len(answer.text("body")) <= MEBIBYTE


def test_a_body_that_drips_is_a_page(check, serve):
    """A page whose body comes byte by byte came: its head says what it is."""
    answer = b"HTTP/1.1 502 Bad Gateway\r\n\r\n"

    def handle(connection: Connection) -> None:
        connection.head()
        connection.send(answer)
        for _ in range(100):
            connection.send(b"x")
            connection.pause(1)

    verdict = check(serve(handle).url, timeout=2.0)
    assert (verdict.outcome, verdict.status) == (Outcome.GATEWAY_ERROR, 502)


def test_a_head_that_drips_is_a_time_out(check, serve):
    """One byte a second is no answer within three seconds, and the verdict is there in time."""
    verdict = check(serve(dripping(b"HTTP/1.1 200 OK\r\n\r\n" * 9, 1)).url, timeout=3.0)
    assert "answer-timeout" in seen_in(verdict)
    assert verdict.outcome is Outcome.UNREACHABLE
    assert 2 < verdict.elapsed_s < 4


def test_silence_is_a_time_out(check, serve):
    """A server that takes the request and says nothing is a time-out, not a refusal."""
    verdict = check(serve(lambda connection: connection.pause(9)).url, timeout=1.0)
    assert "answer-timeout" in seen_in(verdict)
    assert verdict.outcome is Outcome.UNREACHABLE


@pytest.mark.parametrize(
    "start",
    [b"HTTP/1.1 200 OK\r\nX-Half", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"],
    ids=["half a header", "a status line alone", "100 Continue alone"],
)
def test_a_head_that_stops_half_way_is_a_time_out(check, serve, start):
    """A good status line with nothing behind it is no page that anybody sees."""

    def handle(connection: Connection) -> None:
        connection.head()
        connection.send(start)
        connection.pause(9)

    verdict = check(serve(handle).url, timeout=1.0)
    assert "answer-timeout" in seen_in(verdict)
    assert verdict.outcome not in (Outcome.HEALTHY, Outcome.NONE)


def test_a_server_that_never_reads_is_no_obstacle(check, serve):
    """A server that answers without reading the request is read all the same."""

    def handle(connection: Connection) -> None:
        connection.send(http("200 OK", b"early"))
        connection.pause(0.3)

    assert check(serve(handle).url).outcome is Outcome.HEALTHY


ENCODED = {
    "gzip that is none": ("gzip", b"no gzip at all"),
    "gzip that breaks off": ("gzip", gzip.compress(b"hello" * 999)[:20]),
    "gzip whose check sum is wrong": ("gzip", gzip.compress(b"hello")[:-8] + b"12345678"),
    "deflate that is none": ("deflate", b"\xff\xff\xff garbage"),
    "deflate of no bytes": ("deflate", b""),
    "an encoding nobody knows": ("zip-of-death", b"hello"),
    "an encoding that is no word": ("\x80\xff, gzip;q=1", b"hello"),
    "a gzip called brotli": ("br", gzip.compress(b"hello")),
}


@pytest.mark.parametrize(("encoding", "body"), ENCODED.values(), ids=ENCODED.keys())
@pytest.mark.parametrize("status", ["200 OK", "502 Bad Gateway"])
def test_a_body_that_cannot_be_unpacked_leaves_its_status(check, serve, encoding, body, status):
    """Garbage instead of a packed body does not hide what the status says."""
    verdict = check(serve(http(status, body, f"Content-Encoding: {encoding}")).url)
    expected = Outcome.HEALTHY if status.startswith("200") else Outcome.GATEWAY_ERROR
    assert (verdict.outcome, verdict.status) == (expected, int(status[:3]))


@pytest.mark.parametrize("wbits", [zlib.MAX_WBITS, -zlib.MAX_WBITS], ids=["zlib", "raw"])
def test_both_kinds_of_deflate_are_read(check, serve, wbits):
    """`deflate` with and without its zlib header is read, for servers send both."""
    packing = zlib.compressobj(wbits=wbits)
    body = packing.compress(b"<h1>502 Bad Gateway</h1>") + packing.flush()
    verdict = check(serve(http("502 Bad Gateway", body, "Content-Encoding: deflate")).url)
    assert one(verdict, "http-response").text("body") == "<h1>502 Bad Gateway</h1>"


@pytest.mark.parametrize(
    "charset",
    [
        *("punycode", "zip", "idna", "unicode_escape", "rot13", "hex", "utf-7", "utf-16"),
        *("nonsense", "\x80\xff", "undefined", '"', "x" * 9_000, "../../etc/passwd"),
    ],
    ids=lambda charset: ascii(charset[:20]),
)
def test_a_charset_is_only_a_hint(check, serve, charset):
    """Whatever a page calls its charset, it is read within a moment."""
    body = b"<h1>502 Bad Gateway</h1>" + b"a-" * 100_000
    answer = http("502 Bad Gateway", body, f"Content-Type: text/html; charset={charset}")
    verdict = check(serve(answer).url)
    assert (verdict.outcome, verdict.status) == (Outcome.GATEWAY_ERROR, 502)
    assert verdict.elapsed_s < 2


BODIES = {
    "an entity of many digits": b"&#" + b"9" * 10_000 + b";<p>",
    "an entity of many hexadecimal digits": b"&#x" + b"f" * 10_000 + b";<p>",
    "unfinished scripts": b"<script" * 30_000,
    "unfinished comments": b"<!--" * 50_000,
    "many open brackets": b"<" * 200_000,
    "many entities": b"&amp" * 50_000,
    "one word without an end": b"a" * 200_000,
    "spaces": b"<p>" + b" " * 200_000,
    "zero bytes": b"\x00" * 200_000,
    "the words of errors again and again": b"502 Bad Gateway Proxy Error nginx apache " * 5_000,
    "titles": b"<title>502" * 20_000,
    "dots and dashes": b".-" * 100_000,
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_page_made_to_be_slow_is_read_within_a_moment(check, serve, body):
    """No page takes more than a moment to be judged, however it is made."""
    with within(5):
        verdict = check(serve(http("502 Bad Gateway", body)).url)
    assert (verdict.outcome, verdict.status) == (Outcome.GATEWAY_ERROR, 502)


def gibibyte_of_zeros() -> bytes:
    """A gzip file of 1 GiB of zeros; pieces that end in a full flush can be repeated."""
    packing = zlib.compressobj(9, wbits=31)
    first = packing.compress(bytes(MEBIBYTE)) + packing.flush(zlib.Z_FULL_FLUSH)
    again = packing.compress(bytes(MEBIBYTE)) + packing.flush(zlib.Z_FULL_FLUSH)
    return first + again * 1_023 + packing.flush()


# The kernel's own high-water mark: `ru_maxrss` would count what the parent held before the exec.
MEASURED = """
import sys
from badgateway.cli.main import main
status = main(sys.argv[1:])
sys.stdout.flush()
lines = open("/proc/self/status").read().splitlines()
print(*[line.split()[1] for line in lines if line.startswith("VmHWM:")], file=sys.stderr)
sys.exit(status)
"""


def measured(url: str):
    """(status, verdict, KiB of memory at most) of a check in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, url, "--json", "--timeout", "6"],
        capture_output=True,
        timeout=20,
        check=False,
    )
    return done.returncode, json.loads(done.stdout), int(done.stderr.split()[-1])


def test_a_gzip_bomb_takes_no_memory(serve):
    """A body that unpacks to a thousand times its size is cut before it is unpacked."""
    bomb = gibibyte_of_zeros()
    answer = http("502 Bad Gateway", bomb, "Content-Encoding: gzip")
    status, verdict, memory = measured(serve(answer).url)
    assert (status, verdict["status"]) == (1, 502)
    assert memory < MEMORY_KIB


@pytest.mark.parametrize("part", ["head", "body"])
def test_an_endless_answer_takes_no_memory(serve, part):
    """An answer without an end is cut in time, in a process that stays small."""
    start = b"HTTP/1.1 502 Bad Gateway\r\n" + (b"\r\n" if part == "body" else b"")
    status, verdict, memory = measured(serve(endless(start, b"X-A: b\r\n" * 2_000)).url)
    assert (status, verdict["status"]) == (1, 502)
    assert memory < MEMORY_KIB
