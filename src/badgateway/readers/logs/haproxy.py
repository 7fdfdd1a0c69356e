"""HAProxy's log: one line for each request with its state at disconnection, and health checks."""

import re
from collections.abc import Iterator
from datetime import datetime

from badgateway.knowledge.dialect import local_time, share_of_lines
from badgateway.knowledge.scan import Entry, scan
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "haproxy-log"

_LINE = re.compile(
    r"(?:<\d+>)?(?:\w{3} [ \d]\d \d\d:\d\d:\d\d (?:\S+ )?)?(?:haproxy\[\d+\]: "
    r"|\[(?:ALERT|WARNING|NOTICE)\] )|\S+:\d+ \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d\.\d{3}\] "
    r"\S+ \S+/\S+ [-\d/+]+ "
)
_TIME = re.compile(r"\[(\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d)\.\d{3}\]")


def fits(head: str) -> float:
    """Lines of its shape."""
    return 0.96 * share_of_lines(head, _LINE)


def read(material: Material) -> Iterator[Observation]:
    """What its signatures say."""
    return scan(material, KIND, ["haproxy"], _entry)


def _entry(line: str) -> Entry | None:
    found = _TIME.search(line)
    if found is None:
        return Entry(line)

    def at() -> datetime | None:
        return local_time(found[1], "%d/%b/%Y:%H:%M:%S")

    return Entry(line, at)
