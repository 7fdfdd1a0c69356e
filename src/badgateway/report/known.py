"""What is known of causes, page variants and products, for whoever wants to read on."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from badgateway.knowledge.base import Knowledge
from badgateway.knowledge.cause import CauseFile, Clue
from badgateway.knowledge.diagnostic import Diagnostic
from badgateway.knowledge.emitter import EmitterFile
from badgateway.knowledge.report import load_facts
from badgateway.knowledge.step import StepFile
from badgateway.model.verdict import Who
from badgateway.model.vocabulary import vocabulary
from badgateway.remedies import filled
from badgateway.report.why import SAYS
from badgateway.report.words import Words

SHOWN_SHARE = 0.05
"""A cause that is more seldom behind an answer than this is not named with it."""
MOST_SHOWN = 12


@dataclass(frozen=True, slots=True)
class ShownBy:
    """A product behind whose answer a cause often is."""

    emitter: str
    title: str
    status: str
    share: float


def shown_by(cause: str, known: Knowledge, words: Words) -> list[ShownBy]:
    """The products whose answers this cause is often behind, the most telling first."""
    found = {
        ShownBy(
            emitter.name,
            emitter.title,
            ", ".join(map(str, sorted(meaning.status))) or words.say("any"),
            share,
        )
        for emitter in known.emitters.values()
        for meaning in emitter.meanings
        for name, share in meaning.causes
        if name == cause and share >= SHOWN_SHARE
    }
    return sorted(found, key=lambda one: (-one.share, one.title, one.status))[:MOST_SHOWN]


def clues_of(file: CauseFile, words: Words) -> Iterator[tuple[str, str]]:
    """Its clues as sentences, each with what it is worth."""
    said = set()
    for clue in file.clues:
        sentence = words.say(vocabulary().observations[clue.observation].says)
        if clue.observation == "reported":
            facts = {fact.name: fact.says for fact in load_facts()}
            wanted = clue.where.get("fact", ())
            names = wanted if isinstance(wanted, tuple) else ()
            sentence = words.say(
                "somebody says: {facts}",
                facts=words.say("; or ").join(words.say(facts[str(name)]) for name in names),
            )
        line = (
            re.sub(r"[{]([^}]*)[}]", _named(clue, words), sentence),
            words.say(SAYS[clue.strength]),
        )
        if line not in said:
            said.add(line)
            yield line


def tests_of(cause: str, known: Knowledge) -> list[Diagnostic]:
    """The tests that tell a cause from its look-alikes."""
    every = known.diagnostics.values()
    return [test for test in every if any(cause in group for group in test.tells)]


def makers_of(variant: str, known: Knowledge) -> list[EmitterFile]:
    """The products that show this form of the page."""
    every = known.emitters.values()
    return [one for one in every if any(meaning.variant == variant for meaning in one.meanings)]


def steps_of(cause: str, known: Knowledge, who: Who) -> list[str]:
    """What one person does about a cause, the first thing first."""
    return _texts((s for s in known.steps.values() if cause in s.causes), who)


def general_steps(known: Knowledge, who: Who) -> list[str]:
    """What one person does about any gateway error."""
    every = known.steps.values()
    return _texts(
        (s for s in every if "gateway-error" in s.outcomes and not s.causes and not s.emitters),
        who,
    )


def _texts(steps: Iterator[StepFile], who: Who) -> list[str]:
    mine = [step for step in steps if step.step.who is who]
    return [filled(step.step, "").text for step in sorted(mine, key=lambda step: step.rank)]


def _named(clue: Clue, words: Words) -> Callable[[re.Match[str]], str]:
    """What stands for a value in a clue's sentence: the values that it asks for, or an ellipsis."""

    def value(found: re.Match[str]) -> str:
        wanted = clue.where.get(found[1])
        if not isinstance(wanted, tuple):
            return "…"
        texts = (words.value(clue.observation, found[1], str(each)) for each in wanted)
        return words.say(" or ").join(texts)

    return value
