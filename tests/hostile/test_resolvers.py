"""Resolvers that lie, stammer, or never stop talking."""

import asyncio
import contextlib
import socket
import struct
import threading

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
import pytest
from loopback import Connection, http, one, seen_in

from badgateway.model.verdict import Outcome
from badgateway.probes import system_resolution
from badgateway.transport.dns import Resolver, ask
from badgateway.transport.failures import TransportError
from badgateway.transport.system import SystemAnswer
from badgateway.transport.zone import ask_zone

NAME = "site.test"


class NameServer:
    """A resolver on loopback; `udp` and `tcp` make the datagrams or bytes for one question."""

    def __init__(self, serve, udp, tcp=None) -> None:
        self._udp, self._tcp = udp, tcp
        self.asked = {"udp": 0, "tcp": 0}
        port = serve(self._over_tcp).port if tcp is not None else 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", port))
        self._socket.settimeout(0.05)
        self.port = self._socket.getsockname()[1]
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._over_udp, daemon=True)
        self._thread.start()

    def _over_tcp(self, connection: Connection) -> None:
        (length,) = struct.unpack("!H", connection.exactly(2))
        self.asked["tcp"] += 1
        connection.send(self._tcp(dns.message.from_wire(connection.exactly(length))))

    @property
    def address(self) -> str:
        """As `--resolver` takes it."""
        return f"127.0.0.1:{self.port}"

    def _over_udp(self) -> None:
        while not self._stopped.is_set():
            try:
                wire, client = self._socket.recvfrom(4_096)
            except TimeoutError:
                continue
            except OSError:
                return
            if self._stopped.is_set():
                return
            self.asked["udp"] += 1
            for datagram in self._udp(dns.message.from_wire(wire)):
                if self._stopped.is_set():
                    return
                with contextlib.suppress(OSError):
                    self._socket.sendto(datagram, client)

    def close(self) -> None:
        """Stop it."""
        self._stopped.set()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waking:
            waking.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join(5)
        self._socket.close()


@pytest.fixture
def name_server(serve):
    """Start resolvers."""
    with contextlib.ExitStack() as stack:

        def start(udp, tcp=None) -> NameServer:
            server = NameServer(serve, udp, tcp)
            stack.callback(server.close)
            return server

        yield start


@pytest.fixture
def system(monkeypatch):
    """Say what this machine's own resolver answers."""

    def answer(*addresses: str) -> None:
        async def resolve(host: str, port: int) -> SystemAnswer:
            return SystemAnswer(addresses, host)

        monkeypatch.setattr(system_resolution, "resolve", resolve)

    return answer


def reply(query, *records: str, rcode=dns.rcode.NOERROR, options=()):
    """An answer to `query`; records as `name ttl type data`."""
    answer = dns.message.make_response(query)
    answer.set_rcode(rcode)
    if options:
        answer.use_edns(0, options=options)
    for record in records:
        name, ttl, kind, data = record.split(" ", 3)
        answer.answer.append(dns.rrset.from_text(name, int(ttl), "IN", kind, data))
    return answer


def found(query) -> list[bytes]:
    """A good answer."""
    return [reply(query, f"{NAME}. 60 A 127.0.0.1").to_wire()]


def framed(wire: bytes) -> bytes:
    """A message as TCP carries it."""
    return struct.pack("!H", len(wire)) + wire


def asked(server: NameServer, kind: str = "A", seconds: float = 1.0):
    """What the product reads out of the answer to a question for `site.test`."""
    return asyncio.run(ask(Resolver("given", "127.0.0.1", server.port), NAME, kind, seconds))


def unanswered(server: NameServer) -> TransportError:
    """The failure of a question that brought no answer."""
    with pytest.raises(TransportError) as failed:
        asked(server)
    return failed.value


def test_a_good_answer_is_read(name_server):
    """Code, addresses and time to live stand in the answer."""
    answer = asked(name_server(found))
    assert (answer.rcode, answer.addresses, answer.ttl) == ("NOERROR", ("127.0.0.1",), 60)
    assert answer.transport == "udp"


def garbage(query) -> list[bytes]:
    return [b"", b"\x00", b"garbage" * 9, bytes(12), query.to_wire(), bytes(range(256)) * 2]


def wrong_id(query) -> list[bytes]:
    answer = reply(query, f"{NAME}. 60 A 192.0.2.66")
    answer.id ^= 1
    return [answer.to_wire()]


