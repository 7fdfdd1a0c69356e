"""The verdict: what failed first, who made the page, what it means, and what is known inside.

What is seen from outside gives each cause its share; where something was seen inside as well,
those shares are where `weigh` starts from.
"""

from collections.abc import Iterable
from dataclasses import replace
from math import floor

from badgateway.inference.choose import DETERMINED, chosen
from badgateway.inference.classify import Classified, classify
from badgateway.inference.clock import ended, paired
from badgateway.inference.compare import compared, pages
from badgateway.inference.compare.elsewhere import failing_answer
from badgateway.inference.edges import answered_elsewhere, at_the_edge
from badgateway.inference.filters import filtered
from badgateway.inference.load import loaded
from badgateway.inference.meeting import met, superseded
from badgateway.inference.passed_on import passed_on
from badgateway.inference.placed import placed
from badgateway.inference.weigh import OUTSIDE, PROBED, telling, weigh
from badgateway.inference.wiring import wired
from badgateway.knowledge.base import Knowledge
from badgateway.knowledge.diagnostic import Diagnostic
from badgateway.knowledge.emitter import Meaning
from badgateway.knowledge.proxy_status import parse_proxy_status
from badgateway.model.failure import NAMING
from badgateway.model.hop import Hop
from badgateway.model.observation import Evidence, Observation
from badgateway.model.response import GATEWAY_STATUSES, Response
from badgateway.model.verdict import Emitter, NextTest, Outcome, RankedCause, Verdict
from badgateway.model.vocabulary import side_of, vocabulary

MOST_CAUSES = 14
MOST_NEXT = 4
"""Tests that are named: more would not be read."""
LEAST = 0.005
"""A cause less probable than this is not worth a line."""
SAID_ITSELF = 0.9
"""How surely a product that logs an error of its upstream is the one whose page people see."""

FINDINGS = (
    "proxy-wants-login",
    "answered-in-its-place",
    "intercepted",
    "tunnel-fails",
    "network-fails",
    "small-packets-pass",
    "packets-lost",
    "signatures-fail-elsewhere",
    "address-outdated",
    "filtered",
    "filtered-by-name",
    "data-swallowed",
    "accepted-and-silent",
)
"""What controls showed of a way that is broken, the most telling first: the first one there is
speaks in place of the bare failure."""

IN_BROWSER = (
    "shown-by-worker",
    "shown-from-cache",
    "blocked-in-browser",
    "browser-too-old",
    "cookie-size-decides",
    "own-profile-fails",
    "browser-alone-fails",
)
"""What a browser shows in place of a page that the site gives to programs."""

_WORST_FIRST = (
    Outcome.GATEWAY_ERROR,
    Outcome.UNREACHABLE,
    Outcome.OTHER_ERROR,
    Outcome.HEALTHY,
    Outcome.NONE,
)


def judge_check(evidence: Evidence, subject: str, known: Knowledge) -> Verdict:
    """The verdict on a URL that was probed. Comparisons are added to the evidence."""
    for comparison in [*compared(evidence), *passed_on(evidence, known)]:
        evidence.add(comparison)
    verdict = _judged_outside(evidence, subject, known)
    if verdict.outcome is Outcome.HEALTHY and (there := failing_answer(evidence)) is not None:
        # It comes here alone: what everybody else meets is what is wrong with it.
        verdict = _answered(evidence, subject, known, there, _classified(there, known))
    return _concluded(placed(verdict, evidence, known), evidence, known)


