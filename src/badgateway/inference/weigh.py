"""From what was seen inside, or told, to the probability of each cause.

Every cause has weight: how common it is, or how often it is behind the page that was seen, times
a factor for each kind of observation that it explains. The factor says how much more often such
an observation is there when the cause is at work (Pearl's likelihood ratio; a noisy-OR with a
leak in its odds form). A cause that brings about another one explains what that one explains, in
the measure of how often it does, over any number of links: so a full disk wins over the stopped
application that it stopped as soon as one line tells of the disk, and never without. What nobody
wrote down has a weight too, and explains nothing. Two causes may be at work at once: together
they explain what either explains, and are as much rarer as two faults at once are.
"""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from badgateway.knowledge.base import Knowledge
from badgateway.knowledge.cause import CauseFile, Clue, Strength
from badgateway.model.observation import Observation
from badgateway.model.vocabulary import vocabulary

FACTORS: Mapping[Strength, float] = {
    Strength.PROOF: 4000.0,
    Strength.STRONG: 60.0,
    Strength.TYPICAL: 12.0,
    Strength.WEAK: 3.0,
    Strength.AGAINST: 0.25,
    Strength.EXCLUDES: 0.02,
}
"""What the words of the cause files mean; calibrated on the lab and on labelled incidents."""
DENIED: Mapping[Strength, float] = {
    Strength.PROOF: 0.1,
    Strength.STRONG: 0.15,
    Strength.TYPICAL: 0.4,
    Strength.WEAK: 0.8,
}
"""The factor of a "no" to what would have spoken for a cause as strongly as the word says: people
miss things, so a denial never excludes."""
LENT = 3.0
"""The most that a cause gets from its consequences as long as nothing tells of the cause itself."""
UNKNOWN = 0.25
"""Weight of a cause that nobody wrote down, against all known ones together."""
NEVER = 0.001
"""How much of a cause's weight is left where no request ever came to its place."""
OUTSIDE = 0.6
"""How far a page that somebody pasted settles how common each cause is here."""
PROBED = 0.9
"""How far what our own probes saw does."""
TWO = 0.3
"""How often a second fault is there, given the first, against how common it is by itself."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """One cause with its probability and the observations for and against it.

    Attributes:
        cause: its name.
        probability: that it is what has to be mended first, 0 to 1.
        because: ids of the observations that speak for it or for what it brings about.
        against: ids of those that speak against it.
        links: the causes that it brought about here, by what was seen of them.
        beside: another cause that is at work at the same time, more probably than not.
    """

    cause: str
    probability: float
    because: tuple[str, ...]
    against: tuple[str, ...]
    links: tuple[str, ...] = ()
    beside: str | None = None


def telling(
    observations: Iterable[Observation], known: Knowledge, suspected: Iterable[str] = ()
) -> bool:
    """Whether any of the observations speaks for a cause, and more than weakly.

    Or excludes one of those that are suspected already, or speaks against the first of them.
    """
    doubted = tuple(suspected)
    return any(
        FACTORS[clue.strength] > FACTORS[Strength.WEAK]
        or (clue.strength is Strength.EXCLUDES and cause in doubted)
        or (clue.strength is Strength.AGAINST and cause in doubted[:1])
        for observation in observations
        for cause, clue in speaking(observation, known)
    )


def speaking(observation: Observation, known: Knowledge) -> list[tuple[str, Clue]]:
    """The causes that an observation says something about, each with the clue that fits."""
    if observation.name == "denied":
        observation = Observation(observation.hop, "reported", observation.value)
    return [
        (name, clue)
        for name, clue in known.clues.get(observation.name, ())
        if clue.fits(observation)
    ]


def factor_of(observation: Observation, clue: Clue) -> float:
    """How many times more often the observation is there when the clue's cause is at work."""
    if observation.name == "denied":
        return DENIED.get(clue.strength, 1.0)
    return FACTORS[clue.strength]


@dataclass(slots=True)
class _Case:
    """What the observations say of one cause: factors by word, and who said it."""

    factors: dict[str, float]
    against: dict[str, float]
    speaks: list[str]
    contradicts: list[str]


