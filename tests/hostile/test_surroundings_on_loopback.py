"""What is looked at once something failed or looks odd, against real sockets."""

import asyncio
import os
import socket
import sys
import time

import pytest
from loopback import http, one, seen_in

from badgateway.model.hop import Hop
from badgateway.model.observation import Evidence, Observation
from badgateway.model.server_name import in_turns as signs_of_turns
from badgateway.model.target import Wishes, target_of
from badgateway.model.verdict import Outcome
from badgateway.probes import Context, Control, PortalCheck, nowhere, probes
from badgateway.transport.desktop import Chosen, chosen_for
from badgateway.transport.own_network import own_network, source_address
from badgateway.transport.path import End, step
from badgateway.transport.proxy import Proxy
from badgateway.transport.stream import Manner, connect, tcp_state

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux tells, others not")


def context(url="https://shop.test/", evidence=(), proxy=None, controls=(), checks=(), **wishes):
    return Context(
        target_of(url),
        Wishes(**wishes),
        Evidence(evidence),
        time.monotonic() + 5,
        proxy=proxy,
        controls=tuple(controls),
        portal_checks=tuple(checks),
    )


def seen(name, **value):
    return Observation(Hop.NETWORK, name, value)


def ran(probe, about, within):
    """What a probe states, run by itself."""

    async def collect():
        return [o async for o in probes()[probe].run(about, within)]

    return asyncio.run(collect())


def resolved(address, place=0, url="https://shop.test/"):
    return seen("resolved", url=url, address=address, place=place, host="shop.test", by="system")


def failed(name, address, url="https://shop.test/", port=443, **more):
    return seen(name, url=url, address=address, port=port, **more)


# --- a healthy check stays by itself


def test_a_healthy_check_contacts_nobody_else(serve, check, monkeypatch):
    """A good page is no reason for controls, portal checks or further connections."""
    server = serve(http("200 OK", b"<title>Shop</title>"))
    asked = []
    real = socket.socket.connect_ex
    monkeypatch.setattr(socket.socket, "connect_ex", lambda s, to: asked.append(to) or real(s, to))
    verdict = check(server.url, public_resolvers=True)
    assert verdict.outcome is Outcome.HEALTHY
    assert server.connections == 1
    known = {"asked", "resolved", "connected", "http-response"}
    assert seen_in(verdict) <= known


# --- asked again


def in_turns(bad):
    """A balancer: each answer names its server, and one of three is bad."""
    turn = iter(range(1000))

    def handle(connection):
        connection.head()
        number = next(turn) % 3 + 1
        status = "502 Bad Gateway" if number == bad else "200 OK"
        connection.send(http(status, b"hello", f"X-Node: node-{number}"))

    return handle


def test_a_bad_turn_is_found_behind_a_good_answer(serve, check):
    """The page comes at once, and one of the next ones shows the server that fails."""
    verdict = check(serve(in_turns(bad=3)).url)
    assert verdict.outcome is Outcome.GATEWAY_ERROR
    told = one(verdict, "intermittent").value
    assert (told["good"], told["bad"]) == (4, 2)


def test_good_turns_stay_healthy_and_are_few(serve, check):
    """Where all turns are good the site is healthy, and it was asked six times in all."""
    server = serve(in_turns(bad=None))
    assert check(server.url).outcome is Outcome.HEALTHY
    assert server.connections == 6


def test_a_site_without_turns_is_asked_once(serve, check):
    """Nothing suggests a second server, so nothing is asked again."""
    server = serve(http("200 OK", b"hello", "Set-Cookie: session=1", "X-Frame-Options: DENY"))
    check(server.url)
    assert server.connections == 1


