"""Caddy's log: JSON or console; and that of Caddy 1."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from badgateway.knowledge.dialect import share_of_lines
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
    """What its signatures say."""
    return scan(material, KIND, ["caddy"], _entry)


def _entry(line: str) -> Entry | None:
    found = _TIME.search(line)
    if found is None:
        return Entry(line)

    def at() -> datetime | None:
        return datetime.fromtimestamp(min(float(found[1]), 4e9), UTC)

    return Entry(line, at)
