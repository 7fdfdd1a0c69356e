"""Redirects that go in circles, never end, or lead to what is no web page."""

import pytest
from loopback import Connection, Server, http, one, seen_in

from badgateway.model.verdict import Outcome


def asked_path(connection: Connection) -> str:
    """The path that a request asks for."""
    return connection.head().split(b" ")[1].decode("ascii")


def moved(to: str, status: str = "302 Found", *headers: str) -> bytes:
    """A redirect."""
    return http(status, b"", f"Location: {to}", *headers)


def steps(count: int):
    """A server whose pages lead from `/0` to `/count`, which is there."""

    def handle(connection: Connection) -> None:
        here = int(asked_path(connection).strip("/") or 0)
        connection.send(moved(f"/{here + 1}") if here < count else http("200 OK", b"there"))

    return handle


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See", "307 Temp", "308 Perm"])
def test_a_redirect_is_followed(check, serve, status):
    """Every kind of redirect is followed, and the verdict is about where it leads."""

    def handle(connection: Connection) -> None:
        path = asked_path(connection)
        connection.send(moved("/there", status) if path == "/" else http("502 Bad Gateway"))

    verdict = check(serve(handle).url)
    assert one(verdict, "redirect").text("to").endswith("/there")
    assert (verdict.outcome, verdict.status) == (Outcome.GATEWAY_ERROR, 502)


def test_a_few_redirects_are_no_fault(check, serve):
    """Five steps to a page that is there are unusual and fine."""
    verdict = check(serve(steps(5)).url)
    assert (verdict.outcome, verdict.status) == (Outcome.HEALTHY, 200)


def test_a_redirect_to_itself_is_a_loop(check, serve):
    """A page that sends the visitor to itself is a circle."""
    verdict = check(serve(moved("/")).url)
    assert "redirect-loop" in seen_in(verdict)
    assert verdict.causes[0].cause == "redirect-loop"
    assert verdict.outcome not in (Outcome.HEALTHY, Outcome.NONE)


def test_a_circle_of_three_is_a_loop(check, serve):
    """Three pages that lead to each other are a circle."""

    def handle(connection: Connection) -> None:
        onward = {"/": "/a", "/a": "/b", "/b": "/"}
        connection.send(moved(onward[asked_path(connection)]))

    server = serve(handle)
    verdict = check(server.url)
    assert one(verdict, "redirect-loop").text("to") == server.url
    assert server.connections <= 6


def test_a_chain_of_fifty_is_given_up(check, serve):
    """A chain that no browser follows is a fault, and is not walked to its end."""
    server = serve(steps(50))
    verdict = check(server.url)
    assert "redirect-loop" in seen_in(verdict)
    assert verdict.outcome not in (Outcome.HEALTHY, Outcome.NONE)
    assert server.connections < 20


def test_a_circle_that_a_cookie_ends_is_none(check, serve):
    """A page that sets a cookie and asks again works in every browser, so it is no loop."""

    def handle(connection: Connection) -> None:
        known = b"seen=1" in connection.head()
        connection.send(
            http("200 OK", b"hi") if known else moved("/", "302 Found", "Set-Cookie: seen=1")
        )

    verdict = check(serve(handle).url)
    assert (verdict.outcome, verdict.status) == (Outcome.HEALTHY, 200)


NO_PAGES = [
    "file:///etc/passwd",
    "javascript:alert(1)",
    "ftp://127.0.0.1/",
    "data:text/html,hello",
    "mailto:root@localhost",
    "gopher://127.0.0.1:1/_x",
    "intent://open#Intent;end",
    "http://[",
    "http://[::1",
    "//[/",
    "//a℀b/",
    "http://127.0.0.1:99999/",
    "http://127.0.0.1:-1/",
    "http://127.0.0.1:port/",
    "http://a..b/",
    "http://" + "a" * 300 + "/",
    "http://%00/",
    "/" + "a" * 9_000,
]


@pytest.mark.parametrize("location", NO_PAGES, ids=lambda location: location[:30])
def test_a_redirect_to_what_is_no_web_page_is_refused(check, serve, location):
    """A redirect that no browser can follow is stated as one, and nothing is opened for it."""
    answer = http("302 Found", b"").replace(
        b"\r\n\r\n", b"\r\nLocation: " + location.encode() + b"\r\n\r\n"
    )
    server = serve(answer)
    verdict = check(server.url)
    assert "redirect-refused" in seen_in(verdict)
    assert verdict.outcome not in (Outcome.HEALTHY, Outcome.NONE)
    assert server.connections == 1


@pytest.mark.parametrize("status", [200, 201, 300, 304, 404, 502])
def test_only_a_redirect_redirects(check, serve, status):
    """A Location header on any other answer leads nowhere."""
    server = serve(moved("http://127.0.0.1:1/", f"{status} Odd"))
    assert "redirect" not in seen_in(check(server.url))


def test_a_redirect_to_a_dead_port_is_the_fault_there(check, serve, closed_port):
    """What the redirect leads to is what the visitor meets."""
    verdict = check(serve(moved(f"http://127.0.0.1:{closed_port}/")).url)
    assert {"redirect", "connect-refused"} <= seen_in(verdict)
    assert verdict.outcome is Outcome.UNREACHABLE


def test_a_login_is_not_carried_to_another_host(check, serve):
    """A header of the person's own goes to the host that was asked for and to no other."""
    other = serve(http("200 OK", b"hi"))
    got: list[bytes] = []

    def handle(connection: Connection) -> None:
        got.append(connection.head())
        connection.send(http("200 OK", b"other"))

    other = serve(handle)
    server = serve(moved(f"http://localhost:{other.port}/"))
    check(server.url, headers=(("Authorization", "Bearer secret"),), family=4)
    assert got
    assert b"secret" not in b"".join(got)


@pytest.fixture
def both_families(serve) -> tuple[Server, Server]:
    """One site on both families, IPv6 slower: `/` leads to `/a` and that to `/b`."""

    def site(delay: float):
        def handle(connection: Connection) -> None:
            path = asked_path(connection)
            if path == "/":
                connection.pause(delay)
            onward = {"/": "/a", "/a": "/b"}
            connection.send(moved(onward[path]) if path in onward else http("200 OK", b"there"))

        return handle

    fast = serve(site(0))
    try:
        return fast, serve(site(0.4), "::1", fast.port)
    except OSError as error:
        pytest.skip(f"no IPv6 on loopback: {error}")


def test_a_slower_family_on_the_same_way_is_no_circle(check, both_families, monkeypatch):
    """Two addresses that both lead to the same place, one later, are not a loop."""
    from badgateway.probes import system_resolution
    from badgateway.transport.system import SystemAnswer

    async def resolve(host: str, port: int) -> SystemAnswer:
        return SystemAnswer(("127.0.0.1", "::1"), host)

    monkeypatch.setattr(system_resolution, "resolve", resolve)
    verdict = check(f"http://site.test:{both_families[0].port}/")
    assert "redirect-loop" not in seen_in(verdict)
    assert (verdict.outcome, verdict.status) == (Outcome.HEALTHY, 200)
