"""uvicorn's log (uvicorn/logging.py)."""

import re
from collections.abc import Iterator

from badgateway.knowledge.dialect import share_of_lines
from badgateway.knowledge.scan import Entry, scan
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "uvicorn-log"

_LINE = re.compile(r"(?:INFO|WARNING|ERROR|CRITICAL|DEBUG): {2,5}\S")


def fits(head: str) -> float:
    """Lines of its shape."""
    return 0.96 * share_of_lines(head, _LINE)


def read(material: Material) -> Iterator[Observation]:
    """What its signatures say."""
    return scan(material, KIND, ["uvicorn", "python", "gunicorn", "postgresql"], _entry)


def _entry(line: str) -> Entry | None:
    return Entry(line)
