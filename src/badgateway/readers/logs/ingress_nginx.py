"""The controller of ingress-nginx (klog); its nginx lines are nginx's dialect."""

import re
from collections.abc import Iterator

from badgateway.knowledge.dialect import share_of_lines
from badgateway.knowledge.scan import Entry, scan
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "ingress-nginx-log"

_LINE = re.compile(r"[IWEF]\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ \w+\.go:\d+\]")


def fits(head: str) -> float:
    """Lines of its shape."""
    return 0.96 * share_of_lines(head, _LINE)


def read(material: Material) -> Iterator[Observation]:
    """What its signatures say."""
    return scan(material, KIND, ["ingress-nginx"], _entry)


def _entry(line: str) -> Entry | None:
    return Entry(line)
