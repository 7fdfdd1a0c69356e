"""Caddy's log: JSON or console; and that of Caddy 1."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from badgateway.knowledge.dialect import share_of_lines
from badgateway.knowledge.requests import Request, counted, status_of
from badgateway.knowledge.scan import Entry, scan
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "caddy-log"

_LINE = re.compile(
    r"\{\"level\":\"\w+\",\"ts\":[\d.\"]+|\d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{3}\s+(?:INFO"
    r"|ERROR|WARN|DEBUG)\s|\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4} \[ERROR \d{3}"
    r"|Error: adapting config"
)
_TIME = re.compile(r"\"ts\":(\d+\.?\d*)")


def fits(head: str) -> float:
    """Lines of its shape."""
    return 0.97 * share_of_lines(head, _LINE)


def read(material: Material) -> Iterator[Observation]:
    """What its signatures say, and what its requests have in common."""
    yield from scan(material, KIND, ["caddy"], _entry)
    yield from counted(material, KIND, "caddy", [], _request, mixed=True)


def _entry(line: str) -> Entry | None:
    found = _TIME.search(line)
    if found is None:
        return Entry(line)

    def at() -> datetime | None:
        return datetime.fromtimestamp(min(float(found[1]), 4e9), UTC)

    return Entry(line, at)


def _request(line: str) -> Request | None:
    """A line of its access log: its message is `handled request`."""
    if "handled request" not in line:
        return None
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    request = entry.get("request") if isinstance(entry, dict) else None
    status = status_of(str(entry.get("status"))) if isinstance(request, dict) else None
    if not isinstance(request, dict) or status is None:
        return None
    time, took = entry.get("ts"), entry.get("duration")
    stamp = float(time) if isinstance(time, int | float) and 0 < time < 4e9 else None
    return Request(
        status=status,
        fields={},
        when=lambda: datetime.fromtimestamp(stamp, UTC) if stamp else None,
        minute=str(int(stamp // 60)) if stamp else "",
        seconds=round(float(took), 3) if isinstance(took, int | float) and took < 1e6 else None,
        path=str(request.get("uri", "")).split("?", 1)[0][:200],
        client=str(request.get("remote_ip", ""))[:64],
        server=str(request.get("host", ""))[:253],
    )
