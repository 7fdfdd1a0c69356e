"""Which servers run in a place: their product, processes, configuration and logs."""

import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from badgateway.state.place import Place

PRODUCTS = (
    ("nginx", r"nginx|openresty|tengine", "-c", "/etc/nginx/nginx.conf"),
    ("apache", r"apache2|httpd", "-f", "/etc/apache2/apache2.conf"),
    ("haproxy", r"haproxy", "-f", "/etc/haproxy/haproxy.cfg"),
    ("caddy", r"caddy", "--config", "/etc/caddy/Caddyfile"),
    ("varnish", r"varnishd|vinyld", "-f", "/etc/varnish/default.vcl"),
    ("lighttpd", r"lighttpd", "-f", "/etc/lighttpd/lighttpd.conf"),
    ("trafficserver", r"\[?TS_MAIN\]?|traffic_server", "", "/etc/trafficserver/remap.config"),
    ("squid", r"squid", "-f", "/etc/squid/squid.conf"),
    ("php-fpm", r"php-fpm[\d.]*", "--fpm-config", ""),
    ("gunicorn", r"gunicorn.*", "-c", ""),
    ("uvicorn", r"uvicorn", "", ""),
    ("uwsgi", r"uwsgi", "", ""),
    ("node", r"node|nodejs", "", ""),
    ("puma", r"puma.*", "", ""),
    ("java", r"java", "", ""),
    ("mariadb", r"mariadbd|mysqld", "", ""),
    ("postgresql", r"postgres(?:ql)?", "", ""),
    ("redis", r"redis-server|valkey-server", "", ""),
)
"""Product, its process's name, the option that names its configuration, the usual place of it."""
GATEWAYS = frozenset(
    {"nginx", "apache", "haproxy", "caddy", "varnish", "lighttpd", "trafficserver", "squid"}
)
APPLICATIONS = frozenset({"php-fpm", "gunicorn", "uvicorn", "uwsgi", "node", "puma", "java"})
_LOG = re.compile(r".*(?:\.log|/log/.*|/logs?/.*)$")


@dataclass(frozen=True, slots=True)
class Software:
    """One server with what belongs to it.

    Attributes:
        product: as signature files name it.
        pid: of its first process.
        pids: of all.
        user: whom its workers run as.
        config: its configuration file as the server names it; empty where unknown.
        logs: files that it has open to write to.
        place: where it runs.
        age: seconds since its first process began.
    """

    product: str
    pid: int
    pids: tuple[int, ...]
    user: str
    config: str
    logs: tuple[str, ...]
    place: Place
    age: float = 0.0


def software_of(place: Place) -> Iterator[Software]:
    """The servers that run in a place."""
    found: dict[tuple[str, str], list[psutil.Process]] = {}
    servers: dict[int, tuple[str, list[str]]] = {}
    for pid in place.pids:
        try:
            words = psutil.Process(pid).cmdline()
            product = _product(psutil.Process(pid), words)
        except psutil.Error:
            continue
        if product:
            servers[pid] = product, words
    for pid in servers:
        try:
            # A worker's title does not name the configuration; that of its master does.
            product, words = servers[_master(pid, servers)]
            process = psutil.Process(pid)
        except psutil.Error:
            continue
        config = _config(product, words)
        found.setdefault((product, config or str(_session(process))), []).append(process)
    for (product, config), processes in found.items():
        logs: set[str] = set()
        user = ""
        for process in processes:
            logs |= set(_logs(process))
            user = _user(process) or user
        first = min(process.pid for process in processes)
        yield Software(
            product,
            first,
            tuple(process.pid for process in processes),
            user,
            config if config.startswith("/") else "",
            tuple(sorted(logs)),
            place,
            max((_age(process) for process in processes), default=0.0),
        )


def _master(pid: int, servers: Mapping[int, tuple[str, list[str]]]) -> int:
    """The first ancestor of a process, in one line, that is of the same product; else itself."""
    while True:
        above = psutil.Process(pid).ppid()
        if above not in servers or servers[above][0] != servers[pid][0]:
            return pid
        pid = above


def _product(process: psutil.Process, words: list[str]) -> str | None:
    try:
        names = [process.name()]
    except psutil.Error:
        return None
    if words:
        names.append(words[0].split(":")[0].rsplit("/", 1)[-1])
        if names[0].startswith("python"):
            names += [word.rsplit("/", 1)[-1] for word in words[1:3]]
    for product, pattern, _, _ in PRODUCTS:
        if any(re.fullmatch(pattern, name) for name in names):
            return product
    return None


def _config(product: str, words: list[str]) -> str:
    option, usual = next((o, u) for p, _, o, u in PRODUCTS if p == product)
    # nginx and others write their whole title into the first word.
    flat = " ".join(words).split()
    for place, word in enumerate(flat):
        if option and word == option and place + 1 < len(flat):
            return flat[place + 1]
        if option and word.startswith(f"{option}="):
            return word.split("=", 1)[1]
    found = re.search(r"master process \((/[^)]+)\)", " ".join(words))
    return found[1] if found else usual


def _age(process: psutil.Process) -> float:
    try:
        return max(0.0, time.time() - process.create_time())
    except psutil.Error:
        return 0.0


def _session(process: psutil.Process) -> int:
    try:
        return int(os.getsid(process.pid))
    except OSError:
        return process.pid


def _logs(process: psutil.Process) -> Iterator[str]:
    folder = Path(f"/proc/{process.pid}/fd")
    try:
        links = list(folder.iterdir())
    except OSError:
        return
    for link in links[:400]:
        try:
            target = str(link.readlink())
            if target.startswith("/") and _LOG.match(target) and link.stat().st_mode & 0o100000:
                yield target.removesuffix(" (deleted)")
        except OSError:
            continue


def _user(process: psutil.Process) -> str:
    try:
        return str(process.username())
    except (psutil.Error, KeyError):
        return ""
