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
AT_MOST = 0.3

LIMIT = 65_536
"""Characters of a report that are read."""
_SHORT = 1_500
"""Characters up to which the one status that a text names is what its writer met."""
_STATUS = re.compile(
    r"(?:\b(?:gives?|gave|giving|gets?|got|getting|shows?|showed|returns?|returned|answers?|sees?"
    r"|seeing|with|brings?|throws?|intermittent|constant|always|sometimes)\s+"
    r"(?:(?:an?|the|error|errors|http|many|some|only|code|status|is|intermittent)\s+){0,3}|^)"
    r"(50[234]|52[0-6])(?:s|'s)?(?= |[.,;:]|$)(?!\.\d| status)",
    re.IGNORECASE,
)
"""A status that somebody says to have met; not one that a page or an article is about."""
_ARTICLE = re.compile(
    r"common (?:causes|reasons)|(?:status code|error) (?:is an?|means|indicates|occurs)"
    r"|reasons why you|how to fix|what is a 50\d",
    re.IGNORECASE,
)
"""Words of one who explains an error, and has not met it."""
_REMARK = re.compile(r"\s*(?:#|;|//|/\*|\*)")
"""A comment of some configuration; a text that is mostly such is nobody's report."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9\"'(\[])|\n{2,}")
_PART = re.compile(r"(?<=;)\s")
HEAD = 8_192
"""Characters by which one is recognised."""
_WORD = re.compile(r"[A-Za-z][a-z'’-]*(?=[\s,.;:!?)]|$)")
_MARKUP = re.compile(r"<\s*/?\s*(?:html|body|head|title|h1|p|div|center|hr)\b", re.IGNORECASE)


def fits(head: str) -> float:
    """Sentences of plain words, without markup, with a known fact or the status of a gateway."""
    text = head[:LIMIT]
    if (
        _MARKUP.search(text)
        or _ARTICLE.search(text)
        or text.lstrip().startswith(("HTTP/", "{", "[", "<"))
    ):
        return 0.0
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > 2 and 2 * sum(1 for line in lines if _REMARK.match(line)) > len(lines):
        return 0.0
    words = _WORD.findall(text)
    tokens = text.split()
    if len(words) < 5 or len(words) < 0.55 * len(tokens):
        return 0.0
    if any(True for _ in _facts(text[:HEAD])):
        return 0.3
    return 0.2 if len(text) < _SHORT and _status(text) else 0.0


def read(material: Material) -> Iterator[Observation]:
    """The facts that are stated, and the text as a page in case it quotes one."""
    text = material.text(LIMIT * 4)[:LIMIT]
    source = f"{KIND}:{material.name}"
    for name, says, sentence in _facts(text):
        value = {"fact": name, "says": says, "excerpt": masked(sentence[:300])}
        yield Observation(Hop.BROWSER, "reported", value, source)
    response = Response(status=_status(text), body=text, headed=False)
    excerpt = " ".join(masked(text[:4_096]).split())[:200]
    page = {**response.value(), "url": material.name, "what": "report", "excerpt": excerpt}
    yield Observation(Hop.GATEWAY, "page-text", page, source)


def _status(text: str) -> int | None:
    """The status that a short text names, if it names only one."""
    found = {int(number) for number in _STATUS.findall(text)} if len(text) < _SHORT else set()
    return found.pop() if len(found) == 1 else None


def _facts(text: str) -> Iterator[tuple[str, str, str]]:
    """Each fact once, with the first sentence that states it."""
    sentences: list[str] = []
    for sentence in _SENTENCE.split(text)[:400]:
        whole = " ".join(sentence.split())
        # What one part of a sentence takes back, another may still state.
        sentences += [*_PART.split(whole), whole] if ";" in whole else [whole]
    for fact in load_facts():
        for sentence in sentences:
            if fact.stated(sentence[:2_000]):
                yield fact.name, fact.says, sentence
                break