def _judged_outside(evidence: Evidence, subject: str, known: Knowledge) -> Verdict:
    """The verdict on what the probes saw."""
    broken = evidence.first("way-broken", "redirect-loop", "redirect-refused") or _nameless(
        evidence
    )
    answers = pages(evidence)
    if broken is not None and (other := evidence.first("only-by-proxy")):
        status = other.value.get("status")
        return Verdict(
            subject,
            Outcome.HEALTHY,
            status=status if isinstance(status, int) else None,
            observations=tuple(evidence),
        )
    if detour := evidence.named("direct-works", "other-exit-works"):
        return _past_the_proxy(evidence, subject, known, detour)
    if broken is not None or not answers:
        return _unreachable(evidence, subject, known, broken)
    read = [(o, _classified(o, known)) for o in answers]
    # What a browser meets is the first answer; another one that fails tells of a part that does.
    first, classified = read[0]
    worse = [pair for pair in read[1:] if _severity(pair[1]) < _severity(classified)]
    same_place = [pair for pair in worse if pair[0].text("address") == first.text("address")]
    if same_place:
        # Another protocol at the same address: HTTP/2 is what browsers speak where it is offered.
        first, classified = same_place[0]
    verdict = _answered(evidence, subject, known, first, classified)
    inside = evidence.named("sent-inside") or evidence.named("answered-in-its-place")
    if inside:
        return _diverted(verdict, inside, Hop.NETWORK, known)
    if elsewhere := evidence.named("page-differs-elsewhere"):
        return _diverted(verdict, elsewhere, Hop.RESOLVER, known)
    if (refused := evidence.first("programs-refused")) is not None:
        return _for_people(verdict, refused)
    if classified.outcome is not Outcome.HEALTHY:
        return verdict
    if shown := evidence.named(*IN_BROWSER):
        return _in_browser(verdict, shown, known)
    if (again := _failed_again(evidence, known)) is not None:
        return _answered(evidence, subject, known, *again)
    if setting := evidence.named("proxy-setting-fails"):
        return replace(_diverted(verdict, setting, Hop.DEVICE, known), outcome=Outcome.UNREACHABLE)
    if worse and evidence.first("addresses-differ-in-health"):
        return _answered(evidence, subject, known, *worse[0])
    return _flawed(verdict, evidence, known)


def _failed_again(evidence: Evidence, known: Knowledge) -> tuple[Observation, Classified] | None:
    """The answer that failed where the same page comes now and then."""
    if not evidence.first("intermittent"):
        return None
    again = [o for o in evidence.named("http-response") if o.value.get("what") == "again"]
    read = [(o, _classified(o, known)) for o in again]
    worse = [pair for pair in read if _severity(pair[1]) < _severity_of(Outcome.HEALTHY)]
    return min(worse, key=lambda pair: _severity(pair[1]), default=None)


def judge_material(evidence: Evidence, subject: str, known: Knowledge) -> Verdict:
    """The verdict on material that somebody had: its worst answer is what it is about.

    What several pieces say together is added to the evidence.
    """
    for join in (wired, loaded, met, answered_elsewhere, filtered, ended, paired):
        for joined in list(join(evidence)):
            evidence.add(joined)
    if evidence.first("asked"):
        return judge_check(evidence, subject, known)
    return _concluded(_judged_answers(evidence, subject, known), evidence, known)


def _concluded(verdict: Verdict, evidence: Evidence, known: Knowledge) -> Verdict:
    """The verdict with all that is known inside, and with what would tell more."""
    verdict = _informed(verdict, evidence, known)
    return replace(verdict, next=_next(verdict.causes, evidence, known))


def _judged_answers(evidence: Evidence, subject: str, known: Knowledge) -> Verdict:
    answers = evidence.named("http-response", "page-text")
    read = [(o, _classified(o, known)) for o in answers]
    if not read:
        gave_up = evidence.first("request-failed")
        outcome = Outcome.UNREACHABLE if gave_up else Outcome.NONE
        return Verdict(subject, outcome, observations=tuple(evidence))
    observation, classified = min(read, key=lambda pair: _severity(pair[1]))
    verdict = _answered(evidence, subject, known, observation, classified)
    if verdict.outcome is Outcome.HEALTHY:
        return Verdict(
            subject,
            Outcome.NONE,
            status=verdict.status,
            emitter=verdict.emitter,
            observations=tuple(evidence),
        )
    return verdict


def _informed(verdict: Verdict, evidence: Evidence, known: Knowledge) -> Verdict:
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
        for one in weigh(told, known, outside, trust)[:MOST_CAUSES]
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
        determined=_determined(causes) and outcome is not Outcome.HEALTHY,
        observations=tuple(evidence),
    )


