"""A page watched until it works again: asked politely, one request at a time, and counted.

It begins with a whole check, which says what is wrong. When the site shows another failure than
before, or is back, the check is made anew: only a whole check proves anything.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from badgateway.inference.compare import pages
from badgateway.investigate.answers import judged_anew
from badgateway.knowledge.base import Knowledge
from badgateway.model.hop import Hop
from badgateway.model.observation import Evidence, Observation, seen
from badgateway.model.response import Response
from badgateway.model.target import Target, Wishes
from badgateway.model.verdict import Outcome, Verdict
from badgateway.watch.attempt import Try, attempt
from badgateway.watch.pace import Pace, Pause, until
from badgateway.watch.tally import FEWEST, Tally, tally

MOST_KEPT = 1_000
"""Tries that are remembered and counted; a day of watching has about as many."""
MOST_JUDGED = 40
"""Tries, the last ones, that enter the evidence."""
MOST_CHECKS = 8
"""Whole checks that one watch makes."""
PERSISTS = 2
"""Tries in a row that must show another failure before it is looked into."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A whole check has ended; `verdict` is what it found."""

    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Tried:
    """One try has ended.

    Attributes:
        one: the try.
        tally: all tries so far, counted.
        pause: what is waited before the next one; None where it was the last, as far as is known.
    """

    one: Try
    tally: Tally
    pause: Pause | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing happens until `until`; `pause` says why."""

    pause: Pause
    until: datetime


@dataclass(frozen=True, slots=True)
class Settled:
    """The page works: the watch is over."""

    tally: Tally


Event: TypeAlias = Checked | Tried | Waiting | Settled


class Watch:
    """One page, watched. `events` may be left at any moment; `verdict` says what is known then."""

    def __init__(
        self,
        target: Target,
        known: Knowledge,
        check: Callable[[], Awaitable[Verdict]],
        ask: Callable[[int], Awaitable[Try]],
        pace: Pace | None = None,
        tries: int | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """A watch that has not begun.

        Args:
            target: the page.
            known: the knowledge to judge by.
            check: makes a whole check.
            ask: makes one try; told which one it is.
            pace: the pauses between tries.
            tries: make so many and stop; None to go on until the page works.
            sleep: waits so many seconds.
        """
        self._target, self._known = target, known
        self._check, self._ask, self._sleep = check, ask, sleep
        self._pace = pace or Pace()
        self._wanted = tries
        self._number = self._checks = 0
        self._checked: Verdict | None = None
        self._tries: deque[Try] = deque(maxlen=MOST_KEPT)
        self._since_check: list[Try] = []
        self._settled = False
        self._provable = 0
        self._failed_at: datetime | None = None

    @property
    def tally(self) -> Tally:
        """All tries so far, counted."""
        return tally(self.tries)

    @property
    def tries(self) -> Sequence[Try]:
        """The tries so far, the last thousand of them."""
        return tuple(self._tries)

    @property
    def works(self) -> bool:
        """Whether the page works, as far as can be told by now: proved, or good in every try."""
        if self._settled:
            return True
        now = self.tally
        checked = self._checked is not None and self._checked.outcome is Outcome.HEALTHY
        return checked and now.good == now.tries and bool(self._wanted)

    @property
    def failed_at(self) -> datetime | None:
        """When the first failure was seen; None for none."""
        seen_at = [moment for moment in (self._failed_at, self.tally.first_bad) if moment]
        return min(seen_at, default=None)

    async def events(self) -> AsyncGenerator[Event, None]:
        """Check, try and wait, until the page works or the tries are used up."""
        yield await self._whole_check()
        pause = self._after_check()
        while True:
            yield Waiting(pause, until(pause.seconds, datetime.now(UTC)))
            await self._sleep(pause.seconds)
            self._number += 1
            one = await self._ask(self._number)
            self._tries.append(one)
            self._since_check.append(one)
            now, pause = self.tally, self._after(one)
            self._provable = self._provable if one.good else 0
            last = self._wanted is not None and self._number >= self._wanted
            over = last or (self._wanted is None and now.settled and not self._provable)
            yield Tried(one, now, None if over else pause)
            if last:
                if self._differs(one):
                    yield await self._whole_check()
                return
            if self._wanted is None and now.settled and now.in_a_row >= self._provable:
                # A page that only tries find good is proved again later and later.
                self._provable = max(now.in_a_row, FEWEST) * 2
                yield await self._whole_check()
                if self._checked is not None and self._checked.outcome is Outcome.HEALTHY:
                    self._settled = True
                    yield Settled(now)
                    return
            elif self._differs(one) and self._checks < MOST_CHECKS:
                yield await self._whole_check()

    def verdict(self) -> Verdict | None:
        """What is known, tries included, judged as one; None while no check has ended."""
        if self._checked is None or not self._tries:
            return self._checked
        judged = self._since_check if self._settled else list(self._tries)[-MOST_JUDGED:]
        more = [one.observation for one in judged]
        return judged_anew(self._checked, [*more, self._watched()], self._known)

    def _watched(self) -> Observation:
        """The whole watch in one statement."""
        now = self.tally
        return seen(
            Hop.BROWSER,
            "watched",
            "watch",
            url=self._target.url,
            tries=now.tries,
            good=now.good,
            state=now.state.value,
            symptoms=tuple(name for name, _ in now.symptoms),
            lasted=round((self._tries[-1].at - self._tries[0].at).total_seconds(), 1),
        )

    async def _whole_check(self) -> Checked:
        self._checks += 1
        began = datetime.now(UTC)
        self._checked = await self._check()
        if self._checked.outcome is not Outcome.HEALTHY:
            self._failed_at = self._failed_at or began
        self._since_check.clear()
        return Checked(self._checked)

    def _after_check(self) -> Pause:
        """The pause that the answer to a check asks for."""
        assert self._checked is not None
        if self._checked.outcome is Outcome.HEALTHY:
            return self._pace.after_good()
        return self._pace.after_bad(_answer(self._checked), datetime.now(UTC))

    def _after(self, one: Try) -> Pause:
        return self._pace.after_good() if one.good else self._pace.after_bad(one.response, one.at)

    def _differs(self, one: Try) -> bool:
        """Whether the last tries all show one failure, and another one than the check found."""
        last = list(self._tries)[-PERSISTS:]
        same = len(last) == PERSISTS and {each.symptom for each in last} == {one.symptom}
        if one.good or not same or self._checked is None:
            return False
        if self._checked.status is not None:
            return one.symptom != str(self._checked.status)
        return one.symptom not in {o.name for o in self._checked.observations}


def _answer(verdict: Verdict) -> Response | None:
    """The answer that a verdict is about; None where there was none."""
    found = pages(Evidence(verdict.observations))
    return Response.of(found[0].value) if found else None


def watch_url(
    target: Target,
    wishes: Wishes,
    known: Knowledge,
    check: Callable[[], Awaitable[Verdict]],
    pace: Pace | None = None,
    tries: int | None = None,
) -> Watch:
    """A watch on a page as a client with these wishes sees it."""

    async def ask(number: int) -> Try:
        return await attempt(target, wishes, number, known)

    return Watch(target, known, check, ask, pace, tries)