@pytest.mark.parametrize(
    ("header", "turns"),
    [
        (("X-Served-By", "web3"), True),
        (("X-Backend-Server", "b2"), True),
        (("x-node", "node-1"), True),
        (("Set-Cookie", "SERVERID=s1; path=/"), True),
        (("Set-Cookie", "AWSALB=abc"), True),
        (("Set-Cookie", "BIGipServerpool=1.2.3"), True),
        (("X-Request-Id", "17"), False),
        (("X-Powered-By", "PHP/8.2"), False),
        (("Set-Cookie", "routed=1"), False),
        (("Server", "nginx"), False),
    ],
)
def test_signs_of_turns(header, turns):
    """Headers that name a server and cookies that tie a visitor to one, and their look-alikes."""
    from badgateway.model.response import Response

    assert signs_of_turns(Response(200, headers=(header,))) is turns


# --- addresses


def test_the_next_address_is_tried_where_the_first_takes_no_connection(
    serve, check, monkeypatch, closed_port
):
    """As browsers do: one dead address beside a good one is no dead site."""
    from badgateway.probes import system_resolution
    from badgateway.transport.system import SystemAnswer

    server = serve(http("200 OK", b"hello"), host="127.0.0.2")

    async def resolve(host, port):
        return SystemAnswer(("127.0.0.3", "127.0.0.2"), host)

    monkeypatch.setattr(system_resolution, "resolve", resolve)
    verdict = check(f"http://site.test:{server.port}/")
    assert verdict.outcome is Outcome.HEALTHY
    assert one(verdict, "addresses-differ-in-health").value["failing"] == ("127.0.0.3",)
    assert verdict.causes[0].cause == "dns-misconfigured"


def test_nowhere_means_every_address():
    """Further tests begin with the last address that fails, and not with the first."""
    two = [resolved("192.0.2.1"), resolved("192.0.2.2", 1)]
    first, second = failed("connect-refused", "192.0.2.1"), failed("connect-refused", "192.0.2.2")
    assert not nowhere(first, context(evidence=[*two, first]))
    assert nowhere(second, context(evidence=[*two, first, second]))
    assert not nowhere(second, context(evidence=[*two, first, second, seen("http-response")]))
    assert not nowhere(failed("answer-none", "192.0.2.1", what="http3"), context())


# --- how far packets get


def test_a_port_where_nothing_listens_refuses(closed_port):
    """The end of an attempt is stated as what it is."""
    assert asyncio.run(step("127.0.0.1", closed_port, 3, 1)).end is End.REFUSED


def test_a_port_where_something_listens_connects(serve):
    """One that connects is closed again, and nothing is sent."""
    server = serve(lambda connection: None)
    assert asyncio.run(step("127.0.0.1", server.port, 3, 1)).end is End.CONNECTED


# --- the kernel's account


@linux
def test_the_kernel_tells_what_was_not_confirmed(serve):
    """A fresh connection owes nothing and has repeated nothing."""
    server = serve(lambda connection: connection.pause(1))

    async def state():
        stream = await connect("127.0.0.1", server.port)
        try:
            return stream.state()
        finally:
            stream.close()

    told = asyncio.run(state())
    assert (told.unacknowledged, told.retransmitted) == (0, 0)


@linux
def test_a_closed_socket_has_no_account():
    """Nothing is told of what is no more."""
    gone = socket.socket()
    gone.close()
    assert tcp_state(gone) is None


def test_small_segments_still_carry_a_page(serve):
    """The page of a well server comes whole in small packets."""
    server = serve(http("200 OK", b"x" * 5000))
    about = failed("answer-timeout", "127.0.0.1", server.url, server.port)
    (found,) = ran("small_packets", about, context(server.url))
    assert found.name == "small-packets-pass"


def test_small_segments_do_not_wake_a_server_that_hangs(serve):
    """One that says nothing says nothing in small packets either."""
    server = serve(lambda connection: connection.pause(5))
    about = failed("answer-timeout", "127.0.0.1", server.url, server.port)
    (found,) = ran("small_packets", about, context(server.url))
    assert (found.name, found.value["failure"]) == ("small-packets-fail", "answer-timeout")


