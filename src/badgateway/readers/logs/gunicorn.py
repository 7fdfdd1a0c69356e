"""gunicorn's error log (gunicorn/glogging.py), tracebacks of the application among it."""

import re
from collections.abc import Iterator
from datetime import datetime

from badgateway.knowledge.dialect import share_of_lines, zoned_time
from badgateway.knowledge.scan import Entry, scan
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "gunicorn-log"

_LINE = re.compile(r"\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4})\] \[\d+\] \[\w+\] ")


def fits(head: str) -> float:
    """Lines of its shape."""
    return 0.96 * share_of_lines(head, _LINE)


def read(material: Material) -> Iterator[Observation]:
    """What its signatures say."""
    return scan(
        material, KIND, ["gunicorn", "python", "uvicorn", "postgresql", "mariadb", "redis"], _entry
    )


def _entry(line: str) -> Entry | None:
    found = _LINE.match(line)
    if found is None:
        return Entry(line)

    def at() -> datetime | None:
        return zoned_time(found[1], "%Y-%m-%d %H:%M:%S %z")

    return Entry(line, at)
