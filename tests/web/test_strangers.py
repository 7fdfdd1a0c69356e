"""What strangers get, and what is kept of it."""

import sys

import pytest

from badgateway.model.hop import Hop, Side
from badgateway.model.observation import Observation
from badgateway.model.verdict import Outcome, RankedCause, Verdict
from badgateway.web.runs import RefusedError
from badgateway.web.strangers import for_another, light

URL = "https://shop.example.com/"
ASKED = Observation(Hop.BROWSER, "asked", {"url": URL})
ANSWER = Observation(Hop.GATEWAY, "http-response", {"url": URL, "status": 502, "what": "page"})
REFUSED = Observation(Hop.NETWORK, "out-of-reach", {"url": "http://10.0.0.1/", "detail": "x"})


def test_causes_of_our_own_side_are_left_out(known):
    """A resolver of ours that may fail is no cause that a stranger could do something about."""
    causes = (
        RankedCause("upstream-down", Hop.UPSTREAM, 0.5),
        RankedCause("client-dns-resolver", Hop.RESOLVER, 0.3),
    )
    verdict = Verdict(
        URL, Outcome.GATEWAY_ERROR, 502, side=Side.SITE, causes=causes, observations=(ASKED, ANSWER)
    )
    assert [c.cause for c in for_another(verdict, known).causes] == ["upstream-down"]


@pytest.mark.parametrize(
    ("side", "observations"),
    [(Side.VISITOR, (ASKED,)), (None, (ASKED,)), (None, (ASKED, ANSWER, REFUSED))],
)
def test_what_was_not_looked_at_is_no_verdict(known, side, observations):
    """Our own failure, nothing seen at all, and a page that leads inside are said instead."""
    verdict = Verdict(URL, Outcome.NONE, side=side, observations=observations)
    with pytest.raises(RefusedError):
        for_another(verdict, known)


def test_long_texts_are_not_kept():
    """A hostile page of many large answers costs little memory."""
    body = {"body": "x" * 1_000_000, "headers": (("a", "y" * 100_000),) * 10_000}
    kept = light(Verdict(URL, Outcome.NONE, observations=(Observation(Hop.GATEWAY, "x", body),)))
    (observation,) = kept.observations
    assert sys.getsizeof(observation.value["body"]) < 20_000
    assert len(observation.value["headers"]) == 500
