"""Where something listens or is looked for, taken apart so that two such places can be compared."""

import re
from dataclasses import dataclass

_LOOPBACK = ("127.", "[::1]", "::1", "localhost")
_EVERYWHERE = ("0.0.0.0", "[::]", "*", "::", "")  # noqa: S104 - compared only


@dataclass(frozen=True, slots=True)
class Address:
    """Where something listens or is looked for: a path, or a host and a port."""

    host: str
    port: str
    path: str = ""

    @property
    def loopback(self) -> bool:
        """Whether it is this machine's own, or container's own, loopback."""
        return self.host.startswith(_LOOPBACK)

    @property
    def everywhere(self) -> bool:
        """Whether it stands for every address of the machine."""
        return self.host in _EVERYWHERE

    @property
    def six(self) -> bool:
        """Whether it is an address of IPv6."""
        return ":" in self.host

    @property
    def possible(self) -> bool:
        """Whether one can connect there: to a path, or a port that is a number of 16 bits."""
        port = self.port
        return bool(self.path) or (len(port) < 6 and port.isdecimal() and int(port) < 65_536)


_PORT = re.compile(r"\d+|<[\w ]+>")
"""A port, or what a careful person wrote in its place."""


def address_of(text: str) -> Address | None:
    """`HOST:PORT`, `[v6]:PORT`, `:PORT`, `unix:/PATH` taken apart; None for anything else."""
    if text.startswith(("unix:", "/")):
        return Address("", "", text.removeprefix("unix:").rstrip(":"))
    host, colon, port = text.rpartition(":")
    if not colon or not _PORT.fullmatch(port):
        return None
    return Address(host.strip("[]") if host.startswith("[") else host, port)
