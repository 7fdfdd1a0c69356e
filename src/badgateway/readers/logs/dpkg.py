"""dpkg's log: what was installed, upgraded, removed."""

import re
from collections.abc import Iterator
from datetime import datetime

from badgateway.knowledge.dialect import local_time, share_of_lines
from badgateway.knowledge.scan import Entry, scan
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "dpkg-log"

_LINE = re.compile(
    r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (?:install|upgrade|remove"
    r"|status|configure|purge|trigproc|startup|conffile) "
)


def fits(head: str) -> float:
    """Lines of its shape."""
    return 0.96 * share_of_lines(head, _LINE)


def read(material: Material) -> Iterator[Observation]:
    """What its signatures say."""
    return scan(material, KIND, ["dpkg"], _entry)


def _entry(line: str) -> Entry | None:
    found = _LINE.match(line)
    if found is None:
        return Entry(line)

    def at() -> datetime | None:
        return local_time(found[1], "%Y-%m-%d %H:%M:%S")

    return Entry(line, at)
