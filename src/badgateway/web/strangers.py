"""What strangers get of a check that this machine makes for them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from badgateway.knowledge.base import Knowledge
from badgateway.model.failure import Failure
from badgateway.model.hop import Side
from badgateway.model.verdict import Verdict
from badgateway.model.vocabulary import side_of
from badgateway.remedies import steps_for
from badgateway.report.json import TEXT_LIMIT
from badgateway.report.words import sentence
from badgateway.web.runs import RefusedError

MOST_ITEMS = 500
"""Items of one list that are kept."""
NOT_PUBLIC = sentence(
    "This is no public address. This service looks at public sites only, at the ports 80 and 443."
)
OUR_NETWORK = sentence(
    "This service cannot look at the moment: its own connection or name resolution fails. "
    "That says nothing about the site."
)


def for_another(verdict: Verdict, known: Knowledge) -> Verdict:
    """The verdict for somebody who is elsewhere: causes on our own side are none of his.

    Raises:
        RefusedError: the page was not looked at, or what failed is this machine's own.
    """
    refused = [o for o in verdict.observations if o.name == Failure.OUT_OF_REACH]
    pages = [o for o in verdict.observations if o.name == "http-response"]
    looked = {o.text("url") for o in pages}
    if any(o.text("url") not in looked for o in refused):
        raise RefusedError(NOT_PUBLIC)
    if verdict.side is Side.VISITOR or (not pages and verdict.empty):
        raise RefusedError(OUR_NETWORK)
    causes = tuple(c for c in verdict.causes if side_of(c.hop) is not Side.VISITOR)
    verdict = replace(verdict, causes=causes)
    return replace(light(verdict), steps=steps_for(verdict, known))


def light(verdict: Verdict) -> Verdict:
    """The verdict without the rest of long texts, so that keeping many costs little memory."""
    return replace(
        verdict,
        observations=tuple(replace(o, value=_short(o.value)) for o in verdict.observations),
    )


def _short(value: Any) -> Any:
    if isinstance(value, str):
        return value[:TEXT_LIMIT]
    if isinstance(value, Mapping):
        return {key: _short(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(_short(item) for item in value[:MOST_ITEMS])
    return value
