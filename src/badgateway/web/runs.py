"""Runs of checks: so many at once, the others in a queue, and none that nobody waits for.

All who ask for the same page at the same time share one run.
"""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum

from badgateway.investigate.runner import Event
from badgateway.model.message import Message, SpokenError
from badgateway.model.observation import Observation
from badgateway.model.verdict import Verdict
from badgateway.transport.reach import Reach, within

Work = Callable[[Callable[[Event], None]], Awaitable[Verdict]]
"""What a run does; it is given whom to tell what happens meanwhile."""

MOST_SEEN = 2_000
"""Observations that are kept for the picture while a run goes on."""
PAUSE = 0.04
"""Seconds between two news to the same follower: quicker changes come together."""


class State(StrEnum):
    """How far a run has come."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    STOPPED = "stopped"


class RefusedError(SpokenError):
    """What was asked for is not looked at; the message says why, for people."""


class FullError(Exception):
    """The queue is full."""


async def _nothing(_: Callable[[Event], None]) -> Verdict:
    raise RuntimeError("a run works once")


class Run:
    """One run, and who follows it."""

    def __init__(self, subject: str, work: Work, patience: float) -> None:
        self.subject = subject
        self.state = State.WAITING
        self.place = 0
        self.seen: list[Observation] = []
        self.verdict: Verdict | None = None
        self.problem: Message | str = ""
        self.ended = 0.0
        self.over_event = asyncio.Event()
        self._work = work
        self._patience = patience
        self._followers = 0
        self._news: set[asyncio.Event] = set()
        self._task: asyncio.Task[None] | None = None
        self._stopping: asyncio.TimerHandle | None = None
        self.touch()

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.state not in (State.WAITING, State.RUNNING)

    def heard(self, event: Event) -> None:
        """Take one event of the check."""
        if event.kind == "seen" and len(self.seen) < MOST_SEEN:
            self.seen.append(event.observation)
            self.tell()

    def tell(self) -> None:
        """Wake all who follow."""
        for event in self._news:
            event.set()

    async def changes(self) -> AsyncGenerator[None, None]:
        """Now, and whenever there is news, until it is over. Who stops listening has left."""
        news = asyncio.Event()
        self._news.add(news)
        with self._followed():
            try:
                while True:
                    news.clear()
                    over = self.over
                    yield
                    if over:
                        return
                    await asyncio.sleep(PAUSE)
                    await news.wait()
            finally:
                self._news.discard(news)

    async def end(self) -> None:
        """Wait until it is over."""
        async for _ in self.changes():
            pass

    @contextmanager
    def _followed(self) -> Iterator[None]:
        self._followers += 1
        try:
            yield
        finally:
            self._followers -= 1
            self.touch()

    def touch(self) -> None:
        """Somebody looked just now: go on for a while, also when nobody follows."""
        if self._stopping is not None:
            self._stopping.cancel()
        if not self.over:
            loop = asyncio.get_running_loop()
            self._stopping = loop.call_later(self._patience, self._left)

    def _left(self) -> None:
        if self._followers == 0 and not self.over:
            self.stop()

    def stop(self) -> None:
        """End it; a run that is over stays as it is."""
        if self.state is State.WAITING:
            self._finish(State.STOPPED)
        elif self._task is not None:
            self._task.cancel()

    def start(self, reach: Reach | None) -> asyncio.Task[None]:
        """Do the work now, within the bounds of `reach`; the task ends by itself."""
        self.state, self.place = State.RUNNING, 0
        self.tell()
        self._task = asyncio.create_task(self._go(reach))
        self._task.add_done_callback(self._gone)
        return self._task

    def _gone(self, _: asyncio.Task[None]) -> None:
        """A task that is cancelled before its first step never gets into `_go`."""
        if not self.over:
            self._finish(State.STOPPED)

    async def _go(self, reach: Reach | None) -> None:
        try:
            with within(reach):
                self.verdict = await self._work(self.heard)
        except RefusedError as error:
            self.problem = error.message
            self._finish(State.REFUSED)
        except asyncio.CancelledError:
            self._finish(State.STOPPED)
        except Exception as error:  # noqa: BLE001 - a bug of ours must be seen, and end no server
            self.problem = type(error).__name__
            self._finish(State.FAILED)
        else:
            self._finish(State.DONE)

    def _finish(self, state: State) -> None:
        self.state = state
        self.ended = time.monotonic()
        self.seen.clear()
        # What it worked on, such as files that were sent, is no longer needed.
        self._work = _nothing
        self.over_event.set()
        if self._stopping is not None:
            self._stopping.cancel()
        self.tell()


class Runs:
    """All runs of a server."""

    def __init__(
        self, at_once: int, queue: int, keep: float, patience: float, reach: Reach | None
    ) -> None:
        """Args: see `Settings`."""
        self._at_once, self._most_waiting = at_once, queue
        self._keep, self._patience, self._reach = keep, patience, reach
        self._waiting: deque[Run] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self._shared: OrderedDict[str, Run] = OrderedDict()

    def ask(self, subject: str, work: Work, share: str = "") -> Run:
        """A run of `work`, or the one that is under way or still good for the same `share`.

        Raises:
            FullError: too many wait already.
        """
        known = self._shared.get(share) if share else None
        if known is not None and self._good(known):
            known.touch()
            return known
        if len(self._waiting) >= self._most_waiting:
            raise FullError
        run = Run(subject, work, self._patience)
        if share:
            self._shared[share] = run
            while len(self._shared) > self._at_once + self._most_waiting:
                self._shared.popitem(last=False)
        self._waiting.append(run)
        self._next()
        return run

    def _good(self, run: Run) -> bool:
        if not run.over:
            return True
        fresh = time.monotonic() - run.ended < self._keep
        return run.state in (State.DONE, State.REFUSED) and fresh

    def _next(self) -> None:
        """Start what may start, and tell the others how many are before them."""
        self._waiting = deque(run for run in self._waiting if not run.over)
        while self._waiting and len(self._running) < self._at_once:
            task = self._waiting.popleft().start(self._reach)
            self._running.add(task)
            task.add_done_callback(self._ended)
        for place, run in enumerate(self._waiting, 1):
            if run.place != place:
                run.place = place
                run.tell()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._next()

    async def close(self) -> None:
        """Stop everything."""
        for run in self._waiting:
            run.stop()
        self._waiting.clear()
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
