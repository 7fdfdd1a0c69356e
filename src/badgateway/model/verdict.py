"""The verdict: what the product concluded, with everything a person needs to check and to act.

Its JSON form is the public contract (`docs/verdict.md`); fields may be added, never renamed.
"""

from dataclasses import dataclass
from enum import StrEnum

from badgateway.model.hop import Hop, Side
from badgateway.model.observation import Observation

SCHEMA = "badgateway.verdict/1"


NOTHING_SEEN = frozenset({"nothing-known"})
"""Observations that say only that there was nothing to see."""


class Outcome(StrEnum):
    """What the person meets, before any cause is named."""

    HEALTHY = "healthy"
    GATEWAY_ERROR = "gateway-error"
    OTHER_ERROR = "other-error"
    UNREACHABLE = "unreachable"
    NONE = "none"


class Who(StrEnum):
    """Who can do a step or a test."""

    VISITOR = "visitor"
    OWNER = "owner"


class Risk(StrEnum):
    """What a step may do: nothing, something one command undoes, something users may notice."""

    NONE = "none"
    REVERSIBLE = "reversible"
    DISRUPTIVE = "disruptive"


@dataclass(frozen=True, slots=True)
class Emitter:
    """Who made the page.

    Attributes:
        name: product name as in `knowledge/emitters`.
        version: as the page or a header states it, or None.
        relayed_by: products that passed the page on, outermost first.
        probability: that `name` is right, 0 to 1.
        marks: ids of the marks that told, `<emitter>/<mark>`.
    """

    name: str
    version: str | None
    relayed_by: tuple[str, ...]
    probability: float
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RankedCause:
    """One possible cause with the ids of the observations for and against it.

    Attributes:
        cause: its name.
        hop: the hop it lives at.
        probability: calibrated, 0 to 1.
        because: ids of the observations for it.
        against: ids of those against it.
        links: the causes that it brought about, so that they are symptoms here.
        beside: a second cause that is probably at work as well; None for no such.
    """

    cause: str
    hop: Hop
    probability: float
    because: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    beside: str | None = None


@dataclass(frozen=True, slots=True)
class NextTest:
    """A test that would tell more, who can do it, and what it would tell."""

    test: str
    who: Who
    why: str


@dataclass(frozen=True, slots=True)
class Made:
    """A test of ours that was made, or that was spared because it could change nothing.

    Attributes:
        test: the probe's name.
        seconds: how long it took; None where it was spared.
    """

    test: str
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do. `command` is shown, never run from here."""

    id: str
    who: Who
    text: str
    risk: Risk
    command: str | None = None
    verify: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The whole answer to one question.

    Attributes:
        subject: the URL, or the names of the material, that was judged.
        outcome: what the person meets.
        status: the HTTP status, or None where there was no HTTP answer.
        variant: name of the page variant, None where there is no gateway error.
        emitter: who made the page, None where nothing tells.
        side: side of the broken hop, None where not even that is known.
        hop: the first hop that failed as far as can be told, None where it cannot.
        determined: true only when the first cause is clear enough to act on.
        causes: most probable first; the probabilities add up to at most 1.
        observations: everything that was seen.
        next: the tests that would tell more.
        steps: what to do, first thing first.
        elapsed_s: seconds it took.
        complete: false when the time given ran out before every test had ended.
        made: the tests that were made, in the order in which they ended, and those spared.
    """

    subject: str
    outcome: Outcome
    status: int | None = None
    variant: str | None = None
    emitter: Emitter | None = None
    side: Side | None = None
    hop: Hop | None = None
    determined: bool = False
    causes: tuple[RankedCause, ...] = ()
    observations: tuple[Observation, ...] = ()
    next: tuple[NextTest, ...] = ()
    steps: tuple[Step, ...] = ()
    elapsed_s: float = 0.0
    complete: bool = True
    made: tuple[Made, ...] = ()
    schema: str = SCHEMA

    @property
    def empty(self) -> bool:
        """Whether nothing could be concluded because nothing could be seen or read."""
        if self.outcome is not Outcome.NONE:
            return False
        return all(o.name in NOTHING_SEEN for o in self.observations) or any(
            o.name == "asked" for o in self.observations
        )