def _nameless(evidence: Evidence) -> Observation | None:
    """This machine's own failure to find the address.

    Even if the site works at an address that others found: the visitor does not get there.
    """
    return evidence.first(*NAMING)


def _classified(observation: Observation, known: Knowledge) -> Classified:
    return classify(Response.of(observation.value), known.emitters, known.variants)


def _severity(classified: Classified) -> int:
    return _severity_of(classified.outcome)


def _severity_of(outcome: Outcome) -> int:
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


def _answered(
    evidence: Evidence,
    subject: str,
    known: Knowledge,
    observation: Observation,
    classified: Classified,
) -> Verdict:
    meaning = meaning_of_answer(Response.of(observation.value), classified, known)
    causes: tuple[RankedCause, ...] = ()
    if meaning is not None:
        because = [observation, *evidence.named("edge-alive")]
        against = evidence.named("neighbours-work") if meaning.hop is Hop.HOST else []
        sure = classified.who.emitter.probability if classified.who.emitter else 1.0
        causes = _ranked(
            [(cause, share * sure) for cause, share in meaning.causes], because, against
        )
    elif classified.outcome is Outcome.OTHER_ERROR:
        causes = _by_signs([observation], known)
    return _verdict(evidence, subject, classified, meaning.hop if meaning else None, causes)


def _diverted(verdict: Verdict, shown: list[Observation], hop: Hop, known: Knowledge) -> Verdict:
    """A page came, but not the site's, or not as programs fetch it: the visitor's end is at fault.

    Args:
        verdict: on the page that came.
        shown: what shows it.
        hop: where.
        known: the knowledge.
    """
    causes = _by_signs(shown, known)
    return replace(
        verdict,
        outcome=Outcome.OTHER_ERROR,
        variant=None,
        side=side_of(hop),
        hop=hop,
        causes=causes,
        determined=_determined(causes),
    )


def _for_people(verdict: Verdict, refused: Observation) -> Verdict:
    """A filter refuses programs such as this one; people, whom it is about, get the page."""
    status = refused.value.get("other")
    return Verdict(
        verdict.subject,
        Outcome.HEALTHY,
        status=status if isinstance(status, int) else None,
        observations=verdict.observations,
    )


def _in_browser(verdict: Verdict, shown: list[Observation], known: Knowledge) -> Verdict:
    """The site gives the page and the person's browser does not show it: what he meets counts."""
    status = shown[0].value.get("status")
    outcome = Outcome.UNREACHABLE
    if isinstance(status, int):
        gateway = status in GATEWAY_STATUSES
        outcome = Outcome.GATEWAY_ERROR if gateway else Outcome.OTHER_ERROR
    diverted = _diverted(verdict, shown, Hop.BROWSER, known)
    return replace(
        diverted,
        hop=diverted.causes[0].hop if diverted.causes else Hop.BROWSER,
        outcome=outcome,
        status=status if isinstance(status, int) else None,
        emitter=None,
    )


def _flawed(verdict: Verdict, evidence: Evidence, known: Knowledge) -> Verdict:
    """The page came, though not at every address: what may be behind that, if anything is."""
    shown = evidence.named(
        "addresses-differ-in-health", "packets-lost", "signatures-fail-elsewhere"
    )
    causes = _by_signs(shown, known)
    if not causes:
        return verdict
    return replace(
        verdict,
        side=side_of(causes[0].hop),
        causes=causes,
        determined=_determined(causes),
    )


