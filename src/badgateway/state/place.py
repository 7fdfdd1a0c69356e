"""Places: this machine, and each container on it, told apart by their network namespaces.

A host sees the processes of its containers. `/proc/PID/root` leads to a container's files and
`/proc/PID/net` to its sockets and addresses, so that a request can be followed from the gateway
into the container that holds the application's address.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import psutil

_MOST = 5_000
"""Processes that are looked at."""


@dataclass(frozen=True)
class Place:
    """One network namespace with its processes.

    Attributes:
        name: empty for our own, else a name for people.
        pids: its processes, in order.
    """

    name: str
    pids: tuple[int, ...]

    @cached_property
    def proc(self) -> Path:
        """The folder of /proc through which it is seen."""
        return Path("/proc/self") if not self.name else Path(f"/proc/{self.pids[0]}")

    @cached_property
    def root(self) -> Path:
        """Where its files are, from here."""
        return Path("/") if not self.name else Path(f"/proc/{self.pids[0]}/root")

    @property
    def holder(self) -> int:
        """A process by which it is entered; 0 for our own."""
        return self.pids[0] if self.name else 0

    def entered(self, *namespaces: str) -> tuple[str, ...]:
        """What stands before a command that runs in it (nsenter(1)); nothing for our own.

        Args:
            namespaces: the kinds that the command needs, as in `--net`.
        """
        return ("nsenter", "-t", str(self.holder), *namespaces, "--") if self.name else ()

    @cached_property
    def addresses(self) -> frozenset[str]:
        """Its own addresses (`fib_trie` lists each local one with `/32 host LOCAL`)."""
        found: set[str] = set()
        try:
            trie = (self.proc / "net/fib_trie").read_text("utf-8", "replace")
            found |= set(re.findall(r"\|-- (\S+)\n\s+/32 host LOCAL", trie))
        except OSError:
            pass
        try:
            lines = (self.proc / "net/if_inet6").read_text("utf-8", "replace").splitlines()
            for line in lines:
                digits = line.split()[0]
                groups = [digits[i : i + 4] for i in range(0, 32, 4)]
                found.add(_short(":".join(groups)))
        except OSError:
            pass
        return frozenset(found)


def _short(address: str) -> str:
    import ipaddress  # noqa: PLC0415 - only for IPv6

    return str(ipaddress.ip_address(address))


def places() -> tuple[Place, ...]:
    """Our own place first, then every other that can be seen from here."""
    own = namespace_of("self")
    members: dict[str, list[int]] = {own: []}
    for pid in psutil.pids()[:_MOST]:
        space = namespace_of(pid)
        if space:
            members.setdefault(space, []).append(pid)
    return tuple(
        Place("" if space == own else space, tuple(pids))
        for space, pids in members.items()
        if pids or space == own
    )


def namespace_of(pid: int | str) -> str:
    """The network namespace of a process, `self` for our own; empty where it cannot be seen."""
    try:
        return str(Path(f"/proc/{pid}/ns/net").readlink())
    except OSError:
        return ""
