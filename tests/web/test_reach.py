"""A service for strangers is no way into the network that it stands in."""

import errno
import ipaddress
import socket
import struct
import sys
import threading

import pytest

from badgateway.model.target import Wishes
from badgateway.transport import reach
from badgateway.transport.reach import OutOfReachError, Reach, admit, admitted, own_networks, within

TRICKS = {
    # loopback in all its spellings
    "loopback": "http://127.0.0.1/",
    "loopback, other": "http://127.1.2.3/",
    "loopback, https": "https://127.0.0.1/",
    "loopback, no scheme": "127.0.0.1",
    "loopback, port": "http://127.0.0.1:{port}/",
    "localhost": "http://localhost/",
    "localhost, capitals": "http://LOCALHOST/",
    "localhost, final dot": "http://localhost./",
    "localhost, below": "http://a.localhost/",
    "localhost.localdomain": "http://localhost.localdomain/",
    "ip6-localhost": "http://ip6-localhost/",
    "decimal": "http://2130706433/",
    "octal": "http://0177.0.0.1/",
    "octal, one number": "http://017700000001/",
    "hexadecimal": "http://0x7f000001/",
    "hexadecimal, parts": "http://0x7f.0x0.0x0.0x1/",
    "two parts": "http://127.1/",
    "three parts": "http://127.0.1/",
    "zero": "http://0/",
    "any address": "http://0.0.0.0/",
    "zeros before": "http://127.000.000.001/",
    "overflow": "http://256.256.256.256/",
    "full-width digits": "http://１２７.０.０.１/",
    "circled digits": "http://①②⑦.⓪.⓪.①/",
    "full-width dots": "http://127。0。0。1/",
    "percent-encoded": "http://127%2e0%2e0%2e1/",
    # IPv6
    "six loopback": "http://[::1]/",
    "six loopback, long": "http://[0000:0000:0000:0000:0000:0000:0000:0001]/",
    "six any": "http://[::]/",
    "mapped": "http://[::ffff:127.0.0.1]/",
    "mapped, hexadecimal": "http://[::ffff:7f00:1]/",
    "compatible": "http://[::127.0.0.1]/",
    "translated": "http://[::ffff:0:127.0.0.1]/",
    "NAT64": "http://[64:ff9b::127.0.0.1]/",
    "NAT64, private": "http://[64:ff9b::a00:1]/",
    "NAT64, local prefix": "http://[64:ff9b:1::7f00:1]/",
    "6to4": "http://[2002:7f00:1::]/",
    "6to4, private": "http://[2002:c0a8:101::1]/",
    "Teredo": "http://[2001:0:7f00:1::]/",
    "ISATAP": "http://[2600::5efe:7f00:1]/",
    "link-local six": "http://[fe80::1]/",
    "link-local six, zone": "http://[fe80::1%25eth0]/",
    "unique local": "http://[fd00::1]/",
    "site-local": "http://[fec0::1]/",
    "multicast six": "http://[ff02::1]/",
    "documentation six": "http://[2001:db8::1]/",
    "metadata six": "http://[fd00:ec2::254]/",
    # networks
    "private 10": "http://10.0.0.1/",
    "private 172": "http://172.16.0.1/",
    "private 192": "http://192.168.1.1/",
    "shared": "http://100.64.0.1/",
    "benchmark": "http://198.18.0.1/",
    "documentation": "http://192.0.2.1/",
    "multicast": "http://224.0.0.1/",
    "reserved": "http://240.0.0.1/",
    "broadcast": "http://255.255.255.255/",
    # metadata services
    "metadata": "http://169.254.169.254/latest/meta-data/",
    "metadata, decimal": "http://2852039166/",
    "metadata, hexadecimal": "http://0xa9fea9fe/",
    "metadata, container": "http://169.254.170.2/",
    "metadata, Alibaba": "http://100.100.100.200/",
    "metadata, Azure": "http://168.63.129.16/",
    "metadata, Google": "http://metadata.google.internal/",
    "metadata, short": "http://metadata/",
    # names
    "single label": "http://intranet/",
    "mDNS": "http://printer.local/",
    "home": "http://router.home.arpa/",
    "onion": "http://abcdef.onion/",
    # other schemes, logins, ports
    "file": "file:///etc/passwd",
    "file, host": "file://localhost/etc/passwd",
    "gopher": "gopher://127.0.0.1:6379/_INFO",
    "ftp": "ftp://127.0.0.1/",
    "dict": "dict://127.0.0.1:11211/",
    "ldap": "ldap://127.0.0.1/",
    "jar": "jar:http://127.0.0.1!/",
    "data": "data:text/html,hello",
    "javascript": "javascript:alert(1)",
    "unix": "unix:///run/docker.sock",
    "http+unix": "http+unix://%2Frun%2Fdocker.sock/",
    "login": "http://example.com@127.0.0.1/",
    "login, encoded": "http://example.com%40127.0.0.1/",
    "login, with password": "http://a:b@169.254.169.254/",
    "backslash": "http://example.com\\@127.0.0.1/",
    "fragment": "http://127.0.0.1#@example.com/",
    "query": "http://127.0.0.1?@example.com/",
    "line break": "http://example.com\r\nHost: 127.0.0.1/",
    "tab": "http://127.0.0.1\t.example.com/",
    "null": "http://127.0.0.1\x00.example.com/",
    "port 22": "http://93.184.215.14:22/",
    "port 6379": "http://93.184.215.14:6379/",
    "port 8080": "https://93.184.215.14:8080/",
    "port 0": "http://93.184.215.14:0/",
    "port too large": "http://93.184.215.14:65616/",
    # names of the DNS that lead inside (answered by the stand-in below)
    "A record, loopback": "http://loopback.evil.com/",
    "A record, private": "http://private.evil.com/",
    "A record, metadata": "http://metadata.evil.com/",
    "AAAA record, loopback": "http://six.evil.com/",
    "AAAA record, mapped": "http://mapped.evil.com/",
    "AAAA record, NAT64": "http://nat64.evil.com/",
    "CNAME to localhost": "http://alias.evil.com/",
    "rebinding": "http://rebind.evil.com/",
    "rebinding, https": "https://rebind.evil.com/",
    "own address": "http://own.evil.com/",
}

