"""Traffic Server's error.log and diags.log."""

import re
from collections.abc import Iterator

from badgateway.knowledge.dialect import share_of_lines
from badgateway.knowledge.scan import Entry, scan
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "trafficserver-log"

_LINE = re.compile(r"\d{8}\.\d\dh\d\dm\d\ds |\[\w{3} [ \d]\d \d\d:\d\d:\d\d\.\d{3}\] ")


def fits(head: str) -> float:
    """Lines of its shape."""
    return 0.96 * share_of_lines(head, _LINE)


def read(material: Material) -> Iterator[Observation]:
    """What its signatures say."""
    return scan(material, KIND, ["trafficserver"], _entry)


def _entry(line: str) -> Entry | None:
    return Entry(line)
