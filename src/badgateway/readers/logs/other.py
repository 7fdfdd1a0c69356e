"""A log, or a piece of one, whose dialect is not known, in which known words are found.

Some products write the same sentence into their log and onto their page (Envoy's "upstream connect
error …"), so a short one is also handed on as a page.
"""

from collections.abc import Iterator

from badgateway.knowledge.scan import Entry, scan
from badgateway.knowledge.signature import load_signatures
from badgateway.model.hop import Hop
from badgateway.model.material import Material
from badgateway.model.observation import Observation
from badgateway.model.response import Response
from badgateway.model.secret import masked

KIND = "log"
AT_MOST = 0.7

_LINES = 200
_HEAD = 16_384
_PAGE = 1_000
"""Bytes up to which a text may be the whole of a page."""


def fits(head: str) -> float:
    """Lines that some product's signature knows; any reader of a dialect fits better."""
    if head.lstrip().startswith(("<", "HTTP/")):
        return 0.0
    lines = [line for line in head[:_HEAD].splitlines()[:_LINES] if line.strip()]
    known = [s for signatures in load_signatures().values() for s in signatures]
    hits = sum(1 for line in lines if any(s.find(line) is not None for s in known))
    return 0.4 + 0.3 * hits / len(lines) if hits else 0.0


def read(material: Material) -> Iterator[Observation]:
    """What the signatures of all products find, and the text as a page where it is short."""
    yield from scan(material, KIND, None, Entry)
    text = material.text(_PAGE + 1)
    if len(text) <= _PAGE:
        response = Response(status=None, body=text, headed=False)
        excerpt = " ".join(masked(text[:4_096]).split())[:200]
        value = {**response.value(), "url": material.name, "what": "log", "excerpt": excerpt}
        yield Observation(Hop.GATEWAY, "page-text", value, f"{KIND}:{material.name}")
