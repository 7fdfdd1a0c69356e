"""The kernel's messages: `dmesg`, /var/log/kern.log, `journalctl -k`."""

import re
from collections.abc import Iterator

from badgateway.knowledge.dialect import share_of_lines
from badgateway.knowledge.scan import Entry, scan
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "kernel-log"

_LINE = re.compile(
    r"(?:<\d+>)?(?:\[ *\d+\.\d+\] |\[\w{3} \w{3} +\d+ \d\d:\d\d:\d\d \d{4}\] "
    r"|kernel: |\w{3} [ \d]\d \d\d:\d\d:\d\d \S+ kernel: |\d{4}-\d\d-\d\dT\S+ \S+ kernel: )"
)


def fits(head: str) -> float:
    """Lines of its shape."""
    return 0.96 * share_of_lines(head, _LINE)


def read(material: Material) -> Iterator[Observation]:
    """What its signatures say."""
    return scan(material, KIND, ["kernel", "audit"], _entry)


def _entry(line: str) -> Entry | None:
    return Entry(line)
