"""What this machine itself knows: its resolver, its hosts file, its name servers."""

import asyncio
import contextlib
import os
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

from badgateway.model.failure import Failure
from badgateway.transport.command import output_of
from badgateway.transport.failures import TransportError
from badgateway.transport.reach import admitted
from badgateway.transport.systems.names import adapters, lookups

T = TypeVar("T")
LINUX: bool = sys.platform.startswith("linux")
"""Whether files of /proc and the options of Linux's sockets are there."""
_FILE_LIMIT = 1_048_576


@dataclass(frozen=True, slots=True)
class SystemAnswer:
    """What the system's own resolution gave: addresses in its order of preference."""

    addresses: tuple[str, ...]
    canonical: str


@dataclass(frozen=True, slots=True)
class HostsEntry:
    """One line of the hosts file that names the host."""

    address: str
    path: str
    line: int


async def in_thread(work: Callable[[], T]) -> T:
    """Run blocking work aside, in a thread that does not keep the program from ending.

    `asyncio.to_thread` would: at its end the loop waits for its threads, and a lookup can hang.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def finish(result: T | None, failure: BaseException | None) -> None:
        if done.done():
            return
        if failure is not None:
            done.set_exception(failure)
        else:
            done.set_result(cast("T", result))

    def run() -> None:
        result, failure = None, None
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - handed over to the waiting side
            failure = error
        # Where the loop has ended meanwhile, nobody waits any more.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(finish, result, failure)

    threading.Thread(target=run, daemon=True).start()
    return await done


async def resolve(name: str, port: int) -> SystemAnswer:
    """Look a name up as every program of this machine does, hosts file and search domains included.

    Raises:
        TransportError: how it failed. The caller bounds the time.
    """
    try:
        found = await in_thread(
            lambda: socket.getaddrinfo(
                name, port, type=socket.SOCK_STREAM, flags=socket.AI_CANONNAME
            )
        )
    except socket.gaierror as error:
        raise TransportError(
            _LOOKUP.get(error.errno or 0, Failure.NAME_LOOKUP_FAILED), error.strerror or str(error)
        ) from error
    except (UnicodeError, OSError) as error:
        raise TransportError(Failure.NAME_LOOKUP_FAILED, str(error)) from error
    addresses = admitted(dict.fromkeys(str(item[4][0]) for item in found), port)
    return SystemAnswer(addresses, next((item[3] for item in found if item[3]), ""))


_LOOKUP = {
    socket.EAI_NONAME: Failure.NAME_UNKNOWN,
    getattr(socket, "EAI_NODATA", -5): Failure.NAME_WITHOUT_ADDRESS,
    socket.EAI_AGAIN: Failure.NAME_LOOKUP_FAILED,
    socket.EAI_FAIL: Failure.NAME_LOOKUP_FAILED,
}


def hosts_path() -> Path:
    """Where this system keeps its hosts file."""
    if sys.platform == "win32":
        root = os.environ.get("SYSTEMROOT", r"C:\Windows")
        return Path(root, "System32", "drivers", "etc", "hosts")
    return Path("/etc/hosts")


def hosts_entries(name: str, path: Path | None = None) -> list[HostsEntry]:
    """The lines of the hosts file that name `name`; empty where it cannot be read."""
    path = path or hosts_path()
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            text = file.read(_FILE_LIMIT)
    except OSError:
        return []
    entries = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if name.lower() in (word.lower() for word in words[1:]):
            entries.append(HostsEntry(words[0], str(path), number))
    return entries


def name_servers(path: Path = Path("/etc/resolv.conf")) -> list[str]:
    """The resolvers that this machine asks, as far as the system tells. Blocks."""
    if sys.platform == "darwin":
        told = lookups(output_of(["scutil", "--dns"]) or "")
        usual = [each for each in told if not each.scoped and not each.domain]
        return list(dict.fromkeys(server for each in usual for server in each.servers))
    if sys.platform == "win32":
        found = adapters(output_of(["ipconfig", "/all"]) or "")
        return list(dict.fromkeys(server for each in found for server in each.resolvers))
    try:
        text = path.read_text("utf-8", "replace")[:_FILE_LIMIT]
    except OSError:
        return []
    lines = (line.split() for line in text.splitlines())
    return [words[1] for words in lines if len(words) > 1 and words[0] == "nameserver"]


def undelivered(address: str) -> int | None:
    """Packets that reached this machine and went nowhere, so far, in the family of an address.

    What a local firewall drops on its way in is counted as received and neither as delivered nor
    as forwarded nor as faulty (RFC 4293). None where the system does not tell (not Linux).
    """
    try:
        if ":" in address:
            words = Path("/proc/net/snmp6").read_text("ascii")[:_FILE_LIMIT].split()
            told = dict(zip(words[::2], map(int, words[1::2]), strict=False))
            return told["Ip6InReceives"] - sum(told[f"Ip6{name}"] for name in _ACCOUNTED6)
        lines = Path("/proc/net/snmp").read_text("ascii")[:_FILE_LIMIT].splitlines()
        names, counts = (line.split()[1:] for line in lines if line.startswith("Ip: "))
        told = dict(zip(names, map(int, counts), strict=False))
        return told["InReceives"] - sum(told[name] for name in _ACCOUNTED4)
    except (OSError, ValueError, KeyError):
        return None


_ACCOUNTED4 = ("InDelivers", "ForwDatagrams", "InHdrErrors", "InAddrErrors", "InDiscards")
_ACCOUNTED6 = ("InDelivers", "OutForwDatagrams", "InHdrErrors", "InAddrErrors", "InDiscards")
