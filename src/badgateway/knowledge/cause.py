"""Causes: what each is, and which observation from outside points to it how strongly.

The names stand in `model/causes.toml`; a file here adds what is known of one of them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf

from badgateway.knowledge.files import Table, load_folder
from badgateway.knowledge.mark import choice
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, Value
from badgateway.model.verdict import NextTest, Who
from badgateway.model.vocabulary import vocabulary

FARTHEST = 5
"""Links of a chain of consequences that are followed."""


@dataclass(frozen=True, slots=True)
class Range:
    """A number from `least` to `most`, both included."""

    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Condition:
    """An observation of one name whose values are as described.

    Attributes:
        observation: its name.
        where: for each key the values allowed, a range of numbers, or an expression that the
            text must contain. Where the observation's own value is a list, one item is enough.
    """

    observation: str
    where: Mapping[str, "tuple[object, ...] | Range | re.Pattern[str]"]

    def fits(self, observation: Observation) -> bool:
        """Whether `observation` is such a one."""
        return observation.name == self.observation and all(
            any(_passes(item, wanted) for item in _each(observation.value.get(key)))
            for key, wanted in self.where.items()
        )


def _passes(item: Value, wanted: "tuple[object, ...] | Range | re.Pattern[str]") -> bool:
    if isinstance(wanted, Range):
        number = isinstance(item, int | float) and not isinstance(item, bool)
        return number and wanted.least <= float(str(item)) <= wanted.most
    if isinstance(wanted, re.Pattern):
        return isinstance(item, str) and wanted.search(item) is not None
    return item in wanted


@dataclass(frozen=True, slots=True)
class Sign(Condition):
    """What is seen from outside and points to the cause.

    Attributes:
        share: how often this cause is behind it when it is the first thing that failed, 0 to 1.
    """

    share: float


class Strength(StrEnum):
    """How much more often an observation is there when the cause is at work than when it is not.

    The factors stand in `inference/weigh.py`, one for each word, so that they can be calibrated.
    """

    PROOF = "proof"
    STRONG = "strong"
    TYPICAL = "typical"
    WEAK = "weak"
    AGAINST = "against"
    EXCLUDES = "excludes"


@dataclass(frozen=True, slots=True)
class Clue(Condition):
    """What is seen inside, or told, and speaks for or against the cause."""

    strength: Strength


@dataclass(frozen=True, slots=True)
class CauseFile:
    """What is known of one cause.

    Attributes:
        name: its word in `causes.toml`.
        means: what it is, in plain words.
        decides: the test that would tell it from its look-alikes; None where there is none.
        source: where this is written.
        signs: what points to it from outside.
        clues: what speaks for or against it inside.
        common: how often it is at work, against the others.
        partial: whether, at the site, it can hit some visitors and spare others at the same time.
        leads_to: the causes that it brings about, each with how often it does, 0 to 1: what
            speaks for them then speaks for this one too.
    """

    name: str
    means: str
    decides: NextTest | None
    source: str
    signs: tuple[Sign, ...]
    clues: tuple[Clue, ...] = ()
    common: float = 1.0
    partial: bool = False
    leads_to: Mapping[str, float] = field(default_factory=dict)


def _each(value: Value) -> tuple[Value, ...]:
    return value if isinstance(value, tuple) else (value,)


def clues_by_word(causes: Mapping[str, CauseFile]) -> Mapping[str, tuple[tuple[str, Clue], ...]]:
    """By the observation's name, every clue with the name of its cause."""
    found: dict[str, list[tuple[str, Clue]]] = {}
    for file in causes.values():
        for clue in file.clues:
            found.setdefault(clue.observation, []).append((file.name, clue))
    return {word: tuple(clues) for word, clues in found.items()}


def consequences(name: str, causes: Mapping[str, CauseFile]) -> dict[str, float]:
    """What a cause brings about, over all links, each with how often it does, 0 to 1."""
    found: dict[str, float] = {}
    ahead = {name: 1.0}
    for _ in range(FARTHEST):
        further: dict[str, float] = {}
        for cause, share in ahead.items():
            for consequence, more in causes[cause].leads_to.items():
                reached = share * more
                if consequence != name and reached > found.get(consequence, 0.0):
                    found[consequence] = further[consequence] = reached
        ahead = further
    return found


