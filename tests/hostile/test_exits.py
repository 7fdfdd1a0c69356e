"""Another exit: the same page through several ways out, side by side."""

import contextlib
import shutil
import socket
import subprocess
import time

import pytest
from loopback import Connection, http, one, seen_in

from badgateway.model.hop import Hop, Side
from badgateway.model.target import endpoint_of
from badgateway.model.verdict import Outcome
from badgateway.transport.proxy import Proxy, proxy_of

GOOD = http("200 OK", b"<title>Shop</title>")
NO = http("403 Forbidden", b"Access denied for your country")


def forward(refuse: bytes = b"", page: bytes = b""):
    """A forward proxy for plain pages and tunnels: it refuses, answers, or passes everything on."""

    def handle(connection: Connection) -> None:
        head = connection.head()
        if refuse or page:
            connection.send(refuse or page)
            return
        method, target, _ = head.split(b"\r\n")[0].split(b" ")
        assert method == b"GET"
        host, _, path = target.removeprefix(b"http://").partition(b"/")
        place = endpoint_of(host.decode())
        with socket.create_connection((place.host, place.port)) as there:
            there.sendall(b"GET /" + path + b" HTTP/1.1\r\nHost: " + host)
            there.sendall(b"\r\nVia: 1.1 proxy\r\nConnection: close\r\n\r\n")
            while data := there.recv(65_536):
                connection.send(data)

    return handle


def by_who_asks(straight: bytes, proxied: bytes):
    """A site that answers by the way its visitor came."""

    def handle(connection: Connection) -> None:
        connection.send(proxied if b"Via: " in connection.head() else straight)

    return handle


def url_of(server) -> str:
    return f"http://{server.authority}"


def test_a_site_that_refuses_this_network_only(check, serve):
    """403 straight and the page through a proxy: the site refuses whoever comes from here."""
    site = serve(by_who_asks(NO, GOOD))
    verdict = check(site.url, exits=(url_of(serve(forward())),))
    assert one(verdict, "exit-answer").value["status"] == 200
    told = one(verdict, "elsewhere-compared").value
    assert (told["here"], told["elsewhere"]) == ("refused", "works")
    assert verdict.outcome is Outcome.OTHER_ERROR


def test_a_refused_exit(check, serve):
    """403 through the proxy and the page straight: the exit is refused, the site is well."""
    site = serve(by_who_asks(GOOD, NO))
    verdict = check(site.url, proxy=url_of(serve(forward())), exits=("direct",))
    assert one(verdict, "other-exit-works").value["exit"] == "direct"
    assert (verdict.hop, verdict.side) == (Hop.EXIT, Side.VISITOR)
    assert verdict.causes[0].cause == "vpn-exit-blocked"
    assert "direct-answer" not in seen_in(verdict), "asked straight once, not twice"


def test_a_proxy_that_refuses_beside_one_that_does_not(check, serve):
    """One proxy makes a page of its own, another brings the site's: the first is at fault."""
    site = serve(GOOD)
    bad = url_of(serve(forward(refuse=http("403 Forbidden", b"policy", "Server: squid/5.7"))))
    verdict = check(site.url, proxy=bad, exits=(url_of(serve(forward())),))
    assert verdict.side is Side.VISITOR
    assert {c.hop for c in verdict.causes[:2]} <= {Hop.EXIT, Hop.DEVICE}


def test_a_site_that_is_broken_on_every_exit(check, serve):
    """The same 502 straight and through a proxy that passes it on: nothing speaks for the exit."""
    site = serve(http("502 Bad Gateway", b"<center>nginx</center>", "Server: nginx"))
    verdict = check(site.url, proxy=url_of(serve(forward())), exits=("direct",))
    assert (verdict.status, verdict.side) == (502, Side.SITE)
    assert "other-exit-works" not in seen_in(verdict)


def test_a_servers_error_through_one_exit_says_itself_what_broke(check, serve):
    """502 through the proxy and the page straight: the error page's own meaning is not replaced."""
    bad = http("502 Bad Gateway", b"<center>nginx</center>", "Server: nginx")
    site = serve(by_who_asks(GOOD, bad))
    verdict = check(site.url, proxy=url_of(serve(forward())), exits=("direct",))
    assert "other-exit-works" not in seen_in(verdict)


