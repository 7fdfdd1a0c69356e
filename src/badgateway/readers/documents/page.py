"""A page without its head: saved HTML, or the words that a person copied from the screen."""

from collections.abc import Iterator

from badgateway.model.hop import Hop
from badgateway.model.material import Material
from badgateway.model.observation import Observation
from badgateway.model.response import Response
from badgateway.model.secret import masked

KIND = "page"
AT_MOST = 0.1


def fits(head: str) -> float:
    """Any head that is not binary; every other dialect fits better where it fits at all."""
    if not head.strip() or "\x00" in head[:65_536]:
        return 0.0
    return 0.1


def read(material: Material) -> Iterator[Observation]:
    """The text as the body of an answer whose status and head are unknown."""
    text, name = material.text(), material.name
    response = Response(status=None, body=text, headed=False)
    excerpt = " ".join(masked(text[:4_096]).split())[:200]
    value = {**response.value(), "url": name, "what": "page", "excerpt": excerpt}
    yield Observation(Hop.GATEWAY, "page-text", value, f"file:{name}")
