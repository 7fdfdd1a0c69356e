"""The audit log: SELinux and AppArmor."""

import re
from collections.abc import Iterator

from badgateway.knowledge.dialect import share_of_lines
from badgateway.knowledge.scan import Entry, scan
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "audit-log"

_LINE = re.compile(
    r"(?:audit: )?(?:type=\w+ (?:msg=)?)?audit\(\d+|type=(?:AVC"
    r"|USER_AVC|SYSCALL|PROCTITLE|CWD|PATH|SOCKADDR) "
)


def fits(head: str) -> float:
    """Lines of its shape."""
    return 0.96 * share_of_lines(head, _LINE)


def read(material: Material) -> Iterator[Observation]:
    """What its signatures say."""
    return scan(material, KIND, ["audit"], _entry)


def _entry(line: str) -> Entry | None:
    return Entry(line)