NO_SUCH_NAME = ("localhost.localdomain", "percent-encoded")
"""Names that some systems know and others do not; that there is no such name may be told."""
NOTHING_CONNECTED = {"asked", "name-unknown", "name-lookup-failed", "names-compared"}

NAMES = {
    "loopback.evil.com": ["127.0.0.1"],
    "private.evil.com": ["10.1.2.3", "192.168.0.1"],
    "metadata.evil.com": ["169.254.169.254"],
    "six.evil.com": ["::1"],
    "mapped.evil.com": ["::ffff:127.0.0.1"],
    "nat64.evil.com": ["64:ff9b::7f00:1"],
    "alias.evil.com": ["127.0.0.1"],
    "own.evil.com": ["198.51.99.7"],
}

REDIRECTS = [
    "http://127.0.0.1/",
    "http://[::1]/",
    "//127.0.0.1/",
    "http://0x7f000001/",
    "http://[::ffff:169.254.169.254]/",
    "http://169.254.169.254/latest/meta-data/",
    "http://private.evil.com/",
    "https://rebind.evil.com/",
    "http://93.184.215.14:22/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "http://a:b@10.0.0.1/",
]


@pytest.fixture(scope="session")
def connects():
    """Every address that any code of this process connects or sends to, by Python's own audit."""
    seen: list[tuple] = []

    def hook(event, arguments):
        if event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):
            seen.append(arguments[1])

    sys.addaudithook(hook)
    return seen