def wrong_question(query) -> list[bytes]:
    other = dns.message.make_query("other.test", "A", id=query.id)
    return [reply(other, "other.test. 60 A 192.0.2.66").to_wire()]


@pytest.mark.parametrize("before", [garbage, wrong_id, wrong_question])
def test_what_does_not_answer_the_question_is_passed_over(name_server, before):
    """Garbage and forged answers are dropped, and the true answer behind them is taken."""
    answer = asked(name_server(lambda query: [*before(query), *found(query)]))
    assert (answer.addresses, answer.transport) == (("127.0.0.1",), "udp")


@pytest.mark.parametrize("instead", [garbage, wrong_id, wrong_question, lambda query: []])
def test_no_answer_at_all_is_a_failure_of_the_resolver(name_server, instead):
    """A resolver that never answers the question says nothing about the name."""
    server = name_server(instead)
    assert unanswered(server).detail
    assert server.asked["udp"] == 1


def test_a_closed_port_is_refused_at_once(closed_port):
    """A port where no resolver listens is told from one that is silent, without waiting."""
    with pytest.raises(TransportError) as failed:
        asyncio.run(ask(Resolver("given", "127.0.0.1", closed_port), NAME, "A", 5.0))
    assert failed.value.failure.value == "connect-refused"


def truncated(query) -> list[bytes]:
    answer = reply(query)
    answer.flags |= dns.flags.TC
    return [answer.to_wire()]


def test_a_cut_answer_is_asked_for_again_over_tcp(name_server):
    """A truncated answer is fetched whole over TCP."""
    many = [f"{NAME}. 9 A 192.0.2.{n}" for n in range(1, 255)]
    server = name_server(
        truncated, lambda query: framed(reply(query, *many).to_wire(max_size=65_535))
    )
    answer = asked(server)
    assert answer.transport == "tcp"
    assert len(answer.addresses) == 254
    assert server.asked == {"udp": 1, "tcp": 1}


@pytest.mark.parametrize(
    "bytes_",
    [
        b"",
        b"\x00",
        b"\x00\x00",
        b"\xff\xff",
        b"\xff\xffshort",
        framed(b"garbage"),
        framed(bytes(12)),
    ],
    ids=["none", "half a length", "length 0", "length only", "cut", "garbage", "zeros"],
)
def test_nonsense_over_tcp_is_a_failure_of_the_resolver(name_server, bytes_):
    """What comes over TCP is as little trusted as what comes over UDP."""
    assert unanswered(name_server(truncated, lambda query: bytes_))


LOOPS = {
    "to itself": [f"{NAME}. 60 CNAME {NAME}."],
    "of two": [f"{NAME}. 60 CNAME a.test.", f"a.test. 60 CNAME {NAME}."],
    "of many": [
        f"{NAME}. 60 CNAME n0.test.",
        *(f"n{n}.test. 60 CNAME n{(n + 1) % 40}.test." for n in range(40)),
    ],
}


@pytest.mark.parametrize("records", LOOPS.values(), ids=LOOPS.keys())
def test_names_in_a_circle_end(name_server, records):
    """A circle of names gives no address and ends."""
    server = name_server(
        truncated, lambda query: framed(reply(query, *records).to_wire(max_size=65_535))
    )
    answer = asked(server)
    assert answer.addresses == ()
    assert len(answer.cnames) <= len(records)


def test_the_end_of_a_chain_of_names_counts(name_server):
    """The address is the one of the last name, the time to live the smallest on the way."""
    records = [f"{NAME}. 300 CNAME a.test.", "a.test. 5 CNAME b.test.", "b.test. 60 A 192.0.2.7"]
    answer = asked(name_server(lambda query: [reply(query, *records).to_wire()]))
    assert (answer.addresses, answer.ttl) == (("192.0.2.7",), 5)
    assert answer.cnames == ("a.test", "b.test")


def test_an_address_of_another_name_does_not_count(name_server):
    """Records that nobody asked for are not taken for the answer."""
    server = name_server(lambda query: [reply(query, "evil.test. 60 A 192.0.2.66").to_wire()])
    assert asked(server).addresses == ()


def test_an_extended_error_is_kept(name_server):
    """A resolver's own word on why it failed, RFC 8914, is kept with its text."""
    option = dns.edns.EDEOption(6, "signature expired")
    answer = asked(
        name_server(
            lambda query: [reply(query, rcode=dns.rcode.SERVFAIL, options=[option]).to_wire()]
        )
    )
    assert (answer.rcode, answer.extended) == ("SERVFAIL", ((6, "signature expired"),))


