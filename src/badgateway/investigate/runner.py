"""Runs probes as what they wait for is seen, side by side, within one deadline.

Here stands the one catch for bugs of our own: a probe that breaks becomes an observation, and
the investigation goes on.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass

from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.probes import Context, Probe

Listener = Callable[["Event"], None]

GRACE = 0.25
"""Seconds that tests which only support a verdict get, at least, once the others have ended."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a run, for whoever shows its progress.

    Attributes:
        probe: the probe's name.
        kind: `started`, `seen`, `ended` or `unfinished`.
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
        self, context: Context, probes: Mapping[str, Probe], listener: Listener | None = None
    ) -> None:
        self._context = context
        self._probes = probes
        self._listener = listener
        self._tested: set[tuple[str, str]] = set()
        self._tasks: dict[asyncio.Task[None], tuple[str, Observation]] = {}
        self._started = time.monotonic()
        self._trouble: list[BaseException] = []

    async def run(self, first: Observation) -> bool:
        """Begin with `first` and go on until nothing is left to test or the time is up.

        Returns:
            Whether every test ended by itself; those that did not are stated as observations.
        """
        self._record("", first)
        waited_for_support_until: float | None = None
        while self._tasks:
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
            await asyncio.wait(self._tasks, timeout=end - now, return_when=asyncio.FIRST_COMPLETED)
            for task in [task for task in self._tasks if task.done()]:
                del self._tasks[task]
            if self._trouble:
                await self._stop()
                raise self._trouble[0]
        return await self._stop()

    def _patience(self, elapsed: float) -> float:
        """Seconds that supporting tests are worth waiting for, `elapsed` seconds into the run.

        A page that came needs no second opinion; without one, the other resolvers decide, and
        each of them has a time limit of its own.
        """
        if self._context.evidence.first("http-response"):
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