@pytest.fixture
def names(monkeypatch):
    """A DNS of a hostile zone; `rebind.evil.com` is public the first time, then inside."""
    asked: dict[str, int] = {}
    real = socket.getaddrinfo

    def stand_in(host, port, *arguments, **options):
        name = str(host).rstrip(".").lower()
        if name == "rebind.evil.com":
            asked[name] = asked.get(name, 0) + 1
            found = ["93.184.215.14"] if asked[name] == 1 else ["127.0.0.1"]
        elif name in NAMES:
            found = NAMES[name]
        elif name.endswith(("evil.com", "example.com")):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        else:
            return real(host, port, *arguments, **options)
        six = [(socket.AF_INET6, 1, 6, "", (a, port, 0, 0)) for a in found if ":" in a]
        return six + [(socket.AF_INET, 1, 6, "", (a, port)) for a in found if ":" not in a]

    monkeypatch.setattr(socket, "getaddrinfo", stand_in)


@pytest.fixture(autouse=True)
def no_packet_leaves(monkeypatch):
    """What the policy lets pass to the internet ends here, as in a network without a way out."""
    real = reach.connect

    async def connect(connection, address, port, dns=False):
        admit(address, port, dns)
        if ipaddress.ip_address(address).is_global:
            raise OSError(errno.ENETUNREACH, "Network is unreachable")
        await real(connection, address, port, dns)

    monkeypatch.setattr(reach, "connect", connect)


class Outside:
    """A server that stands for one of the internet: it counts, and sends visitors elsewhere."""

    def __init__(self):
        self.location = ""
        self.asked = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(2)
                try:
                    connection.recv(65_536)
                    self.asked += 1
                    head = f"HTTP/1.1 302 Found\r\nLocation: {self.location}\r\n"
                    connection.sendall(f"{head}Content-Length: 0\r\n\r\n".encode("latin-1"))
                except OSError:
                    continue

    def close(self):
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._listener.close()


@pytest.fixture(scope="module")
def elsewhere():
    server = Outside()
    yield server
    server.close()


@pytest.fixture
def outside(elsewhere):
    elsewhere.asked = 0
    return elsewhere


@pytest.fixture(scope="module")
def public(running, elsewhere):
    """The service for everybody; one loopback endpoint stands for a site of the internet."""
    from badgateway.web.settings import Settings

    policy = Reach(
        own=(ipaddress.ip_network("198.51.99.0/24"),),
        known=frozenset({("127.0.0.1", elsewhere.port)}),
    )
    # No public resolver is asked here, because there is none in a test's network.
    wishes = Wishes(timeout=1, detours=False, for_another=True, public_resolvers=False)
    with running(
        lambda port: Settings(port=port, public=True, reach=policy, wishes=wishes)
    ) as server:
        yield server


def inside(connects):
    """What was connected to that is not public; the test's own clients speak to the server."""
    return [a for a in connects if not ipaddress.ip_address(a[0].partition("%")[0]).is_global]


@pytest.mark.parametrize("trick", TRICKS)
def test_no_spelling_of_an_inner_address_is_looked_at(trick, public, outside, names, connects):
    """Whatever is asked for, nothing inside is connected to, and the answer tells of nothing."""
    connects.clear()
    answer = public.api("/check", {"url": TRICKS[trick].format(port=outside.port)})
    assert [a for a in inside(connects) if a[1] != public.port] == []
    assert outside.asked == 0
    if trick.startswith("rebinding"):
        return  # its first answer is public and is looked at, at that address alone
    if trick in NO_SUCH_NAME and answer.status == 200:
        assert {o["name"] for o in answer.json["observations"]} <= NOTHING_CONNECTED
    else:
        assert answer.status in (400, 403), answer.text
        assert "verdict" not in answer.json
    if "evil.com" in TRICKS[trick]:
        assert not any(address in answer.text for found in NAMES.values() for address in found)


