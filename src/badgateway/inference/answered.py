"""An answer that came: what it is, what it means, and the verdict on it."""

from badgateway.inference.classify import Classified, classify
from badgateway.inference.shares import by_signs, determined, ranked_by_share
from badgateway.knowledge.base import Knowledge
from badgateway.knowledge.emitter import Meaning
from badgateway.knowledge.proxy_status import parse_proxy_status
from badgateway.model.hop import Hop
from badgateway.model.observation import Evidence, Observation
from badgateway.model.response import Response
from badgateway.model.verdict import Outcome, RankedCause, Verdict
from badgateway.model.vocabulary import side_of

_WORST_FIRST = (
    Outcome.GATEWAY_ERROR,
    Outcome.UNREACHABLE,
    Outcome.OTHER_ERROR,
    Outcome.HEALTHY,
    Outcome.NONE,
)


def classified_of(observation: Observation, known: Knowledge) -> Classified:
    """What kind of answer it is, and who made it."""
    return classify(Response.of(observation.value), known.emitters, known.variants)


def severity(classified: Classified) -> int:
    """Its place in the order of outcomes, the worst first."""
    return severity_of(classified.outcome)


def severity_of(outcome: Outcome) -> int:
    """Where an outcome stands in the order, the worst first."""
    return _WORST_FIRST.index(outcome)


def meaning_of_answer(
    response: Response, classified: Classified, known: Knowledge
) -> Meaning | None:
    """What the answer means; None for a good answer.

    The gateway's own word in Proxy-Status comes first, then what its maker means by it, then
    what the status alone says.
    """
    if classified.outcome in (Outcome.HEALTHY, Outcome.NONE):
        return None
    for intermediary in parse_proxy_status(response.header("proxy-status") or ""):
        if stated := known.proxy_status.get(intermediary.error):
            return stated
    by_maker = classified.who.meaning(classified.status)
    if by_maker is not None:
        return by_maker
    return next((m for m in known.unsigned if classified.status in m.status), None)


def meaning_for(verdict: Verdict, known: Knowledge) -> Meaning | None:
    """What the answer that a verdict is about means, for whoever words it."""
    if verdict.outcome not in (Outcome.GATEWAY_ERROR, Outcome.OTHER_ERROR):
        return None
    evidence = Evidence(verdict.observations)
    for observation in evidence.named("http-response", "page-text"):
        response = Response.of(observation.value)
        classified = classify(response, known.emitters, known.variants)
        if classified.outcome is verdict.outcome and classified.status == verdict.status:
            return meaning_of_answer(response, classified, known)
    return None


def judged_answer(
    evidence: Evidence,
    subject: str,
    known: Knowledge,
    observation: Observation,
    classified: Classified,
) -> Verdict:
    """The verdict on one answer: the causes that its meaning shares out, or its signs."""
    meaning = meaning_of_answer(Response.of(observation.value), classified, known)
    causes: tuple[RankedCause, ...] = ()
    if meaning is not None:
        because = [observation, *evidence.named("edge-alive")]
        against = evidence.named("neighbours-work") if meaning.hop is Hop.HOST else []
        sure = classified.who.emitter.probability if classified.who.emitter else 1.0
        causes = ranked_by_share(
            [(cause, share * sure) for cause, share in meaning.causes], because, against
        )
    elif classified.outcome is Outcome.OTHER_ERROR:
        causes = by_signs([observation], known)
    return _verdict(evidence, subject, classified, meaning.hop if meaning else None, causes)


def _verdict(
    evidence: Evidence,
    subject: str,
    classified: Classified,
    hop: Hop | None,
    causes: tuple[RankedCause, ...],
) -> Verdict:
    return Verdict(
        subject,
        classified.outcome,
        status=classified.status,
        variant=classified.variant,
        emitter=classified.who.emitter,
        side=side_of(causes[0].hop) if causes else side_of(hop) if hop else None,
        hop=hop or (causes[0].hop if causes else None),
        determined=determined(causes),
        causes=causes,
        observations=tuple(evidence),
    )
