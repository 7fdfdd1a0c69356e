"""systemd's units, and what `systemctl cat` and `systemctl show` print of them.

Directives in systemd.service(5), systemd.exec(5) and systemd.resource-control(5).
"""

import re
from collections.abc import Iterator

from badgateway.knowledge.started import started
from badgateway.model.hop import Hop
from badgateway.model.material import Material
from badgateway.model.observation import Observation, Value
from badgateway.model.secret import masked

KIND = "systemd-unit-config"

_SECTION = re.compile(r"\[(?:Unit|Service|Socket|Install|Timer)\]\s*$")
_SETTING = re.compile(r"([A-Z][A-Za-z]{1,40})=(.*)$")
_NAMES = re.compile(
    r"(?m)^(?:ExecStart|LimitNOFILE|PrivateTmp|TimeoutStartSec|TimeoutStartUSec|RestartSec"
    r"|MemoryMax|PIDFile|RuntimeDirectory|ListenStream)="
)
_FILE = re.compile(r"# (/\S+/([\w@.\\-]+\.(?:service|socket))(?:\.d/\S+)?)\s*$")
_KEPT = (
    *("Type", "Restart", "PrivateTmp", "User", "Group", "RuntimeDirectory", "PIDFile"),
    *("KillMode", "ProtectSystem", "RestrictAddressFamilies", "IPAddressDeny", "ListenStream"),
)
_LIMITS = ("LimitNOFILE", "LimitNOFILESoft", "TasksMax", "MemoryMax", "MemoryHigh", "LimitNPROC")
_TIMES = ("TimeoutStartSec", "TimeoutStopSec", "RuntimeMaxSec", "WatchdogSec")
_UNITS = {"ms": 0.001, "s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}


def fits(head: str) -> float:
    """Sections and directives that only units have."""
    lines = [line for line in head.splitlines()[:200] if line.strip() and line[0] not in "#;"]
    sections = sum(1 for line in lines if _SECTION.match(line))
    settings = sum(1 for line in lines if _SETTING.match(line) or line[0].isspace())
    if not _NAMES.search(head) or not lines or sections + settings < 0.9 * len(lines):
        return 0.0
    return 0.97 if sections else 0.93


def read(material: Material) -> Iterator[Observation]:
    """What is started, as whom, and within which limits."""
    file, unit = material.name, _unit(material.name)
    kept, first, before = "", 0, 0
    for number, raw in material.lines():
        if found := _FILE.match(raw):
            file, unit, before = found[1], found[2], number
            continue
        line = kept + raw.strip()
        first = first if kept else number
        if raw.endswith("\\"):
            kept = line[:-1] + " "
            continue
        kept = ""
        setting = _SETTING.match(line)
        if setting is None:
            continue
        line_there = first - before
        place: dict[str, Value] = {"by": unit, "unit": unit, "file": file, "line": line_there}
        for word, value in _one(setting[1], setting[2].strip()):
            source = f"{KIND}:{file}:{line_there}"
            yield Observation(Hop.UPSTREAM, word, {**place, **value}, source)


def _unit(name: str) -> str:
    last = name.rsplit("/", 1)[-1]
    return last if last.endswith((".service", ".socket")) else "the service"


def _one(name: str, text: str) -> Iterator[tuple[str, dict[str, Value]]]:
    if name == "ExecStart" and text:
        command = text.lstrip("@-:+!")
        yield "config-service", {"command": masked(command[:300])}
        yield from started(command)
    elif name in _LIMITS:
        yield "config-limit", {"setting": name, "most": _size(text)}
    elif name in _TIMES and (seconds := _seconds(text)) is not None:
        yield "config-timeout", {"setting": name, "seconds": seconds, "role": "unit"}
    elif name in _KEPT:
        yield "config-setting", {"setting": name, "value": text[:200]}


def _size(text: str) -> int | str:
    """`65535`, `1024:524288` (the soft limit counts), `512M`; else the text itself."""
    soft = text.split(":", 1)[0]
    found = re.fullmatch(r"(\d{1,15})([KMGT]?)", soft)
    if found is None:
        return text[:40]
    return int(found[1]) * {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}[found[2]]


def _seconds(text: str) -> float | None:
    parts = re.findall(r"(\d{1,9})\s?(ms|min|sec|[smhd])?", text[:60])
    if not parts or not re.fullmatch(r"(?:\d{1,9}\s?(?:ms|min|sec|[smhd])?\s?){1,5}", text[:60]):
        return None
    return sum(int(number) * _UNITS[unit or "s"] for number, unit in parts)
