"""What is started by name here: systemd's units, scripts of /etc/init.d, containers of Docker.

Read only; which of them an upstream belongs to is judged elsewhere, by where it would listen.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from badgateway.model.machine import Service
from badgateway.state.place import Place
from badgateway.transport.command import output_of

Listens = Callable[[str], tuple[str, ...]]
"""From a command line to the addresses that it would listen at."""
_UNITS = (
    "etc/systemd/system",
    "run/systemd/system",
    "usr/lib/systemd/system",
    "lib/systemd/system",
)
_LIMIT = 64 * 1024
_MOST = 500
_CONFIG = re.compile(r"(?:-c|-f|-n|--config|--fpm-config|--conf-file|-C)[ =](/[\w./@+-]+)")
_NAME = re.compile(r"[A-Za-z0-9_][\w.@:-]{0,127}\Z")


def services_of(place: Place, listens: Listens) -> Iterator[Service]:
    """The services of a place."""
    systemd = not place.name and Path("/run/systemd/system").is_dir()
    if systemd:
        yield from _units(place, listens)
    yield from _scripts(place, listens, systemd)
    if not place.name:
        yield from _containers()


def _units(place: Place, listens: Listens) -> Iterator[Service]:
    seen: set[str] = set()
    for folder in _UNITS:
        for path in sorted((place.root / folder).glob("*.service"))[:_MOST]:
            if path.name in seen or not _NAME.match(path.name):
                continue
            seen.add(path.name)
            text = "\n".join(re.findall(r"(?m)^ExecStart=(.*)$", _text(path)))
            if not (addresses := listens(text)) and not _CONFIG.search(text):
                continue
            state = output_of(["systemctl", "is-active", "--", path.name]) or ""
            running = state.strip() == "active"
            config, pid = _config(text), _pid_file(text)
            yield Service(path.name, "systemd", running, addresses, config, 0, pid, str(path))


def _scripts(place: Place, listens: Listens, systemd: bool) -> Iterator[Service]:
    into = place.entered("--net", "--mount")
    for path in sorted((place.root / "etc/init.d").glob("*"))[:_MOST]:
        if not _NAME.match(path.name) or not path.is_file() or not path.stat().st_mode & 0o100:
            continue
        if systemd and any((place.root / f / f"{path.name}.service").exists() for f in _UNITS):
            continue
        text = _text(path)
        addresses, config = listens(text), _config(text)
        # LSB 5.0, 22.2: a script's status is 0 while it runs; `service` prints what it says.
        said = output_of((*into, "service", path.name, "status")) or ""
        running = "is running" in said and "not running" not in said
        pid = _pid_file(text)
        yield Service(
            path.name, "init", running, addresses, config, place.holder, pid, str(path)
        )  # fmt: skip


def _containers() -> Iterator[Service]:
    text = output_of(
        ["docker", "ps", "--all", "--no-trunc", "--format", "{{.Names}}\t{{.State}}\t{{.Ports}}"]
    )
    names = [line.split("\t") for line in (text or "").splitlines()[:_MOST]]
    for fields in names:
        if len(fields) != 3 or not _NAME.match(fields[0]):
            continue
        ports = fields[2]
        if fields[1] != "running":
            form = "{{range $p, $h := .HostConfig.PortBindings}}{{range $h}}{{.HostIp}}:{{.HostPort}} {{end}}{{end}}"  # noqa: E501
            ports = output_of(["docker", "inspect", "--format", form, fields[0]]) or ""
        found = tuple(
            f"{host or '0.0.0.0'}:{port}"  # noqa: S104 - compared only
            for host, port in re.findall(r"([\d.]*):(\d{1,5})\b", ports)
        )
        yield Service(fields[0], "docker", fields[1] == "running", found)


def _config(text: str) -> str:
    found = _CONFIG.search(text)
    return found[1] if found else ""


def _pid_file(text: str) -> str:
    """The file that gunicorn and its like are told to note their process in (`--pid`, `-p`)."""
    found = re.search(r"gunicorn[^\n]*?(?:--pid|-p)[ =](/[\w./@+-]+)", text)
    return found[1] if found else ""


def _text(path: Path) -> str:
    try:
        with path.open("r", encoding="utf-8", errors="replace") as file:
            return file.read(_LIMIT)
    except OSError:
        return ""
