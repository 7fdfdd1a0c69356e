"""What leaves this machine: every connection of a check is watched, and what is sent on it.

Connections to anywhere but loopback are led to a server here that writes down what it is told, so
nothing leaves the machine that runs the tests. The names that are looked up are written down too.
"""

import asyncio
import socket
import sys
import threading
from collections import defaultdict
from dataclasses import dataclass, field

import pytest
from loopback import Connection, http, seen_in

from badgateway.knowledge.resolvers import portal_checks, public_resolvers
from badgateway.model.target import target_of
from badgateway.model.verdict import Outcome
from badgateway.transport.stream import connect
from badgateway.transport.zone import ROOT_SERVERS

NAME = "www.shop-site.com"
HERE = "127.0.0.1"
SITE = "93.184.215.14"
"""A public address that leads to loopback in these tests."""
PORTAL = "192.0.2.77"
RESOLVERS = {resolver.address for resolver in public_resolvers()}
CONTROLS = {resolver.address for resolver in public_resolvers() if resolver.doh}
PORTAL_NAMES = {target_of(page.url).host for page in portal_checks()}


@dataclass
class Watched:
    """What was seen of one check.

    Attributes:
        contacts: by (address, port, kind of socket), what was sent there.
        names: names that the system was asked to look up.
        commands: programs that were started.
    """

    contacts: dict[tuple[str, int, str], bytes] = field(default_factory=lambda: defaultdict(bytes))
    names: set[str] = field(default_factory=set)
    commands: list[str] = field(default_factory=list)
    elsewhere: list[tuple] = field(default_factory=list)

    def strangers(self) -> set[tuple[str, int, str]]:
        """Contacts that left this machine."""
        own = {SITE}
        return {c for c in self.contacts if not c[0].startswith("127.") and c[0] not in own}


_now: list[Watched] = []


def _audit(event: str, arguments: tuple) -> None:
    """Every connection of this process, whatever code makes it; nothing while nobody watches."""
    if not _now:
        return
    if event == "subprocess.Popen":
        _now[0].commands.append(str(arguments[0]))
    elif event in ("socket.connect", "socket.sendto"):
        _now[0].elsewhere.append((event, arguments[0].type, arguments[1]))


sys.addaudithook(_audit)


@pytest.fixture
def watch(monkeypatch):
    """Watch a check; `names` are the addresses that the system finds, None for no such name."""
    sink = _Sink()
    real = asyncio.selector_events.BaseSelectorEventLoop.sock_connect

    async def sock_connect(self, sock, address):
        kind = "tcp" if sock.type == socket.SOCK_STREAM else "udp"
        place = (address[0], address[1], kind)
        watched.contacts[place] += b""
        if address[0].startswith("127.") or address[0] == SITE:
            here = HERE if address[0] == SITE else address[0]
            return await real(self, sock, (here, address[1]))
        if sock.family == socket.AF_INET6:
            raise OSError(101, "Network is unreachable")
        if kind == "udp":
            await real(self, sock, ("127.0.0.1", sink.udp_port))
        else:
            await real(self, sock, ("127.0.0.1", sink.tcp_port))
        sink.known[(kind, sock.getsockname()[1])] = place
        return None

    def getaddrinfo(host, port, *_, **__):
        watched.names.add(host)
        found = {**names, **dict.fromkeys(PORTAL_NAMES, PORTAL)}.get(host, host)
        if found is None or not found.replace(".", "").isdigit():
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, host, (found, port))]

    monkeypatch.setattr(asyncio.selector_events.BaseSelectorEventLoop, "sock_connect", sock_connect)
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    names: dict[str, str | None] = {NAME: SITE}
    watched = Watched()
    sink.watched = watched
    _now.append(watched)
    yield watched, names
    _now.clear()
    sink.close()


