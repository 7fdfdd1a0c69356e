"""Interfaces, their sizes and the resolvers a system asks, as its tools print them."""

import re
from dataclasses import dataclass

from badgateway.transport.systems.route import address_in


@dataclass(frozen=True, slots=True)
class Adapter:
    """One network interface of `ipconfig /all`.

    Attributes:
        name: as Windows shows it, such as `Ethernet adapter Ethernet0`.
        addresses: its own.
        gateways: its default gateways.
        resolvers: its DNS servers.
        connected: whether its medium is connected.
        tunnel: whether it is a tunnel, or a VPN's adapter by its description.
    """

    name: str
    addresses: tuple[str, ...]
    gateways: tuple[str, ...]
    resolvers: tuple[str, ...]
    connected: bool
    tunnel: bool


_ENTRY = re.compile(r" {2,4}(\S.{0,60}?)(?: ?\.){2,}[ .]*:(.*)")
_TUNNELS = re.compile(
    r"\b(tunnel|vpn|ppp|tap-|tap0|wintun|wireguard|openvpn|anyconnect|globalprotect|fortinet|wan "
    r"miniport)",
    re.IGNORECASE,
)


def adapters(text: str) -> list[Adapter]:
    """The interfaces of `ipconfig /all` in English.

    Under another language of Windows the words differ; then nothing is read rather than guessed.
    """
    found: list[Adapter] = []
    entries: dict[str, list[str]] = {}
    name, last = "", ""
    for line in [*text[:262_144].splitlines(), "end:"]:
        if line[:1].strip() and line.rstrip().endswith(":"):
            if name and entries:
                found.append(_adapter(name, entries))
            name, entries, last = line.rstrip()[:-1], {}, ""
        elif (entry := _ENTRY.match(line)) is not None:
            last = entry[1].strip().lower()
            entries.setdefault(last, []).append(entry[2].strip())
        elif last and line.startswith("     ") and line.strip():
            entries[last].append(line.strip())  # further values stand below the first
    return found


def _adapter(name: str, entries: dict[str, list[str]]) -> Adapter:
    def listed(*keys: str) -> tuple[str, ...]:
        plain = (address_in(value) for key in keys for value in entries.get(key, ()))
        return tuple(dict.fromkeys(address for address in plain if address))

    described = " ".join([name, *entries.get("description", ())])
    state = " ".join(entries.get("media state", ()))
    return Adapter(
        name=name,
        addresses=listed("ipv4 address", "ipv6 address", "ip address", "temporary ipv6 address",
                         "autoconfiguration ipv4 address", "link-local ipv6 address"),
        gateways=listed("default gateway"),
        resolvers=listed("dns servers"),
        connected="disconnected" not in state.lower(),
        tunnel=is_tunnel(described),
    )  # fmt: skip


def is_tunnel(described: str) -> bool:
    """Whether an adapter of Windows is a tunnel, or a VPN's, by its name and description."""
    return bool(_TUNNELS.search(described))


def subinterfaces(text: str) -> dict[str, int]:
    """By interface its MTU in bytes, of `netsh interface ipv4 show subinterfaces`.

    The pseudo interface of loopback, which has none, is left out.
    """
    sizes = {}
    for line in text[:65_536].splitlines():
        words = line.split(None, 4)
        counted = len(words) == 5 and all(word.isdecimal() for word in words[:4])
        if counted and len(words[0]) < 6 and int(words[0]) < 65_536:
            sizes[words[4].strip()] = int(words[0])
    return sizes


@dataclass(frozen=True, slots=True)
class Lookup:
    """One resolver set of `scutil --dns`.

    Attributes:
        servers: whom it asks.
        domain: the domain it is for; empty for all.
        interface: the interface it is bound to; empty for none.
        scoped: whether only sockets bound to that interface use it.
        reachable: whether the system believes that it can be reached.
    """

    servers: tuple[str, ...]
    domain: str = ""
    interface: str = ""
    scoped: bool = False
    reachable: bool = True


_RESOLVER = re.compile(r"resolver #\d+")
_INTERFACE = re.compile(r"\d+ \(([\w.-]{1,32})\)")


def lookups(text: str) -> list[Lookup]:
    """The resolvers of `scutil --dns`, in the system's order; those of mDNS left out."""
    found: list[Lookup] = []
    scoped = False
    values: dict[str, list[str]] = {}
    for line in [*text[:262_144].splitlines(), "resolver #0"]:
        if line.startswith("DNS configuration"):
            found += _lookup(values, scoped)
            values, scoped = {}, "scoped" in line or "service-specific" in line
        elif _RESOLVER.match(line.strip()):
            found += _lookup(values, scoped)
            values = {}
        else:
            key, colon, value = line.strip().partition(":")
            if colon:
                values.setdefault(key.partition("[")[0].strip(), []).append(value.strip())
    return found


def _lookup(values: dict[str, list[str]], scoped: bool) -> list[Lookup]:
    servers = tuple(dict.fromkeys(filter(None, map(address_in, values.get("nameserver", ())))))
    if not servers or "mdns" in values.get("options", ()):
        return []
    interface = _INTERFACE.match(next(iter(values.get("if_index", ())), ""))
    return [
        Lookup(
            servers,
            next(iter(values.get("domain", ())), ""),
            interface[1] if interface else "",
            scoped,
            "Not Reachable" not in " ".join(values.get("reach", ())),
        )
    ]
