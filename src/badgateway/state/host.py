"""The operating system's own limits: disks, memory, connection tracking, local ports, queues."""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil

from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, Value
from badgateway.state.place import Place

FULL = 95
"""Per cent of a disk from which on it is worth a line."""


def look(place: Place, paths: frozenset[str] = frozenset()) -> Iterator[Observation]:
    """What is scarce; `paths` are folders that the servers write to."""
    yield from _disks(place, paths)
    yield from _memory()
    yield from _tracking(place)
    yield from _addresses(place)


def _addresses(place: Place) -> Iterator[Observation]:
    """The addresses of this machine itself, those of loopback left out."""
    if place.name:
        return
    for address in sorted(place.addresses):
        if not address.startswith("127.") and address != "::1":
            value: dict[str, Value] = {"address": address, "device": "", "state": "up"}
            yield Observation(Hop.HOST, "interface", value, "proc:/proc/net/fib_trie")


def _disks(place: Place, paths: frozenset[str]) -> Iterator[Observation]:
    seen: set[int] = set()
    for path in sorted({"/", "/tmp", "/var", "/var/log", "/run", *paths}):  # noqa: S108 - only looked at
        inside = Path(str(place.root).rstrip("/") + path)
        try:
            device, space = inside.stat().st_dev, os.statvfs(inside)
        except OSError:
            continue
        if device in seen or not space.f_blocks:
            continue
        seen.add(device)
        used = round(100 * (1 - space.f_bavail / space.f_blocks))
        source = f"statvfs:{path}"
        if used >= FULL:
            yield Observation(Hop.HOST, "disk", {"path": path, "used": used}, source)
        if space.f_bavail == 0:
            yield Observation(Hop.HOST, "disk-full", {"path": path, "count": 1}, source)
        if space.f_files and space.f_favail == 0:
            yield Observation(Hop.HOST, "inodes-full", {"path": path}, source)


def _memory() -> Iterator[Observation]:
    memory, swap = psutil.virtual_memory(), psutil.swap_memory()
    share = 100 * memory.available / memory.total
    if share < 10:
        value: dict[str, Value] = {
            "available": memory.available >> 20,
            "total": memory.total >> 20,
            "swap": swap.used >> 20,
            "share": round(share, 1),
        }
        yield Observation(Hop.HOST, "memory", value, "proc:/proc/meminfo")


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text("ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return None


def _tracking(place: Place) -> Iterator[Observation]:
    if place.name:
        return
    folder = Path("/proc/sys/net/netfilter")
    used, most = _number(folder / "nf_conntrack_count"), _number(folder / "nf_conntrack_max")
    if used is not None and most and used * 100 >= most * 90:
        value: dict[str, Value] = {"used": used, "most": most, "share": round(100 * used / most)}
        yield Observation(Hop.HOST, "tracking-table", value, f"proc:{folder}")


def overflows(place: Place) -> int:
    """Connections that listen queues of the place had no room for, since it began.

    `ListenOverflows` of TcpExt (Documentation/networking/snmp_counter.rst); 0 if not readable.
    """
    try:
        lines = (place.proc / "net/netstat").read_text("ascii").splitlines()
    except OSError:
        return 0
    for names, numbers in zip(lines[::2], lines[1::2], strict=False):
        counters = dict(zip(names.split(), numbers.split(), strict=False))
        if "ListenOverflows" in counters:
            return int(counters["ListenOverflows"])
    return 0


def overflowing(place: Place, before: int) -> Iterator[Observation]:
    """Whether more were turned away since `before`: the counter's history says nothing of now."""
    count = overflows(place) - before
    if count > 0:
        source = f"proc:{place.proc}/net/netstat"
        yield Observation(Hop.HOST, "listen-overflows", {"count": count}, source)