@pytest.mark.parametrize("exit_", ["dead", "nonsense", "refuses"])
def test_an_exit_that_fails_says_nothing_of_the_site(check, serve, closed_port, exit_):
    """A further exit that is dead, speaks nonsense or refuses leaves the verdict as it is."""
    site = serve(http("502 Bad Gateway", b"<center>nginx</center>", "Server: nginx"))
    proxy = {
        "dead": f"socks5://127.0.0.1:{closed_port}",
        "nonsense": f"socks5://{serve(b'hello').authority}",
        "refuses": url_of(serve(forward(refuse=http("502 Bad Gateway", b"x", "Server: squid")))),
    }[exit_]
    alone = check(site.url)
    verdict = check(site.url, exits=(proxy,))
    assert {"exit-failed", "exit-answer"} & seen_in(verdict)
    assert "elsewhere-compared" not in seen_in(verdict)
    assert [(c.cause, c.probability) for c in verdict.causes] == [
        (c.cause, c.probability) for c in alone.causes
    ]


def test_a_healthy_page_stays_healthy_beside_a_dead_exit(check, serve, closed_port):
    """The page came as it was asked for; a dead proxy in the comparison changes nothing."""
    verdict = check(serve(GOOD).url, exits=(f"http://127.0.0.1:{closed_port}",))
    assert verdict.outcome is Outcome.HEALTHY
    assert one(verdict, "exit-failed").text("failure") == "connect-refused"


def test_the_command_compares_exits(command, serve, closed_port):
    """`--proxy` given again compares: the first is the way, the others stand beside it."""
    site = serve(by_who_asks(GOOD, NO))
    proxy = serve(forward())
    ran = command(site.url, "--proxy", url_of(proxy), "--proxy", "direct", "--no-public-resolvers")
    said = " ".join(ran.out.split())
    assert ran.status == 1
    assert f"through direct {site.url} answers 200" in said
    ran = command(site.url, "--proxy", "direct", "--proxy", url_of(proxy), "--no-public-resolvers")
    assert ran.status == 0
    assert f"through {url_of(proxy)} {site.url} answers 403" in " ".join(ran.out.split())


def test_a_wrong_exit_is_refused_with_the_forms(command):
    """What is no exit ends the call and says what would be one."""
    ran = command("http://127.0.0.1/", "--proxy", "direct", "--proxy", "ftp://h")
    assert ran.status == 2
    assert "tor or direct" in ran.err


# --- Tor


def test_tor_is_its_port_on_this_machine():
    """`tor` is Tor's SOCKS port; the one of its browser where only that is there."""
    assert proxy_of("tor").scheme == "socks5"
    assert proxy_of("tor").host == "127.0.0.1"
    assert proxy_of("tor").port in (9050, 9150)


@pytest.fixture(scope="module")
def tor(tmp_path_factory):
    """A real tor whose only way out is a proxy that is not there: nothing leaves this machine."""
    program = shutil.which("tor")
    if program is None:
        pytest.skip("needs tor")
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    folder = tmp_path_factory.mktemp("tor")
    words = [
        "--SocksPort",
        f"127.0.0.1:{port}",
        "--DataDirectory",
        str(folder),
        "--ignore-missing-torrc",
    ]
    options = ["-f", str(folder / "none"), "--Socks5Proxy", "127.0.0.1:9", "--quiet"]
    with subprocess.Popen([program, *options, *words]) as running:
        end = time.monotonic() + 10
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 0.2).close()
                break
            time.sleep(0.05)
        yield Proxy("socks5", "127.0.0.1", port)
        running.terminate()


def test_a_tor_without_a_circuit_is_an_exit_that_fails(check, serve, tor):
    """Tor that reaches nothing is the exit's trouble: the verdict on the site stands."""
    site = serve(GOOD)
    verdict = check(site.url, exits=(tor.shown,), timeout=4.0)
    assert verdict.outcome is Outcome.HEALTHY
    assert "connect-refused" not in one(verdict, "exit-failed").text("failure")
    assert "elsewhere-compared" not in seen_in(verdict)
