"""The kernel's messages: `dmesg`, /var/log/kern.log, `journalctl -k`."""

import re
from collections.abc import Iterator

from badgateway.knowledge.dialect import local_time, share_of_lines, zoned_time
from badgateway.knowledge.scan import Entry, scan
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "kernel-log"

_LINE = re.compile(
    r"(?:<\d+>)?(?:\[ *\d+\.\d+\] |\[\w{3} \w{3} +\d+ \d\d:\d\d:\d\d \d{4}\] "
    r"|kernel: |\w{3} [ \d]\d \d\d:\d\d:\d\d \S+ kernel: |\d{4}-\d\d-\d\dT\S+ \S+ kernel: "
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d,\d{6}[+-]\d\d:\d\d )"
)


def fits(head: str) -> float:
    """Lines of its shape."""
    return 0.96 * share_of_lines(head, _LINE)


def read(material: Material) -> Iterator[Observation]:
    """What its signatures say."""
    return scan(material, KIND, ["kernel", "audit"], _entry)


_ISO = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)[.,]?\d{0,6}([+-]\d\d:?\d\d|Z)? ")
_WORDED = re.compile(r"\[\w{3} (\w{3} +\d+ \d\d:\d\d:\d\d \d{4})\] ")


def _entry(line: str) -> Entry | None:
    """A line; its time where it has one that is not counted from the start of the machine."""
    if found := _ISO.match(line):
        stamp = found[1] + (found[2] or "")
        return Entry(line, lambda: zoned_time(stamp))
    if found := _WORDED.match(line):
        worded = found[1]
        return Entry(line, lambda: local_time(worded, "%b %d %H:%M:%S %Y"))
    return Entry(line)
