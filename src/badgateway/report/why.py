"""A verdict unfolded: what speaks for each cause and against it, and how strongly, in words."""

from collections.abc import Iterator
from dataclasses import dataclass

from badgateway.inference.weigh import DENIED, speaking
from badgateway.knowledge.base import Knowledge
from badgateway.knowledge.cause import Strength
from badgateway.model.observation import Evidence, Observation
from badgateway.model.verdict import RankedCause, Verdict
from badgateway.model.vocabulary import vocabulary
from badgateway.report.words import Words

SAYS = {
    Strength.PROOF: "as good as proves it",
    Strength.STRONG: "speaks strongly for it",
    Strength.TYPICAL: "is typical of it",
    Strength.WEAK: "fits it",
    Strength.AGAINST: "speaks against it",
    Strength.EXCLUDES: "all but excludes it",
}
_RANK = {strength: place for place, strength in enumerate(Strength)}
MOST_CAUSES = 5
MOST_LINES = 8


@dataclass(frozen=True, slots=True)
class Reason:
    """One observation and what it means for a cause.

    Attributes:
        id: the observation's.
        text: the observation as a sentence.
        weight: what it means, in words.
        against: whether it speaks against the cause.
    """

    id: str
    text: str
    weight: str
    against: bool


@dataclass(frozen=True, slots=True)
class Unfolded:
    """One cause, unfolded.

    Attributes:
        title: the cause in plain words.
        percent: its probability, for people.
        reasons: the weightiest first.
        remarks: what it brought about, and what is probably at work beside it.
    """

    title: str
    percent: str
    reasons: tuple[Reason, ...]
    remarks: tuple[str, ...]


def unfolded(verdict: Verdict, known: Knowledge, words: Words) -> Iterator[Unfolded]:
    """The first causes of a verdict with their reasons."""
    titles = vocabulary().causes
    evidence = {observation.id: observation for observation in Evidence(verdict.observations)}
    for ranked in verdict.causes[:MOST_CAUSES]:
        yield Unfolded(
            words.say(titles[ranked.cause].title),
            words.percent(ranked.probability),
            tuple(_reasons(ranked, evidence, known, words))[:MOST_LINES],
            tuple(filter(None, (brought_about(ranked, words), beside(ranked, words)))),
        )


def brought_about(ranked: RankedCause, words: Words) -> str:
    """The causes that are symptoms of this one, in a remark; empty without any."""
    if not ranked.links:
        return ""
    chain = ", ".join(words.say(vocabulary().causes[link].title) for link in ranked.links)
    return words.say("it brings about: {chain}", chain=chain)


def beside(ranked: RankedCause, words: Words) -> str:
    """The second cause that is probably at work, in a remark; empty without one."""
    if not ranked.beside:
        return ""
    other = words.say(vocabulary().causes[ranked.beside].title)
    return words.say("probably at work as well: {other}", other=other)


def _reasons(
    ranked: RankedCause, evidence: dict[str, Observation], known: Knowledge, words: Words
) -> list[Reason]:
    found: list[tuple[int, Reason]] = []
    said: set[tuple[str, str]] = set()
    for id_ in dict.fromkeys((*ranked.because, *ranked.against)):
        observation = evidence.get(id_)
        if observation is None:
            continue
        rank, weight, against = _weight(ranked, observation, known)
        text = words.observed(observation)
        if (text, weight) not in said:
            said.add((text, weight))
            found.append((rank, Reason(id_, text, words.say(weight), against)))
    return [reason for _, reason in sorted(found, key=lambda pair: pair[0])]


def _weight(
    ranked: RankedCause, observation: Observation, known: Knowledge
) -> tuple[int, str, bool]:
    """Rank, words and direction of an observation for a cause."""
    strengths = [c.strength for name, c in speaking(observation, known) if name == ranked.cause]
    if observation.name == "denied" and strengths:
        return len(_RANK), "speaks against it", DENIED.get(strengths[0], 1.0) < 1
    if strengths:
        best = min(strengths, key=lambda strength: _RANK[strength])
        return _RANK[best], SAYS[best], best in (Strength.AGAINST, Strength.EXCLUDES)
    through = [name for name, _ in speaking(observation, known) if name in ranked.links]
    if through:
        return _RANK[Strength.TYPICAL], "shows what it brings about", False
    return _RANK[Strength.WEAK], "is how it shows from outside", False