class _Sink:
    """Takes TCP connections and datagrams that would have left, and keeps what they say."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, int], tuple[str, int, str]] = {}
        self.watched = Watched()
        self._tcp, self._udp = socket.socket(), socket.socket(type=socket.SOCK_DGRAM)
        self._tcp.bind(("127.0.0.1", 0))
        self._tcp.listen(64)
        self._udp.bind(("127.0.0.1", 0))
        self.tcp_port, self.udp_port = self._tcp.getsockname()[1], self._udp.getsockname()[1]
        self._closed = False
        self._threads = [
            threading.Thread(target=self._accept, daemon=True),
            threading.Thread(target=self._receive, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def _accept(self) -> None:
        while True:
            accepted, (_, port) = self._tcp.accept()
            if self._closed:
                accepted.close()
                return
            threading.Thread(target=self._read, args=(accepted, port), daemon=True).start()

    def _read(self, accepted: socket.socket, port: int) -> None:
        with accepted:
            accepted.settimeout(0.5)
            data = b""
            try:
                while b"\r\n\r\n" not in data and (more := accepted.recv(65_536)):
                    data += more
                    if data[:1] == b"\x16":
                        break  # a ClientHello: the server's name stands in it
            except OSError:
                pass
            self._told("tcp", port, data)

    def _receive(self) -> None:
        while True:
            data, (_, port) = self._udp.recvfrom(65_536)
            if self._closed:
                return
            self._told("udp", port, data)

    def _told(self, kind: str, port: int, data: bytes) -> None:
        place = self.known.get((kind, port), ("unknown", port, kind))
        self.watched.contacts[place] += data

    def close(self) -> None:
        self._closed = True
        socket.create_connection(("127.0.0.1", self.tcp_port)).close()
        with socket.socket(type=socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", self.udp_port))
        for thread in self._threads:
            thread.join(5)
        self._tcp.close()
        self._udp.close()


def labels(name: str) -> bytes:
    """A name as a DNS message holds it."""
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))


def tells(data: bytes) -> bool:
    """Whether what was sent names the site, or the path of the page."""
    lower = data.lower()
    return (
        NAME.encode() in lower
        or labels(NAME) in lower
        or b"shop-site" in lower
        or b"/secret" in data
    )


def of(places, port=None, kind=None):
    """The addresses of these contacts."""
    return {a for a, p, k in places if port in (None, p) and kind in (None, k)}


GOOD = http("200 OK", b"<title>Shop</title>")


def reset(connection: Connection) -> None:
    """A site, or a filter in front of it, that cuts every connection."""
    connection.head()
    connection.reset()


def url_at(port: int, scheme: str = "http") -> str:
    return f"{scheme}://{NAME}:{port}/secret?id=1"


def test_a_page_that_comes_tells_the_site_and_the_resolvers_only(watch, check, serve):
    """The default run of a page that works: the site, and the public resolvers that are named."""
    watched, _ = watch
    verdict = check(url_at(serve(GOOD).port), public_resolvers=True)
    assert verdict.outcome is Outcome.HEALTHY
    assert of(watched.strangers()) <= RESOLVERS
    assert of(watched.strangers(), kind="udp") == RESOLVERS, "the watching itself works"
    assert watched.names == {NAME}
    assert watched.commands == []
    assert not any(b"/secret" in data for data in watched.contacts.values())


@pytest.mark.parametrize("way", ["refused", "cut", "certificate", "nameless", "502"])
def test_a_page_that_fails_tells_nobody_else(
    watch, check, serve, closed_port, loopback_certificate, way
):
    """Once it fails: also the root servers, portal pages and other places; those learn nothing."""
    watched, names = watch
    port, scheme = closed_port, "https"
    if way == "cut":
        port = serve(reset, tls=None).port
    elif way == "certificate":
        port = serve(GOOD, tls=loopback_certificate.context()).port
    elif way == "nameless":
        names[NAME] = None
    elif way == "502":
        port, scheme = serve(http("502 Bad Gateway", b"<center>nginx</center>")).port, "http"
    verdict = check(url_at(port, scheme), public_resolvers=True, timeout=4.0)
    assert verdict.outcome is not Outcome.HEALTHY
    named = RESOLVERS | set(ROOT_SERVERS) | {PORTAL}
    assert of(watched.strangers()) <= named
    assert watched.names <= {NAME} | PORTAL_NAMES
    for (address, place, kind), data in watched.contacts.items():
        if address == SITE:
            continue
        asked_as_resolver = address in RESOLVERS and (place == 53 or data == b"")
        if not asked_as_resolver:
            assert not tells(data), (address, place, kind)
        assert b"/secret" not in data
    if way in ("refused", "nameless"):
        assert of(watched.strangers(), 443) & CONTROLS
        assert PORTAL in of(watched.strangers(), 80)


def test_the_root_is_told_the_top_level_only(watch, check, closed_port):
    """Name servers are asked for no more than they need: the root learns `com`."""
    watched, _ = watch
    check(url_at(closed_port, "https"), public_resolvers=True, everything=True, timeout=4.0)
    told = [data for (address, _, _), data in watched.contacts.items() if address in ROOT_SERVERS]
    assert any(labels("com") in data.lower() for data in told)
    assert not any(tells(data) for data in told)


@pytest.mark.parametrize("everything", [False, True])
def test_without_public_resolvers_only_the_site_is_contacted(
    watch, check, serve, closed_port, everything
):
    """`--no-public-resolvers`: the site and nothing else, whether it works or fails."""
    watched, _ = watch
    check(url_at(serve(GOOD).port), public_resolvers=False, everything=everything)
    check(url_at(closed_port, "https"), public_resolvers=False, everything=everything, timeout=4.0)
    assert watched.strangers() == set()
    assert watched.names == {NAME}


@pytest.mark.parametrize("scheme", ["http", "socks5"])
@pytest.mark.parametrize("answer", [b"", http("403 Forbidden"), http("502 Bad Gateway")])
def test_behind_a_proxy_only_the_proxy_is_contacted(watch, check, serve, scheme, answer):
    """With --proxy and --no-detours nothing goes past the proxy, not even a lookup of the name."""
    watched, _ = watch
    proxy = serve(answer)
    check(
        f"https://{NAME}/secret",
        proxy=f"{scheme}://{proxy.authority}",
        detours=False,
        public_resolvers=True,
        everything=True,
        timeout=4.0,
    )
    assert of(watched.contacts) == {HERE}
    assert {port for _, port, _ in watched.contacts} == {proxy.port}
    assert NAME not in watched.names


@pytest.mark.parametrize("port", [9050, 9150])
def test_past_tor_nothing_is_sent(watch, check, port):
    """A proxy at one of Tor's ports is never gone around, with or without --no-detours."""
    watched, _ = watch
    check(f"https://{NAME}/", proxy=f"socks5://127.0.0.2:{port}", public_resolvers=True)
    assert of(watched.contacts) == {"127.0.0.2"}
    assert NAME not in watched.names


