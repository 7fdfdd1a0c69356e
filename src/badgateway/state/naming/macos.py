"""macOS: each network service has its own list, which stands before what the network says."""

import re

from badgateway.model.machine import Naming
from badgateway.model.message import Message
from badgateway.model.observation import Value
from badgateway.transport.command import output_of
from badgateway.transport.system import name_servers
from badgateway.transport.systems.route import address_in, macos_defaults

_SERVICE = re.compile(r"\((?:\d+|\*)\) (.+)")
_DEVICE = re.compile(r"\(Hardware Port: .*, Device: ([\w.-]*)\)")


def look() -> Naming | None:
    """The service that the usual way goes through; None where there is none."""
    routes = macos_defaults(output_of(["netstat", "-rn"]) or "")
    device = next((route.interface for route in routes if not route.bound), "")
    if not device:
        return None
    service = services(output_of(["networksetup", "-listnetworkserviceorder"]) or "").get(device)
    if service is None:
        why = Message("a VPN ({device}) says who is asked for names", {"device": device})
        return Naming("macos", tuple(name_servers()), locked=why)
    told = output_of(["networksetup", "-getdnsservers", service])
    return None if told is None else naming(service, told, tuple(name_servers()))


def services(text: str) -> dict[str, str]:
    """By device the service that is on it, of `networksetup -listnetworkserviceorder`."""
    found: dict[str, str] = {}
    name = ""
    for line in text[:65_536].splitlines():
        if device := _DEVICE.match(line):
            if name and device[1]:
                found.setdefault(device[1], name)
            name = ""
        elif service := _SERVICE.match(line):
            # A star marks what is switched off.
            name = "" if line.startswith("(*)") else service[1]
    return found


def naming(service: str, text: str, asked: tuple[str, ...]) -> Naming:
    """What a service's list says, of `networksetup -getdnsservers`: addresses, or a sentence."""
    lines = [line.strip() for line in text[:4_096].splitlines() if line.strip()]
    old = [line for line in lines if address_in(line) == line]
    values: dict[str, Value] = {"service": service}
    if old and len(old) == len(lines):
        return Naming("macos", asked, {**values, "old": ",".join(old)})
    return Naming("macos-automatic", asked, values)
