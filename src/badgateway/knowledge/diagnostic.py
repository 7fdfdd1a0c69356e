"""Diagnostics (tests): what somebody can look at, what it takes, which causes it tells apart.

One file each: a look of the owner's, something that only a person can try (with the question that
asks for it), or a probe of ours. `inference/choose.py` weighs what a test would tell against what
it takes.
"""

from dataclasses import dataclass
from enum import StrEnum

from badgateway.knowledge.files import Table, load_folder
from badgateway.knowledge.mark import choice
from badgateway.knowledge.report import load_facts
from badgateway.model.verdict import Who
from badgateway.model.vocabulary import vocabulary


class Effort(StrEnum):
    """What a test asks of a person."""

    NONE = "none"
    GLANCE = "glance"
    MINUTES = "minutes"
    DISRUPTIVE = "disruptive"


@dataclass(frozen=True, slots=True)
class Question:
    """What a person is asked.

    Attributes:
        text: the question, to be answered by yes, no or don't know.
        fact: the fact of `reports.toml` that a yes states and a no denies.
        says: the fact in plain words.
    """

    text: str
    fact: str
    says: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One test.

    Attributes:
        name: its file's name.
        who: who can do it.
        says: what is done, as a heading for people.
        why: what it tells, in general.
        seconds: how long it takes a machine.
        effort: what it asks of a person.
        tells: groups of causes that it tells from each other and from all others.
        reliability: how often its result is right, 0 to 1.
        probe: the probe of ours that does it; empty for none.
        question: how a person is asked for it; None where that is of no use.
        source: where the advice stands.
    """

    name: str
    who: Who
    says: str
    why: str
    seconds: float
    effort: Effort
    tells: tuple[frozenset[str], ...]
    reliability: float
    probe: str
    question: Question | None
    source: str


def load_diagnostics() -> dict[str, Diagnostic]:
    """All tests by name."""
    return load_folder("diagnostics", diagnostic_of)


def diagnostic_of(name: str, table: Table) -> Diagnostic:
    """The test that one file describes."""
    table.only(
        *("who", "says", "why", "seconds", "effort", "tells", "reliability", "probe", "question"),
        "source",
    )
    groups = []
    for group in table.get("tells", list):
        causes = frozenset([group] if isinstance(group, str) else group)
        if unknown := [cause for cause in causes if cause not in vocabulary().causes]:
            raise table.error(f"'{unknown[0]}' is no cause of causes.toml", "tells")
        groups.append(causes)
    if not groups:
        raise table.error("a test tells at least one cause from the others", "tells")
    if len(frozenset().union(*groups)) != sum(map(len, groups)):
        raise table.error("a cause stands in two groups", "tells")
    reliability = table.get("reliability", float, 0.9)
    if not 0 < reliability <= 1:
        raise table.error("'reliability' must be above 0 and at most 1", "reliability")
    return Diagnostic(
        name=name,
        who=choice(table, "who", Who, Who.VISITOR),
        says=table.get("says", str),
        why=table.get("why", str),
        seconds=table.get("seconds", float, 0.0),
        effort=choice(table, "effort", Effort, Effort.NONE),
        tells=tuple(groups),
        reliability=reliability,
        probe=table.get("probe", str, ""),
        question=_question(table),
        source=table.get("source", str),
    )


def _question(table: Table) -> Question | None:
    found = table.get("question", dict, {})
    if not found:
        return None
    if set(found) != {"text", "fact"} or not all(isinstance(v, str) for v in found.values()):
        raise table.error("'question' needs text and fact", "question")
    says = {fact.name: fact.says for fact in load_facts()}
    if found["fact"] not in says:
        raise table.error(f"'{found['fact']}' is no fact of reports.toml", "question")
    return Question(str(found["text"]), str(found["fact"]), says[str(found["fact"])])
