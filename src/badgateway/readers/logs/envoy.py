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
    r"|[A-Z]{2,5}) \S+ "
)
_PAGE = re.compile("upstream connect error or disconnect/reset")
"""What Envoy answers with; people paste it beside the log, and alone it is a page."""


def fits(head: str) -> float:
    """Lines of its shape."""
    share = share_of_lines(head, _LINE)
    return 0.96 * (share + share_of_lines(head, _PAGE)) if share else 0.0


def read(material: Material) -> Iterator[Observation]:
    """What its signatures say."""
    return scan(material, KIND, ["envoy"], _entry)


def _entry(line: str) -> Entry | None:
    return Entry(line)
