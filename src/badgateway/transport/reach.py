"""Where this process may connect to: a policy on the connection itself, for checks of strangers.

Whoever lets others name a URL must not become their way into the network it stands in. A look at
the URL before the check is no protection: names change their address, pages redirect, and one
address has a dozen spellings. So every socket of `transport` is connected by `connect` here, to
the literal address that was found, and a policy that is set holds for all that runs inside it.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeAlias

from badgateway.model.failure import Failure
from badgateway.transport.failures import TransportError

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

WEB_PORTS = frozenset({80, 443})
DNS_PORT = 53

_NEVER = tuple(
    ipaddress.ip_network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24"),
        *("192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15"),
        *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        # The metadata services that clouds keep at addresses of their public ranges.
        *("168.63.129.16/32", "100.100.100.200/32"),
        *("::/96", "::ffff:0:0/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32"),
        *("2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"),
    )
)
"""The special-purpose registries of IANA (RFC 6890 and its successors), and cloud metadata."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""RFC 6052: the last 32 bits are the IPv4 address that is reached."""
_GLOBAL6 = ipaddress.ip_network("2000::/3")
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)
"""RFC 5214: the interface identifiers that hold an IPv4 address."""


@dataclass(frozen=True, slots=True)
class Reach:
    """A policy: public addresses at the ports of the web, and the endpoints of our own choice.

    Attributes:
        own: networks that are refused besides, such as the machine's own.
        known: endpoints (address, port) that are allowed whatever they are: public resolvers.
        ports: ports that are allowed elsewhere.
    """

    own: tuple[Network, ...] = ()
    known: frozenset[tuple[str, int]] = frozenset()
    ports: frozenset[int] = WEB_PORTS

    def refusal(self, address: str, port: int, dns: bool = False) -> str:
        """Why nothing is sent there; empty where it may be. `dns` is a question to a name server.

        The words name neither the address nor what is there.
        """
        if (address, port) in self.known:
            return ""
        if port not in self.ports and not (dns and port == DNS_PORT):
            return "only the ports 80 and 443 are looked at"
        try:
            read = ipaddress.ip_address(address)
        except ValueError:
            return "this is no plain address"
        return self._unreachable(read)

    def _unreachable(self, address: Address) -> str:
        inside = "it leads to an address that is not public"
        if isinstance(address, ipaddress.IPv6Address):
            if address.scope_id is not None:
                return inside
            if address in _NAT64:
                return self._unreachable(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
            if address not in _GLOBAL6 or (int(address) >> 32) & 0xFFFF_FFFF in _ISATAP:
                return inside
        if not address.is_global or address.is_multicast or address.is_reserved:
            return inside
        refused = any(
            address in net for net in (*_NEVER, *self.own) if net.version == address.version
        )
        return inside if refused else ""


_POLICY: ContextVar[Reach | None] = ContextVar("reach", default=None)


class OutOfReachError(TransportError):
    """The policy refuses the connection. It says nothing about the site."""

    def __init__(self, why: str) -> None:
        super().__init__(Failure.OUT_OF_REACH, why)


@contextmanager
def within(reach: Reach | None) -> Iterator[None]:
    """Everything that is started inside keeps to `reach`; None for no bounds."""
    token = _POLICY.set(reach)
    try:
        yield
    finally:
        _POLICY.reset(token)


def admit(address: str, port: int, dns: bool = False) -> None:
    """Let a connection pass, or not.

    Raises:
        OutOfReachError: the policy that holds here refuses it.
    """
    reach = _POLICY.get()
    if reach is not None and (why := reach.refusal(address, port, dns)):
        raise OutOfReachError(why)


async def connect(connection: socket.socket, address: str, port: int, dns: bool = False) -> None:
    """Connect a socket that does not block to a literal address.

    Raises:
        OutOfReachError: the policy refuses it.
        OSError: it failed.
    """
    admit(address, port, dns)
    await asyncio.get_running_loop().sock_connect(connection, (address, port))


def admitted(addresses: Iterable[str], port: int) -> tuple[str, ...]:
    """Those of the addresses that a name has which may be connected to.

    Raises:
        OutOfReachError: there are some, and none may. It does not tell which they are.
    """
    reach, found = _POLICY.get(), tuple(addresses)
    if reach is None:
        return found
    kept = tuple(address for address in found if not reach.refusal(address, port))
    if found and not kept:
        raise OutOfReachError(reach.refusal(found[0], port))
    return kept


def own_networks() -> tuple[Network, ...]:
    """The networks that this machine's devices are in, its public addresses included."""
    import psutil  # noqa: PLC0415 - 20 ms, which only a server's start is worth

    found: set[Network] = set()
    for held in psutil.net_if_addrs().values():
        for one in held:
            text = one.address.partition("%")[0]
            if one.family not in (socket.AF_INET, socket.AF_INET6) or not one.netmask:
                continue
            width = _width(one.netmask)
            found.add(ipaddress.ip_network(f"{text}/{width}", strict=False))
            found.add(ipaddress.ip_network(text))
    return tuple(sorted(found, key=str))


def _width(netmask: str) -> int:
    """The length of the prefix that a mask stands for."""
    return int(ipaddress.ip_address(netmask.partition("/")[0])).bit_count()
