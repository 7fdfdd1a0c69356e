"""What listens in a place, with its queue and its process, from /proc/PID/net.

The columns stand in the kernel's Documentation/networking/proc_net_tcp.rst; of a listening socket
`rx_queue` is the number of connections that wait to be accepted (net/ipv4/tcp_ipv4.c).
"""

import contextlib
import ipaddress
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, Value
from badgateway.state.place import Place
from badgateway.transport.command import output_of

_LISTEN = "0A"
_ESTABLISHED = "01"
_OPEN = ("01", "08")
"""Established, and given up by the client only (CLOSE_WAIT). What no process has accepted yet has
no inode (net/ipv4/tcp_ipv4.c, net/unix/af_unix.c)."""
_MOST = 20_000
_MOST_HOLDERS = 256
"""Processes of one socket that are told."""


def look(place: Place) -> Iterator[Observation]:
    """Every listening socket of the place."""
    owners, holders = _owners(place)
    backlogs = _backlogs(place)
    for kind in ("tcp", "tcp6"):
        rows = list(_rows(place.proc / "net" / kind))
        taken = Counter(row[1] for row in rows if row[3] == _ESTABLISHED)
        accepted = Counter(row[1] for row in rows if row[3] in _OPEN and row[9] != "0")
        for row in rows:
            if row[3] != _LISTEN:
                continue
            address = _address(row[1])
            _, _, waiting = row[4].partition(":")
            pid, name, state = owners.get(row[9], (0, "some process", ""))
            value: dict[str, Value] = {
                "address": address,
                "process": name,
                "pid": pid,
                "pids": tuple(holders.get(row[9], ())),
                "queue": int(waiting, 16),
                "connections": taken[row[1]],
                "accepted": accepted[row[1]],
                "backlog": backlogs.get(address, 0),
                "kind": "tcp",
                "complete": True,
                "place": place.name,
            }
            yield Observation(Hop.UPSTREAM, "listening", value, f"proc:{place.proc}/net/{kind}")
            if state == "T":
                yield _stopped(name, address, pid)
    seen: set[str] = set()
    rows = list(_rows(place.proc / "net/unix"))
    # State 03 is SS_CONNECTED: one for each connection that was accepted (include/linux/net.h).
    mine = [row for row in rows if len(row) > 7 and row[5] == "03"]
    taken = Counter(row[7] for row in mine)
    accepted = Counter(row[7] for row in mine if row[6] != "0")
    for row in rows:
        # Flags 00010000 is SO_ACCEPTCON, a socket that listens (net/unix/af_unix.c).
        if len(row) < 8 or row[3] != "00010000" or not row[7].startswith("/") or row[7] in seen:
            continue
        seen.add(row[7])
        pid, name, state = owners.get(row[6], (0, "some process", ""))
        address = f"unix:{row[7]}"
        queue, most = _unix_queue(backlogs, address)
        value = {
            "address": address,
            "process": name,
            "pid": pid,
            "pids": tuple(holders.get(row[6], ())),
            "queue": queue,
            "connections": taken[row[7]],
            "accepted": accepted[row[7]],
            "backlog": most,
            "kind": "unix",
            "complete": True,
            "place": place.name,
        }
        yield Observation(Hop.UPSTREAM, "listening", value, f"proc:{place.proc}/net/unix")
        if state == "T":
            yield _stopped(name, address, pid)


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


def _owners(place: Place) -> tuple[dict[str, tuple[int, str, str]], dict[str, list[int]]]:
    """By the socket's inode, who holds it: number, name and state of one; the numbers of all."""
    found: dict[str, tuple[int, str, str]] = {}
    holders: dict[str, list[int]] = {}
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
            # A stopped worker tells more than its master that is not.
            if not inode:
                continue
            if inode[1] not in found or state == "T":
                found[inode[1]] = (pid, name, state)
            if len(holding := holders.setdefault(inode[1], [])) < _MOST_HOLDERS:
                holding.append(pid)
    return found, holders


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
