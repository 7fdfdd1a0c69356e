"""PHP's own error log and WordPress's debug.log (main/main.c, php_log_err)."""

import re
from collections.abc import Iterator
from datetime import datetime

from badgateway.knowledge.dialect import share_of_lines, zoned_time
from badgateway.knowledge.scan import Entry, scan
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "php-error-log"

_LINE = re.compile(
    r"(?:\[(\d\d-\w{3}-\d{4} \d\d:\d\d:\d\d)(?: [\w/+-]+)?\] )?(?:PHP (?:Fatal"
    r"|Parse|Warning|Notice|Deprecated|Recoverable|Core|message)"
    r"|WordPress database error|Fatal error: |Parse error: |Stack trace:"
    r"|#\d+ |  thrown in )"
)


def fits(head: str) -> float:
    """Lines of its shape."""
    return 0.96 * share_of_lines(head, _LINE)


def read(material: Material) -> Iterator[Observation]:
    """What its signatures say."""
    return scan(material, KIND, ["wordpress", "php"], _entry)


def _entry(line: str) -> Entry | None:
    found = _LINE.match(line)
    if found is None or not found[1]:
        return Entry(line)

    def at() -> datetime | None:
        # PHP writes its own zone's name behind the time; WordPress sets it to UTC.
        return zoned_time(found[1], "%d-%b-%Y %H:%M:%S")

    return Entry(line, at)
