"""Traefik's log: logfmt, JSON or console (docs/content/observability/logs-and-accesslogs.md)."""

import re
from collections.abc import Iterator

from badgateway.knowledge.dialect import share_of_lines
from badgateway.knowledge.scan import Entry, scan
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "traefik-log"

_LINE = re.compile(
    r"(?:time=\S+ )?level=\w+ (?:msg|error)=|\{\"level\":\"\w+\",.*\"(?:entryPointName"
    r"|middlewareName|providerName|routerName|serviceName|error"
    r"|time)\":|\d{4}-\d\d-\d\dT\S+ (?:DBG|INF|WRN|ERR) "
)


def fits(head: str) -> float:
    """Lines of its shape."""
    return 0.93 * share_of_lines(head, _LINE)


def read(material: Material) -> Iterator[Observation]:
    """What its signatures say."""
    return scan(material, KIND, ["traefik"], _entry)


def _entry(line: str) -> Entry | None:
    return Entry(line)
