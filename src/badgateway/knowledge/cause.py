"""Causes: what each is, and which observation from outside points to it how strongly.

The names stand in `model/causes.toml`; a file here adds what is known of one of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from badgateway.knowledge.files import Table, load_folder
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, Value
from badgateway.model.verdict import NextTest, Who
from badgateway.model.vocabulary import vocabulary


@dataclass(frozen=True, slots=True)
class Sign:
    """An observation that points to the cause.

    Attributes:
        observation: its name.
        where: values that must be equal; a tuple lists the values allowed. Where the
            observation's own value is a list, one item of it is enough.
        share: how often this cause is behind it when it is the first thing that failed, 0 to 1.
    """

    observation: str
    where: Mapping[str, tuple[object, ...]]
    share: float

    def fits(self, observation: Observation) -> bool:
        """Whether `observation` is this sign."""
        return observation.name == self.observation and all(
            any(item in allowed for item in _each(observation.value.get(key)))
            for key, allowed in self.where.items()
        )


@dataclass(frozen=True, slots=True)
class CauseFile:
    """What is known of one cause.

    Attributes:
        name: its word in `causes.toml`.
        means: what it is, in plain words.
        decides: the test that would tell it from its look-alikes; None where there is none.
        source: where this is written.
        signs: what points to it.
    """

    name: str
    means: str
    decides: NextTest | None
    source: str
    signs: tuple[Sign, ...]


def _each(value: Value) -> tuple[Value, ...]:
    return value if isinstance(value, tuple) else (value,)


def load_causes() -> dict[str, CauseFile]:
    """All cause files by name."""
    return load_folder("causes", cause_of)


def cause_of(name: str, table: Table) -> CauseFile:
    """The cause that one file describes, once its samples have proved it."""
    table.only("means", "decides", "source", "sign", "sample")
    words = vocabulary()
    if name not in words.causes:
        raise table.error(f"'{name}' is no cause of causes.toml")
    signs = []
    for item in table.tables("sign"):
        item.only("observation", "where", "share")
        if item.get("observation", str) not in words.observations:
            raise item.error("no such word in observations/*.toml", "observation")
        share = item.get("share", float)
        if not 0 < share <= 1:
            raise item.error("'share' must be above 0 and at most 1", "share")
        where = {
            key: tuple(allowed) if isinstance(allowed, list) else (allowed,)
            for key, allowed in item.get("where", dict, {}).items()
        }
        signs.append(Sign(item.get("observation", str), where, share))
    if not table.proved:
        _prove(signs, table)
    return CauseFile(
        name=name,
        means=table.get("means", str),
        decides=_decides(table),
        source=table.get("source", str),
        signs=tuple(signs),
    )


def _prove(signs: list[Sign], table: Table) -> None:
    """Refuse the file unless each sample says the truth and both kinds of sample are there."""
    kinds = set()
    for sample in table.tables("sample"):
        sample.only("matches", "observation", "value", "source")
        matches = sample.get("matches", bool)
        kinds.add(matches)
        observation = Observation(
            Hop.HOST, sample.get("observation", str), sample.get("value", dict, {})
        )
        if any(sign.fits(observation) for sign in signs) != matches:
            must = "must match and does not" if matches else "must not match and does"
            raise sample.error(f"this sample {must}", "observation")
    if signs and kinds != {True, False}:
        raise table.error("a file with signs needs a [[sample]] that matches and one that must not")


def _decides(table: Table) -> NextTest | None:
    found = table.get("decides", dict, {})
    if not found:
        return None
    texts = all(isinstance(value, str) and value for value in found.values())
    if set(found) != {"test", "who", "why"} or not texts or found["who"] not in list(Who):
        raise table.error("'decides' needs test, who (visitor or owner) and why", "decides")
    return NextTest(str(found["test"]), Who(found["who"]), str(found["why"]))
