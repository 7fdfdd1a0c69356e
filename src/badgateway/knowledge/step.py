"""Steps: what a person can do about a cause. One file each, for one audience."""

from dataclasses import dataclass

from badgateway.knowledge.files import Table, load_folder
from badgateway.knowledge.mark import choice
from badgateway.model.hop import Side
from badgateway.model.verdict import Outcome, Risk, Step, Who
from badgateway.model.vocabulary import vocabulary


@dataclass(frozen=True, slots=True)
class StepFile:
    """One step and when it is worth taking.

    Attributes:
        step: the step itself; `{url}`, `{host}` in its commands are filled in when it is shown.
        rank: small numbers come first.
        causes: the causes it is for; empty means any.
        outcomes: the outcomes it is for; empty means any.
        emitters: the products it is for; empty means any.
        sides: the sides it is for, as the verdict names them; empty means any.
        seen: observations of which one must have been made; empty means none needed.
        source: where the advice comes from.
    """

    step: Step
    rank: int
    causes: frozenset[str]
    outcomes: frozenset[Outcome]
    emitters: frozenset[str]
    sides: frozenset[Side]
    source: str
    seen: frozenset[str] = frozenset()


def load_steps() -> dict[str, StepFile]:
    """All steps by name."""
    return load_folder("steps", step_of)


def step_of(name: str, table: Table) -> StepFile:
    """The step that one file describes."""
    table.only(
        "who",
        "text",
        "command",
        "risk",
        "verify",
        "rank",
        "causes",
        "outcomes",
        "emitters",
        "sides",
        "seen",
        "source",
    )
    known = vocabulary().causes
    for cause in table.strings("causes"):
        if cause not in known:
            raise table.error(f"'{cause}' is no cause of causes.toml", "causes")
    for word in table.strings("seen"):
        if word not in vocabulary().observations:
            raise table.error(f"'{word}' is no word of observations/*.toml", "seen")
    for side in table.strings("sides"):
        if side not in list(Side):
            raise table.error(f"'{side}' is no side", "sides")
    for outcome in table.strings("outcomes"):
        if outcome not in list(Outcome):
            raise table.error(f"'{outcome}' is no outcome", "outcomes")
    return StepFile(
        step=Step(
            id=name,
            who=choice(table, "who", Who, Who.VISITOR),
            text=table.get("text", str),
            risk=choice(table, "risk", Risk, Risk.NONE),
            command=table.get("command", str, "") or None,
            verify=table.get("verify", str, "") or None,
        ),
        rank=table.get("rank", int),
        causes=frozenset(table.strings("causes")),
        outcomes=frozenset(Outcome(outcome) for outcome in table.strings("outcomes")),
        emitters=frozenset(table.strings("emitters")),
        sides=frozenset(Side(side) for side in table.strings("sides")),
        source=table.get("source", str),
        seen=frozenset(table.strings("seen")),
    )