@pytest.mark.parametrize("location", REDIRECTS)
def test_no_redirect_leads_inside(location, public, outside, names, connects, monkeypatch):
    """A page of the internet that sends its visitors inside is not followed there."""
    from badgateway.model import target

    monkeypatch.setattr(target.Target, "public", property(lambda self: True))
    connects.clear()
    outside.location = location
    answer = public.api("/check", {"url": f"http://127.0.0.1:{outside.port}/"})
    there = {a[1] for a in inside(connects)} - {public.port, outside.port}
    assert there == set()
    assert outside.asked
    assert answer.status in (200, 403)
    if answer.status == 200 and "rebind" not in location:
        # Schemes and logins are refused before any policy is asked; that is the site's own fault.
        assert any(o["name"] == "redirect-refused" for o in answer.json["observations"])


def test_more_than_sixty_tricks_are_tried():
    """The collection does not shrink."""
    assert len(TRICKS) + len(REDIRECTS) >= 60


def test_what_a_run_starts_keeps_to_the_policy_wherever_it_connects():
    """Not the caller but the connection is bound: tasks and threads of a check inherit it."""
    import asyncio

    from badgateway.transport import path, stream
    from badgateway.transport.dns import Resolver, ask
    from badgateway.transport.failures import TransportError

    async def refused():
        with pytest.raises(OutOfReachError):
            await asyncio.create_task(stream.connect("127.0.0.1", 80))
        with pytest.raises(TransportError) as raised:
            await ask(Resolver("", "127.0.0.53"), "example.com", "A", 1.0)
        assert raised.value.failure.value == "out-of-reach"
        assert (await path.step("127.0.0.1", 80, 3, 1.0)).end is path.End.FAILED
        from badgateway.transport.http3 import exchange3

        assert (await exchange3("127.0.0.1", 443, "a", [], 1, 1)).failure.value == "out-of-reach"

    with within(Reach()):
        asyncio.run(refused())


def test_only_one_place_connects_sockets():
    """A new way out of `transport` that goes past the policy is found by this test."""
    from importlib.resources import files

    allowed = {
        "reach.py": {"sock_connect"},
        # Asks the routes of this machine and sends nothing.
        "own_network.py": {".connect((address, 9))"},
        # Looks whether Tor listens on this machine; only the command line can ask for it.
        "proxy.py": {'create_connection(("127.0.0.1", port)'},
        # QUIC is connected by its library; `admit` stands in front of it.
        "http3.py": set(),
    }
    ways = ("sock_connect", "create_connection(", "open_connection(", "sendto(", "connect((")
    for file in files("badgateway.transport").iterdir():
        if not file.name.endswith(".py"):
            continue
        text = file.read_text("utf-8")
        for known in allowed.get(file.name, set()):
            text = text.replace(known, "")
        assert [way for way in ways if way in text] == [], file.name


def test_a_name_with_a_public_and_an_inner_address_is_looked_at_where_it_is_public():
    """The inner address is left out; it is not told either."""
    with within(Reach()):
        assert admitted(["10.0.0.1", "93.184.215.14", "::1"], 443) == ("93.184.215.14",)


def test_own_networks_are_refused_though_they_are_public():
    """A machine's own public address leads to what listens on it, not to a stranger's site."""
    with within(Reach(own=(ipaddress.ip_network("93.184.215.0/24"),))):
        with pytest.raises(OutOfReachError):
            admit("93.184.215.14", 443)
        admit("93.184.216.14", 443)
        admit("2606:2800:21f:cb07:6820:80da:af6b:8b2c", 443)


def test_own_networks_hold_loopback():
    """They are read from the machine's devices."""
    assert any(ipaddress.ip_address("127.0.0.1") in n for n in own_networks() if n.version == 4)


def test_nothing_is_bound_without_a_policy():
    """The person at this machine may look at his own network."""
    admit("127.0.0.1", 8080)


def test_name_servers_are_asked_at_their_port_alone():
    """A question to a zone's server passes at port 53, and never inside."""
    with within(Reach()):
        admit("199.7.83.42", 53, dns=True)
        for address, port in (("199.7.83.42", 5353), ("10.0.0.1", 53)):
            with pytest.raises(OutOfReachError):
                admit(address, port, dns=True)
        with pytest.raises(OutOfReachError):
            admit("199.7.83.42", 53)
