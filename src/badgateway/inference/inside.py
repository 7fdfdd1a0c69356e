"""The verdict once what was seen inside, or told, is weighed as well.

What is seen from outside gives each cause its share; those shares are where `weigh` starts from.
"""

from collections.abc import Container
from dataclasses import replace
from math import floor

from badgateway.inference.edges import at_the_edge
from badgateway.inference.meeting import superseded
from badgateway.inference.shares import MOST_CAUSES, determined
from badgateway.inference.weigh import OUTSIDE, PROBED, telling, weigh
from badgateway.knowledge.base import Knowledge
from badgateway.model.failure import CONNECTING, NAMING, SECURING
from badgateway.model.hop import Hop
from badgateway.model.observation import Evidence
from badgateway.model.verdict import Emitter, Outcome, RankedCause, Verdict
from badgateway.model.vocabulary import side_of, vocabulary

LEAST = 0.005
"""A cause less probable than this is not worth a line."""
SAID_ITSELF = 0.9
"""How surely a product that logs an error of its upstream is the one whose page people see."""


def informed(verdict: Verdict, evidence: Evidence, known: Knowledge) -> Verdict:
    """The verdict once what was seen inside, or told, is weighed as well."""
    better = superseded(evidence)
    told = [observation for observation in evidence if observation.id not in better]
    outside = {ranked.cause: ranked.probability for ranked in verdict.causes}
    if not telling(told, known, outside):
        return verdict
    outside = dict(at_the_edge(outside, evidence))
    trust = PROBED if evidence.first("asked") else OUTSIDE
    shown = {ranked.cause: ranked.because for ranked in verdict.causes}
    words = vocabulary()
    ranked = weigh(told, known, outside, trust, _beyond(evidence, outside, known))
    causes = tuple(
        RankedCause(
            one.cause,
            words.causes[one.cause].hop,
            floor(one.probability * 1000) / 1000,
            tuple(dict.fromkeys([*one.because, *shown.get(one.cause, ())])),
            one.against,
            one.links,
            one.beside,
        )
        for one in ranked[:MOST_CAUSES]
        if one.probability >= LEAST and (one.because or one.cause in outside)
    )
    if not causes:
        return verdict
    outcome, emitter = verdict.outcome, verdict.emitter
    if outcome is Outcome.NONE:
        by_link = [o for o in evidence if words.observations[o.name].theme == "link"]
        outcome = Outcome.GATEWAY_ERROR if by_link else Outcome.OTHER_ERROR
        names = [o.text("by") for o in by_link if o.text("by") in known.emitters]
        if names and emitter is None:
            emitter = Emitter(names[0], None, (), SAID_ITSELF)
    return replace(
        verdict,
        outcome=outcome,
        emitter=emitter,
        side=side_of(causes[0].hop),
        hop=causes[0].hop,
        causes=causes,
        # A page that works leaves nothing to act upon at once, whatever limps behind it.
        determined=determined(causes) and outcome is not Outcome.HEALTHY,
        observations=tuple(evidence),
    )


_BEHIND = (Hop.LINK, Hop.UPSTREAM, Hop.DATABASE)
_BEFORE = frozenset((*NAMING, *CONNECTING, *SECURING))


def _beyond(evidence: Evidence, outside: Container[str], known: Knowledge) -> frozenset[str]:
    """The causes behind a gateway that no request of the visitor's ever came to.

    Who finds no address, gets no connection or no TLS session has not asked anything yet. What
    may keep the gateway itself from running stays, and what the failure may be a sign of.
    """
    broken = evidence.first("way-broken")
    if broken is None or broken.text("failure") not in _BEFORE:
        return frozenset()
    words = vocabulary().causes
    return frozenset(
        cause
        for cause in known.causes
        if words[cause].hop in _BEHIND
        and cause not in outside
        and "gateway-down" not in known.consequences[cause]
    )
