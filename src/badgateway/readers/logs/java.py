"""Tomcat's and other Java servers' logs."""

import re
from collections.abc import Iterator

from badgateway.knowledge.dialect import share_of_lines
from badgateway.knowledge.scan import Entry, scan
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "java-log"

_LINE = re.compile(
    r"\d\d-\w{3}-\d{4} \d\d:\d\d:\d\d\.\d{3} (?:INFO|WARNING|SEVERE"
    r"|FINE)|(?:SEVERE|WARNING|INFO): |java\.[\w.]+(?:Error|Exception)"
    r"|\tat [\w.$]+\(|Caused by: |Exception in thread"
)


def fits(head: str) -> float:
    """Lines of its shape."""
    return 0.93 * share_of_lines(head, _LINE)


def read(material: Material) -> Iterator[Observation]:
    """What its signatures say."""
    return scan(material, KIND, ["tomcat", "java"], _entry)


def _entry(line: str) -> Entry | None:
    return Entry(line)
