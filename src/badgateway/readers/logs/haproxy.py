"""HAProxy's log: one line for each request with its state at disconnection, and health checks."""

import re
from collections.abc import Iterator

from badgateway.knowledge.dialect import share_of_lines
from badgateway.knowledge.scan import Entry, scan
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "haproxy-log"

_LINE = re.compile(
    r"(?:<\d+>)?(?:\w{3} [ \d]\d \d\d:\d\d:\d\d (?:\S+ )?)?(?:haproxy\[\d+\]: |\[(?:ALERT|WARNING|NOTICE)\] )|\S+:\d+ \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d\.\d{3}\] \S+ \S+/\S+ [-\d/+]+ "
)


def fits(head: str) -> float:
    """Lines of its shape."""
    return 0.96 * share_of_lines(head, _LINE)


def read(material: Material) -> Iterator[Observation]:
    """What its signatures say."""
    return scan(material, KIND, ["haproxy"], _entry)


def _entry(line: str) -> Entry | None:
    return Entry(line)
