"""Apache's error log, 2.2 and 2.4 (server/log.c, the default ErrorLogFormat)."""

import re
from collections.abc import Iterator
from datetime import datetime

from badgateway.knowledge.dialect import local_time, share_of_lines
from badgateway.knowledge.scan import Entry, scan
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "apache-error-log"

_LINE = re.compile(r"\[(\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)? \d{4})\] \[[\w-]*:?\w+\]")


def fits(head: str) -> float:
    """Lines of its shape."""
    return 0.96 * share_of_lines(head, _LINE)


def read(material: Material) -> Iterator[Observation]:
    """What its signatures say."""
    return scan(material, KIND, ["apache", "wordpress", "php"], _entry)


def _entry(line: str) -> Entry | None:
    found = _LINE.match(line)
    if found is None:
        return Entry(line)

    def at() -> datetime | None:
        return local_time(re.sub(r"\.\d+", "", found[1]), "%a %b %d %H:%M:%S %Y")

    return Entry(line, at)
