"""NetworkManager: each connection's profile says who is asked, beside or instead of the network."""

import re
from collections.abc import Iterator

from badgateway.model.machine import Naming
from badgateway.model.message import Message
from badgateway.model.observation import Value
from badgateway.transport.command import output_of
from badgateway.transport.own_network import own_network

_SETTINGS = tuple(
    f"{family}.{name}"
    for family in ("ipv4", "ipv6")
    for name in ("method", "dns", "ignore-auto-dns")
)
_TUNNELS = ("vpn", "wireguard", "tun", "ip-tunnel")
_OFF = ("disabled", "ignore")
"""Methods with which a family has no name servers: nm-settings-nmcli(5)."""


def look() -> Naming | None:
    """The profile that the usual way goes through; None where NetworkManager is not at work."""
    told = output_of(["nmcli", "--terse", "--fields", "UUID,TYPE,DEVICE",
                      "connection", "show", "--active"])  # fmt: skip
    # Addresses that lead nowhere in particular: RFC 5737, RFC 3849.
    usual = own_network("198.51.100.1").device or own_network("2001:db8::1").device
    for uuid, kind, device in active(told or ""):
        if device != usual:
            continue
        words = ("nmcli", "--escape", "no", "--get-values", ",".join(_SETTINGS),
                 "connection", "show", "uuid", uuid)  # fmt: skip
        values = output_of(words)
        asked = output_of(("nmcli", "--escape", "no", "--get-values", "IP4.DNS,IP6.DNS",
                           "device", "show", device))  # fmt: skip
        return naming(uuid, kind, device, values or "", asked or "")
    return None


def active(text: str) -> Iterator[tuple[str, str, str]]:
    """UUID, type and device of each connection, of `nmcli -t -f UUID,TYPE,DEVICE …`."""
    for line in text[:65_536].splitlines():
        fields = [f.replace("\\:", ":") for f in re.split(r"(?<!\\):", line)]
        if len(fields) == 3 and re.fullmatch(r"[0-9a-f-]{36}", fields[0]):
            yield fields[0], fields[1], fields[2]


def naming(uuid: str, kind: str, device: str, settings: str, asked: str) -> Naming | None:
    """What a profile says, of `nmcli -g` with the settings of both families, one a line."""
    lines = [line.strip() for line in settings[:65_536].splitlines()]
    if len(lines) != len(_SETTINGS):
        return None
    method4, dns4, auto4, method6, dns6, auto6 = lines
    values: dict[str, Value] = {"connection": uuid, "device": device}
    for number, method, dns, auto in ((4, method4, dns4, auto4), (6, method6, dns6, auto6)):
        if method not in _OFF:
            values |= {f"old{number}": ",".join(dns.replace(",", " ").split()),
                       f"auto{number}": auto}  # fmt: skip
    locked = None
    if kind in _TUNNELS:
        locked = Message("a VPN ({device}) says who is asked for names", {"device": device})
    servers = tuple(asked.replace("|", " ").split())
    return Naming("networkmanager", servers, values, locked)
