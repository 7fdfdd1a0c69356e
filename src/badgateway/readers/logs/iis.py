"""What IIS and the ASP.NET Core module print when the process fails."""

import re
from collections.abc import Iterator

from badgateway.knowledge.dialect import share_of_lines
from badgateway.knowledge.scan import Entry, scan
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "iis-error-text"

_LINE = re.compile(r"HTTP Error \d{3}(?:\.\d+)? - ")


def fits(head: str) -> float:
    """Lines of its shape."""
    return 0.99 * share_of_lines(head, _LINE)


def read(material: Material) -> Iterator[Observation]:
    """What its signatures say."""
    return scan(material, KIND, ["iis"], _entry)


def _entry(line: str) -> Entry | None:
    return Entry(line)