def load_causes() -> dict[str, CauseFile]:
    """All cause files by name."""
    return load_folder("causes", cause_of)


def cause_of(name: str, table: Table) -> CauseFile:
    """The cause that one file describes, once its samples have proved it."""
    table.only(
        *("means", "decides", "source", "common", "partial", "leads_to", "sign", "clue", "sample")
    )
    words = vocabulary()
    if name not in words.causes:
        raise table.error(f"'{name}' is no cause of causes.toml")
    signs, clues = [], []
    for item in table.tables("sign"):
        item.only("observation", "where", "share")
        share = item.get("share", float)
        if not 0 < share <= 1:
            raise item.error("'share' must be above 0 and at most 1", "share")
        signs.append(Sign(_observation(item), _where(item), share))
    for item in table.tables("clue"):
        item.only("observation", "where", "strength")
        strength = choice(item, "strength", Strength, Strength.TYPICAL)
        clues.append(Clue(_observation(item), _where(item), strength))
    if not table.proved:
        _prove([*signs, *clues], table)
    return CauseFile(
        name=name,
        means=table.get("means", str),
        decides=_decides(table),
        source=table.get("source", str),
        signs=tuple(signs),
        clues=tuple(clues),
        common=table.get("common", float, 1.0),
        partial=table.get("partial", bool, False),
        leads_to=_leads_to(table),
    )


def _observation(table: Table) -> str:
    name = table.get("observation", str)
    if name not in vocabulary().observations:
        raise table.error("no such word in observations/*.toml", "observation")
    return name


def _where(table: Table) -> dict[str, tuple[object, ...] | Range | re.Pattern[str]]:
    found: dict[str, tuple[object, ...] | Range | re.Pattern[str]] = {}
    for key, wanted in table.get("where", dict, {}).items():
        if not isinstance(wanted, dict):
            found[key] = tuple(wanted) if isinstance(wanted, list) else (wanted,)
        elif set(wanted) == {"matches"}:
            try:
                found[key] = re.compile(str(wanted["matches"]))
            except re.error as error:
                raise table.error(f"no regular expression: {error}", "where") from None
        elif wanted and set(wanted) <= {"min", "max"}:
            found[key] = Range(float(wanted.get("min", -inf)), float(wanted.get("max", inf)))
        else:
            raise table.error("a condition is a value, a list, {matches} or {min, max}", "where")
    return found


def _leads_to(table: Table) -> dict[str, float]:
    found = table.get("leads_to", dict, {})
    for name, share in found.items():
        if name not in vocabulary().causes:
            raise table.error(f"'{name}' is no cause of causes.toml", "leads_to")
        if not isinstance(share, int | float) or not 0 < share <= 1:
            raise table.error("how often it leads there must be above 0 and at most 1", "leads_to")
    return {str(name): float(share) for name, share in found.items()}


def _prove(conditions: list[Condition], table: Table) -> None:
    """Refuse the file unless each sample says the truth and both kinds of sample are there."""
    kinds = set()
    for sample in table.tables("sample"):
        sample.only("matches", "observation", "value", "source")
        matches = sample.get("matches", bool)
        kinds.add(matches)
        observation = Observation(
            Hop.HOST, sample.get("observation", str), sample.get("value", dict, {})
        )
        if any(one.fits(observation) for one in conditions) != matches:
            must = "must match and does not" if matches else "must not match and does"
            raise sample.error(f"this sample {must}", "observation")
    if conditions and kinds != {True, False}:
        raise table.error(
            "a file with signs or clues needs a [[sample]] that matches and one that must not"
        )


def _decides(table: Table) -> NextTest | None:
    found = table.get("decides", dict, {})
    if not found:
        return None
    texts = all(isinstance(value, str) and value for value in found.values())
    if set(found) != {"test", "who", "why"} or not texts or found["who"] not in list(Who):
        raise table.error("'decides' needs test, who (visitor or owner) and why", "decides")
    return NextTest(str(found["test"]), Who(found["who"]), str(found["why"]))
