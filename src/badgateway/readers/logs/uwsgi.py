"""uWSGI's log (core/logging.c)."""

import re
from collections.abc import Iterator

from badgateway.knowledge.dialect import share_of_lines
from badgateway.knowledge.scan import Entry, scan
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "uwsgi-log"

_LINE = re.compile(
    r"\*\*\* .* \*\*\*|DAMN ! worker|\[pid: \d+\|app: |HARAKIRI"
    r"|invalid request block size|invalid HTTP request size|spawned uWSGI"
    r"|WSGI app \d+|SIGPIPE: writing|--- no python application"
)


def fits(head: str) -> float:
    """Lines of its shape."""
    return 0.96 * share_of_lines(head, _LINE)


def read(material: Material) -> Iterator[Observation]:
    """What its signatures say."""
    return scan(material, KIND, ["uwsgi", "python"], _entry)


def _entry(line: str) -> Entry | None:
    return Entry(line)