def _unreachable(
    evidence: Evidence, subject: str, known: Knowledge, broken: Observation | None
) -> Verdict:
    """No page came. The proxy's own answer, if any, speaks first; else what stood in the way."""
    by_proxy = [o for o in evidence.named("http-response") if o.text("by") == "proxy"]
    if by_proxy:
        classified = _classified(by_proxy[0], known)
        verdict = _answered(evidence, subject, known, by_proxy[0], classified)
        if verdict.causes:
            return verdict
    ways = evidence.named("way-broken", "redirect-loop", "redirect-refused")
    found = next((found for name in FINDINGS if (found := evidence.named(name))), [])
    causes = _by_signs(found, known) or _by_signs(ways or evidence, known)
    hop = broken.hop if broken is not None else (causes[0].hop if causes else None)
    if found and causes:
        hop = causes[0].hop
    # Without a failure of the way nothing is known: the tests were cut off, or broke themselves.
    outcome = Outcome.UNREACHABLE if broken is not None or causes else Outcome.NONE
    return Verdict(
        subject,
        outcome,
        side=side_of(causes[0].hop) if causes else None,
        hop=hop,
        determined=_determined(causes),
        causes=causes,
        observations=tuple(evidence),
    )


def _past_the_proxy(
    evidence: Evidence, subject: str, known: Knowledge, detour: list[Observation]
) -> Verdict:
    """The page fails through the person's proxy and comes without it."""
    answers = [o for o in evidence.named("http-response") if o.value.get("what") in ("page", None)]
    causes = _by_signs(detour, known)
    if answers:
        verdict = _answered(evidence, subject, known, answers[0], _classified(answers[0], known))
    else:
        verdict = Verdict(subject, Outcome.UNREACHABLE, observations=tuple(evidence))
    if not causes:
        return verdict
    return replace(
        verdict,
        side=side_of(causes[0].hop),
        hop=causes[0].hop,
        causes=causes,
        determined=_determined(causes),
    )


def _by_signs(observations: Iterable[Observation], known: Knowledge) -> tuple[RankedCause, ...]:
    """The causes that the observations are signs of; the strongest sign of each counts."""
    shares: dict[str, float] = {}
    why: dict[str, list[Observation]] = {}
    for observation in observations:
        for cause in known.causes.values():
            fitting = [sign.share for sign in cause.signs if sign.fits(observation)]
            if fitting:
                shares[cause.name] = max(shares.get(cause.name, 0.0), *fitting)
                why.setdefault(cause.name, []).append(observation)
    return tuple(
        replace(ranked, because=tuple(o.id for o in why[ranked.cause]))
        for ranked in _ranked(shares.items(), [], [])
    )


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
        determined=_determined(causes),
        causes=causes,
        observations=tuple(evidence),
    )


def _ranked(
    shares: Iterable[tuple[str, float]], because: list[Observation], against: list[Observation]
) -> tuple[RankedCause, ...]:
    """Causes by share, scaled down where the shares would add up to more than 1."""
    pairs = sorted(shares, key=lambda pair: (-pair[1], pair[0]))[:MOST_CAUSES]
    total = max(1.0, sum(share for _, share in pairs))
    words = vocabulary().causes
    return tuple(
        RankedCause(
            name,
            words[name].hop,
            floor(share / total * 1000 + 1e-6) / 1000,
            tuple(o.id for o in because),
            tuple(o.id for o in against),
        )
        for name, share in pairs
    )


def _determined(causes: tuple[RankedCause, ...]) -> bool:
    return bool(causes) and causes[0].probability >= DETERMINED


def _next(
    causes: tuple[RankedCause, ...], evidence: Evidence, known: Knowledge
) -> tuple[NextTest, ...]:
    """What would tell most for what it takes: looks and tries of people, the best first."""
    if _determined(causes):
        return ()
    now = {ranked.cause: ranked.probability for ranked in causes}
    told = {o.text("fact") for o in evidence.named("reported", "denied", "unanswered")}
    able = (
        one
        for one in known.diagnostics.values()
        if not one.probe and not (one.question and one.question.fact in told)
    )
    return tuple(
        NextTest(choice.test.name, choice.test.who, _why(choice.test, causes, known))
        for choice in chosen(able, now)[:MOST_NEXT]
    )


def _why(test: Diagnostic, causes: tuple[RankedCause, ...], known: Knowledge) -> str:
    """What a test tells of the first cause that names it; else what it tells in general."""
    for ranked in causes[:MOST_NEXT]:
        file = known.causes.get(ranked.cause)
        if file is not None and file.decides is not None and file.decides.test == test.name:
            return file.decides.why
    return test.why