@linux
def test_segments_are_as_small_as_asked(serve):
    """The limit holds on the connection itself."""
    server = serve(lambda connection: connection.pause(1))

    async def size():
        stream = await connect("127.0.0.1", server.port, Manner(segment=400))
        try:
            return stream._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)
        finally:
            stream.close()

    assert asyncio.run(size()) <= 400


# --- filters by name


def filtering(connection):
    """Resets TLS that asks for `shop.test`, refuses other names as servers do."""
    hello = connection.socket.recv(4096)
    if b"shop.test" in hello:
        connection.reset()
    else:
        connection.send(b"\x15\x03\x03\x00\x02\x02\x70")  # alert: unrecognized_name


def test_a_filter_by_name_shows_by_another_name(serve, check, monkeypatch):
    """The address answers TLS for another name and breaks it off for the site's."""
    from badgateway.probes import system_resolution
    from badgateway.transport.system import SystemAnswer

    async def resolve(host, port):
        return SystemAnswer(("127.0.0.1",), host)

    monkeypatch.setattr(system_resolution, "resolve", resolve)
    verdict = check(f"https://shop.test:{serve(filtering).port}/")
    assert one(verdict, "filtered-by-name").value["failure"] in ("connect-reset", "tls-closed")
    assert verdict.causes[0].cause == "isp-block"


def test_a_server_that_resets_every_name_filters_none(serve, check):
    """It is broken for all, and so the name decides nothing."""
    verdict = check(f"https://localhost:{serve(lambda connection: connection.reset()).port}/")
    assert "filtered-by-name" not in seen_in(verdict)


# --- loss


def test_connections_are_counted(serve):
    """All of them open at a server that is well."""
    server = serve(lambda connection: None)
    about = failed("connect-timeout", "127.0.0.1", server.url, server.port)
    (found,) = ran("connects_counted", about, context(server.url))
    assert (found.value["tried"], found.value["answered"], found.value["late"]) == (10, 10, 0)


def test_a_quick_connection_is_no_reason_to_count():
    """Only one that came late, or repeated itself, or hangs."""
    wanted = probes()["connects_counted"].wanted
    assert wanted(seen("connected", address="192.0.2.1", seconds=0.2), context()) is None
    assert wanted(seen("http-response", address="192.0.2.1", retransmitted=0), context()) is None
    assert wanted(seen("connected", address="192.0.2.1", seconds=1.02), context()) == "loss"


# --- other places


def test_controls_are_tried_and_described(serve, loopback_certificate, monkeypatch):
    """A place whose certificate nobody trusts fails, and its issuer is told."""
    from badgateway.probes import control

    server = serve(lambda connection: None, tls=loopback_certificate.context())
    monkeypatch.setattr(control, "PORT", server.port)
    place = Control("Test", "127.0.0.1", "localhost")
    (found,) = ran("control", seen("name-unknown"), context(controls=[place]))
    assert (found.name, found.value["failure"]) == ("control-fails", "tls-certificate-invalid")
    assert (found.value["connected"], found.value["issuer"]) == (True, "test")


def test_a_control_that_works_is_stated(serve, loopback_certificate, trusted, monkeypatch):
    """A certificate that verifies is the proof that nobody stands between."""
    from badgateway.probes import control

    trusted(loopback_certificate)
    server = serve(lambda connection: connection.pause(0.2), tls=loopback_certificate.context())
    monkeypatch.setattr(control, "PORT", server.port)
    place = Control("Test", "127.0.0.1", "localhost")
    (found,) = ran("control", seen("name-unknown"), context(controls=[place]))
    assert found.name == "control-works"


def test_controls_wait_for_a_failure_and_for_leave():
    """Nobody is contacted without a failure, past a proxy, or without leave."""
    wanted = probes()["control"].wanted
    place = Control("Test", "192.0.2.1", "dns.test")
    assert wanted(seen("name-unknown"), context(controls=[place])) == "controls"
    assert wanted(seen("name-unknown"), context()) is None
    proxy = Proxy("http", "192.0.2.2", 3128)
    assert wanted(seen("name-unknown"), context(controls=[place], proxy=proxy)) is None


