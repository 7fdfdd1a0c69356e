"""Runs probes as what they wait for is seen, side by side, within one deadline.

Most start at once. Those that run on demand wait until it is known whether they could change the
verdict; while something slow is waited for they start too, for that is free.

Here stands the one catch for bugs of our own: a probe that breaks becomes an observation, and
the investigation goes on.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from badgateway.model.hop import Hop
from badgateway.model.observation import Evidence, Observation, seen
from badgateway.probes import Context, Probe

Listener = Callable[["Event"], None]

Choose = Callable[[Evidence, Sequence[str]], Awaitable[Sequence[str]]]
"""Told what was seen and which probes could run, it names those that are worth running now."""

GRACE = 0.25
"""Seconds that tests which only support a verdict get, at least, once the others have ended."""


SLOW = 0.7
"""Seconds after which what is on the way is slow, and what could support a verdict starts."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a run, for whoever shows its progress.

    Attributes:
        probe: the probe's name.
        kind: `started`, `seen`, `ended`, `unfinished`, or `spared` for a test that could have
            been made and would have changed nothing.
        seconds: since the run began.
        observation: what was seen, for `seen`; what it is about, for `started`.
    """

    probe: str
    kind: str
    seconds: float
    observation: Observation


class Runner:
    """One run of the probes over one context."""

    def __init__(
        self,
        context: Context,
        probes: Mapping[str, Probe],
        listener: Listener | None = None,
        choose: Choose | None = None,
    ) -> None:
        self._context = context
        self._probes = probes
        self._listener = listener
        self._tested: set[tuple[str, str]] = set()
        self._tasks: dict[asyncio.Task[None], tuple[str, Observation]] = {}
        self._started = time.monotonic()
        self._trouble: list[BaseException] = []
        self._choose = choose
        self._waiting: list[tuple[str, Probe, Observation]] = []

    async def run(self, first: Observation) -> bool:
        """Begin with `first` and go on until nothing is left to test or the time is up.

        Returns:
            Whether every test ended by itself; those that did not are stated as observations.
        """
        self._record("", first)
        waited_for_support_until: float | None = None
        while self._tasks or self._waiting:
            now = time.monotonic()
            await self._start_what_is_worth_it(now)
            if not self._tasks:
                break
            now = time.monotonic()
            end = self._context.deadline
            if not any(self._decisive(name) for name, _ in self._tasks.values()):
                if waited_for_support_until is None:
                    waited_for_support_until = now + self._patience(now - self._started)
                end = min(end, waited_for_support_until)
            else:
                waited_for_support_until = None
            if now >= end:
                break
            if self._waiting and now < (slow := self._started + SLOW):
                end = min(end, slow)
            await asyncio.wait(self._tasks, timeout=end - now, return_when=asyncio.FIRST_COMPLETED)
            for task in [task for task in self._tasks if task.done()]:
                del self._tasks[task]
            if self._trouble:
                await self._stop()
                raise self._trouble[0]
        for name, _, about in self._waiting:
            self._tell(name, "spared", about)
        return await self._stop()

    async def _start_what_is_worth_it(self, now: float) -> None:
        """Start what runs on demand and could change the verdict, or all of it while it is slow."""
        if self._choose is None or not self._waiting:
            return
        if any(self._decisive(name) for name, _ in self._tasks.values()):
            worth = {name for name, _, _ in self._waiting} if now >= self._started + SLOW else set()
        else:
            names = list(dict.fromkeys(name for name, _, _ in self._waiting))
            worth = set(await self._choose(self._context.evidence, names))
        for waiting in [one for one in self._waiting if one[0] in worth]:
            self._waiting.remove(waiting)
            self._start(*waiting)

    def _patience(self, elapsed: float) -> float:
        """Seconds that supporting tests are worth waiting for, `elapsed` seconds into the run.

        A page that came needs no second opinion; without one, the other resolvers decide, and
        each of them has a time limit of its own. So they do where the name itself is the question.
        """
        if not self._context.wishes.survey and self._context.evidence.first("http-response"):
            return max(GRACE, elapsed * 0.2)
        return self._context.seconds_left()

    def _decisive(self, name: str) -> bool:
        return not self._probes[name].COST.supporting

    async def _stop(self) -> bool:
        left = list(self._tasks.items())
        for task, _ in left:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        decisive = True
        for _, (name, about) in left:
            decisive = decisive and not self._decisive(name)
            elapsed = round(time.monotonic() - self._started, 3)
            self._record(
                name,
                seen(Hop.DEVICE, "probe-unfinished", f"probe:{name}", probe=name, seconds=elapsed),
                offer=False,
            )
            self._tell(name, "unfinished", about)
        return decisive

    def _record(self, probe: str, observation: Observation, offer: bool = True) -> None:
        kept = self._context.evidence.add(observation)
        self._tell(probe, "seen", kept)
        if offer:
            self._offer(kept)

    def _offer(self, about: Observation) -> None:
        """Start every probe that waited for `about`."""
        for name, probe in self._probes.items():
            if about.name not in probe.AFTER:
                continue
            subject = probe.wanted(about, self._context)
            if subject is None or (name, subject) in self._tested:
                continue
            self._tested.add((name, subject))
            if self._choose is not None and probe.COST.on_demand:
                self._waiting.append((name, probe, about))
            else:
                self._start(name, probe, about)

    def _start(self, name: str, probe: Probe, about: Observation) -> None:
        task = asyncio.create_task(self._one(name, probe, about))
        self._tasks[task] = (name, about)

    async def _one(self, name: str, probe: Probe, about: Observation) -> None:
        self._tell(name, "started", about)
        try:
            async with aclosing(probe.run(about, self._context)) as found:
                async for observation in found:
                    self._record(name, observation)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - the one catch: a bug of ours must not end the run
            self._record(
                name,
                seen(
                    Hop.DEVICE,
                    "probe-broken",
                    f"probe:{name}",
                    probe=name,
                    error=f"{type(error).__name__}: {error}",
                ),
                offer=False,
            )
        self._tell(name, "ended", about)

    def _tell(self, probe: str, kind: str, observation: Observation) -> None:
        if self._listener is not None:
            try:
                self._listener(Event(probe, kind, time.monotonic() - self._started, observation))
            except Exception as error:  # noqa: BLE001 - raised where the caller can see it
                self._trouble.append(error)
