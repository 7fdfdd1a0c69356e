"""Counts of names that may be too many to keep, and durations in buckets: both can be merged."""

from collections.abc import Mapping
from dataclasses import dataclass, field

MOST_NAMES = 100_000
"""Names that are counted one by one; as long as there are no more, every count is exact."""


@dataclass(slots=True)
class Tally:
    """How often each name was seen, in bounded memory (Misra and Gries).

    Merging keeps the bound (Agarwal and others, "Mergeable summaries", 2012): a true count is at
    least the one that is kept, and at most `missed` more.

    Attributes:
        counts: what is kept.
        missed: how much too low any count may be; 0 as long as all are exact.
    """

    counts: dict[str, int] = field(default_factory=dict)
    missed: int = 0

    def add(self, name: str, count: int = 1) -> None:
        """Count `name` once, or `count` times."""
        self.counts[name] = self.counts.get(name, 0) + count
        if len(self.counts) > 2 * MOST_NAMES:
            self._trim()

    def merge(self, other: "Tally") -> None:
        """Add what another one counted."""
        for name, count in other.counts.items():
            self.counts[name] = self.counts.get(name, 0) + count
        self.missed += other.missed
        if len(self.counts) > 2 * MOST_NAMES:
            self._trim()

    def _trim(self) -> None:
        cut = sorted(self.counts.values(), reverse=True)[MOST_NAMES]
        self.counts = {name: n - cut for name, n in self.counts.items() if n > cut}
        self.missed += cut

    def top(self, most: int) -> list[tuple[str, int]]:
        """The most frequent names, ties by name."""
        return sorted(self.counts.items(), key=lambda pair: (-pair[1], pair[0]))[:most]


def bucket(ms: int) -> int:
    """A duration in ms, rounded down to three significant digits."""
    unit = 1
    while ms >= 1_000 * unit:
        unit *= 10
    return ms // unit * unit


def quantile(buckets: Mapping[int, int], share: float) -> int | None:
    """The duration in ms that `share` of all do not exceed; None where there are none.

    It is the bucket of the value that stands at this rank, so it is low by less than 1 %.
    """
    total = sum(buckets.values())
    if not total:
        return None
    rank = max(1, -int(-share * total // 1))
    seen = 0
    for ms in sorted(buckets):
        seen += buckets[ms]
        if seen >= rank:
            return ms
    return max(buckets)