@pytest.mark.parametrize(
    ("answer", "genuine"),
    [
        (http("204 No Content"), True),
        (http("302 Found", b"", "Location: http://login.test/"), False),
        (http("200 OK", b"<title>Guest Wi-Fi: sign in</title>"), False),
    ],
)
def test_portal_checks_tell_a_stranger(serve, answer, genuine):
    """What comes instead of the expected answer comes from whoever runs the network."""
    server = serve(answer)
    (found,) = ran(
        "captive_portal", seen("name-unknown"), context(checks=[PortalCheck(server.url, 204)])
    )
    assert found.value["genuine"] is genuine


def test_a_portal_check_that_cannot_be_reached_says_nothing(closed_port):
    """No answer is no stranger's answer."""
    check = PortalCheck(f"http://127.0.0.1:{closed_port}/", 204)
    assert ran("captive_portal", seen("name-unknown"), context(checks=[check])) == []


def test_a_public_name_at_an_inner_address_is_looked_into():
    """That is how a portal by DNS looks; a literal or private site is nobody's affair."""
    wanted = probes()["captive_portal"].wanted
    checks = [PortalCheck("http://portal.test/", 204)]

    def page(url, address):
        about = seen("http-response", url=url, address=address, what="page")
        return wanted(about, context(url, checks=checks))

    assert page("http://shop.example.com/", "192.168.1.1") == "portal"
    assert page("http://shop.example.com/", "93.184.215.14") is None
    assert page("http://192.168.1.1/", "192.168.1.1") is None


def test_plain_http_is_asked_for_the_front_page_only(serve, monkeypatch):
    """The request is not encrypted, so it does not say which page was wanted."""
    from badgateway.probes import plain_http

    server = serve(http("301 Moved Permanently", b"", "Location: https://shop.test/"))
    monkeypatch.setattr(plain_http, "PORT", server.port)
    about = failed("connect-refused", "127.0.0.1", "https://shop.test/secret?token=1")
    (found,) = ran("plain_http", about, context())
    assert (found.name, found.value["status"]) == ("plain-http", 301)
    assert found.value["to_host"] == "shop.test"


# --- settings and detours


@pytest.fixture
def settings(monkeypatch):
    """Proxy settings of the environment, and no others."""

    def use(**named):
        for name in list(os.environ):
            if name.lower().endswith("_proxy"):
                monkeypatch.delenv(name)
        for name, value in named.items():
            monkeypatch.setenv(name, value)

    return use


def test_the_environments_proxy_is_found_and_excepted(settings):
    """`https_proxy` counts for https, and `no_proxy` takes names out."""
    settings(https_proxy="http://192.0.2.1:3128", no_proxy="inner.test")
    assert chosen_for(True, "shop.test") == Chosen("https_proxy", "http://192.0.2.1:3128")
    assert chosen_for(False, "shop.test") is None
    assert chosen_for(True, "inner.test") is None


def test_a_dead_proxy_setting_beside_a_good_page(serve, check, settings, closed_port):
    """The page comes straight, programs that follow the setting fail: the setting is to blame."""
    server = serve(http("200 OK", b"hello"))
    settings(http_proxy=f"http://127.0.0.1:{closed_port}")
    verdict = check(server.url)
    assert verdict.causes[0].cause == "http-proxy-env"
    assert one(verdict, "proxied-failed").value["failure"] == "connect-refused"


def test_a_proxy_setting_that_works_changes_nothing(serve, check, settings):
    """Both ways lead to the page."""
    server = serve(http("200 OK", b"hello"))
    settings(http_proxy=server.url)
    assert check(server.url).outcome is Outcome.HEALTHY


