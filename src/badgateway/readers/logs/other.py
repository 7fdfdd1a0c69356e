"""A log, or a piece of one, whose dialect is not known, in which known words are found."""

from collections.abc import Iterator

from badgateway.knowledge.scan import Entry, scan
from badgateway.knowledge.signature import load_signatures
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "log"

_LINES = 200


def fits(head: str) -> float:
    """Lines that some product's signature knows; any reader of a dialect fits better."""
    if head.lstrip().startswith(("<", "HTTP/")):
        return 0.0
    lines = [line for line in head.splitlines()[:_LINES] if line.strip()]
    known = [s for signatures in load_signatures().values() for s in signatures]
    hits = sum(1 for line in lines if any(s.find(line) is not None for s in known))
    return 0.4 + 0.3 * hits / len(lines) if hits else 0.0


def read(material: Material) -> Iterator[Observation]:
    """What the signatures of all products find."""
    return scan(material, KIND, None, Entry)