def weigh(
    observations: Iterable[Observation],
    known: Knowledge,
    outside: Mapping[str, float] | None = None,
    trust: float = OUTSIDE,
    beyond: Container[str] = (),
) -> list[Weighed]:
    """Every cause with its probability, the most probable first.

    Args:
        observations: what was seen; those that no clue names change nothing, and their order
            does not either.
        known: the causes and their clues.
        outside: the probability of causes by what was seen from outside, where anything was.
        trust: how far that settles how common each cause is, 0 to 1.
        beyond: causes that sit where nothing of what failed ever came.
    """
    causes = known.causes
    priors = _priors(causes, outside or {}, trust)
    for name in causes:
        if name in beyond:
            priors[name] *= NEVER
    cases = _cases(observations, known)
    told = {name: _with_consequences(name, known, cases) for name in causes}
    refuted = {name: _product(case.against.values()) for name, case in cases.items()}
    base = {name: prior * refuted[name] * told[name].rarity for name, prior in priors.items()}
    weights = {name: share * _product(told[name].factors.values()) for name, share in base.items()}
    ranked = sorted(weights.items(), key=lambda pair: (-pair[1], pair[0]))
    total = sum(weights.values()) + UNKNOWN
    beside: dict[str, tuple[float, str]] = {}
    for (one, more), (other, less) in combinations(ranked, 2):
        if less == 0 or _related(one, other, known):
            continue
        # Of what both explain, the better explanation counts: so the lesser one is taken out.
        mine, its = told[one].factors, told[other].factors
        shared = _product(min(mine[word], its[word]) for word in mine.keys() & its.keys())
        both = TWO * more * less / shared
        total += both
        # The better founded of the two is what is mended first.
        weights[one] += both
        beside[one] = max(beside.get(one, (0.0, "")), (both, other))
    found = []
    for name, weight in weights.items():
        share, other = beside.get(name, (0.0, ""))
        through = told[name].through
        found.append(
            Weighed(
                name,
                weight / total,
                _unique([*cases[name].speaks, *(i for t in through for i in cases[t].speaks)]),
                _unique(cases[name].contradicts),
                tuple(through),
                other if share > weight / 2 else None,
            )
        )
    return sorted(found, key=lambda one: (-one.probability, one.cause))


def _cases(observations: Iterable[Observation], known: Knowledge) -> dict[str, _Case]:
    """By cause; of several observations of one aspect the strongest counts: they go together."""
    words = vocabulary().observations
    cases = {name: _Case({}, {}, [], []) for name in known.causes}
    for observation in observations:
        # Two facts that are reported do not go together as two lines of one log do.
        word = f"{words[observation.name].aspect} {observation.text('fact')}".rstrip()
        for name, clue in speaking(observation, known):
            case, factor = cases[name], factor_of(observation, clue)
            if factor > 1:
                case.factors[word] = max(case.factors.get(word, 1.0), factor)
                case.speaks.append(observation.id)
            else:
                case.against[word] = min(case.against.get(word, 1.0), factor)
                case.contradicts.append(observation.id)
    return cases


@dataclass(frozen=True, slots=True)
class _Told:
    """What a cause explains, by word; by which consequences; and how rarely all those come."""

    factors: Mapping[str, float]
    through: tuple[str, ...]
    rarity: float


def _with_consequences(name: str, known: Knowledge, cases: Mapping[str, _Case]) -> _Told:
    """What a cause explains by itself, and what by the causes that it brings about.

    Where a consequence came about, all that speaks for it is explained at once: so how rarely it
    comes about counts once, not for every line that tells of it.
    """
    mine = cases[name].factors
    own, through, rarity = dict(mine), [], 1.0
    shares = known.consequences[name]
    for consequence in sorted(shares, key=lambda one: (-shares[one], one)):
        more = {
            word: factor
            for word, factor in cases[consequence].factors.items()
            if factor > own.get(word, 1.0)
        }
        if not more:
            continue
        gain = _product(factor / own.get(word, 1.0) for word, factor in more.items())
        lent = 1 + shares[consequence] * (gain - 1)
        own |= more
        rarity *= lent / gain
        through.append(consequence)
    if through and all(factor <= FACTORS[Strength.WEAK] for factor in mine.values()):
        # Nothing worth the name tells of the cause itself: it is a guess, and no more.
        rarity = min(rarity, LENT * _product(mine.values()) / _product(own.values()))
    return _Told(own, tuple(through), rarity)


def _related(one: str, other: str, known: Knowledge) -> bool:
    """Whether one brings the other about, so that both are one story and no second fault."""
    return other in known.consequences[one] or one in known.consequences[other]


def _priors(
    causes: Mapping[str, CauseFile], outside: Mapping[str, float], trust: float
) -> dict[str, float]:
    """How probable each cause is before anything inside was looked at; adds up to 1."""
    everything = sum(file.common for file in causes.values()) or 1.0
    base = {name: file.common / everything for name, file in causes.items()}
    seen = sum(outside.values())
    if not seen:
        return base
    trusted = trust * min(1.0, seen)
    return {
        name: trusted * outside.get(name, 0.0) / seen + (1 - trusted) * share
        for name, share in base.items()
    }


def _product(numbers: Iterable[float]) -> float:
    result = 1.0
    for number in numbers:
        result *= number
    return result


def _unique(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))
