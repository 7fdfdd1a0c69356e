"""PHP-FPM's log (sapi/fpm/fpm/zlog.c)."""

import re
from collections.abc import Iterator
from datetime import datetime

from badgateway.knowledge.dialect import local_time, share_of_lines
from badgateway.knowledge.scan import Entry, scan
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "php-fpm-log"

_LINE = re.compile(
    r"(?:\[(\d\d-\w{3}-\d{4} \d\d:\d\d:\d\d)(?:\.\d+)?\] (?:NOTICE|WARNING|ERROR|ALERT|DEBUG): )"
    r"|(?:NOTICE|WARNING|ERROR): (?:\[pool |\[/|fpm is |FPM |ready to handle|Connection disallowed"
    r"|fork\(\)"
    r"|unable to bind|failed processes|The maximum number of processes|Terminating|reloading)"
)


def fits(head: str) -> float:
    """Lines of its shape."""
    return 0.96 * share_of_lines(head, _LINE)


def read(material: Material) -> Iterator[Observation]:
    """What its signatures say."""
    return scan(material, KIND, ["php-fpm", "wordpress", "php"], _entry)


def _entry(line: str) -> Entry | None:
    found = _LINE.match(line)
    if found is None:
        return Entry(line)

    def at() -> datetime | None:
        return local_time(found[1], "%d-%b-%Y %H:%M:%S")

    return Entry(line, at)
