"""What listens in a place, with its queue and its process, from /proc/PID/net.

The columns stand in the kernel's Documentation/networking/proc_net_tcp.rst; of a listening socket
`rx_queue` is the number of connections that wait to be accepted (net/ipv4/tcp_ipv4.c).
"""

import contextlib
import ipaddress
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, Value
from badgateway.state.place import Place
from badgateway.transport.command import output_of

_LISTEN = "0A"
_OPEN = ("01", "08")
"""Established, and given up by the client only (CLOSE_WAIT). What no process has accepted yet has
no inode (net/ipv4/tcp_ipv4.c, net/unix/af_unix.c)."""
_MOST = 20_000
_MOST_HOLDERS = 256
"""Processes of one socket that are told."""


@dataclass(slots=True)
class _Owner:
    """Who holds a socket: one process, its name and state, and the numbers of all."""

    pid: int
    name: str
    state: str
    pids: list[int] = field(default_factory=list)


_NOBODY = _Owner(0, "some process", "")


def look(place: Place) -> Iterator[Observation]:
    """Every listening socket of the place."""
    owners = _owners(place)
    backlogs = _backlogs(place)
    for table in ("tcp", "tcp6"):
        rows = list(_rows(place.proc / "net" / table))
        accepted = Counter(row[1] for row in rows if row[3] in _OPEN and row[9] != "0")
        for row in rows:
            if row[3] != _LISTEN:
                continue
            address = _address(row[1])
            value: dict[str, Value] = {
                "address": address,
                "queue": int(row[4].partition(":")[2], 16),
                "accepted": accepted[row[1]],
                "backlog": backlogs.get(address, 0),
                "kind": "tcp",
            }
            yield from _told(place, table, owners.get(row[9], _NOBODY), value)
    seen: set[str] = set()
    rows = [row for row in _rows(place.proc / "net/unix") if len(row) > 7]
    # State 03 is SS_CONNECTED: one for each connection that was accepted (include/linux/net.h).
    accepted = Counter(row[7] for row in rows if row[5] == "03" and row[6] != "0")
    for row in rows:
        # Flags 00010000 is SO_ACCEPTCON, a socket that listens (net/unix/af_unix.c).
        if row[3] != "00010000" or not row[7].startswith("/") or row[7] in seen:
            continue
        seen.add(row[7])
        address = f"unix:{row[7]}"
        queue, most = _unix_queue(backlogs, address)
        value = {
            "address": address,
            "queue": queue,
            "accepted": accepted[row[7]],
            "backlog": most,
            "kind": "unix",
        }
        yield from _told(place, "unix", owners.get(row[6], _NOBODY), value)


def _told(
    place: Place, table: str, owner: _Owner, value: Mapping[str, Value]
) -> Iterator[Observation]:
    """One that listens, with who holds it, and whether that one is stopped."""
    who: dict[str, Value] = {
        "process": owner.name,
        "pid": owner.pid,
        "pids": tuple(owner.pids),
        "complete": True,
        "place": place.name,
    }
    source = f"proc:{place.proc}/net/{table}"
    yield Observation(Hop.UPSTREAM, "listening", {**value, **who}, source)
    if owner.state == "T":
        yield _stopped(owner.name, str(value["address"]), owner.pid)


def _stopped(name: str, address: str, pid: int) -> Observation:
    value: dict[str, Value] = {"process": name, "address": address, "pid": pid, "state": "T"}
    return Observation(Hop.UPSTREAM, "upstream-frozen", value, f"proc:/proc/{pid}/stat")


def _rows(path: Path) -> Iterator[list[str]]:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            next(file, None)
            for number, line in enumerate(file):
                if number > _MOST:
                    return
                yield line.split()
    except OSError:
        return


def _address(text: str) -> str:
    digits, _, port = text.partition(":")
    raw = bytes.fromhex(digits)
    # Each word of four bytes is in the order of the machine, the words are not.
    words = b"".join(raw[i : i + 4][::-1] for i in range(0, len(raw), 4))
    address = ipaddress.ip_address(words)
    host = f"[{address}]" if address.version == 6 else str(address)
    return f"{host}:{int(port, 16)}"


def _owners(place: Place) -> dict[str, _Owner]:
    """By the socket's inode, who holds it."""
    found: dict[str, _Owner] = {}
    for pid in place.pids:
        folder = Path(f"/proc/{pid}")
        try:
            stat = (folder / "stat").read_text("utf-8", "replace")
            links = list(_targets(folder / "fd"))
        except OSError:
            continue
        name = stat[stat.index("(") + 1 : stat.rindex(")")]
        state = stat[stat.rindex(")") + 2 : stat.rindex(")") + 3]
        for link in links:
            inode = re.fullmatch(r"socket:\[(\d+)\]", str(link))
            if not inode:
                continue
            owner = found.setdefault(inode[1], _Owner(pid, name, state))
            if state == "T":
                # A stopped worker tells more than its master that is not.
                owner.pid, owner.name, owner.state = pid, name, state
            if len(owner.pids) < _MOST_HOLDERS:
                owner.pids.append(pid)
    return found


def _targets(folder: Path) -> Iterator[Path]:
    """What the open files of a process are; those that are closed meanwhile are left out."""
    for link in folder.iterdir():
        with contextlib.suppress(OSError):
            yield link.readlink()


def _backlogs(place: Place) -> dict[str, int]:
    """The longest queue that each socket of a place may have; /proc does not tell it."""
    found: dict[str, int] = {}
    for words in (("ss", "-ltnH"), ("ss", "-lxnH")):
        for line in (output_of((*place.entered("--net"), *words)) or "").splitlines():
            parts = line.split()
            if words[1] == "-ltnH" and len(parts) > 3 and parts[2].isdigit():
                found[parts[3].replace("*:", "[::]:")] = int(parts[2])
            elif len(parts) > 4 and parts[1] == "LISTEN" and parts[3].isdigit():
                found[f"unix:{parts[4]}"] = int(parts[3])
                found[f"queue unix:{parts[4]}"] = int(parts[2])
    return found


def _unix_queue(backlogs: dict[str, int], address: str) -> tuple[int, int]:
    return backlogs.get(f"queue {address}", 0), backlogs.get(address, 0)
