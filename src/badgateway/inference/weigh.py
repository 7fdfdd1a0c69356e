"""From what was seen inside, or told, to the probability of each cause.

Every cause has weight: how common it is, or how often it is behind the page that was seen, times
a factor for each kind of observation that it explains. The factor says how much more often such
an observation is there when the cause is at work (Pearl's likelihood ratio; a noisy-OR with a
leak in its odds form). A cause that brings about another one explains what that one explains, in
the measure of how often it does: so a full disk wins over the stopped application that it
stopped as soon as one line tells of the disk, and never without. What nobody wrote down has a
weight too, and explains nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from badgateway.knowledge.base import Knowledge
from badgateway.knowledge.cause import CauseFile, Strength
from badgateway.model.observation import Observation

FACTORS: Mapping[Strength, float] = {
    Strength.PROOF: 400.0,
    Strength.STRONG: 60.0,
    Strength.TYPICAL: 12.0,
    Strength.WEAK: 3.0,
    Strength.AGAINST: 0.25,
    Strength.EXCLUDES: 0.02,
}
"""What the words of the cause files mean; calibrated on the lab and on labelled incidents."""
LENT = 3.0
"""The most that a cause gets from its consequences as long as nothing tells of the cause itself."""
UNKNOWN = 0.25
"""Weight of a cause that nobody wrote down, against all known ones together."""
OUTSIDE = 0.6
"""How far what was seen from outside settles how common each cause is here."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """One cause with its probability and the observations for and against it."""

    cause: str
    probability: float
    because: tuple[str, ...]
    against: tuple[str, ...]


def telling(observations: Iterable[Observation], known: Knowledge) -> bool:
    """Whether any of the observations speaks for a cause, and more than weakly."""
    return any(
        FACTORS[clue.strength] > FACTORS[Strength.WEAK] and clue.fits(observation)
        for observation in observations
        for _, clue in known.clues.get(observation.name, ())
    )


def weigh(
    observations: Iterable[Observation],
    known: Knowledge,
    outside: Mapping[str, float] | None = None,
) -> list[Weighed]:
    """Every cause with its probability, the most probable first.

    Args:
        observations: what was seen; those that no clue names change nothing, and their order
            does not either.
        known: the causes and their clues.
        outside: the probability of causes by what was seen from outside, where anything was.
    """
    causes = known.causes
    priors = _priors(causes, outside or {})
    factors: dict[str, dict[str, float]] = {name: {} for name in causes}
    against: dict[str, dict[str, float]] = {name: {} for name in causes}
    speaks: dict[str, list[str]] = {}
    contradicts: dict[str, list[str]] = {}
    for observation in observations:
        for name, clue in known.clues.get(observation.name, ()):
            if not clue.fits(observation):
                continue
            factor = FACTORS[clue.strength]
            if factor > 1:
                before = factors[name].get(observation.name, 1.0)
                factors[name][observation.name] = max(before, factor)
                speaks.setdefault(name, []).append(observation.id)
            else:
                before = against[name].get(observation.name, 1.0)
                against[name][observation.name] = min(before, factor)
                contradicts.setdefault(name, []).append(observation.id)
    inherited = {name: _with_consequences(name, causes, factors) for name in causes}
    weights = {
        name: prior * _product(inherited[name][0].values()) * _product(against[name].values())
        for name, prior in priors.items()
    }
    total = sum(weights.values()) + UNKNOWN
    ranked = sorted(weights.items(), key=lambda pair: (-pair[1], pair[0]))
    return [
        Weighed(
            name,
            weight / total,
            _unique([*speaks.get(name, ()), *_of(inherited[name][1], speaks)]),
            _unique(contradicts.get(name, ())),
        )
        for name, weight in ranked
    ]


def _with_consequences(
    name: str, causes: Mapping[str, CauseFile], factors: Mapping[str, Mapping[str, float]]
) -> tuple[dict[str, float], list[str]]:
    """The factors of a cause with those of what it brings about; and which of those counted."""
    own = dict(factors[name])
    through: list[str] = []
    for consequence, share in causes[name].leads_to.items():
        for word, factor in factors.get(consequence, {}).items():
            lent = 1 + share * (factor - 1)
            if not factors[name]:
                lent = min(lent, LENT)
            if lent > own.get(word, 1.0):
                own[word] = lent
                through.append(consequence)
    return own, through


def _priors(causes: Mapping[str, CauseFile], outside: Mapping[str, float]) -> dict[str, float]:
    """How probable each cause is before anything inside was looked at; adds up to 1."""
    everything = sum(file.common for file in causes.values()) or 1.0
    base = {name: file.common / everything for name, file in causes.items()}
    seen = sum(outside.values())
    if not seen:
        return base
    trusted = OUTSIDE * min(1.0, seen)
    return {
        name: trusted * outside.get(name, 0.0) / seen + (1 - trusted) * share
        for name, share in base.items()
    }


def _product(numbers: Iterable[float]) -> float:
    result = 1.0
    for number in numbers:
        result *= number
    return result


def _of(names: Iterable[str], speaks: Mapping[str, list[str]]) -> list[str]:
    return [item for name in names for item in speaks.get(name, ())]


def _unique(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))
