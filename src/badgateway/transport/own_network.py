"""How this machine is connected: routes, devices, tunnels, as each system tells it."""

import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from badgateway.transport.command import output_of
from badgateway.transport.system import LINUX
from badgateway.transport.systems.names import adapters, subinterfaces
from badgateway.transport.systems.route import macos_defaults, windows_defaults

_FILE_LIMIT = 1_048_576


@dataclass(frozen=True, slots=True)
class OwnNetwork:
    """How this machine is connected, as far as the system says without being asked twice.

    Attributes:
        default4: whether IPv4 has a default route.
        default6: whether IPv6 has one.
        devices: network devices that are up and not loopback.
        source: the address from which a destination would be reached; empty where none is.
        device: the device for it; empty where that is not known.
        tunnel: whether that device is a tunnel, as VPNs make them.
        others: other devices that have a default route.
        other_sources: the own address of each of them in the destination's family; empty for none.
        mtu: bytes that a packet through the device may have; None where that is not known.
    """

    default4: bool
    default6: bool
    devices: tuple[str, ...]
    source: str
    device: str
    tunnel: bool
    others: tuple[str, ...]
    other_sources: tuple[str, ...] = ()
    mtu: int | None = None


_TUNNELS = ("tun", "tap", "wg", "utun", "ppp", "ipsec", "gpd", "nordlynx", "proton")
"""How tunnel devices are called where the system does not say what a device is."""
_ARPHRD = {512, 768, 769, 776, 778, 65_534}
"""Kinds of device that are tunnels: PPP, IP in IP, IPv6 in IP, GRE and none (linux/if_arp.h)."""


def source_address(address: str) -> str:
    """The own address from which `address` would be reached; empty without a route to it.

    Nothing is sent: connecting a datagram socket only asks the routes.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as asking:
            asking.connect((address, 9))
            return str(asking.getsockname()[0])
    except OSError:
        return ""


def own_network(address: str) -> OwnNetwork:
    """This machine's own network, looked at for `address` (empty for none)."""
    import psutil  # noqa: PLC0415 - 20 ms, which only a failure is worth

    states = psutil.net_if_stats()
    up = {name for name, state in states.items() if state.isup}
    owned: dict[str, str] = {}
    loopback: set[str] = set()
    for name, held in psutil.net_if_addrs().items():
        for one in held:
            text = one.address.partition("%")[0]
            owned[text] = name
            if text in ("127.0.0.1", "::1"):
                loopback.add(name)
    source = source_address(address) if address else ""
    device = owned.get(source, "")
    leading = _default_devices(owned)
    tunnels = _windows_tunnels(owned)
    others = tuple(
        name
        for name in sorted(leading[6 if ":" in address else 4] if leading else ())
        if name != device and not _is_tunnel(name, tunnels)
    )
    return OwnNetwork(
        default4=bool(leading[4]) if leading else bool(source_address("198.51.100.1")),
        default6=bool(leading[6]) if leading else bool(source_address("2001:db8::1")),
        devices=tuple(sorted(up - loopback)),
        source=source,
        device=device,
        tunnel=_is_tunnel(device, tunnels),
        others=others,
        other_sources=tuple(_source_of(name, ":" in address, owned) for name in others),
        mtu=_mtu(device, states[device].mtu if device in states else None),
    )


def _source_of(device: str, six: bool, owned: Mapping[str, str]) -> str:
    """An own address of a device that reaches beyond its link."""
    mine = (a for a, name in owned.items() if name == device and (":" in a) == six)
    return next((a for a in mine if not a.lower().startswith("fe80")), "")


def _mtu(device: str, told: int | None) -> int | None:
    """The size that IP uses: on Windows it is set apart from the device's own."""
    if sys.platform == "win32":
        said = output_of(["netsh", "interface", "ipv4", "show", "subinterfaces"]) or ""
        return subinterfaces(said).get(device, told)
    return told


def _windows_tunnels(owned: Mapping[str, str]) -> frozenset[str]:
    """Devices whose description on Windows says that they are tunnels; empty elsewhere."""
    said = output_of(["ipconfig", "/all"]) if sys.platform == "win32" else None
    found = adapters(said or "")
    addresses = (a.partition("%")[0] for each in found if each.tunnel for a in each.addresses)
    return frozenset(owned[address] for address in addresses if address in owned)


def _told_devices(owned: Mapping[str, str]) -> dict[int, set[str]] | None:
    """The devices of default routes as the tools of Windows and macOS print them."""
    found: dict[int, set[str]] = {4: set(), 6: set()}
    if sys.platform == "win32":
        said = output_of(["route", "print"])
        for default in windows_defaults(said or ""):
            # IPv4 routes name their interface by its address, IPv6 ones by a number.
            if default.interface in owned:
                found[default.family].add(owned[default.interface])
        found[6] |= {owned[a] for a in (source_address("2001:db8::1"),) if a in owned}
    else:
        said = output_of(["netstat", "-rn"])
        for default in macos_defaults(said or ""):
            found[default.family].add(default.interface)
    return found if said else None


def _default_devices(owned: Mapping[str, str]) -> dict[int, set[str]] | None:
    """By family the devices of the default routes; None where the system does not tell.

    Args:
        owned: by own address the device that has it.
    """
    if not LINUX:
        return _told_devices(owned)
    try:
        four = Path("/proc/net/route").read_text("ascii")[:_FILE_LIMIT]
    except OSError:
        return None
    try:
        six = Path("/proc/net/ipv6_route").read_text("ascii")[:_FILE_LIMIT]
    except OSError:
        six = ""
    found: dict[int, set[str]] = {4: set(), 6: set()}
    for line in four.splitlines()[1:]:
        words = line.split()
        if len(words) > 7 and words[1] == words[7] == "00000000" and _leads(words[3]):
            found[4].add(words[0])
    for line in six.splitlines():
        words = line.split()
        if len(words) > 9 and words[0].strip("0") == "" and words[1] == "00" and _leads(words[8]):
            found[6].add(words[9])
    found[6].discard("lo")
    return found


def _leads(flags: str) -> bool:
    """Whether a route is up (RTF_UP) and no refusal (RTF_REJECT), by its flags in hexadecimal."""
    try:
        number = int(flags, 16)
    except ValueError:
        return False
    return bool(number & 0x1) and not number & 0x200


def _is_tunnel(device: str, described: frozenset[str] = frozenset()) -> bool:
    if not device or device in described:
        return bool(device)
    try:
        return int(Path("/sys/class/net", device, "type").read_text("ascii")) in _ARPHRD
    except (OSError, ValueError):
        return device.lower().startswith(_TUNNELS)