def test_a_page_refused_to_the_proxy_is_tried_without_it(serve, check):
    """The way without the proxy works: the refusal is meant for the exit."""
    site = serve(http("200 OK", b"hello"))
    proxy = serve(http("403 Forbidden", b"denied"))
    verdict = check(site.url, proxy=proxy.url)
    assert one(verdict, "direct-works").value["refused"] is True
    assert verdict.causes[0].cause == "vpn-exit-blocked"


def test_without_leave_no_detour_is_made(serve, check):
    """`--no-detours` keeps the site from seeing this machine's own address."""
    site = serve(http("200 OK", b"hello"))
    proxy = serve(http("403 Forbidden", b"denied"))
    check(site.url, proxy=proxy.url, detours=False)
    assert site.connections == 0


@pytest.mark.parametrize("port", [9050, 9150])
def test_tor_is_never_passed_by(port):
    """Whoever comes through Tor is never shown to the site by another way."""
    wanted = probes()["without_proxy"].wanted
    about = seen("proxy-refused")
    assert wanted(about, context(proxy=Proxy("socks5", "127.0.0.1", port))) is None
    assert wanted(about, context(proxy=Proxy("socks5", "127.0.0.1", 1080))) == "direct"


@linux
def test_the_own_network_is_read():
    """The route to loopback leads from loopback, and no tunnel is in it."""
    found = own_network("127.0.0.1")
    assert (found.source, found.device, found.tunnel) == ("127.0.0.1", "lo", False)
    assert source_address("127.0.0.1") == "127.0.0.1"


def test_only_a_tunnel_with_another_way_out_is_passed_by():
    """No tunnel, no other device, or no leave: nothing is tried."""
    wanted = probes()["other_device"].wanted
    through = {"address": "192.0.2.1", "port": 443, "tunnel": True, "others": ["eth0"]}
    assert wanted(seen("own-network", **through), context()) == "192.0.2.1"
    assert wanted(seen("own-network", **{**through, "tunnel": False}), context()) is None
    assert wanted(seen("own-network", **{**through, "others": []}), context()) is None
    assert wanted(seen("own-network", **through), context(detours=False)) is None


@linux
def test_past_the_tunnel_is_one_connection(serve):
    """It opens through the other device, and the site hears nothing more."""
    server = serve(lambda connection: connection.drain(0.2))
    about = seen("own-network", address="127.0.0.1", port=server.port, device="tun0", others=["lo"])
    (found,) = ran("other_device", about, context())
    assert found.value["works"] is True


# --- the page elsewhere


def test_the_page_where_others_lead_is_fetched(serve):
    """Only where this machine has a page and nobody else gives its address."""
    server = serve(http("200 OK", b"<title>Shop</title>"))
    url = f"http://shop.test:{server.port}/"
    evidence = [
        resolved("127.0.0.9", url=url),
        seen("http-response", url=url, address="127.0.0.9", what="page"),
        seen("resolver-answer", host="shop.test", addresses=["127.0.0.1"]),
    ]
    within = context(url, evidence)
    assert probes()["page_elsewhere"].wanted(evidence[-1], within) == "elsewhere"
    (found,) = ran("page_elsewhere", evidence[-1], within)
    assert (found.value["address"], found.value["status"]) == ("127.0.0.1", 200)


def test_an_address_that_others_give_too_is_not_doubted():
    """One common address is enough; https proves itself by its certificate."""
    url = "http://shop.test/"
    evidence = [
        resolved("192.0.2.1", url=url),
        seen("http-response", url=url, address="192.0.2.1", what="page"),
        seen("resolver-answer", host="shop.test", addresses=["192.0.2.1", "192.0.2.2"]),
    ]
    assert probes()["page_elsewhere"].wanted(evidence[-1], context(url, evidence)) is None
    secure = [seen("resolver-answer", host="shop.test", addresses=["192.0.2.2"])]
    assert probes()["page_elsewhere"].wanted(secure[0], context(evidence=secure)) is None
