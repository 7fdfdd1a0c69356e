"""Causes with their shares, from signs and from what an answer means."""

from collections.abc import Iterable
from dataclasses import replace
from math import floor

from badgateway.inference.choose import DETERMINED
from badgateway.knowledge.base import Knowledge
from badgateway.model.observation import Observation
from badgateway.model.verdict import RankedCause
from badgateway.model.vocabulary import vocabulary

MOST_CAUSES = 14


def by_signs(observations: Iterable[Observation], known: Knowledge) -> tuple[RankedCause, ...]:
    """The causes that the observations are signs of; the strongest sign of each counts."""
    shares: dict[str, float] = {}
    why: dict[str, list[Observation]] = {}
    for observation in observations:
        for cause in known.causes.values():
            fitting = [sign.share for sign in cause.signs if sign.fits(observation)]
            if fitting:
                shares[cause.name] = max(shares.get(cause.name, 0.0), *fitting)
                why.setdefault(cause.name, []).append(observation)
    return tuple(
        replace(ranked, because=tuple(o.id for o in why[ranked.cause]))
        for ranked in ranked_by_share(shares.items(), [], [])
    )


def ranked_by_share(
    shares: Iterable[tuple[str, float]], because: list[Observation], against: list[Observation]
) -> tuple[RankedCause, ...]:
    """Causes by share, scaled down where the shares would add up to more than 1."""
    pairs = sorted(shares, key=lambda pair: (-pair[1], pair[0]))[:MOST_CAUSES]
    total = max(1.0, sum(share for _, share in pairs))
    words = vocabulary().causes
    return tuple(
        RankedCause(
            name,
            words[name].hop,
            floor(share / total * 1000 + 1e-6) / 1000,
            tuple(o.id for o in because),
            tuple(o.id for o in against),
        )
        for name, share in pairs
    )


def determined(causes: tuple[RankedCause, ...]) -> bool:
    """Whether the first cause is probable enough to be acted upon."""
    return bool(causes) and causes[0].probability >= DETERMINED
