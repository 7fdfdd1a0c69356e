"""What a person tells in his own words: sentences, and the facts that they state.

The text may quote a page as well ("it says 502 Bad Gateway"), so it is also handed on as one.
"""

import re
from collections.abc import Iterator

from badgateway.knowledge.report import load_facts
from badgateway.model.hop import Hop
from badgateway.model.material import Material
from badgateway.model.observation import Observation
from badgateway.model.response import Response
from badgateway.model.secret import masked

KIND = "report"

LIMIT = 65_536
"""Characters of a report that are read."""
HEAD = 8_192
"""Characters by which one is recognised."""
_SENTENCE = re.compile(r"(?<=[.!?;])\s+(?=[A-Z0-9\"'(\[])|\n{2,}|(?<=;)\s")
_WORD = re.compile(r"[A-Za-z][a-z'’-]*(?=[\s,.;:!?)]|$)")
_MARKUP = re.compile(r"<\s*/?\s*(?:html|body|head|title|h1|p|div|center|hr)\b", re.IGNORECASE)


def fits(head: str) -> float:
    """Sentences of plain words, without markup, that state at least one known fact."""
    text = head[:LIMIT]
    if _MARKUP.search(text) or text.lstrip().startswith(("HTTP/", "{", "[", "<")):
        return 0.0
    words = _WORD.findall(text)
    tokens = text.split()
    if len(words) < 5 or len(words) < 0.55 * len(tokens):
        return 0.0
    return 0.3 if any(True for _ in _facts(text[:HEAD])) else 0.0


def read(material: Material) -> Iterator[Observation]:
    """The facts that are stated, and the text as a page in case it quotes one."""
    text = material.text(LIMIT * 4)[:LIMIT]
    source = f"{KIND}:{material.name}"
    for name, says, sentence in _facts(text):
        value = {"fact": name, "says": says, "excerpt": masked(sentence[:300])}
        yield Observation(Hop.BROWSER, "reported", value, source)
    response = Response(status=None, body=text, headed=False)
    excerpt = " ".join(masked(text[:4_096]).split())[:200]
    page = {**response.value(), "url": material.name, "what": "report", "excerpt": excerpt}
    yield Observation(Hop.GATEWAY, "page-text", page, source)


def _facts(text: str) -> Iterator[tuple[str, str, str]]:
    """Each fact once, with the first sentence that states it."""
    sentences = [" ".join(part.split()) for part in _SENTENCE.split(text)][:400]
    for fact in load_facts():
        for sentence in sentences:
            if fact.stated(sentence[:2_000]):
                yield fact.name, fact.says, sentence
                break
