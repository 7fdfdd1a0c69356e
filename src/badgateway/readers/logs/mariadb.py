"""MariaDB's and MySQL's error log, and what their clients print."""

import re
from collections.abc import Iterator
from datetime import datetime

from badgateway.knowledge.dialect import local_time, share_of_lines
from badgateway.knowledge.scan import Entry, scan
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "mariadb-log"

_LINE = re.compile(
    r"\d{4}-\d\d-\d\d +\d{1,2}:\d\d:\d\d \d+ \[(?:Note|Warning"
    r"|ERROR)\]|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z \d+ \[(?:Note"
    r"|System|Warning|ERROR)\]|\d{6} [ \d]\d:\d\d:\d\d \[(?:Note"
    r"|Warning|ERROR)\]|ERROR \d{4} \(\w{5}\)"
)
_TIME = re.compile(r"(\d{4}-\d\d-\d\d) +(\d{1,2}:\d\d:\d\d) ")


def fits(head: str) -> float:
    """Lines of its shape."""
    return 0.96 * share_of_lines(head, _LINE)


def read(material: Material) -> Iterator[Observation]:
    """What its signatures say."""
    return scan(material, KIND, ["mariadb"], _entry)


def _entry(line: str) -> Entry | None:
    found = _TIME.search(line)
    if found is None:
        return Entry(line)

    def at() -> datetime | None:
        return local_time(f"{found[1]} {found[2]}", "%Y-%m-%d %H:%M:%S")

    return Entry(line, at)
