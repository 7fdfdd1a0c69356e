"""Bytes in, statements out: bodies, certificates, HTTP and DNS without a network."""

import asyncio
import gzip
import zlib
from datetime import UTC, datetime, timedelta

import dns.message
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from badgateway.knowledge.proxy_status import parse_proxy_status
from badgateway.model.failure import Failure
from badgateway.transport.body import BODY_LIMIT, Body, decoded
from badgateway.transport.certificate import Certificate, read_certificate
from badgateway.transport.dns import Resolver, ask
from badgateway.transport.failures import TransportError, failure_of
from badgateway.transport.http1 import exchange
from badgateway.transport.system import hosts_entries, name_servers

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def certificate(*names: str, start: int = -1, end: int = 30) -> Certificate:
    """A certificate for these names, valid from `start` to `end` days from now."""
    first, last = NOW + timedelta(days=start), NOW + timedelta(days=end)
    return Certificate("test", "issuer", names, first, last, self_signed=False)


@pytest.mark.parametrize(
    ("name", "host", "good"),
    [
        ("example.com", "example.com", True),
        ("EXAMPLE.com.", "example.COM", True),
        ("example.com", "www.example.com", False),
        ("*.example.com", "www.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "a.b.example.com", False),
        ("w*.example.com", "www.example.com", False),
        ("*", "localhost", False),
        ("*", "example.com", False),
        ("*.0.0.1", "127.0.0.1", False),
        ("127.0.0.1", "127.0.0.1", True),
        ("2001:db8:0::1", "2001:DB8::1", True),
        ("xn--bcher-kva.example", "xn--bcher-kva.example", True),
    ],
)
def test_a_certificate_is_good_for_its_names(name, host, good):
    """RFC 9525 6.3: a wildcard is the whole first label of a name, and never part of an address."""
    assert ("wrong-name" not in certificate(name).problems(host, NOW)) is good


def test_every_problem_is_named():
    """All that is wrong is told at once."""
    assert certificate("a", start=-9, end=-1).problems("b", NOW) == ("expired", "wrong-name")
    assert certificate("a", start=1).problems("a", NOW) == ("not-yet-valid",)
    assert certificate("a").problems("a", NOW) == ()
    assert certificate().problems("a", NOW) == ("wrong-name",)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_certificate_or_none(der):
    """What is no certificate is none, and no crash."""
    assert read_certificate(der) is None


def test_a_cut_certificate_is_survived(certificate):
    """A certificate that is cut or changed anywhere is read or not, never a crash."""
    from cryptography import x509

    der = certificate(x509.DNSName("a.test")).der
    for place in range(0, len(der), 7):
        read_certificate(der[:place])
        read_certificate(der[:place] + b"\xff" + der[place + 1 :])


# --- bodies


@given(st.binary(max_size=500), st.sampled_from(["gzip", "deflate", "br", "", "x-gzip"]), st.data())
def test_any_bytes_are_a_body(data, encoding, draw):
    """No body is refused, whole or in pieces, packed or not."""
    body = Body(encoding)
    cut = draw.draw(st.integers(0, len(data)))
    body.add(data[:cut])
    body.add(data[cut:])
    assert body.received == len(data)
    body.text("text/html")


@pytest.mark.parametrize("step", [1, 2, 7, 1_000])
@pytest.mark.parametrize("encoding", ["gzip", "deflate", ""])
def test_a_body_in_pieces_is_the_same_body(encoding, step):
    """How the bytes arrive makes no difference."""
    page = b"<h1>502 Bad Gateway</h1>" * 20
    packed = {"gzip": gzip.compress, "deflate": zlib.compress, "": bytes}[encoding](page)
    body = Body(encoding)
    for at in range(0, len(packed), step):
        body.add(packed[at : at + step])
    assert body.text("") == page.decode()


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_what_unpacks_to_too_much_is_cut(encoding):
    """However often more is added, no more than the limit is kept."""
    bomb = {"gzip": gzip.compress, "deflate": zlib.compress}[encoding](bytes(40_000_000))
    body = Body(encoding)
    for at in range(0, len(bomb), 4_096):
        body.add(bomb[at : at + 4_096])
    assert body.full
    assert len(body.text("")) <= BODY_LIMIT


@given(st.binary(max_size=60), st.text(max_size=30))
@example(b"x", "text/html; charset=utf-8\ud800")
def test_any_bytes_are_text(data, charset):
    """Whatever the charset is called, the bytes become text."""
    assert isinstance(decoded(data, f"text/html; charset={charset}"), str)


def test_a_charset_is_honoured():
    """A page in another charset is read in that charset."""
    assert decoded("größe".encode("latin-1"), "text/html; charset=ISO-8859-1") == "größe"
    assert decoded("größe".encode(), "text/html") == "größe"


# --- HTTP/1 from a stream in memory


class Fed:
    """A stream that holds what a server sent, in pieces."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = list(pieces)
        self.sent = b""

    async def read(self) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""

    async def write(self, data: bytes) -> None:
        self.sent += data

    def close(self) -> None:
        """Nothing to close."""


def got(*pieces: bytes):
    """What an exchange makes of these pieces: response, failure, interim statuses."""
    result = asyncio.run(exchange(Fed(*pieces), "/", [("Host", "a")], 5, 5))
    return result.response, result.failure, result.informational


ANSWERS = [
    b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut",
    b"HTTP/1.0 200 OK\r\n\r\nuntil the end",
    b"HTTP/1.1 200 OK\r\nCont",
    b"SSH-2.0-x\r\n",
    b"",
]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: ascii(answer[:24]))
def test_an_answer_byte_by_byte_is_the_same_answer(answer):
    """How the bytes of an answer arrive makes no difference to what is seen."""
    assert got(*(bytes([byte]) for byte in answer)) == got(answer)


@given(st.binary(max_size=120), st.integers(0, 120))
def test_any_bytes_are_an_answer_or_a_failure(data, cut):
    """Whatever a server sends, the exchange says what it was, whole or in two pieces."""
    for start in (
        b"",
        b"HTTP/1.1 502 Bad\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    ):
        whole = start + data
        pieces = [piece for piece in (whole[:cut], whole[cut:]) if piece]
        response, failure, _ = got(*pieces)
        assert response is not None or failure is not None


def test_the_request_is_plain_http():
    """One GET with the headers given, nothing else."""
    stream = Fed(ANSWERS[0])
    asyncio.run(exchange(stream, "/a?b", [("Host", "a"), ("X-B", "c")], 5, 5))
    assert stream.sent == b"GET /a?b HTTP/1.1\r\nHost: a\r\nX-B: c\r\n\r\n"


# --- failures and the system


@pytest.mark.parametrize(
    ("number", "failure"),
    [
        (111, Failure.CONNECT_REFUSED),
        (110, Failure.CONNECT_TIMEOUT),
        (104, Failure.CONNECT_RESET),
        (113, Failure.NO_ROUTE),
        (101, Failure.NO_ROUTE),
        (1, Failure.LOCALLY_DENIED),
        (99, Failure.NO_LOCAL_ADDRESS),
        (24, Failure.OUT_OF_FILES),
        (5, Failure.UNKNOWN),
    ],
)
def test_system_errors_have_words(number, failure):
    """Each error of the system that a way can bring has its word, others keep their text."""
    made = failure_of(OSError(number, "x"))
    assert made.failure is failure
    assert made.detail


def test_an_error_without_a_number_keeps_its_text():
    """An error without a number is told by its text or its kind."""
    assert failure_of(OSError("odd")).detail == "odd"
    assert failure_of(ConnectionAbortedError()).detail


def test_the_hosts_file_is_read(tmp_path):
    """Names in any case, comments dropped, broken lines passed over."""
    file = tmp_path / "hosts"
    file.write_bytes(
        b"127.0.0.1 localhost\n# 1.1.1.1 shop\n192.0.2.1 a SHOP # shop\n\xff shop\n\n1\n"
    )
    assert ("192.0.2.1", 3) in [(e.address, e.line) for e in hosts_entries("shop", file)]
    assert hosts_entries("missing", file) == []
    assert hosts_entries("shop", tmp_path / "none") == []


def test_the_name_servers_are_read(tmp_path):
    """Every `nameserver` line names one."""
    file = tmp_path / "resolv.conf"
    file.write_text(
        "search a\nnameserver 9.9.9.9\n#nameserver 1.1.1.1\nnameserver\nnameserver ::1\n"
    )
    assert name_servers(file) == ["9.9.9.9", "::1"]
    assert name_servers(tmp_path / "none") == []


# --- DNS


@given(st.binary(max_size=80))
def test_any_bytes_of_a_resolver_are_an_answer_or_a_failure(data):
    """Whatever follows a right header, it is an answer or one failure."""
    from badgateway.transport import dns as product

    query = dns.message.make_query("a.test", "A", id=7)
    head = query.to_wire()[:2] + b"\x81\x80"

    async def over_udp(resolver, asked):
        return product._checked(head + data, query)

    async def nothing(resolver, asked):
        raise TransportError(Failure.CONNECT_REFUSED)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(product, "udp", over_udp)
        patch.setattr(product, "_tcp", nothing)
        try:
            answer = asyncio.run(ask(Resolver("x", "127.0.0.1"), "a.test", "A", 1))
        except TransportError:
            return
    assert answer.rcode


@pytest.mark.parametrize("name", ["a..b", "." * 5, "a" * 64, "\ud800", "a." * 200, "\x00"])
def test_what_is_no_name_is_no_question(name):
    """A name that the DNS cannot hold is a failure and no crash."""
    with pytest.raises(TransportError):
        asyncio.run(ask(Resolver("x", "127.0.0.1", 9), name, "A", 0.5))


# --- Proxy-Status


@pytest.mark.parametrize(
    ("header", "members"),
    [
        ("nginx; error=connection_refused", [("nginx", "connection_refused")]),
        ('"my gw"; error=dns_error; details="x, y; z"', [("my gw", "dns_error")]),
        ("a; error=dns_timeout, b", [("a", "dns_timeout"), ("b", "")]),
        ("a;received-status=502", [("a", "")]),
        ('a; details="; error=dns_error"', [("a", "")]),
        ("a; next-hop=b; error = tls_alert_received", [("a", "tls_alert_received")]),
        ("", []),
    ],
)
def test_proxy_status_is_read(header, members):
    """Names and error types of RFC 9209, also where the header is sloppy."""
    assert [(member.name, member.error) for member in parse_proxy_status(header)] == members


@given(st.text(max_size=200))
@example('"' * 4_000)
@example("a;" * 2_000)
@example('a;b="' + "\\" * 4_000)
def test_any_proxy_status_is_read(header):
    """No header is refused."""
    assert isinstance(parse_proxy_status(header), tuple)
