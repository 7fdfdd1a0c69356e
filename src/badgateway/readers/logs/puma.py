"""Puma's and Rails' output (puma lib/puma/log_writer.rb, railties server command)."""

import re
from collections.abc import Iterator

from badgateway.knowledge.dialect import share_of_lines
from badgateway.knowledge.scan import Entry, scan
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "puma-log"

_LINE = re.compile(
    r"\[\d+\] [!*-] |=> (?:Booting|Rails|Run)|A server is already running"
    r"|\S+ \S+ [+-]\d{4} (?:HTTP parse|Rack app) error|Puma |\* (?:Listening"
    r"|Min|Max|Puma|Version|Environment|PID)|Exiting$"
)


def fits(head: str) -> float:
    """Lines of its shape."""
    return 0.92 * share_of_lines(head, _LINE)


def read(material: Material) -> Iterator[Observation]:
    """What its signatures say."""
    return scan(material, KIND, ["puma"], _entry)


def _entry(line: str) -> Entry | None:
    return Entry(line)
