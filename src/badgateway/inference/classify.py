"""What a page is: a gateway error, another error, no error; and which of the variants."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from badgateway.inference.identify import Identification, identify
from badgateway.knowledge.emitter import EmitterFile
from badgateway.knowledge.mark import Kind
from badgateway.knowledge.page import Page
from badgateway.knowledge.variant import VariantFile
from badgateway.model.response import GATEWAY_STATUSES, Response
from badgateway.model.verdict import Outcome

PROSE_SENTENCES = 6
"""An error page is terse; a text with this many full sentences is *about* the error."""
TERSE_WORDS = 40
"""A page that nobody signed and that fits no variant counts as an error only if it is this short:
an answer to "what is a 502?" names the status as well."""
TERSE_SENTENCES = 3

SENTENCE_LENGTH = 25
"""Characters of a sentence worth the name; headings and labels are shorter."""

_END = re.compile(r"[.!?。](?=\s|$)")
_STATED = re.compile(
    r"""
    \A\W{0,3}(?:HTTP(?:/\d(?:\.\d)?)?\s+)?
      (?:status\s+|error\s*:?\s*|erreur\s+|code\s+){0,3}(?P<a>[45]\d\d)\b
      (?=\s*(?:\Z|[-–—:.,;!/()<>|·•"']|[^\x00-\x7f]|bad|proxy|service|gateway|server|error|http
        |web|that|origin|connect|time|unknown|invalid|ssl|internal|not|forbidden|unauthori|too
        |temporar|unavailable|mauvaise|passerelle|erreur|fehler|puerta|pasarela|errore|erro))
    | \b(?:HTTP\s+ERROR|error\s+code|error|code)\s*:?\s*(?P<b>[45]\d\d)\b
    | \b(?P<c>5\d\d)\s+(?:bad\s+gateway|service\s+(?:temporarily\s+)?unavailable
      |gateway\s+time-?out|proxy\s+error|server\s+error)
    | \((?P<d>50[234])\)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_WORDS = (
    (re.compile(r"\b(bad gateway|proxy error)\b", re.IGNORECASE), 502),
    (re.compile(r"\bservice (temporarily )?unavailable\b", re.IGNORECASE), 503),
    (re.compile(r"\bgateway time-?out\b", re.IGNORECASE), 504),
)
_BY_STATUS = {503: "unavailable", 504: "gateway-timeout"}


@dataclass(frozen=True, slots=True)
class Classified:
    """One response, read.

    Attributes:
        outcome: what it is; never `UNREACHABLE`, for a response was there.
        status: its status, or the one that its words state; None where neither tells.
        variant: the page variant, None where it is no gateway error.
        who: the maker and the relays.
    """

    outcome: Outcome
    status: int | None
    variant: str | None
    who: Identification


def classify(
    response: Response,
    emitters: Mapping[str, EmitterFile],
    variants: Mapping[str, VariantFile],
) -> Classified:
    """Read one response: who made it, what it is, which variant."""
    page = Page.of(response)
    who = identify(page, emitters)
    status = response.status if response.status is not None else stated_status(page)
    outcome = _outcome(page, who, status, variants)
    if outcome is not Outcome.GATEWAY_ERROR:
        return Classified(outcome, status, None, who)
    if status not in GATEWAY_STATUSES:
        # An error page wrapped into another status: a client's "API error 401: <html>502 …".
        status = stated_status(page) or status
    return Classified(outcome, status, _variant(page, who, status, variants), who)


def stated_status(page: Page) -> int | None:
    """The status that the words of a page state, its title first; None where they state none."""
    for text in (page.title, page.text[:2000]):
        if found := _STATED.search(text):
            return int(found["a"] or found["b"] or found["c"] or found["d"])
        for words, status in _WORDS:
            if words.search(text):
                return status
    return None


def is_terse(page: Page) -> bool:
    """Whether the text is as short as an error page that nobody signed."""
    few = len(_END.findall(page.text)) <= TERSE_SENTENCES
    return few and len(page.text.split()) <= TERSE_WORDS


def is_prose(page: Page) -> bool:
    """Whether the text is a piece of writing rather than an error page."""
    pieces = _END.split(page.text[:20_000])[:-1]
    return sum(len(piece) >= SENTENCE_LENGTH for piece in pieces) >= PROSE_SENTENCES


def _outcome(
    page: Page, who: Identification, status: int | None, variants: Mapping[str, VariantFile]
) -> Outcome:
    if who.kind in (Kind.BLOCK, Kind.CHALLENGE, Kind.PORTAL):
        return Outcome.OTHER_ERROR
    if who.settled and who.kind in (Kind.ERROR, Kind.BROWSER):
        return Outcome.GATEWAY_ERROR
    if page.response.status is not None:
        if status in GATEWAY_STATUSES:
            return Outcome.GATEWAY_ERROR
        return Outcome.HEALTHY if page.response.status < 400 else Outcome.OTHER_ERROR
    if is_prose(page):
        return Outcome.NONE
    if any(variant.fits(page) for variant in variants.values()):
        return Outcome.GATEWAY_ERROR
    if status in GATEWAY_STATUSES:
        return Outcome.GATEWAY_ERROR if who.settled or is_terse(page) else Outcome.NONE
    return Outcome.OTHER_ERROR if status else Outcome.NONE


def _variant(
    page: Page, who: Identification, status: int | None, variants: Mapping[str, VariantFile]
) -> str:
    meaning = who.meaning(status)
    if meaning and meaning.variant:
        return meaning.variant
    for variant in variants.values():
        if variant.fits(page):
            return variant.name
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status == 502 and (not page.text or stated_status(page) == 502):
        return "bad-gateway"
    return "other"
