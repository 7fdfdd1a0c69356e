"""One DNS question to one resolver: UDP, then TCP, then DoH. dnspython gives the wire format only.

Its own transports report a closed UDP port as a time-out; a connected socket of ours sees the
refusal, and every step has its own time.
"""

import asyncio
import socket
import struct
import time
from dataclasses import dataclass

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype

from badgateway.model.failure import Failure
from badgateway.transport import reach
from badgateway.transport.failures import TransportError, limit
from badgateway.transport.http1 import HEAD_LIMIT
from badgateway.transport.stream import Stream, TlsStream, connect, tls_context

PAYLOAD = 1_232
"""Bytes of UDP answer asked for (DNS flag day 2020): more is fragmented on the way."""


@dataclass(frozen=True, slots=True)
class Resolver:
    """A resolver to ask.

    Attributes:
        label: how people know it.
        address: literal address.
        port: UDP and TCP port.
        doh: host name and path of its DoH service at the same address, None where it has none.
    """

    label: str
    address: str
    port: int = 53
    doh: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class DnsAnswer:
    """What a resolver said.

    Attributes:
        rcode: `NOERROR`, `NXDOMAIN`, `SERVFAIL` …
        addresses: of the type asked for, at the end of the chain of names.
        ttl: seconds that the answer may be kept: the smallest on the way; None without records.
        cnames: the names on the way, the first one asked for left out.
        extended: extended errors (RFC 8914) as (number, text).
        transport: `udp`, `tcp` or `doh`.
        seconds: from question to answer, on that transport.
        authentic: whether the resolver says that it has verified the signatures (RFC 6840 5.8).
        authoritative: whether a server of the zone itself answered.
    """

    rcode: str
    addresses: tuple[str, ...]
    ttl: int | None
    cnames: tuple[str, ...]
    extended: tuple[tuple[int, str], ...]
    transport: str
    seconds: float
    authentic: bool = False
    authoritative: bool = False


async def ask(
    resolver: Resolver,
    name: str,
    kind: str,
    seconds: float,
    *,
    recursive: bool = True,
    checked: bool = True,
) -> DnsAnswer:
    """Ask one resolver for one type of record.

    UDP is asked first; TCP when the answer was cut; TCP, then DoH, when UDP brought nothing.

    Args:
        resolver: whom to ask.
        name: about what.
        kind: type of record.
        seconds: for all transports together.
        recursive: whether it shall ask others; not for a zone's own servers.
        checked: whether it shall refuse what does not verify.

    Raises:
        TransportError: no transport brought an answer. That says nothing about the name.
    """
    try:
        query = dns.message.make_query(name, kind, use_edns=0, payload=PAYLOAD)
    except (dns.exception.DNSException, UnicodeError) as error:
        raise TransportError(Failure.NAME_UNKNOWN, f"no name for the DNS: {error}") from error
    # With AD a question says that it would like to know (RFC 6840 5.7).
    query.flags |= dns.flags.AD
    if not recursive:
        query.flags &= ~dns.flags.RD
    if not checked:
        query.flags |= dns.flags.CD
    share = seconds / (3 if resolver.doh else 2)
    failure: TransportError | None = None
    ways = [("udp", udp), ("tcp", _tcp), *([("doh", _doh)] if resolver.doh else [])]
    for transport, way in ways:
        started = time.perf_counter()
        try:
            async with limit(share, Failure.NAME_LOOKUP_TIMEOUT):
                answer = await way(resolver, query)
        except TransportError as error:
            failure = failure or error
            continue
        except (dns.exception.DNSException, ValueError) as error:
            failure = failure or TransportError(Failure.UNKNOWN, f"no DNS answer: {error}")
            continue
        if transport == "udp" and answer.flags & dns.flags.TC:
            continue
        return read(answer, query, transport, time.perf_counter() - started)
    raise failure or TransportError(Failure.NAME_LOOKUP_FAILED, "the answer was cut on every way")


