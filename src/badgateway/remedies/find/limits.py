"""Sizes, times and counts: computed from what was measured here, never a general advice."""

import math
from collections.abc import Iterator

from badgateway.remedies.facts import Facts
from badgateway.remedies.find import Binding
from badgateway.remedies.find.here import at, once, pools, upstreams

FINDERS = ("header_buffers", "read_time", "more_children", "longer_children", "local_ports",
           "connections", "open_files", "php_memory", "php_time")  # fmt: skip

PAGE = 4_096
"""Bytes of a memory page: nginx's buffers are multiples of it."""
MOST_HEAD = 65_536
"""Bytes of a header beyond which others on the way refuse it too: it is the application's fault."""
LONGEST = 120
"""Seconds beyond which waiting helps no visitor."""
MOST_CHILDREN = 200
"""Children that a pool gets at most without a person's decision."""


def header_buffers(facts: Facts) -> Iterator[Binding]:
    """Buffers that hold the header seen and half as much again, in whole pages."""
    for line in once(upstreams(facts)):
        seen = facts.measured.get(line.text("upstream"))
        head = seen.head if seen is not None and seen.head else 0
        if head > MOST_HEAD:
            continue
        # Without a measured head: the next sizes above the defaults of 4 and 8 KB.
        size = max(math.ceil(head * 1.5 / PAGE) * PAGE, 4 * PAGE if head else 16 * PAGE)
        yield at(
            line,
            size=f"{size // 1024}k",
            twice=f"{2 * size // 1024}k",
            bytes=size + 2 * PAGE,
        )


def read_time(facts: Facts) -> Iterator[Binding]:
    """As long as the application took, and half as long again; nothing where it never answers."""
    for line in once(upstreams(facts)):
        seen = facts.measured.get(line.text("upstream"))
        if seen is None or seen.seconds is None or seen.seconds < 1:
            continue
        seconds = max(math.ceil(seen.seconds * 1.5), math.ceil(seen.seconds) + 5)
        if seconds <= LONGEST:
            yield at(line, seconds=seconds)


def more_children(facts: Facts) -> Iterator[Binding]:
    """As many children as the free memory holds, up to four times as many, or for all who wait."""
    for pool in once(pools(facts)):
        most = pool.number("most")
        status = facts.evidence.named("pool-status")
        queues = facts.evidence.named("queue-waiting", "listen-queue-full")
        # Who waits in the queue waits for a child.
        full = [o for o in status if o.text("pool") == pool.text("pool")] + [
            o for o in queues if o.text("address") == pool.text("address")
        ]
        if not most or not full or facts.memory is None:
            continue
        # A fifth of the memory stays free; a child of unknown size counts as 64 MB.
        room = int(facts.memory * 0.8 / (facts.child or 64))
        # Twice as many as wait now: who waits is only who came while we looked.
        waiting = max((o.number("queue") or 0 for o in full), default=0)
        wanted = int(min(most + room, max(most * 4, most + 2 * waiting + 4), MOST_CHILDREN))
        if wanted > most:
            yield at(pool, children=wanted, pool=pool.text("pool"))


def longer_children(facts: Facts) -> Iterator[Binding]:
    """PHP-FPM ends a request after the gateway would give up, not before."""
    waits = [
        o.number("seconds") or 0
        for o in facts.evidence.named("config-timeout")
        if o.text("role") == "read"
    ]
    gateway = max(waits, default=60.0)
    for pool in once(pools(facts)):
        yield at(pool, seconds=math.ceil(gateway) + 5)


def local_ports(facts: Facts) -> Iterator[Binding]:
    """The kernel's default range (ip-sysctl: 32768 to 60999) where a smaller one is set."""
    if facts.ports is not None and facts.ports[1] - facts.ports[0] < 60_999 - 32_768:
        yield {"low": facts.ports[0], "high": facts.ports[1]}


def connections(facts: Facts) -> Iterator[Binding]:
    """The default of 512 connections a worker, or twice as many as now."""
    yield from _larger(facts, "worker_connections", 1_024)


def open_files(facts: Facts) -> Iterator[Binding]:
    """Two files for each connection and some of its own: at least 4096."""
    for file in _larger(facts, "worker_rlimit_nofile", 4_096):
        yield file
        server = facts.server("nginx", str(file["file"]))
        if server is None:
            continue
        for worker in server.workers:
            yield {"by": "nginx-worker", "worker": worker, "master": server.pid}


def _larger(facts: Facts, setting: str, least: int) -> Iterator[Binding]:
    lines = [o for o in facts.evidence.named("config-limit") if o.text("setting") == setting]
    # A file that no running server has read changes nothing, and is nobody's here.
    read = {one.config for one in facts.running} | {o.text("file") for o in upstreams(facts)}
    for line in once([o for o in lines if not o.text("place") and o.text("file") in read]):
        old = line.text("most")
        if old.isdecimal() and len(old) < 8:
            yield at(line, old=int(old), new=max(least, 2 * int(old)))


def php_memory(facts: Facts) -> Iterator[Binding]:
    """Four times the limit that PHP reached, as long as the free memory is eight times that."""
    for found in facts.evidence.named("memory-limit-hit")[:1]:
        wanted = 4 * (int(found.number("limit") or 0) >> 20)
        if wanted and facts.memory and 8 * wanted <= facts.memory:
            for pool in once(pools(facts)):
                yield at(pool, memory=f"{wanted}M")


def php_time(facts: Facts) -> Iterator[Binding]:
    """A script's time up to what the gateway waits."""
    if facts.evidence.named("execution-time-exceeded"):
        yield from longer_children(facts)
