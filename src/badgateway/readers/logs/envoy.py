"""Envoy's access log in its default format, where response flags name the failure."""

import re
from collections.abc import Iterator

from badgateway.knowledge.dialect import share_of_lines
from badgateway.knowledge.scan import Entry, scan
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "envoy-access-log"

_LINE = re.compile(
    r"\[\d{4}-\d\d-\d\dT\S+\] \"[A-Z]+ |\"[A-Z-]+ \S+ HTTP/[\d.]+\" \d+ (?:-"
    r"|[A-Z]{2,5}) \S+ |upstream connect error or disconnect/reset"
)


def fits(head: str) -> float:
    """Lines of its shape."""
    return 0.96 * share_of_lines(head, _LINE)


def read(material: Material) -> Iterator[Observation]:
    """What its signatures say."""
    return scan(material, KIND, ["envoy"], _entry)


def _entry(line: str) -> Entry | None:
    return Entry(line)
