"""Traffic Server's error.log and diags.log."""

import re
from collections.abc import Iterator
from datetime import datetime

from badgateway.knowledge.dialect import local_time, share_of_lines
from badgateway.knowledge.scan import Entry, scan
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "trafficserver-log"

_LINE = re.compile(r"\d{8}\.\d\dh\d\dm\d\ds |\[\w{3} [ \d]\d \d\d:\d\d:\d\d\.\d{3}\] ")
_TIME = re.compile(r"(\d{8}\.\d\dh\d\dm\d\d)s")


def fits(head: str) -> float:
    """Lines of its shape."""
    return 0.96 * share_of_lines(head, _LINE)


def read(material: Material) -> Iterator[Observation]:
    """What its signatures say."""
    return scan(material, KIND, ["trafficserver"], _entry)


def _entry(line: str) -> Entry | None:
    found = _TIME.search(line)
    if found is None:
        return Entry(line)

    def at() -> datetime | None:
        return local_time(found[1], "%Y%m%d.%Hh%Mm%S")

    return Entry(line, at)
