"""Facts that people state in their own words, and the vocabulary by which they are understood.

Each fact names groups of expressions; a sentence states it when one expression of every group
stands in it and none of `unless`. So general words decide, never one report's sentence.
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from badgateway.knowledge.files import Table, table_of


@dataclass(frozen=True, slots=True)
class Expression:
    """Words and stems of which one must stand in a sentence.

    Attributes:
        pattern: the regular expression for all of them, compiled at need.
        stems: the beginning of each, in small letters: without one of these there is no match.
    """

    pattern: str
    stems: tuple[str, ...]

    def found(self, sentence: str, lowered: str) -> bool:
        """Whether one stands in `sentence`; `lowered` is the same in small letters."""
        return any(stem in lowered for stem in self.stems) and bool(
            _compiled(self.pattern).search(sentence)
        )


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that can be reported.

    Attributes:
        name: its name.
        says: the fact in plain words.
        groups: expressions, one of each group must be found.
        unless: expressions that must not be there; None for no such.
    """

    name: str
    says: str
    groups: tuple[Expression, ...]
    unless: Expression | None

    def stated(self, sentence: str) -> bool:
        """Whether `sentence` states it."""
        lowered = sentence.lower()
        return all(group.found(sentence, lowered) for group in self.groups) and not (
            self.unless and self.unless.found(sentence, lowered)
        )


def facts_of(table: Table) -> tuple[Fact, ...]:
    """The facts of the file, once their samples have proved them."""
    table.only("fact")
    facts = []
    for item in table.tables("fact"):
        item.only("name", "says", "words", "unless", "samples", "others", "source")
        fact = Fact(
            item.get("name", str),
            item.get("says", str),
            tuple(_expression(item, "words", text) for text in item.strings("words")),
            _expression(item, "unless", " | ".join(item.strings("unless")))
            if item.strings("unless")
            else None,
        )
        if not fact.groups:
            raise item.error("a fact needs 'words'")
        if not item.proved:
            _prove(fact, item)
        facts.append(fact)
    return tuple(facts)


def _expression(table: Table, key: str, text: str) -> Expression:
    """Words and stems parted by ` | `; a trailing `*` stands for any ending."""
    parts, stems = [], []
    for part in text.split(" | "):
        escaped = re.escape(part.strip()).replace(r"\*", r"\w*").replace(r"\ ", r"\s+")
        if not escaped:
            raise table.error("an empty expression is in every sentence", key)
        parts.append(rf"(?<!\w){escaped}(?!\w)")
        stems.append(part.split()[0].partition("*")[0].lower())
    return Expression("|".join(parts), tuple(dict.fromkeys(stems)))


def _prove(fact: Fact, table: Table) -> None:
    samples, others = table.strings("samples"), table.strings("others")
    if not samples or not others:
        raise table.error("a fact needs 'samples' and 'others'")
    for sample in samples:
        if not fact.stated(sample):
            raise table.error(f"this sample does not state it: {sample}", "samples")
    for sample in others:
        if fact.stated(sample):
            raise table.error(f"this one must not state it and does: {sample}", "others")


@cache
def load_facts() -> tuple[Fact, ...]:
    """The facts that ship with the package."""
    name = "reports.toml"
    return facts_of(table_of(name, files("badgateway.knowledge").joinpath(name).read_text("utf-8")))
