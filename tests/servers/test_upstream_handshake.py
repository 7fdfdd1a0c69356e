"""The TLS handshake with an upstream, as its gateway is set to make it."""

import asyncio
import contextlib
import socket
import ssl
import threading

import pytest
from certificates import NAME, Authority

from badgateway.state.ask import Upstream, ask
from badgateway.state.handshake import Security

PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """Whom the gateway believes."""
    return Authority(tmp_path_factory.mktemp("upstream"), "Upstream CA")


def asked(security, server_context):
    """What is seen of a server on loopback that answers one page over such TLS."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        threading.Thread(target=answers, args=(listener, server_context), daemon=True).start()
        found = asyncio.run(ask(Upstream(address, "https", NAME, security)))
    return {o.name: o for o in found}


def answers(listener, context):
    """Answer every connection with one page, until the listener is closed."""
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listener.accept()
            connection.settimeout(5)
            # A client that does not like the certificate goes away; the next one may like it.
            with contextlib.suppress(OSError), connection:
                if context is None:
                    connection.recv(4_096)
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                    continue
                with context.wrap_socket(connection, server_side=True) as secure:
                    secure.recv(4_096)
                    secure.sendall(PAGE)


def serving(leaf):
    """A server's side with a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(leaf.chain, leaf.key)
    return context


def checking(authority, name=NAME):
    """A gateway that checks the certificate."""
    return Security(name, name, checks=True, authorities=authority.file)


def test_a_good_certificate_has_no_problem_and_the_page_comes(authority):
    """Name, time and authority are right: the handshake works and the answer's status is there."""
    found = asked(checking(authority), serving(authority.leaf("good", NAME)))
    assert found["upstream-handshake"].value["problems"] == ()
    assert found["upstream-asked"].text("result") == "answers"
    assert found["upstream-asked"].value["status"] == 200


@pytest.mark.parametrize(
    ("names", "days", "problem"),
    [((NAME,), (-30, -1), "expired"), (("other.test",), (-1, 30), "wrong-name")],
)
def test_what_is_wrong_with_the_certificate_is_named(authority, names, days, problem):
    """An old certificate and one for another name are told apart."""
    leaf = authority.leaf(problem, *names, days=days)
    found = asked(checking(authority), serving(leaf))
    assert problem in found["upstream-handshake"].value["problems"]


def test_an_authority_that_the_gateway_does_not_know_is_a_problem(authority, tmp_path):
    """A certificate of somebody else is not believed."""
    other = Authority(tmp_path, "Somebody else")
    found = asked(checking(authority), serving(other.leaf("foreign", NAME)))
    assert found["upstream-handshake"].value["problems"] == ("unknown-issuer",)


def test_a_gateway_that_does_not_check_has_no_problem_with_a_certificate(authority, tmp_path):
    """What is wrong with a certificate stops only who looks at it."""
    leaf = Authority(tmp_path, "Somebody").leaf("old", "other.test", days=(-30, -1))
    found = asked(Security(), serving(leaf))
    assert found["upstream-handshake"].value["problems"] == ()
    assert found["upstream-asked"].text("result") == "answers"


def test_a_server_that_wants_a_certificate_is_told_from_one_that_refuses(authority):
    """Mutual TLS on one side only is seen from the alert that RFC 8446 has for it."""
    context = serving(authority.leaf("strict", NAME))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.file)
    found = asked(checking(authority), context)
    assert found["upstream-handshake"].text("result") == "wants-certificate"


def test_a_plain_server_is_no_server_for_tls(authority):
    """An answer that is no TLS record is called that."""
    found = asked(checking(authority), None)
    assert found["upstream-handshake"].text("result") == "not-tls"
    assert found["upstream-asked"].text("result") == "accepts"
