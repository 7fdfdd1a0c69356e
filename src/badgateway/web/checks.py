"""The checks that people asked for: each has its address, its language and its own answers."""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum

from badgateway.investigate.answers import Answer, answered, questions
from badgateway.investigate.check import check_url
from badgateway.investigate.explain import explain_materials
from badgateway.investigate.runner import Event
from badgateway.investigate.search import Request
from badgateway.knowledge.base import Knowledge
from badgateway.knowledge.diagnostic import Diagnostic
from badgateway.model.incident import LogReport
from badgateway.model.material import Material
from badgateway.model.plan import Plan
from badgateway.model.target import Target, TargetError
from badgateway.model.verdict import Verdict, Who
from badgateway.remedies import steps_for
from badgateway.report.logs_json import verdict_of as verdict_on_logs
from badgateway.transport.files import UnpackError
from badgateway.web.history import History
from badgateway.web.owner import inspected, read_logs
from badgateway.web.runs import RefusedError, Run, Runs, State, Work
from badgateway.web.settings import Settings
from badgateway.web.strangers import NOT_PUBLIC, for_another, light
from badgateway.web.watching import Watching, watching

READ_AT_ONCE = 2
"""Materials that are read side by side: reading takes a processor."""


class Kind(StrEnum):
    """What was asked for."""

    PAGE = "page"
    MATERIAL = "material"
    MACHINE = "machine"
    LOGS = "logs"


@dataclass(slots=True)
class Check:
    """What one person asked for.

    Attributes:
        id: its address on the page; nobody can guess it.
        kind: what it is about.
        target: the URL, for a page.
        run: the run, maybe shared with others; None for one out of the history.
        own: the verdict once this person has answered questions, or from the history.
        watch: the watch on the page, once it is asked for.
        plans: what could be changed on this machine.
        logs: the incidents of logs.
        at: when it was asked for.
    """

    id: str
    kind: Kind
    target: Target | None = None
    run: Run | None = None
    own: Verdict | None = None
    watch: Watching | None = None
    plans: tuple[Plan, ...] = ()
    logs: LogReport | None = None
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def verdict(self) -> Verdict | None:
        """The verdict as this person has it; None while there is none."""
        return self.own or (self.run.verdict if self.run else None)

    @property
    def state(self) -> State:
        """How far it has come."""
        return self.run.state if self.run else State.DONE


