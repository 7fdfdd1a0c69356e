"""Logs made for tests and benchmarks, always the same for the same seed.

    python scripts/benches/made_logs.py FOLDER [ACCESS_MB [ERROR_MB]]

`access_log` and `error_log` are of any size, as a busy shop behind nginx writes them. `month` is a
simulated month with incidents planted: each with its begin, end and cause, on top of errors that
rise and fall with the hour and the day.
"""

import math
import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from badgateway.model.incident import Incident

BEGIN = 1_793_491_200
"""1 November 2026, 00:00 UTC."""
DAY = 86_400
UPSTREAMS = ("10.0.0.11:8080", "10.0.0.12:8080", "10.0.0.13:8080")
AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
    "curl/8.14.1",
)
QUERIES = ("", "", "?page=2", "?q=red+shoes&sort=price", "?utm_source=mail&id=1882")


def stamp(second: int) -> str:
    """Nginx's $time_local in UTC."""
    return time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(second))


def error_stamp(second: int) -> str:
    """The time of nginx's error log."""
    return time.strftime("%Y/%m/%d %H:%M:%S", time.gmtime(second))


def names(chance: random.Random) -> tuple[list[str], list[str]]:
    """Clients and paths, the frequent ones more often."""
    clients = [
        f"{chance.randrange(11, 223)}.{chance.randrange(256)}.{chance.randrange(256)}."
        f"{chance.randrange(1, 255)}"
        for _ in range(40_000)
    ]
    paths = [
        f"/{chance.choice(('shop', 'api/v1', 'blog', 'img'))}/"
        f"{chance.choice(('item', 'list', 'view', 'cart'))}/{number}"
        for number in range(3_000)
    ]
    return (
        [clients[int(40_000 * chance.random() ** 3)] for _ in range(65_536)],
        [paths[int(3_000 * chance.random() ** 3)] for _ in range(65_536)],
    )


def tail(chance: random.Random, status: int, retried: bool, ms: int) -> str:
    """All of a line behind its path."""
    upstream = chance.choice(UPSTREAMS)
    answered = str(status)
    if retried:
        upstream, answered = f"{upstream}, {UPSTREAMS[0]}", f"502, {status}"
    took = f"{ms / 1000:.3f}"
    connect = "-" if status == 502 else "0.001"
    header = "-" if status in (502, 504) else took
    return (
        f'{chance.choice(QUERIES)} HTTP/1.1" {status} {chance.randrange(150, 90_000)} '
        f'"https://shop.example/" "{chance.choice(AGENTS)}" rt={took} ua="{upstream}" '
        f'us="{answered}" ut="{took}" uct="{connect}" uht="{header}" '
        f'rid="{chance.getrandbits(64):016x}" host="shop.example"\n'
    )


def access_log(path: Path, size: int, seed: int = 42) -> None:
    """An access log of about `size` bytes that spans one day, with half an hour of trouble."""
    chance = random.Random(seed)
    clients, paths = names(chance)
    usual = [
        tail(
            chance,
            chance.choices((200, 304, 404, 301, 502, 503, 504), (80, 8, 5, 5, 0.3, 0.1, 0.2))[0],
            chance.random() < 0.003,
            int(chance.lognormvariate(4, 1)),
        )
        for _ in range(20_000)
    ]
    bad = [tail(chance, 504, False, 60_000 + chance.randrange(4)) for _ in range(500)]
    bad += [tail(chance, 502, False, chance.randrange(3)) for _ in range(500)]
    lines = max(1, int(size / 290))
    rate, random_number, last, text = lines / DAY, chance.random, -1, ""
    with path.open("w", encoding="ascii", buffering=1 << 20) as file:
        for number in range(lines):
            second = int(number / rate)
            if second != last:
                last, text = second, stamp(BEGIN + second)
            at = int(random_number() * 65_536)
            trouble = 50_000 < second < 51_800 and at < 20_000
            rest = bad[at % 1_000] if trouble else usual[int(random_number() * 20_000)]
            file.write(f'{clients[at]} - - [{text}] "GET {paths[(at * 7 + number) & 65_535]}{rest}')


