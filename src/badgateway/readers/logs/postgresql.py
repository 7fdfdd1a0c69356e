"""PostgreSQL's log, and what its clients print."""

import re
from collections.abc import Iterator

from badgateway.knowledge.dialect import share_of_lines
from badgateway.knowledge.scan import Entry, scan
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "postgresql-log"

_LINE = re.compile(
    r"(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? \w+ .*?)?(?:LOG"
    r"|FATAL|PANIC|ERROR|WARNING|HINT|DETAIL|STATEMENT): {1,2}"
    r"|psycopg2?\."
)


def fits(head: str) -> float:
    """Lines of its shape."""
    return 0.93 * share_of_lines(head, _LINE)


def read(material: Material) -> Iterator[Observation]:
    """What its signatures say."""
    return scan(material, KIND, ["postgresql"], _entry)


def _entry(line: str) -> Entry | None:
    return Entry(line)
