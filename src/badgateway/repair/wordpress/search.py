"""Which of many parts are bad, found by leaving sets of them out: group testing.

A test leaves a set out and sees whether the page then works: it does exactly when every bad part
is in the set. What is possible are the sets of at most two parts, that nothing is bad, and that
what is bad cannot be left out. Each possibility has a weight that doubles with each test that it
may take less; a test that halves the weight of what is still possible therefore finds one bad part
among thirty within 6 tests and two within 12. (Kraft's inequality leaves room for that:
30 × 2^-6 + 435 × 2^-12 < 1.) More than two are found one after the other, each by bisection.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from random import Random

MOST_PAIRED = 60
"""Parts of which pairs are weighed; with more, two bad ones are found one after the other."""
_ONE, _TWO, _NONE, _MORE = 64, 2, 4, 1
"""Weights: one bad part within 6 tests, two within 12, none within 10. That there are more than
two, so that nothing works but what leaves all of them out, is weighed too: only a test that worked
proves an answer."""
_DRAWS = 24
"""Sets that are drawn and improved before each test."""

Parts = frozenset[str]
_Bits = int


@dataclass(frozen=True, slots=True)
class Finding:
    """How a search ended.

    Attributes:
        bad: the bad parts; empty where nothing that can be left out is bad.
        healthy: whether the page works with everything on.
    """

    bad: Parts
    healthy: bool = False


class Search:
    """One search. Ask `next`, test that set, `tell` the result, until `found` is there."""

    def __init__(self, parts: Iterable[str], hints: Iterable[str] = ()) -> None:
        """Args: parts: what can be left out. hints: parts that are suspected, tried first."""
        self._bit = {part: 1 << place for place, part in enumerate(dict.fromkeys(parts))}
        self._all: _Bits = (1 << len(self._bit)) - 1
        self._outside: _Bits = 1 << len(self._bit)
        self._least: _Bits = self._all
        self._worked = False
        self._fails: list[_Bits] = []
        self._hint: _Bits = 0
        # The same parts give the same tests.
        self._random = Random(len(self._bit))  # noqa: S311
        self._open: dict[_Bits, int] = {0: _NONE, self._outside: _NONE}
        self._open |= dict.fromkeys(self._bit.values(), _ONE)
        if len(self._bit) <= MOST_PAIRED:
            self._open |= {a | b: _TWO for a, b in combinations(self._bit.values(), 2)}
        self.hint(hints)

    def hint(self, parts: Iterable[str]) -> None:
        """Suspect these parts, beside those that were suspected before."""
        self._hint |= self._bits(parts)

    def only(self, parts: Iterable[str]) -> None:
        """Only these parts are there at all; the others are innocent."""
        there = self._bits(parts)
        self._least &= there
        self._open = {
            bad: weight for bad, weight in self._open.items() if not bad & self._all & ~there
        }

    def tell(self, off: Parts, works: bool) -> None:
        """The page works, or does not, while `off` is left out."""
        bits = self._bits(off)
        if works:
            self._least &= bits
            self._worked = True
        else:
            self._fails.append(bits)
        self._open = {bad: w for bad, w in self._open.items() if (not bad & ~bits) == works}

    @property
    def found(self) -> Finding | None:
        """The answer; None as long as it is not proven."""
        if self._open:
            bad = next(iter(self._open))
            if len(self._open) > 1 or self._result(bad & self._all) is None:
                return None
            if bad == self._outside:
                return Finding(frozenset()) if self._result(self._all) is False else None
            return Finding(self._parts(bad), healthy=not bad) if self._worked else None
        ended = self._one_by_one()
        if isinstance(ended, Finding):
            return ended
        return Finding(frozenset()) if self._result(self._all) is False else None

    def next(self) -> Parts:
        """The set to leave out next; of no meaning once it is found."""
        if self._hint and self._result(self._hint) is None:
            return self._parts(self._hint)
        if len(self._open) > 1:
            return self._parts(self._halving())
        if self._open:
            bad = next(iter(self._open))
            return self._parts(self._all if bad == self._outside else bad)
        off = self._one_by_one()
        return frozenset() if isinstance(off, Finding) else self._parts(off)

    def _bits(self, parts: Iterable[str]) -> _Bits:
        return sum({self._bit[part] for part in parts if part in self._bit})

    def _parts(self, bits: _Bits) -> Parts:
        return frozenset(part for part, bit in self._bit.items() if bits & bit)

    def _result(self, off: _Bits) -> bool | None:
        """Whether the page works without `off`, as far as it follows from the tests so far."""
        if self._worked and not self._least & ~off:
            return True
        return False if any(not off & ~each for each in self._fails) else None

    def _halving(self) -> _Bits:
        """The set that comes nearest to halving the weight of what is still possible."""
        single = [bit for bit in self._bit.values() if bit in self._open]
        if len(single) == 1 and self._result(single[0]) is None:
            return single[0]
        seen = 0
        for bad in self._open:
            seen |= bad
        others = [b for b in self._bit.values() if b & seen and b not in self._open]
        if not single and not others:
            return 0
        half = (sum(self._open.values()) + _MORE) / 2
        best, least = self._all, float("inf")
        for _ in range(_DRAWS):
            off = self._drawn(single, others)
            off, distance = self._improved(off, single, others, half)
            if distance < least:
                best, least = off, distance
            if least < 1:
                break
        return best

    def _improved(
        self, off: _Bits, single: list[_Bits], others: list[_Bits], half: float
    ) -> tuple[_Bits, float]:
        """The set with parts put in or out, one at a time, as long as that halves better."""
        least = self._distance(off, half)
        most = _half(len(single))
        inside = sum(bool(bit & off) for bit in single)
        better = True
        while better and least >= 1:
            better = False
            for part in single + others:
                changed = inside + (0 if part in others else -1 if part & off else 1)
                if changed > most or len(single) - changed > most:
                    continue
                distance = self._distance(off ^ part, half)
                if distance < least:
                    off, least, inside, better = off ^ part, distance, changed, True
        return off, least

    def _distance(self, off: _Bits, half: float) -> float:
        works = sum([weight for bad, weight in self._open.items() if not bad & ~off])
        works += 0 if self._least & ~off else _MORE
        return abs(works - half) if works < 2 * half else half

    def _drawn(self, single: list[_Bits], others: list[_Bits]) -> _Bits:
        """Half of what may be bad alone, and any number of the parts that are not alone bad."""
        most = _half(len(single))
        size = self._random.randint(len(single) - most, most)
        if not single:
            return sum(self._random.sample(others, self._random.randint(1, len(others))))
        more = self._random.randint(0, len(others))
        return sum(self._random.sample(single, size)) + sum(self._random.sample(others, more))

    def _one_by_one(self) -> _Bits | Finding:
        """More than two are bad: each is the end of the shortest beginning that works without.

        Goes through the bisections from the first; what is known already costs no test. Returns
        the first set whose result is not known, or the answer.
        """
        bad: _Bits = 0
        rest = [bit for bit in self._bit.values() if bit & self._least]
        while True:
            low, high = -1, len(rest)  # without rest[:high] it works; without rest[:low] it fails
            middle = high
            while high - low > 1 or middle == len(rest):
                off = bad | sum(rest[:middle])
                works = self._result(off)
                if works is None:
                    return off
                if middle == len(rest) and not works:
                    return Finding(frozenset())
                low, high = (low, middle) if works else (middle, high)
                middle = (low + high) // 2
                if high - low <= 1:
                    break
            if high == 0:
                return Finding(self._parts(bad))
            bad |= rest[high - 1]
            rest = rest[: high - 1]


def _half(count: int) -> int:
    """Half of the next power of two: so many of `count` may stay possible, or a test is lost."""
    return 1 << max(0, (count - 1).bit_length() - 1)
