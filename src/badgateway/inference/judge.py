"""The verdict: what failed first, who made the page, what it means, and what is known inside.

`outside` judges what the probes saw, `answered` a page, `inside` what was seen there or told.
"""

from dataclasses import replace

from badgateway.inference.answered import classified_of, judged_answer, severity
from badgateway.inference.choose import chosen
from badgateway.inference.clock import ended, paired
from badgateway.inference.compare import compared
from badgateway.inference.compare.elsewhere import failing_answer
from badgateway.inference.edges import answered_elsewhere
from badgateway.inference.filters import filtered
from badgateway.inference.inside import informed
from badgateway.inference.load import loaded
from badgateway.inference.meeting import met
from badgateway.inference.outside import judged_outside
from badgateway.inference.passed_on import passed_on
from badgateway.inference.placed import placed
from badgateway.inference.shares import determined
from badgateway.inference.wiring import wired
from badgateway.knowledge.base import Knowledge
from badgateway.knowledge.diagnostic import Diagnostic
from badgateway.model.observation import Evidence
from badgateway.model.verdict import NextTest, Outcome, RankedCause, Verdict

MOST_NEXT = 4
"""Tests that are named: more would not be read."""


def judge_check(evidence: Evidence, subject: str, known: Knowledge) -> Verdict:
    """The verdict on a URL that was probed. Comparisons are added to the evidence."""
    for comparison in [*compared(evidence), *passed_on(evidence, known)]:
        evidence.add(comparison)
    verdict = judged_outside(evidence, subject, known)
    if verdict.outcome is Outcome.HEALTHY and (there := failing_answer(evidence)) is not None:
        # It comes here alone: what everybody else meets is what is wrong with it.
        verdict = judged_answer(evidence, subject, known, there, classified_of(there, known))
    return _concluded(placed(verdict, evidence, known), evidence, known)


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
    verdict = informed(verdict, evidence, known)
    return replace(verdict, next=_next(verdict.causes, evidence, known))


def _judged_answers(evidence: Evidence, subject: str, known: Knowledge) -> Verdict:
    answers = evidence.named("http-response", "page-text")
    read = [(o, classified_of(o, known)) for o in answers]
    if not read:
        gave_up = evidence.first("request-failed")
        outcome = Outcome.UNREACHABLE if gave_up else Outcome.NONE
        return Verdict(subject, outcome, observations=tuple(evidence))
    observation, classified = min(read, key=lambda pair: severity(pair[1]))
    verdict = judged_answer(evidence, subject, known, observation, classified)
    if verdict.outcome is Outcome.HEALTHY:
        return Verdict(
            subject,
            Outcome.NONE,
            status=verdict.status,
            emitter=verdict.emitter,
            observations=tuple(evidence),
        )
    return verdict


def _next(
    causes: tuple[RankedCause, ...], evidence: Evidence, known: Knowledge
) -> tuple[NextTest, ...]:
    """What would tell most for what it takes: looks and tries of people, the best first."""
    if determined(causes):
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
