"""How far a TCP answer has come: the time to live left in it, where the system lets us see it.

A refusal that is forged on the way has come from nearer than the site's own answers. Seeing it
needs the right to open a raw socket (root, or CAP_NET_RAW on Linux); without it nothing is seen.
"""

import socket
import struct
import sys
from typing import Self

_IP_HEAD = 20
_STARTS = (64, 128, 255)
"""Times to live that systems begin with; what is missing to the next one was spent on the way."""


class Answers:
    """Listens for TCP answers of one IPv4 address while something else connects to it."""

    def __init__(self, address: str) -> None:
        self._from = address
        self._socket: socket.socket | None = None

    def __enter__(self) -> Self:
        if sys.platform.startswith("linux") and ":" not in self._from:
            try:
                self._socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
                self._socket.setblocking(False)
            except OSError:
                self._socket = None
        return self

    def __exit__(self, *_: object) -> None:
        if self._socket is not None:
            self._socket.close()

    def distances(self) -> dict[int, int]:
        """By the port that answered, the routers that its answer has passed; so far, at most."""
        found: dict[int, int] = {}
        while self._socket is not None:
            try:
                packet = self._socket.recv(128)
            except OSError:
                break
            if len(packet) < _IP_HEAD or socket.inet_ntoa(packet[12:16]) != self._from:
                continue
            head = (packet[0] & 0x0F) * 4
            if len(packet) >= head + 4:
                (port,) = struct.unpack_from("!H", packet, head)
                passed = min(start - packet[8] for start in _STARTS if start >= packet[8])
                found[port] = max(found.get(port, 0), passed)
        return found
