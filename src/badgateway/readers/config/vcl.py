"""Varnish's VCL: its backends (https://varnish-cache.org/docs/trunk/reference/vcl-backend.html)."""

import re
from collections.abc import Iterator

from badgateway.model.hop import Hop
from badgateway.model.material import Material
from badgateway.model.observation import Observation, Value

KIND = "vcl"

_VERSION = re.compile(r"(?m)^\s*vcl\s+4\.\d\s*;")
_BACKEND = re.compile(r"\bbackend\s+([\w-]{1,200})\s*\{")
_SETTING = re.compile(r"\.(\w+)\s*=\s*(?:\"([^\"\n]*)\"|([\w.]+))\s*;")
_SYNTH = re.compile(r"return\s*\(\s*synth\s*\(\s*(503)\b")
_COMMENT = re.compile(r"(?m)(?:#|//).*$")
_TIMES = {
    "connect_timeout": "connect",
    "first_byte_timeout": "read",
    "between_bytes_timeout": "between-bytes",
}
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_TIME = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)?")


def fits(head: str) -> float:
    """The line with the language's version, or a backend with its host."""
    if _VERSION.search(head):
        return 0.97
    found = _BACKEND.search(head)
    return (
        0.95 if found and re.search(r"\.host\s*=", head[found.end() : found.end() + 2000]) else 0.0
    )


def read(material: Material) -> Iterator[Observation]:
    """Upstreams and times of every backend; a synthetic 503 for every request."""
    text = _COMMENT.sub("", material.text(1 << 22))
    for found in _BACKEND.finditer(text):
        end = _end(text, found.end())
        line = material.first_line + text.count("\n", 0, found.start())
        settings = {m[1]: m[2] or m[3] or "" for m in _SETTING.finditer(text, found.end(), end)}
        yield from _backend(found[1], settings, material.name, line)
    if _unconditional(text):
        value: dict[str, Value] = {"by": "varnish", "detail": "synth(503)", "count": 1}
        yield Observation(Hop.GATEWAY, "maintenance-on", value, f"{KIND}:{material.name}")


def _backend(name: str, settings: dict[str, str], file: str, line: int) -> Iterator[Observation]:
    source = f"{KIND}:{file}:{line}"
    where: dict[str, Value] = {"by": "varnish", "file": file, "line": line}
    if path := settings.get("path"):
        address = f"unix:{path}"
    elif host := settings.get("host"):
        own = f"[{host}]" if host.count(":") > 1 else host
        address = f"{own}:{settings.get('port', '80')}"
    else:
        return
    yield Observation(
        Hop.GATEWAY,
        "config-upstream",
        {**where, "upstream": address, "server": name, "sites": (), "path": "", "protocol": "http"},
        source,
    )
    for key, role in _TIMES.items():
        if (seconds := _seconds(settings.get(key, ""))) is not None:
            value = {**where, "setting": key, "seconds": seconds, "role": role}
            yield Observation(Hop.GATEWAY, "config-timeout", value, source)


def _seconds(text: str) -> float | None:
    found = _TIME.fullmatch(text)
    return float(found[1]) * _UNITS[found[2] or "s"] if found else None


def _end(text: str, start: int) -> int:
    """Where the block that begins before `start` ends; a probe inside it is a block too."""
    depth = 1
    for found in re.finditer(r"[{}]", text[start : start + 20_000]):
        depth += 1 if found[0] == "{" else -1
        if depth == 0:
            return start + found.start()
    return len(text)


def _unconditional(text: str) -> bool:
    """Whether `vcl_recv` answers 503 outside any condition."""
    found = re.search(r"\bsub\s+vcl_recv\s*\{", text)
    if not found:
        return False
    block = text[found.end() : _end(text, found.end())]
    synth = _SYNTH.search(block)
    return synth is not None and block.count("{", 0, synth.start()) == block.count(
        "}", 0, synth.start()
    )