def test_an_extended_error_in_no_utf8_does_not_hide_the_answer(name_server):
    """The text of an extended error is a courtesy: broken, it does not spoil the answer."""
    option = dns.edns.GenericOption(dns.edns.OptionType.EDE, b"\x00\x06\xff\xfe broken")

    def broken(query) -> list[bytes]:
        return [reply(query, rcode=dns.rcode.SERVFAIL, options=[option]).to_wire()]

    assert asked(name_server(broken)).rcode == "SERVFAIL"


@pytest.mark.parametrize("code", [dns.rcode.FORMERR, dns.rcode.REFUSED, dns.rcode.NOTIMP, 3_841])
def test_every_code_is_an_answer(name_server, code):
    """A refusal is an answer too, with its code."""
    answer = asked(name_server(lambda query: [reply(query, rcode=code).to_wire()]))
    assert answer.rcode == dns.rcode.to_text(code)
    assert answer.addresses == ()


def nxdomain(query) -> list[bytes]:
    return [reply(query, rcode=dns.rcode.NXDOMAIN).to_wire()]


def flood(query):
    while True:
        yield b"garbage"


@pytest.mark.parametrize(
    "behaviour", [garbage, wrong_id, nxdomain, flood, truncated, lambda query: []]
)
def test_a_site_that_works_is_healthy_whatever_a_resolver_says(
    check, serve, name_server, system, behaviour
):
    """What another resolver says never turns a page that came into a fault."""
    server = name_server(behaviour)
    system("127.0.0.1")
    site = serve(http("200 OK", b"hi"))
    verdict = check(f"http://{NAME}:{site.port}/", resolvers=(server.address,))
    assert verdict.outcome is Outcome.HEALTHY
    assert verdict.elapsed_s < 2
    assert server.asked["udp"] > 0


def test_an_answer_of_a_named_resolver_is_stated(check, serve, name_server, system):
    """What a resolver that the person named answered stands in the evidence."""
    system("127.0.0.1")
    site = serve(http("200 OK", b"hi"))
    server = name_server(nxdomain)
    verdict = check(f"http://{NAME}:{site.port}/", resolvers=(server.address,))
    answer = one(verdict, "resolver-answer")
    assert (answer.text("rcode"), answer.text("host")) == ("NXDOMAIN", NAME)


def test_a_resolver_that_cannot_be_asked_is_no_word_on_the_name(check, serve, system, closed_port):
    """A resolver that is not there is stated as unreachable, not as an answer."""
    system("127.0.0.1")
    site = serve(http("200 OK", b"hi"))
    verdict = check(f"http://{NAME}:{site.port}/", resolvers=(f"127.0.0.1:{closed_port}",))
    assert "resolver-unreachable" in seen_in(verdict)
    assert "resolver-answer" not in seen_in(verdict)
    assert verdict.outcome is Outcome.HEALTHY


@pytest.mark.parametrize(
    ("rcode", "word"), [(dns.rcode.NXDOMAIN, "unknown"), (dns.rcode.SERVFAIL, "failed")]
)
def test_resolvers_are_compared_when_the_name_fails_here(
    check, name_server, monkeypatch, rcode, word
):
    """A name that this machine cannot resolve is compared with what the others say."""
    from badgateway.model.failure import Failure

    async def resolve(host: str, port: int) -> SystemAnswer:
        raise TransportError(Failure.NAME_LOOKUP_FAILED, "SERVFAIL")

    monkeypatch.setattr(system_resolution, "resolve", resolve)
    server = name_server(lambda query: [reply(query, rcode=rcode).to_wire()])
    verdict = check(f"http://{NAME}/", resolvers=(server.address,))
    compared = one(verdict, "names-compared")
    assert (compared.text("system"), compared.text("others")) == ("failed", word)
    assert verdict.outcome is Outcome.UNREACHABLE


