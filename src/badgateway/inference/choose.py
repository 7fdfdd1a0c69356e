"""The next test: the one that would tell most for what it takes.

Decision-theoretic troubleshooting (Heckerman, Breese and Rommelse 1995): a test tells groups of
causes apart; how much that is worth depends on how probable each group is now. A test that would
leave the verdict as it is, whatever its result, is worth nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log2

from badgateway.knowledge.diagnostic import Diagnostic, Effort

DETERMINED = 0.8
"""The first cause must be at least this probable to be acted upon without another test.

`scripts/bench calibration` shows what it rests on; see docs/decisions/009-judging.md.
"""
EFFORT: Mapping[Effort, float] = {
    Effort.NONE: 0.0,
    Effort.GLANCE: 30.0,
    Effort.MINUTES: 180.0,
    Effort.DISRUPTIVE: 900.0,
}
"""What a person's part costs, in seconds of waiting that would be as unwelcome."""
ALWAYS = 0.5
"""Seconds that every test costs besides: starting it, reading it."""
LEAST_BITS = 0.02
"""A test that tells less is not worth a line."""
POSSIBLE = 0.02
"""A result less probable than this is not reckoned with."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A test and what it is worth now.

    Attributes:
        test: the test.
        bits: what its result tells about the causes, expected.
        cost: what it takes, in seconds, a person's effort reckoned in.
    """

    test: Diagnostic
    bits: float
    cost: float

    @property
    def worth(self) -> float:
        """Bits for each second."""
        return self.bits / self.cost


def chosen(tests: Iterable[Diagnostic], probabilities: Mapping[str, float]) -> list[Choice]:
    """The tests that are worth doing, the best first.

    Args:
        tests: those that can be done.
        probabilities: of each cause now; what is missing to 1 belongs to causes unknown.
    """
    found = [
        Choice(test, bits, ALWAYS + test.seconds + EFFORT[test.effort])
        for test in tests
        if (bits := information(test, probabilities)) >= LEAST_BITS
        and could_change(test, probabilities)
    ]
    return sorted(found, key=lambda choice: (-choice.worth, choice.test.name))


def information(test: Diagnostic, probabilities: Mapping[str, float]) -> float:
    """What the test's result tells about the causes, in bits, expected.

    The entropy of its groups, in the measure of its reliability.
    """
    return test.reliability * _entropy(_shares(test, probabilities))


def could_change(test: Diagnostic, probabilities: Mapping[str, float]) -> bool:
    """Whether some result that is possible would change the first cause or how sure it is."""
    before = _conclusion(probabilities)
    everyone = frozenset(probabilities).union(*test.tells)
    others = everyone.difference(*test.tells)
    for group in (*test.tells, others):
        share = sum(probabilities.get(cause, 0.0) for cause in group)
        if group is others:
            share += max(0.0, 1 - sum(probabilities.values()))
        if share < POSSIBLE:
            continue
        # A result that may be wrong moves the odds; it does not settle them.
        doubt = 1 - test.reliability
        weights = {
            cause: p * (1.0 if cause in group else doubt) for cause, p in probabilities.items()
        }
        rest = max(0.0, 1 - sum(probabilities.values())) * (1.0 if group is others else doubt)
        total = sum(weights.values()) + rest
        if total and _conclusion({c: w / total for c, w in weights.items()}) != before:
            return True
    return False


def _conclusion(probabilities: Mapping[str, float]) -> tuple[str, bool]:
    if not probabilities:
        return "", False
    first = min(probabilities, key=lambda cause: (-probabilities[cause], cause))
    return first, probabilities[first] >= DETERMINED


def _shares(test: Diagnostic, probabilities: Mapping[str, float]) -> list[float]:
    shares = [sum(probabilities.get(cause, 0.0) for cause in group) for group in test.tells]
    return [*shares, max(0.0, 1 - sum(shares))]


def _entropy(shares: Iterable[float]) -> float:
    return -sum(share * log2(share) for share in shares if share > 0)