class Checks:
    """All checks that a server remembers, the newest ones."""

    def __init__(self, settings: Settings, known: Knowledge, history: History | None) -> None:
        self.known = known
        self._settings = settings
        self._history = history
        self._runs = Runs(
            settings.at_once, settings.queue, settings.keep, settings.patience, settings.reach
        )
        self._reads = Runs(READ_AT_ONCE, settings.queue, 0.0, settings.patience, None)
        self._all: OrderedDict[str, Check] = OrderedDict()
        self._saving: set[asyncio.Task[None]] = set()

    def page(self, target: Target) -> Check:
        """Check a page.

        Raises:
            TargetError: strangers may not ask for it.
            FullError: too many wait already.
        """
        if self._settings.public and not target.public:
            raise TargetError(NOT_PUBLIC)
        run = self._runs.ask(target.url, self._looking(target), share=target.url)
        return self._added(Check(_name(), Kind.PAGE, target, run))

    def material(self, materials: Sequence[Material]) -> Check:
        """Explain what a person has on paper.

        Raises:
            FullError: too many wait already.
        """
        names = ", ".join(material.name for material in materials)

        async def work(_: Callable[[Event], None]) -> Verdict:
            try:
                verdict = await asyncio.to_thread(explain_materials, materials, self.known)
            except UnpackError as error:
                raise RefusedError(error.message.says, **error.message.values) from error
            return light(verdict) if self._settings.public else verdict

        return self._added(Check(_name(), Kind.MATERIAL, run=self._reads.ask(names, work)))

    def machine(self, request: Request) -> Check:
        """Inspect the machine that this server runs on.

        Raises:
            PermissionError: strangers may not.
            FullError: too many wait already.
        """
        if self._settings.public:
            raise PermissionError("the machine of a public service is nobody else's business")

        check = Check(_name(), Kind.MACHINE, request.target)

        async def work(_: Callable[[Event], None]) -> Verdict:
            verdict, check.plans = await inspected(request, self._settings.wishes)
            return verdict

        check.run = self._reads.ask("this machine", work)
        return self._added(check)

    def logs(self, names: Sequence[str]) -> Check:
        """Find the incidents of log files of this machine.

        Raises:
            PermissionError: strangers may not.
            FullError: too many wait already.
        """
        if self._settings.public:
            raise PermissionError("the files of a public service are nobody else's business")
        check = Check(_name(), Kind.LOGS)

        async def work(_: Callable[[Event], None]) -> Verdict:
            check.logs = await asyncio.to_thread(read_logs, names, self.known)
            return verdict_on_logs(check.logs)

        check.run = self._reads.ask(", ".join(names), work)
        return self._added(check)

    def find(self, name: str) -> Check | None:
        """The check at this address, also one out of the history."""
        check = self._all.get(name)
        if check is None and self._history is not None and (kept := self._history.find(name)):
            verdict = replace(kept.verdict, steps=steps_for(kept.verdict, self.known))
            check = Check(name, Kind(kept.kind), kept.target, own=verdict, at=kept.at)
        return check

    def questions(self, check: Check) -> list[Diagnostic]:
        """What this person could be asked, the best first."""
        if check.verdict is None:
            return []
        who = {
            Kind.PAGE: {Who.VISITOR},
            Kind.MACHINE: {Who.OWNER},
            Kind.LOGS: {Who.OWNER},
        }.get(check.kind, set(Who))
        return questions(check.verdict, self.known, frozenset(who))

    def answer(self, check: Check, test: str, answer: Answer) -> None:
        """Take an answer into this person's verdict.

        Raises:
            KeyError: there is no such test, or no verdict yet.
            ValueError: the test has no question.
        """
        found = self.known.diagnostics[test]
        if check.verdict is None:
            raise KeyError(test)
        check.own = answered(check.verdict, found, answer, self.known)
        self._all[check.id] = check
        self._save(check)

    def watched(self, check: Check) -> Watching:
        """Watch a page until it works; the verdict is the new one then.

        Raises:
            PermissionError: strangers may not, and only a page can be watched.
        """
        if self._settings.public or check.target is None:
            raise PermissionError("only your own machine watches a page for you")

        def done(verdict: Verdict) -> None:
            check.own = verdict
            self._save(check)

        if check.watch is None or check.watch.run.over:
            check.watch = watching(check.target, self._settings, self.known, done)
        self._all[check.id] = check
        return check.watch

    async def close(self) -> None:
        """Stop everything that runs."""
        for check in self._all.values():
            if check.watch is not None:
                check.watch.run.stop()
        await self._runs.close()
        await self._reads.close()
        await asyncio.gather(*self._saving, return_exceptions=True)

    def _looking(self, target: Target) -> Work:
        async def work(listener: Callable[[Event], None]) -> Verdict:
            try:
                verdict = await check_url(target, self._settings.wishes, listener, self.known)
            except TargetError as error:
                raise RefusedError(error.message.says, **error.message.values) from error
            return for_another(verdict, self.known) if self._settings.public else verdict

        return work

    def _added(self, check: Check) -> Check:
        self._all[check.id] = check
        while len(self._all) > self._settings.remembered:
            self._all.popitem(last=False)
        if self._history is not None and check.run is not None:
            task = asyncio.create_task(self._kept(check, check.run))
            self._saving.add(task)
            task.add_done_callback(self._saving.discard)
        return check

    async def _kept(self, check: Check, run: Run) -> None:
        await run.over_event.wait()
        self._save(check)

    def _save(self, check: Check) -> None:
        if self._history is not None and check.verdict is not None:
            self._history.keep(check.id, check.kind.value, check.verdict, check.at)


def _name() -> str:
    return secrets.token_urlsafe(16)
