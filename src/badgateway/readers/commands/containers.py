"""What Docker prints: `docker ps`, `docker inspect` (whole or pieces), states as a table."""

import json
import re
from collections.abc import Iterator

from badgateway.model.hop import Hop
from badgateway.model.material import Material
from badgateway.model.observation import Observation, Value

KIND = "containers"

_STATE = re.compile(
    r"(?m)^[ \t]*([\w.-]+)[ \t]*:[ \t]*"
    r"(created|exited|running|restarting|dead|paused|removing)\b(?: \((\d+)\))?"
)
_PS = re.compile(
    r"\b(Up (?:\d+|About|Less)[^)]*?(?:\((?:un)?healthy\))?"
    r"|Exited \((\d+)\)|Restarting \((\d+)\)|Created|Dead)\b"
)
_KEY = re.compile(
    r'"(OOMKilled|ExitCode|Status|IPAddress|RestartPolicy|Name|NetworkMode'
    r'|RestartCount|Running)"\s*:\s*("[^"]*"|\w+)'
)
_ADDRESS = re.compile(r"(?m)^[ \t]*([\w.-]+)[ \t]*:[ \t]*IPAddress[ \t]+(\d+\.\d+\.\d+\.\d+)")


def fits(head: str) -> float:
    """Keys of `docker inspect`, columns of `docker ps`."""
    if "CONTAINER ID" in head and "STATUS" in head:
        return 0.97
    if len(_KEY.findall(head)) >= 2 or '"OOMKilled"' in head:
        return 0.93
    lines = [line for line in head.splitlines() if line.strip()]
    hits = len(_STATE.findall(head)) + len(_ADDRESS.findall(head))
    return 0.9 * hits / len(lines) if lines and hits else 0.0


def read(material: Material) -> Iterator[Observation]:
    """Each container with its state, exit code, networks."""
    text, source = material.text(1 << 22), f"{KIND}:{material.name}"
    for found in _STATE.finditer(text):
        yield _container(source, found[1], found[2], int(found[3] or 0))
    for found in _ADDRESS.finditer(text):
        value: dict[str, Value] = {"name": found[1], "network": "", "address": found[2]}
        yield Observation(Hop.UPSTREAM, "container-network", value, source)
    header = re.search(r"(?m)^.*CONTAINER ID.*STATUS.*$", text)
    if header:
        for line in text[header.end() :].splitlines():
            status = _PS.search(line)
            if status is None:
                continue
            word = status[1].split()[0].lower()
            state = {"up": "running"}.get(word, word)
            yield _container(source, line.split()[-1], state, int(status[2] or status[3] or 0))
        return
    try:
        loaded = json.loads(text)
    except ValueError:
        yield from _pieces(text, source)
        return
    for item in loaded if isinstance(loaded, list) else [loaded]:
        if isinstance(item, dict):
            yield from _inspected(item, source)


def _pieces(text: str, source: str) -> Iterator[Observation]:
    keys = {key: value.strip('"') for key, value in _KEY.findall(text)}
    if not keys:
        return
    name = keys.get("Name", "").lstrip("/") or "container"
    if keys.get("IPAddress"):
        value: dict[str, Value] = {"name": name, "network": "", "address": keys["IPAddress"]}
        yield Observation(Hop.UPSTREAM, "container-network", value, source)
    if {"Status", "ExitCode", "OOMKilled"} & set(keys):
        code = keys.get("ExitCode", "0")
        yield _container(
            source,
            name,
            keys.get("Status", "unknown"),
            int(code) if code.isdigit() else 0,
            keys.get("OOMKilled") == "true",
        )


def _inspected(item: dict[str, object], source: str) -> Iterator[Observation]:
    name = str(item.get("Name") or "container").lstrip("/")
    state = item.get("State")
    if isinstance(state, dict):
        code = state.get("ExitCode")
        yield _container(
            source,
            name,
            str(state.get("Status") or "unknown"),
            code if isinstance(code, int) else 0,
            state.get("OOMKilled") is True,
        )
    settings = item.get("NetworkSettings")
    networks = settings.get("Networks") if isinstance(settings, dict) else None
    for network, found in networks.items() if isinstance(networks, dict) else ():
        address = str(found.get("IPAddress") or "") if isinstance(found, dict) else ""
        value: dict[str, Value] = {"name": name, "network": str(network), "address": address}
        yield Observation(Hop.UPSTREAM, "container-network", value, source)


def _container(source: str, name: str, state: str, code: int, oom: bool = False) -> Observation:
    value: dict[str, Value] = {"name": name, "state": state, "code": code, "oom": oom}
    return Observation(Hop.UPSTREAM, "container", value, source)
