"""People as instruments: what a machine cannot do is asked, and the answer is an observation."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import StrEnum

from badgateway.inference.choose import chosen
from badgateway.inference.judge import judge_check, judge_material
from badgateway.knowledge.base import Knowledge
from badgateway.knowledge.diagnostic import Diagnostic
from badgateway.model.hop import Hop
from badgateway.model.observation import Evidence, Observation, seen
from badgateway.model.verdict import Outcome, Verdict, Who
from badgateway.model.vocabulary import vocabulary
from badgateway.remedies import steps_for


class Answer(StrEnum):
    """What a person says to a question; the member's value is the observation's name."""

    YES = "reported"
    NO = "denied"
    UNKNOWN = "unanswered"


def questions(verdict: Verdict, known: Knowledge, who: frozenset[Who]) -> list[Diagnostic]:
    """The tests that are worth asking a person for, the best first; none once it is clear.

    What was answered, or told without being asked, is not asked again.

    Args:
        verdict: what is known so far.
        known: the tests that there are.
        who: whom there is to ask.
    """
    if verdict.determined or verdict.outcome in (Outcome.HEALTHY, Outcome.NONE):
        return []
    told = {o.text("fact") for o in verdict.observations if o.name in list(Answer)}
    now = {ranked.cause: ranked.probability for ranked in verdict.causes}
    able = [
        test
        for test in known.diagnostics.values()
        if test.question is not None and test.who in who and test.question.fact not in told
    ]
    return [choice.test for choice in chosen(able, now)]


def answered(verdict: Verdict, test: Diagnostic, answer: Answer, known: Knowledge) -> Verdict:
    """The verdict once a person has answered.

    Raises:
        ValueError: the test has no question.
    """
    if test.question is None:
        raise ValueError(f"'{test.name}' has no question")
    hop = Hop.BROWSER if test.who is Who.VISITOR else Hop.GATEWAY
    said = seen(hop, answer, "answer", fact=test.question.fact, says=test.question.says)
    return judged_with(verdict, said, known)


def judged_with(verdict: Verdict, observation: Observation, known: Knowledge) -> Verdict:
    """The verdict on all that was seen and one observation more."""
    return judged_anew(verdict, (observation,), known)


def judged_anew(verdict: Verdict, more: Iterable[Observation], known: Knowledge) -> Verdict:
    """The verdict on all that was seen and what was seen since."""
    words: Mapping[str, bool] = {w.name: w.derived for w in vocabulary().observations.values()}
    evidence = Evidence(o for o in verdict.observations if not words.get(o.name, False))
    for observation in more:
        evidence.add(observation)
    judge = judge_check if evidence.first("asked") else judge_material
    found = judge(evidence, verdict.subject, known)
    return replace(
        found,
        steps=steps_for(found, known),
        elapsed_s=verdict.elapsed_s,
        complete=verdict.complete,
        made=verdict.made,
    )