MESSAGES = (
    "connect() failed (111: Connection refused) while connecting to upstream",
    "upstream timed out (110: Connection timed out) while reading response header from upstream",
    "upstream prematurely closed connection while reading response header from upstream",
    "recv() failed (104: Connection reset by peer) while reading response header from upstream",
    "upstream sent too big header while reading response header from upstream",
    "no live upstreams while connecting to upstream",
    "SSL_do_handshake() failed (SSL: error:0A00010B:SSL routines::wrong version number) while "
    "SSL handshaking to upstream",
    'open() "/srv/shop/favicon.ico" failed (2: No such file or directory)',
    "client intended to send too large body: 10485761 bytes",
    'limiting requests, excess: 20.340 by zone "one"',
)


def nginx_error(second: int, message: str, client: str, path: str, upstream: str) -> str:
    """A line of nginx's error log."""
    number = second * 7 % 900_000
    return (
        f"{error_stamp(second)} [error] 812#812: *{number} {message}, client: {client}, "
        f'server: shop.example, request: "GET {path} HTTP/1.1", '
        f'upstream: "http://{upstream}{path}", host: "shop.example"\n'
    )


def error_log(path: Path, size: int, seed: int = 7) -> None:
    """An error log of about `size` bytes that spans one day."""
    chance = random.Random(seed)
    clients, paths = names(chance)
    lines = max(1, size // 295)
    with path.open("w", encoding="ascii", buffering=1 << 20) as file:
        for number in range(lines):
            second = BEGIN + number * DAY // lines
            at = int(chance.random() * 65_536)
            message = MESSAGES[int(10 * chance.random() ** 2)]
            file.write(nginx_error(second, message, clients[at], paths[at], UPSTREAMS[at % 3]))


@dataclass(frozen=True)
class Planted:
    """An incident that was planted: its first and last failed request, and its cause.

    Before the first request fails, nobody can see that anything is broken.
    """

    begin: int
    end: int
    cause: str
    share: float


@dataclass(frozen=True)
class Score:
    """How many planted incidents were found to the minute, how many of those with their cause.

    `false` are incidents that nobody planted.
    """

    found: int
    named: int
    false: int


def scored(planted: Sequence[Planted], incidents: "Sequence[Incident]") -> Score:
    """Compare what was planted with what was found."""
    found = named = 0
    meant = set()
    for one in planted:
        over = [
            i
            for i in incidents
            if i.begin.timestamp() <= one.end and i.end.timestamp() >= one.begin
        ]
        meant |= {i.id for i in over}
        if over and abs(over[0].begin.timestamp() - one.begin) <= 60:
            found += 1
            causes = over[0].verdict.causes
            named += bool(causes) and causes[0].cause == one.cause
    return Score(found, named, len(incidents) - len(meant))


def _said(message: str, second: int, at: str, path: str) -> Iterator[tuple[str, str]]:
    yield "error.log", nginx_error(second, message, at, path, UPSTREAMS[1])


def _killed(second: int, at: str, path: str) -> Iterator[tuple[str, str]]:
    yield from _said(MESSAGES[2], second, at, path)
    when = time.strftime("%b %e %H:%M:%S", time.gmtime(second))
    yield (
        "kern.log",
        f"{when} web1 kernel: [812.4] Out of memory: Killed process {second % 30_000} (node) "
        "total-vm:2048000kB, anon-rss:1800000kB, file-rss:0kB, shmem-rss:0kB, UID:33 "
        "pgtables:4000kB oom_score_adj:0\n",
    )


def _saturated(second: int, at: str, path: str) -> Iterator[tuple[str, str]]:
    message = (
        "connect() to unix:/run/php/php8.2-fpm.sock failed (11: Resource temporarily "
        "unavailable) while connecting to upstream"
    )
    yield "error.log", nginx_error(second, message, at, path, "unix:/run/php/php8.2-fpm.sock:")
    when = time.strftime("%d-%b-%Y %H:%M:%S", time.gmtime(second))
    yield (
        "php-fpm.log",
        f"[{when}] WARNING: [pool www] server reached pm.max_children setting (5), consider "
        "raising it\n",
    )


FAULTS = {
    "upstream-down": (502, 0, partial(_said, MESSAGES[0])),
    "upstream-timeout-slow-app": (504, 60_001, partial(_said, MESSAGES[1])),
    "header-too-big": (502, 40, partial(_said, MESSAGES[4])),
    "upstream-oom-killed": (502, 900, _killed),
    "php-fpm-max-children": (502, 1, _saturated),
}
"""By cause: the status, how long a request takes (ms), and what error logs say of each."""


def month(folder: Path, count: int = 50, rate: float = 12.0, seed: int = 1) -> list[Planted]:
    """A month of logs in `folder` with `count` incidents; returns what was planted.

    Args:
        folder: gets access.log, error.log, php-fpm.log and kern.log.
        count: incidents, at least two hours apart.
        rate: requests a minute, on average.
        seed: what makes it different.
    """
    chance = random.Random(seed)
    clients, paths = names(chance)
    planted = _planted(chance, count)
    files = {
        name: (folder / name).open("w", encoding="ascii", buffering=1 << 20)
        for name in ("access.log", "error.log", "php-fpm.log", "kern.log")
    }
    for name, line in (
        ("error.log", f"{error_stamp(BEGIN)} [notice] 812#812: start worker processes\n"),
        ("php-fpm.log", "[01-Nov-2026 00:00:00] NOTICE: ready to handle connections\n"),
        ("kern.log", "Nov  1 00:00:00 web1 kernel: [1.0] Linux version 6.1.0\n"),
    ):
        files[name].write(line)
    good = [tail(chance, 200, False, int(chance.lognormvariate(4, 1))) for _ in range(2_000)]
    usual_bad = [tail(chance, status, False, 5) for status in (502, 503, 504) for _ in range(50)]
    bad = {
        cause: [tail(chance, status, False, ms + chance.randrange(3)) for _ in range(50)]
        for cause, (status, ms, _) in FAULTS.items()
    }
    waiting = list(planted)
    met: dict[Planted, list[int]] = {one: [] for one in planted}
    for minute in range(30 * 1_440):
        start = BEGIN + minute * 60
        wave = 1 - 0.8 * math.cos(2 * math.pi * (minute % 1_440) / 1_440)
        weekend = 0.6 if minute // 1_440 % 7 in (0, 6) else 1.0
        requests = _poisson(chance, rate * wave * weekend)
        # More goes wrong by itself at night, when jobs run.
        background = 0.006 if minute % 1_440 < 240 else 0.002
        while waiting and waiting[0].end < start:
            waiting.pop(0)
        now = waiting[0] if waiting else None
        for second in sorted(start + int(60 * chance.random()) for _ in range(requests)):
            at = int(chance.random() * 65_536)
            line = good[at % 2_000]
            if now is not None and now.begin <= second <= now.end and chance.random() < now.share:
                met[now].append(second)
                line = bad[now.cause][at % 50]
                for name, text in FAULTS[now.cause][2](second, clients[at], paths[at]):
                    files[name].write(text)
            elif chance.random() < background:
                line = usual_bad[at % 150]
            files["access.log"].write(f'{clients[at]} - - [{stamp(second)}] "GET {paths[at]}{line}')
    for name, file in files.items():
        file.close()
        # Lines of the kernel's log name no year: that of the last change counts.
        os.utime(folder / name, (BEGIN + 30 * DAY, BEGIN + 30 * DAY))
    return [replace(one, begin=at[0], end=at[-1]) for one, at in met.items()]


def _planted(chance: random.Random, count: int) -> list[Planted]:
    """Incidents of 4 to 40 minutes, spread over the month, by day and by night."""
    room = 30 * DAY // count
    causes = list(FAULTS)
    found = []
    for number in range(count):
        length = chance.randrange(4 * 60, 40 * 60)
        begin = BEGIN + number * room + chance.randrange(3_600, room - length - 3_600)
        share = chance.choice((0.5, 0.7, 0.9, 1.0))
        found.append(Planted(begin, begin + length, causes[number % len(causes)], share))
    return found


def _poisson(chance: random.Random, mean: float) -> int:
    """How many come where `mean` are expected (Knuth)."""
    limit, product, count = math.exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        count += 1
    return count


if __name__ == "__main__":
    place = Path(sys.argv[1])
    place.mkdir(parents=True, exist_ok=True)
    sizes = [int(text) for text in (sys.argv[2:] + ["64", "16"][len(sys.argv[2:]) :])]
    access_log(place / "access.log", sizes[0] * 1_000_000)
    error_log(place / "error.log", sizes[1] * 1_000_000)
