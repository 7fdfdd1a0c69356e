"""Whose program is at the other end of a connection on this machine, as far as the system tells."""

import ipaddress
import sys
from pathlib import Path

_TABLES = {4: Path("/proc/net/tcp"), 6: Path("/proc/net/tcp6")}
_LIMIT = 16 * 1024 * 1024


def account_at(address: str, port: int, to_port: int) -> int | None:
    """The user id that owns the socket at `address` and `port`, connected to our `to_port`.

    None where the system does not tell (not Linux), or it is no socket of this machine.
    """
    read = ipaddress.ip_address(address)
    try:
        table = _TABLES[read.version].read_text("ascii")[:_LIMIT]
    except OSError:
        return None
    own, remote = f"{_hexadecimal(read)}:{port:04X}", f":{to_port:04X}"
    for line in table.splitlines()[1:]:
        words = line.split()
        if len(words) > 7 and words[1] == own and words[2].endswith(remote):
            return int(words[7])
    return None


def _hexadecimal(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """An address as the kernel prints it: words of 32 bits in the machine's own order."""
    words = [address.packed[at : at + 4] for at in range(0, len(address.packed), 4)]
    return "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)