def test_a_bogus_signature_is_seen_in_the_comparison(check, name_server, monkeypatch):
    """SERVFAIL with DNSSEC Bogus points to the zone, not to the visitor's resolver."""
    from badgateway.model.failure import Failure

    async def resolve(host: str, port: int) -> SystemAnswer:
        raise TransportError(Failure.NAME_LOOKUP_FAILED, "SERVFAIL")

    monkeypatch.setattr(system_resolution, "resolve", resolve)
    option = dns.edns.EDEOption(6, None)
    server = name_server(
        lambda query: [reply(query, rcode=dns.rcode.SERVFAIL, options=[option]).to_wire()]
    )
    verdict = check(f"http://{NAME}/", resolvers=(server.address,))
    assert one(verdict, "names-compared").value["dnssec"] is True
    assert verdict.causes[0].cause == "dnssec-bogus"


# --- the zone's own servers


class Tree:
    """Root, top-level domain and zone on one port of three loopback addresses."""

    def __init__(self, zone=None) -> None:
        self.asked = []
        self._zone = zone or self.authoritative
        self._sockets, self._threads = [], []
        self._stopped = threading.Event()
        self.port = 0
        for address, answer in (
            ("127.0.0.1", self._refers("test.", "127.0.0.2")),
            ("127.0.0.2", self._refers("site.test.", "127.0.0.3")),
            ("127.0.0.3", self._zone),
        ):
            listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            listening.bind((address, self.port))
            listening.settimeout(0.05)
            self.port = listening.getsockname()[1]
            thread = threading.Thread(
                target=self._serve, args=(listening, address, answer), daemon=True
            )
            self._sockets.append(listening)
            self._threads.append(thread)
            thread.start()

    def _serve(self, listening, address, answer):
        while not self._stopped.is_set():
            try:
                wire, client = listening.recvfrom(4096)
            except TimeoutError:
                continue
            query = dns.message.from_wire(wire)
            self.asked.append((address, query.question[0].name.to_text()))
            if (made := answer(query)) is not None:
                listening.sendto(made.to_wire(), client)

    @staticmethod
    def _refers(zone, address):
        def answer(query):
            made = dns.message.make_response(query)
            made.authority.append(dns.rrset.from_text(zone, 60, "IN", "NS", f"ns.{zone}"))
            made.additional.append(dns.rrset.from_text(f"ns.{zone}", 60, "IN", "A", address))
            return made

        return answer

    @staticmethod
    def authoritative(query):
        name = query.question[0].name.to_text()
        return reply(query, f"{name} 300 A 192.0.2.7") if name == "www.site.test." else reply(query)

    def close(self):
        self._stopped.set()
        for thread, listening in zip(self._threads, self._sockets, strict=True):
            thread.join(5)
            listening.close()


@pytest.fixture
def tree():
    """Start a tree of name servers."""
    with contextlib.ExitStack() as stack:

        def start(zone=None) -> Tree:
            made = Tree(zone)
            stack.callback(made.close)
            return made

        yield start


def from_zone(made, name="www.site.test"):
    """What the zone's servers say, from the root downwards."""
    return asyncio.run(ask_zone(name, "A", 3.0, ("127.0.0.1",), made.port))


def test_the_zone_is_found_from_the_root(tree):
    """Delegations are followed to the zone's own server, which has the last word."""
    found = from_zone(tree())
    assert (found.zone, found.server) == ("site.test", "127.0.0.3")
    assert (found.answer.addresses, found.answer.ttl) == (("192.0.2.7",), 300)


def test_only_the_zone_learns_the_whole_name(tree):
    """RFC 9156: the root sees a top-level domain, and that one a domain."""
    made = tree()
    from_zone(made, "www.site.test")
    assert made.asked == [
        ("127.0.0.1", "test."),
        ("127.0.0.2", "site.test."),
        ("127.0.0.3", "www.site.test."),
    ]


def test_a_zone_whose_servers_are_silent_is_no_failure_of_this_network(tree):
    """The root and the top-level domain answered."""
    found = from_zone(tree(lambda query: None))
    assert (found.zone, found.answer) == ("site.test", None)


def test_a_root_out_of_reach_says_nothing_of_the_zone(closed_port):
    """That is a failure of ours."""
    with pytest.raises(TransportError):
        asyncio.run(ask_zone("www.site.test", "A", 2.0, ("127.0.0.1",), closed_port))


def test_delegations_in_a_circle_end(tree):
    """A server that refers upwards or to itself is not followed."""

    def up(query):
        made = dns.message.make_response(query)
        made.authority.append(dns.rrset.from_text("test.", 60, "IN", "NS", "ns.test."))
        return made

    assert from_zone(tree(up)).answer.addresses == ()
