"""The kernel's messages: `dmesg`, /var/log/kern.log, `journalctl -k`."""

import re
from collections.abc import Iterator
from datetime import datetime

from badgateway.knowledge.dialect import local_time, share_of_lines, zoned_time
from badgateway.knowledge.scan import Entry, scan
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "kernel-log"

_LINE = re.compile(
    r"(?:<\d+>)?(?:\[ *\d+\.\d+\] |\[\w{3} \w{3} +\d+ \d\d:\d\d:\d\d \d{4}\] "
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.,]\d{6}[+-]\d\d:\d\d "
    r"|kernel: |\w{3} [ \d]\d \d\d:\d\d:\d\d \S+ kernel: |\d{4}-\d\d-\d\dT\S+ \S+ kernel: )"
)


def fits(head: str) -> float:
    """Lines of its shape."""
    return 0.96 * share_of_lines(head, _LINE)


def read(material: Material) -> Iterator[Observation]:
    """What its signatures say."""
    return scan(material, KIND, ["kernel", "audit"], _entry)


_TIMED = re.compile(
    r"\[(\w{3} \w{3} +\d+ \d\d:\d\d:\d\d \d{4})\]|(\d{4}-\d\d-\d\dT[\d:.,]+[+-]\d\d:?\d\d)"
)
"""`dmesg -T`, and `dmesg --time-format iso` (util-linux, dmesg(1))."""


def _entry(line: str) -> Entry | None:
    found = _TIMED.match(line)
    if found is None:
        return Entry(line)

    def at() -> datetime | None:
        if found[2]:
            return zoned_time(found[2])
        return local_time(found[1], "%a %b %d %H:%M:%S %Y")

    return Entry(line, at)