async def udp(resolver: Resolver, query: dns.message.QueryMessage) -> dns.message.Message:
    """The answer to one datagram; the caller bounds the time.

    Raises:
        OSError: what the system says, a refusal for one.
    """
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in resolver.address else socket.AF_INET
    # `connect`, so that the kernel drops strangers' answers and reports a refusal.
    with socket.socket(family, socket.SOCK_DGRAM) as connection:
        connection.setblocking(False)
        await reach.connect(connection, resolver.address, resolver.port, dns=True)
        await loop.sock_sendall(connection, query.to_wire())
        while True:
            wire = await loop.sock_recv(connection, 65_535)
            try:
                answer = _parsed(wire)
            except dns.exception.DNSException:
                continue
            if query.is_response(answer):
                return answer


async def _tcp(resolver: Resolver, query: dns.message.QueryMessage) -> dns.message.Message:
    stream = await connect(resolver.address, resolver.port)
    try:
        wire = query.to_wire()
        await stream.write(struct.pack("!H", len(wire)) + wire)
        data = await _exactly(stream, 2)
        (length,) = struct.unpack("!H", data[:2])
        data += await _exactly(stream, length - (len(data) - 2))
        return _checked(data[2 : 2 + length], query)
    finally:
        stream.close()


async def _doh(resolver: Resolver, query: dns.message.QueryMessage) -> dns.message.Message:
    """RFC 8484 with POST; the resolver's address is known, so no name has to be found first."""
    assert resolver.doh is not None
    host, path = resolver.doh
    wire = query.to_wire()
    below = await connect(resolver.address, 443)
    try:
        stream = TlsStream(below, host, tls_context(("http/1.1",), True))
        await stream.handshake()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/dns-message\r\n"
            f"Accept: application/dns-message\r\nContent-Length: {len(wire)}\r\n"
            "Connection: close\r\n\r\n"
        )
        await stream.write(head.encode("ascii") + wire)
        received = b""
        while len(received) < HEAD_LIMIT and (data := await stream.read()):
            received += data
        top, _, body = received.partition(b"\r\n\r\n")
        status = top.split(b" ")[1:2]
        if status != [b"200"]:
            shown = status[0].decode("latin-1") if status else "nothing"
            raise TransportError(Failure.UNKNOWN, f"DoH answered {shown}")
        return _checked(body, query)
    finally:
        below.close()


async def _exactly(stream: Stream, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = await stream.read()
        if not more:
            raise TransportError(Failure.ANSWER_NONE, "the resolver closed the connection")
        data += more
    return data


def _parsed(wire: bytes) -> dns.message.Message:
    """The message, with whatever part of it can be read: a broken remark must not hide it."""
    return dns.message.from_wire(wire, ignore_trailing=True, continue_on_error=True)


def _checked(wire: bytes, query: dns.message.QueryMessage) -> dns.message.Message:
    answer = _parsed(wire)
    if not query.is_response(answer):
        raise TransportError(Failure.UNKNOWN, "the answer is to another question")
    return answer


def read(
    answer: dns.message.Message, query: dns.message.QueryMessage, transport: str, seconds: float
) -> DnsAnswer:
    """What a message says about the question that was asked."""
    question = query.question[0]
    by_name = {(rrset.name, rrset.rdtype): rrset for rrset in answer.answer}
    name, cnames, ttls = question.name, [], []
    # A chain cannot be longer than the answer, so a loop of names ends as well.
    for _ in answer.answer:
        alias = by_name.get((name, dns.rdatatype.CNAME))
        if alias is None:
            break
        ttls.append(alias.ttl)
        name = alias[0].target
        cnames.append(name.to_text(omit_final_dot=True))
    records = by_name.get((name, question.rdtype))
    if records is not None:
        ttls.append(records.ttl)
    return DnsAnswer(
        rcode=dns.rcode.to_text(answer.rcode()),
        addresses=tuple(record.to_text() for record in records or ()),
        ttl=min(ttls) if ttls else None,
        cnames=tuple(cnames),
        extended=tuple(
            (int(option.code), option.text or "")
            for option in answer.options
            if isinstance(option, dns.edns.EDEOption)
        ),
        transport=transport,
        seconds=seconds,
        authentic=bool(answer.flags & dns.flags.AD),
        authoritative=bool(answer.flags & dns.flags.AA),
    )
