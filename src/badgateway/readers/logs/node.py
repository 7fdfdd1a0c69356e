"""What Node prints when it ends, and how its frameworks greet."""

import re
from collections.abc import Iterator

from badgateway.knowledge.dialect import share_of_lines
from badgateway.knowledge.scan import Entry, scan
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "node-log"

_LINE = re.compile(
    r"Node\.js v\d|\s+at .+\(?.*:\d+:\d+\)?$|(?:Uncaught )?(?:Type"
    r"|Reference|Range|Syntax)Error: |node:\w+|FATAL ERROR: |Error \[ERR_"
    r"|Error: (?:\w+ E[A-Z]{4,}|Cannot find module|Parse Error|socket hang up)"
    r"|\s+throw |(?:[Ss]erver |[Aa]pp )?[Ll]istening (?:on|at) "
    r"|\[UnhandledPromiseRejection|<--- (?:Last few GCs|JS stacktrace)"
)


def fits(head: str) -> float:
    """Lines of its shape."""
    return 0.9 * share_of_lines(head, _LINE)


def read(material: Material) -> Iterator[Observation]:
    """What its signatures say."""
    return scan(material, KIND, ["node", "client"], _entry)


def _entry(line: str) -> Entry | None:
    return Entry(line)
