"""What all tries so far say together: steady or now and then, and whether the site is back."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

from badgateway.watch.attempt import Try

FEWEST = 3
"""Good answers in a row that make a site back which had none before."""
MOST_NEEDED = 20
CHANCE = 0.05
"""A run of good answers counts once it would be luck at most this often."""


class State(StrEnum):
    """How the site behaves."""

    UNKNOWN = "unknown"
    WORKS = "works"
    DOWN = "down"
    INTERMITTENT = "intermittent"
    RETURNING = "returning"
    BACK = "back"


@dataclass(frozen=True, slots=True)
class Tally:
    """The tries so far, counted.

    Attributes:
        state: how the site behaves.
        tries: how many there were.
        good: how many of them were good.
        in_a_row: good ones at the end.
        needed: how many in a row make the site back.
        first_bad: when the first bad one was; None without one.
        back_at: when the good ones at the end began; None where the last was bad.
        symptoms: what the bad ones were, with how often, most often first.
    """

    state: State
    tries: int
    good: int
    in_a_row: int
    needed: int
    first_bad: datetime | None
    back_at: datetime | None
    symptoms: tuple[tuple[str, int], ...]

    @property
    def settled(self) -> bool:
        """Whether the page works and there is nothing left to wait for."""
        return self.state in (State.WORKS, State.BACK)


def tally(tries: Sequence[Try]) -> Tally:
    """Count the tries."""
    bad = [one for one in tries if not one.good]
    row = 0
    for one in reversed(tries):
        if not one.good:
            break
        row += 1
    # What worked before the first failure tells nothing of the luck since.
    start = next((place for place, one in enumerate(tries) if not one.good), 0)
    before = tries[start : len(tries) - row]
    needed = needed_in_a_row(sum(one.good for one in before), len(before))
    counts: dict[str, int] = {}
    for one in bad:
        counts[one.symptom] = counts.get(one.symptom, 0) + 1
    return Tally(
        state=_state(tries, row, needed),
        tries=len(tries),
        good=len(tries) - len(bad),
        in_a_row=row,
        needed=needed,
        first_bad=bad[0].at if bad else None,
        back_at=tries[-row].at if row else None,
        symptoms=tuple(sorted(counts.items(), key=lambda pair: -pair[1])),
    )


def needed_in_a_row(good: int, of: int) -> int:
    """Good answers in a row that are no luck for a page of which so many tries came before.

    A page that came half of the time comes three times in a row by luck alone, so it takes more.
    """
    if not 0 < good < of:
        return FEWEST
    return min(MOST_NEEDED, max(FEWEST, math.ceil(math.log(CHANCE) / math.log(good / of))))


def _state(tries: Sequence[Try], row: int, needed: int) -> State:
    if not tries:
        return State.UNKNOWN
    if row == len(tries):
        return State.WORKS if row >= needed else State.UNKNOWN
    if row >= needed:
        return State.BACK
    good = [one.good for one in tries]
    turns = sum(first != second for first, second in pairwise(good))
    if turns >= 2 and any(good[: len(good) - row]):
        return State.INTERMITTENT
    return State.RETURNING if row else State.DOWN
