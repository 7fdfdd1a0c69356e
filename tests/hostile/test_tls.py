"""TLS that is not spoken, refused, broken off, or shown with a certificate nobody should trust."""

import ipaddress
import ssl

import pytest
from cryptography import x509
from loopback import Connection, answering, http, one, seen_in

from badgateway.model.hop import Side
from badgateway.model.verdict import Outcome

LOOPBACK = (x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
PAGE = http("200 OK", b"hi")


def https(server) -> str:
    """The https URL of a server that does not speak TLS."""
    return f"https://{server.authority}/"


def test_plain_http_on_a_tls_port_is_not_tls(check, serve):
    """A server that answers a handshake with plain HTTP does not speak TLS, and that is shown."""

    def handle(connection: Connection) -> None:
        connection.socket.recv(4_096)
        connection.send(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

    verdict = check(https(serve(handle)))
    failed = one(verdict, "tls-not-spoken")
    assert failed.text("answered").startswith("HTTP/1.1 400 Bad Request")
    assert (verdict.outcome, verdict.side) == (Outcome.UNREACHABLE, Side.SITE)


@pytest.mark.parametrize(
    "answer",
    [b"SSH-2.0-OpenSSH_9.2\r\n", b"\x00" * 64, b"220 mail ESMTP\r\n", b"\xff" * 3, b"hello"],
    ids=["SSH", "zeros", "SMTP", "three bytes", "five bytes"],
)
def test_another_protocol_on_a_tls_port_is_not_tls(check, serve, answer):
    """Whatever else a server says instead of a handshake, TLS is not spoken there."""

    def handle(connection: Connection) -> None:
        connection.socket.recv(4_096)
        connection.send(answer)

    verdict = check(https(serve(handle)))
    assert seen_in(verdict) & {"tls-not-spoken", "tls-closed"}
    assert verdict.outcome is Outcome.UNREACHABLE


def test_tls_on_a_plain_port_is_malformed(check, serve, loopback_certificate):
    """A TLS server that is asked in plain HTTP answers with an alert or a close, never a page."""
    server = serve(PAGE, tls=loopback_certificate.context())
    verdict = check(f"http://{server.authority}/")
    assert seen_in(verdict) & {"answer-malformed", "answer-none", "answer-reset"}
    assert verdict.outcome is Outcome.UNREACHABLE


def test_a_close_during_the_handshake_is_stated(check, serve):
    """A server that takes the connection and closes it at the handshake closed TLS."""

    def handle(connection: Connection) -> None:
        connection.socket.recv(4_096)

    verdict = check(https(serve(handle)))
    assert "tls-closed" in seen_in(verdict)
    assert (verdict.outcome, verdict.side) == (Outcome.UNREACHABLE, Side.SITE)


def test_a_reset_during_the_handshake_is_a_reset(check, serve):
    """A reset in the handshake is told from a close and from a refused port."""

    def handle(connection: Connection) -> None:
        connection.socket.recv(4_096)
        connection.reset()

    verdict = check(https(serve(handle)))
    assert "connect-reset" in seen_in(verdict)
    assert verdict.outcome is Outcome.UNREACHABLE


def test_silence_in_the_handshake_is_a_time_out(check, serve):
    """A server that never answers the handshake is a TLS time-out."""
    verdict = check(https(serve(lambda connection: connection.pause(9))), timeout=1.0)
    assert "tls-timeout" in seen_in(verdict)
    assert verdict.outcome is Outcome.UNREACHABLE


def test_a_handshake_that_drips_is_a_time_out(check, serve):
    """One byte of a handshake a second is none within the time."""

    def handle(connection: Connection) -> None:
        for byte in b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc":
            connection.send(bytes([byte]))
            connection.pause(0.4)

    verdict = check(https(serve(handle)), timeout=1.2)
    assert "tls-timeout" in seen_in(verdict)


@pytest.mark.parametrize("number", [40, 70, 80, 112, 255])
def test_an_alert_is_a_refusal(check, serve, number):
    """A server that answers with an alert refuses the handshake."""

    def handle(connection: Connection) -> None:
        connection.socket.recv(4_096)
        connection.send(bytes([21, 3, 3, 0, 2, 2, number]))
        connection.pause(0.2)

    verdict = check(https(serve(handle)))
    assert seen_in(verdict) & {"tls-refused", "tls-broken"}
    assert verdict.outcome is Outcome.UNREACHABLE


def test_a_record_of_garbage_breaks_the_handshake(check, serve):
    """A record that looks like TLS and is none breaks the handshake."""

    def handle(connection: Connection) -> None:
        connection.socket.recv(4_096)
        connection.send(b"\x16\x03\x03\x00\x08" + b"\xfe" * 8)
        connection.pause(0.2)

    verdict = check(https(serve(handle)))
    assert "tls-broken" in seen_in(verdict)
    assert verdict.outcome is Outcome.UNREACHABLE


def test_a_good_certificate_is_no_news(check, serve, loopback_certificate, trusted):
    """A site whose certificate verifies is healthy, and the handshake is stated."""
    trusted(loopback_certificate)
    verdict = check(serve(PAGE, tls=loopback_certificate.context()).url)
    assert one(verdict, "tls-established").value["trusted"] is True
    assert verdict.outcome is Outcome.HEALTHY


def test_a_certificate_of_nobody_is_the_sites_fault(check, serve, loopback_certificate):
    """A certificate that nobody trusts stops every browser, and all its problems are named."""
    verdict = check(serve(PAGE, tls=loopback_certificate.context()).url)
    assert one(verdict, "tls-certificate-invalid").items("problems") == ("self-signed",)
    assert verdict.outcome not in (Outcome.HEALTHY, Outcome.NONE)
    assert verdict.side is Side.SITE


PROBLEMS = {
    "expired": ((-30, -1), LOOPBACK, {"expired"}),
    "not yet valid": ((1, 30), LOOPBACK, {"not-yet-valid"}),
    "another name": ((-1, 30), (x509.DNSName("other.test"),), {"wrong-name"}),
    "no name at all": ((-1, 30), (), {"wrong-name"}),
    "a wildcard for an address": ((-1, 30), (x509.DNSName("*.0.0.1"),), {"wrong-name"}),
    "expired and for another name": (
        (-30, -1),
        (x509.DNSName("other.test"),),
        {"expired", "wrong-name"},
    ),
}


@pytest.mark.parametrize(("days", "names", "problems"), PROBLEMS.values(), ids=PROBLEMS.keys())
def test_every_problem_of_a_certificate_is_named(
    check, serve, certificate, trusted, days, names, problems
):
    """All that is wrong with a certificate is named, not only what was found first."""
    issued = certificate(*names, days=days)
    trusted(issued)
    verdict = check(serve(PAGE, tls=issued.context()).url)
    assert set(one(verdict, "tls-certificate-invalid").items("problems")) == problems
    assert verdict.outcome not in (Outcome.HEALTHY, Outcome.NONE)


def test_the_page_behind_a_bad_certificate_is_seen(check, serve, certificate):
    """The page behind a certificate that does not verify is read all the same."""
    issued = certificate(days=(-30, -1))
    answer = http("502 Bad Gateway", b"<h1>502 Bad Gateway</h1>")
    verdict = check(serve(answer, tls=issued.context()).url)
    assert one(verdict, "http-response").value["status"] == 502
    assert one(verdict, "tls-established").value["trusted"] is False


def test_a_login_is_not_shown_to_a_stranger(check, serve, certificate):
    """Behind a certificate that does not verify anybody may listen: no header of the person's."""
    got: list[bytes] = []

    def handle(connection: Connection) -> None:
        got.append(connection.head())
        connection.send(PAGE)

    server = serve(handle, tls=certificate(days=(-30, -1)).context())
    check(server.url, headers=(("Authorization", "Bearer secret"),))
    assert any(got)
    assert b"secret" not in b"".join(got)


def test_a_certificate_with_an_extension_twice_is_survived(check, serve, certificate):
    """A certificate that breaks the rules of X.509 is one that does not verify, not a crash."""
    issued = certificate(
        *LOOPBACK,
        more=(x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.99"), b"\x30\x00"),),
    )
    twice = issued.der.replace(bytes([0x55, 0x1D, 99]), bytes([0x55, 0x1D, 17]))
    context = issued.context()
    broken = issued.pem.with_suffix(".broken")
    key = issued.pem.read_text().partition("-----BEGIN PRIVATE")
    broken.write_text(ssl.DER_cert_to_PEM_cert(twice) + key[1] + key[2])
    context.load_cert_chain(broken)
    verdict = check(serve(PAGE, tls=context).url)
    assert "tls-certificate-invalid" in seen_in(verdict)


def test_an_old_protocol_is_a_refusal(check, serve, loopback_certificate):
    """A server that speaks only what browsers have dropped refuses or breaks the handshake."""
    context = loopback_certificate.context()
    context.maximum_version = context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES128-SHA")
    verdict = check(serve(answering(PAGE), tls=context).url)
    assert seen_in(verdict) & {"tls-refused", "tls-broken"}
    assert verdict.outcome is Outcome.UNREACHABLE
