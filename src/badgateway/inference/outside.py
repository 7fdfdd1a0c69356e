"""The verdict on what the probes saw, before anything inside is weighed."""

from dataclasses import replace

from badgateway.inference.answered import classified_of, judged_answer, severity, severity_of
from badgateway.inference.classify import Classified
from badgateway.inference.compare import pages
from badgateway.inference.shares import by_signs, determined
from badgateway.knowledge.base import Knowledge
from badgateway.model.failure import NAMING
from badgateway.model.hop import Hop
from badgateway.model.observation import Evidence, Observation
from badgateway.model.response import GATEWAY_STATUSES
from badgateway.model.verdict import Outcome, Verdict
from badgateway.model.vocabulary import side_of

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


def judged_outside(evidence: Evidence, subject: str, known: Knowledge) -> Verdict:
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
    read = [(o, classified_of(o, known)) for o in answers]
    # What a browser meets is the first answer; another one that fails tells of a part that does.
    first, classified = read[0]
    worse = [pair for pair in read[1:] if severity(pair[1]) < severity(classified)]
    same_place = [pair for pair in worse if pair[0].text("address") == first.text("address")]
    if same_place:
        # Another protocol at the same address: HTTP/2 is what browsers speak where it is offered.
        first, classified = same_place[0]
    verdict = judged_answer(evidence, subject, known, first, classified)
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
        return judged_answer(evidence, subject, known, *again)
    if setting := evidence.named("proxy-setting-fails"):
        return replace(_diverted(verdict, setting, Hop.DEVICE, known), outcome=Outcome.UNREACHABLE)
    if worse and evidence.first("addresses-differ-in-health"):
        return judged_answer(evidence, subject, known, *worse[0])
    return _flawed(verdict, evidence, known)


def _failed_again(evidence: Evidence, known: Knowledge) -> tuple[Observation, Classified] | None:
    """The answer that failed where the same page comes now and then."""
    if not evidence.first("intermittent"):
        return None
    again = [o for o in evidence.named("http-response") if o.value.get("what") == "again"]
    read = [(o, classified_of(o, known)) for o in again]
    worse = [pair for pair in read if severity(pair[1]) < severity_of(Outcome.HEALTHY)]
    return min(worse, key=lambda pair: severity(pair[1]), default=None)


def _nameless(evidence: Evidence) -> Observation | None:
    """This machine's own failure to find the address.

    Even if the site works at an address that others found: the visitor does not get there.
    """
    return evidence.first(*NAMING)


def _diverted(verdict: Verdict, shown: list[Observation], hop: Hop, known: Knowledge) -> Verdict:
    """A page came, but not the site's, or not as programs fetch it: the visitor's end is at fault.

    Args:
        verdict: on the page that came.
        shown: what shows it.
        hop: where.
        known: the knowledge.
    """
    causes = by_signs(shown, known)
    return replace(
        verdict,
        outcome=Outcome.OTHER_ERROR,
        variant=None,
        side=side_of(hop),
        hop=hop,
        causes=causes,
        determined=determined(causes),
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
    causes = by_signs(shown, known)
    if not causes:
        return verdict
    return replace(
        verdict,
        side=side_of(causes[0].hop),
        causes=causes,
        determined=determined(causes),
    )


def _unreachable(
    evidence: Evidence, subject: str, known: Knowledge, broken: Observation | None
) -> Verdict:
    """No page came. The proxy's own answer, if any, speaks first; else what stood in the way."""
    by_proxy = [o for o in evidence.named("http-response") if o.text("by") == "proxy"]
    if by_proxy:
        classified = classified_of(by_proxy[0], known)
        verdict = judged_answer(evidence, subject, known, by_proxy[0], classified)
        if verdict.causes:
            return verdict
    ways = evidence.named("way-broken", "redirect-loop", "redirect-refused")
    found = next((found for name in FINDINGS if (found := evidence.named(name))), [])
    causes = by_signs(found, known) or by_signs(ways or evidence, known)
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
        determined=determined(causes),
        causes=causes,
        observations=tuple(evidence),
    )


def _past_the_proxy(
    evidence: Evidence, subject: str, known: Knowledge, detour: list[Observation]
) -> Verdict:
    """The page fails through the person's proxy and comes without it."""
    answers = [o for o in evidence.named("http-response") if o.value.get("what") in ("page", None)]
    causes = by_signs(detour, known)
    if answers:
        verdict = judged_answer(
            evidence, subject, known, answers[0], classified_of(answers[0], known)
        )
    else:
        verdict = Verdict(subject, Outcome.UNREACHABLE, observations=tuple(evidence))
    if not causes:
        return verdict
    return replace(
        verdict,
        side=side_of(causes[0].hop),
        hop=causes[0].hop,
        causes=causes,
        determined=determined(causes),
    )