def test_a_private_name_is_asked_of_nobody(watch, check, closed_port):
    """A name that is not public is looked up on this machine only, also when it fails."""
    watched, names = watch
    names["shop.internal"] = SITE
    check(f"http://shop.internal:{closed_port}/", public_resolvers=True, everything=True)
    assert all(not tells(data) and b"internal" not in data for data in watched.contacts.values())
    assert of(watched.strangers(), 53) <= set(ROOT_SERVERS)


def test_no_connection_is_made_behind_the_watchers_back(watch, check, closed_port):
    """Python's own audit sees the same connections, so none of another kind was missed."""
    watched, _ = watch
    verdict = check(url_at(closed_port, "https"), public_resolvers=True, timeout=4.0)
    assert "connect-refused" in seen_in(verdict)
    streams = [to for event, kind, to in watched.elsewhere if kind & 0xF == socket.SOCK_STREAM]
    assert streams
    assert {to[0] for to in streams} <= {"127.0.0.1"}
    # A datagram socket that is only connected asks the routes and sends nothing.
    sent = [to for event, _, to in watched.elsewhere if event == "socket.sendto"]
    assert sent == []


def test_what_watches_would_see_a_leak(watch):
    """A connection to a stranger, and what is said on it, is written down."""
    watched, _ = watch

    async def leak() -> None:
        stream = await connect("198.51.100.9", 80)
        await stream.write(b"GET http://www.shop-site.com/secret HTTP/1.1\r\n\r\n")
        await stream.read()
        stream.close()

    asyncio.run(leak())
    assert tells(watched.contacts[("198.51.100.9", 80, "tcp")])
