"""A plain `/etc/resolv.conf`: a list that a person keeps, as long as no program writes it again."""

import ipaddress
import re
from pathlib import Path

import psutil

from badgateway.model.machine import Naming
from badgateway.model.message import Message, sentence
from badgateway.state.place import namespace_of
from badgateway.transport.system import name_servers

PATH = Path("/etc/resolv.conf")
MOST = 3
"""Servers that the C library reads (resolv.conf(5), MAXNS)."""
_KEPT = re.compile(
    r"(?im)^[#;].*\b(?:generated|managed|maintained|do not edit|overwritten|dynamic)"
)
"""How programs sign what they write: resolvconf, dhcpcd, NetworkManager, connman, Docker, WSL."""
_WRITERS = frozenset(("dhclient", "dhcpcd", "udhcpc", "connmand", "pppd", "netconfig", "openresolv",
                      "resolvconf"))  # fmt: skip
"""Programs that write it when the network says so, most of them without a sign."""
KEPT = sentence("{path} is written by {program}; tell that program")
LOCAL = sentence("this machine asks a program of its own for names ({server}); tell that program")


def look(path: Path = PATH) -> Naming | None:
    """The file as it is; None where there is none."""
    try:
        link = path.is_symlink()
        text = path.read_text("utf-8", "replace")[:65_536]
    except OSError:
        return None
    servers = tuple(name_servers(path))
    line = next((number for number, each in enumerate(text.split("\n"), 1)
                 if each.split()[:1] == ["nameserver"]), 1)  # fmt: skip
    return Naming("resolv.conf", servers, {"file": str(path), "line": line},
                  _locked(path, link, text, servers))  # fmt: skip


def _locked(path: Path, link: bool, text: str, servers: tuple[str, ...]) -> Message | None:
    if link or _KEPT.search(text):
        return Message(KEPT, {"path": path, "program": Message("another program")})
    if writer := _writer():
        return Message(KEPT, {"path": path, "program": writer})
    own = next((server for server in servers if _loopback(server)), None)
    return Message(LOCAL, {"server": own}) if own else None


def _loopback(server: str) -> bool:
    try:
        return ipaddress.ip_address(server.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _writer() -> str:
    """A program of our own network that writes the file; empty for none."""
    own = namespace_of("self")
    for process in psutil.process_iter(["name"]):
        name = str(process.info["name"])
        if name in _WRITERS and namespace_of(process.pid) == own:
            return name
    return ""
