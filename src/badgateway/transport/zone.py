"""A zone's own name servers, found from the root downwards, past all caches.

Each server is asked for one label more than its zone only (RFC 9156): the root learns the
top-level domain, and nobody but the zone's own servers the whole name.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from badgateway.model.failure import Failure
from badgateway.transport.dns import PAYLOAD, DnsAnswer, Resolver, read, udp
from badgateway.transport.failures import TransportError, limit

ROOT_SERVERS = ("198.41.0.4", "192.5.5.241", "193.0.14.129")
"""A, F and K of the root (https://www.iana.org/domains/root/servers)."""
PORT = 53
_ZONE_SECONDS = 0.8
"""Seconds that one name server gets; the next one is asked then."""
_DEEPEST = 12
_MOST_ASKED = 4
_MOST_NAMED = 13
"""Name servers of one zone that are looked at; the root itself has 13."""
_DEEPEST_NAMES = 2
"""How often finding a name server may need the name of another one found first."""


@dataclass(frozen=True, slots=True)
class ZoneAnswer:
    """What the servers of a name's own zone say about it.

    Attributes:
        zone: the zone, as far as delegations led.
        server: the address of the server that answered; empty where none did.
        answer: what it said, None where none answered.
        named: the zone's servers as the parent names them, each with its addresses, IPv4 first.
        parent: an address of a server of the zone above; empty for the root.
    """

    zone: str
    server: str
    answer: DnsAnswer | None
    named: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    parent: str = ""


async def ask_zone(
    name: str,
    kind: str,
    seconds: float,
    roots: tuple[str, ...] | None = None,
    port: int | None = None,
) -> ZoneAnswer:
    """Ask the name servers of a name's zone.

    Args:
        name: the name.
        kind: type of record.
        seconds: for the whole way from the root.
        roots: where to begin; servers of the root where it is None.
        port: of all name servers; 53 where it is None.

    Raises:
        TransportError: not even the root or a top-level domain answered: a fault of this network.
    """
    try:
        whole = dns.name.from_text(name)
    except (dns.exception.DNSException, UnicodeError) as error:
        raise TransportError(Failure.NAME_UNKNOWN, f"no name for the DNS: {error}") from error
    way = _Way(roots or ROOT_SERVERS, port or PORT, time.perf_counter() + seconds)
    return await _descend(whole, kind, way, 0)


@dataclass(frozen=True, slots=True)
class _Way:
    roots: tuple[str, ...]
    port: int
    end: float


async def _descend(whole: dns.name.Name, kind: str, way: _Way, depth: int) -> ZoneAnswer:
    zone, servers, labels = dns.name.root, list(way.roots), 2
    named: dict[str, tuple[str, ...]] = {}
    parent = ""
    for _ in range(_DEEPEST):
        asked = whole if labels >= len(whole) else dns.name.Name(whole[-labels:])
        found = await _first(servers, asked, kind, way)
        if found is None:
            if len(zone) < 3:
                raise TransportError(Failure.NAME_LOOKUP_TIMEOUT, f"no server of {zone} answers")
            break
        server, query, message, took = found
        cut, below = _referral(message, zone, asked)
        if cut is not None:
            named, parent = await _found(below, way, depth), server
            zone, labels = cut, len(cut) + 1
            servers = [a for held in named.values() for a in held[:1]]
            servers += [a for held in named.values() for a in held[1:]]
            if not servers:
                break
        elif asked == whole or message.rcode() != dns.rcode.NOERROR:
            answer = read(message, query, "udp", took)
            return ZoneAnswer(zone.to_text(omit_final_dot=True), server, answer, named, parent)
        else:
            labels += 1
    return ZoneAnswer(zone.to_text(omit_final_dot=True), "", None, named, parent)


async def _first(
    servers: Iterable[str], name: dns.name.Name, kind: str, way: _Way
) -> tuple[str, dns.message.QueryMessage, dns.message.Message, float] | None:
    """The first server that answers, with the question and the answer."""
    for server in list(servers)[:_MOST_ASKED]:
        left = min(_ZONE_SECONDS, way.end - time.perf_counter())
        if left <= 0:
            return None
        query = dns.message.make_query(name, kind, use_edns=0, payload=PAYLOAD)
        query.flags &= ~dns.flags.RD
        started = time.perf_counter()
        try:
            async with limit(left, Failure.NAME_LOOKUP_TIMEOUT):
                message = await udp(Resolver("", server, way.port), query)
        except (TransportError, dns.exception.DNSException, ValueError):
            continue
        return server, query, message, time.perf_counter() - started
    return None


def _referral(
    message: dns.message.Message, zone: dns.name.Name, asked: dns.name.Name
) -> tuple[dns.name.Name | None, dict[str, tuple[str, ...]]]:
    """The zone below that an answer refers to, and its servers with the addresses given here."""
    if message.answer or message.rcode() != dns.rcode.NOERROR:
        return None, {}
    for rrset in message.authority:
        deeper = rrset.name != zone and rrset.name.is_subdomain(zone)
        if rrset.rdtype == dns.rdatatype.NS and deeper and asked.is_subdomain(rrset.name):
            glue: dict[dns.name.Name, list[str]] = {}
            for extra in message.additional:
                if extra.rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA):
                    glue.setdefault(extra.name, []).extend(r.to_text() for r in extra)
            below = {}
            for record in list(rrset)[:_MOST_NAMED]:
                held = sorted(glue.get(record.target, ()), key=lambda address: ":" in address)
                below[record.target.to_text(omit_final_dot=True).lower()] = tuple(held)
            return rrset.name, below
    return None, {}


async def _found(
    named: dict[str, tuple[str, ...]], way: _Way, depth: int
) -> dict[str, tuple[str, ...]]:
    """The servers with the addresses that the referral left out: those of names elsewhere."""
    if any(named.values()) or depth >= _DEEPEST_NAMES:
        return named
    found = dict(named)
    for name in list(named)[:_MOST_ASKED]:
        try:
            told = await _descend(dns.name.from_text(name), "A", way, depth + 1)
        except (TransportError, dns.exception.DNSException):
            continue
        if told.answer is not None and told.answer.addresses:
            found[name] = told.answer.addresses
            # One that can be asked is enough to go on.
            break
    return found
