"""What a plan needs to know beyond the verdict; only looked at, nothing is changed."""

import asyncio
import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

import psutil

from badgateway.knowledge.started import started
from badgateway.model.listening import address_of
from badgateway.model.machine import Measured, Rule, Running, Service
from badgateway.model.verdict import Verdict
from badgateway.remedies.facts import Facts, resolvers_told
from badgateway.repair.files import FILE_LIMIT
from badgateway.state.caches import dns_caches
from badgateway.state.firewall import rules_of
from badgateway.state.measure import measured
from badgateway.state.place import Place, places
from badgateway.state.services import services_of
from badgateway.state.software import software_of
from badgateway.transport.system import name_servers

_MOST_WORKERS = 64
_MOST_ASKED = 16
PLACES = 8
"""Places (containers) that are looked into."""


def text_of(path: str) -> str | None:
    """The text of a file, bytes that are no UTF-8 kept; None where there is none to read."""
    try:
        file = Path(path)
        if not file.is_file() or file.stat().st_size > FILE_LIMIT:
            return None
        return file.read_bytes().decode("utf-8", "surrogateescape")
    except OSError:
        return None


def facts_of(verdict: Verdict, stated: dict[str, str]) -> Facts:
    """Everything that plans for this verdict are made from."""
    everywhere = _near(verdict)
    running = [one for place in everywhere for one in _running(place)]
    services: list[Service] = []
    rules: list[Rule] = []
    for place in everywhere:
        services += services_of(place, _listens)
        rules += rules_of(place)
    return Facts(
        verdict=verdict,
        text=text_of,
        running=tuple(running),
        services=tuple(services),
        rules=tuple(rules),
        stopped=tuple(sorted(_stopped(verdict))),
        memory=psutil.virtual_memory().available >> 20,
        child=_child(running),
        measured=asyncio.run(_measured(verdict)),
        resolvers=tuple(name_servers()),
        caches=tuple(dns_caches()),
        ports=_ports(),
        stated=stated,
    )


def _near(verdict: Verdict) -> list[Place]:
    """Our own place, and those that an upstream's or a database's address leads into."""
    names = ("config-upstream", "config-database")
    texts = [
        o.text(key)
        for o in verdict.observations if o.name in names
        for key in ("upstream", "database")
    ]  # fmt: skip
    hosts = {a.host for text in texts if (a := address_of(text)) is not None}
    # An upstream's name leads where its addresses are; a resolver is asked on the way.
    hosts |= {str(a) for o in verdict.observations if o.name == "name-answer"
              for a in o.items("addresses")}  # fmt: skip
    hosts |= set(resolvers_told(verdict, text_of))
    own, *others = places()
    return [own, *(p for p in others if hosts & p.addresses - {"127.0.0.1", "::1"})][:PLACES]


def _running(place: Place) -> Iterator[Running]:
    for software in software_of(place):
        pid = software.pid
        try:
            process = psutil.Process(pid)
            program, words = process.exe(), process.cmdline()
        except psutil.Error:
            continue
        if re.match(r"\S+: (?!master)", " ".join(words)):
            continue  # a worker of a server whose master is another process
        # nginx and others show a title: the command line stands behind its colon.
        flat = " ".join(words).split()
        if titled := re.match(r"\S+: master process (\S+) ?(.*)", " ".join(words).strip()):
            flat = [titled[1], *titled[2].split()]
        work = next((flat[i + 1] for i, w in enumerate(flat[:-1]) if w == "-n"), "")
        yield Running(
            software.product, pid, program, tuple(flat[1:]), software.config, software.user,
            work if work.startswith("/") else "", _workers(process),
        )  # fmt: skip


def _workers(process: psutil.Process) -> tuple[int, ...]:
    try:
        return tuple(child.pid for child in process.children()[:_MOST_WORKERS])
    except psutil.Error:
        return ()


def _listens(command: str) -> tuple[str, ...]:
    return tuple(str(value["address"]) for word, value in started(command) if word == "listening")


def _stopped(verdict: Verdict) -> set[int]:
    """The stopped processes of each server that was seen stopped, all of its session."""
    named = {
        pid
        for o in verdict.observations
        if o.name == "upstream-frozen" and isinstance(pid := o.value.get("pid"), int) and pid > 1
    }
    sessions: set[int] = set()
    for pid in named:
        with contextlib.suppress(OSError):  # it may have ended meanwhile
            sessions.add(os.getsid(pid))
    found: set[int] = set()
    for process in psutil.process_iter(["pid", "status"]) if sessions else ():
        try:
            if (
                process.info["status"] == psutil.STATUS_STOPPED
                and os.getsid(process.pid) in sessions
            ):
                found.add(process.pid)
        except OSError:
            continue
    return found


def _child(running: list[Running]) -> int | None:
    """The mean memory of PHP-FPM's processes, in MB."""
    sizes = []
    for one in running:
        if one.product != "php-fpm":
            continue
        # Whatever runs may be gone by now: a child, or the whole server.
        with contextlib.suppress(psutil.Error):
            for child in psutil.Process(one.pid).children():
                with contextlib.suppress(psutil.Error):
                    sizes.append(child.memory_info().rss >> 20)
    return max(1, sum(sizes) // len(sizes)) if sizes else None


def _ports() -> tuple[int, int] | None:
    try:
        low, high = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text("ascii").split()
        return int(low), int(high)
    except (OSError, ValueError):
        return None


async def _measured(verdict: Verdict) -> dict[str, Measured]:
    """Each upstream that takes connections, asked once more with more time."""
    # Who is stopped is not waited for.
    stopped = {o.text("address") for o in verdict.observations if o.name == "upstream-frozen"}
    takes = dict.fromkeys(
        o.text("upstream")
        for o in verdict.observations
        if o.name == "upstream-asked"
        and o.text("upstream") not in stopped
        and o.text("result") in ("answers", "accepts", "silent", "invalid-answer", "closes")
        and o.text("protocol") in ("http", "https")
    )
    site = next((str(s) for o in verdict.observations if o.name == "config-upstream"
                 for s in o.items("sites")), "localhost")  # fmt: skip
    asked = list(takes)[:_MOST_ASKED]
    found = await asyncio.gather(*(measured(address, site) for address in asked))
    return dict(zip(asked, found, strict=True))
