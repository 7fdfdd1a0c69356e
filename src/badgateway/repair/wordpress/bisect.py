"""Finding the part that breaks a site, with as few requests as it takes.

First among the plugins, which it mostly is. Where the site fails with all of them off, among
everything: theme, must-use plugins, drop-ins. What fails before must-use plugins are loaded is
reached through wp-config.php.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from badgateway.repair.wordpress.ask import Answer, Fatal, Page, ask
from badgateway.repair.wordpress.logs import part_of
from badgateway.repair.wordpress.search import Finding, Search
from badgateway.repair.wordpress.site import Kind, Part, Site, SiteError
from badgateway.repair.wordpress.switch import Switch

MOST_REQUESTS = 80
"""Requests of one search; more than ten bad plugins of two hundred take no more."""


class Ended(StrEnum):
    """How it ended."""

    FOUND = "found"
    UNSTEADY = "unsteady"
    HEALTHY = "healthy"
    ELSEWHERE = "elsewhere"
    UNREACHED = "unreached"


@dataclass(frozen=True, slots=True)
class Try:
    """One request: what it left out and what came back."""

    off: tuple[Part, ...]
    answer: Answer


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found.

    Attributes:
        ended: how.
        bad: the parts without which the page works, and with any of which it fails.
        tries: every request, in order.
        fatal: what PHP said of it, None for nothing.
        theme: the active theme, where WordPress told it.
        visit: what an ordinary visitor got once it was found; None where nobody looked.
    """

    ended: Ended
    bad: tuple[Part, ...]
    tries: tuple[Try, ...]
    fatal: Fatal | None = None
    theme: str = ""
    visit: Answer | None = None


class Bisection:
    """One search on one site."""

    def __init__(
        self,
        site: Site,
        page: Page,
        suspects: Iterable[Part] = (),
        listener: Callable[[Try], None] | None = None,
    ) -> None:
        """Args: site: where. page: what fails. suspects: tried first. listener: hears each try."""
        self._parts = site.parts()
        self._by_key = {part.key: part for part in self._parts}
        self._switch = Switch(site, self._parts)
        self._page = replace(page, mark=self._switch.mark)
        self._suspects = tuple(suspects)
        self._listener = listener
        self._tries: list[Try] = []
        self._early = False

    async def run(self) -> Outcome:
        """Search; the switch is in place only meanwhile.

        Raises:
            SiteError: the switch cannot be written, or the search does not come to an end.
            TargetError: the site cannot be asked.
        """
        with self._switch:
            plugins = [part for part in self._parts if part.kind is Kind.PLUGIN]
            finding = await self._searched(plugins)
            if finding is not None and not finding.bad and not finding.healthy:
                finding = await self._searched(self._parts)
        outcome = self._outcome(finding)
        if outcome.ended is not Ended.FOUND:
            return outcome
        # A page that was late once, or a fault that comes and goes, must accuse nobody.
        visit = await ask(self._page, None)
        return replace(outcome, visit=visit, ended=Ended.UNSTEADY if visit.works else Ended.FOUND)

    async def _searched(self, parts: Sequence[Part]) -> Finding | None:
        """Search among `parts`, with what is known already; None where no request is reached."""
        search = Search((part.key for part in parts), (part.key for part in self._suspects))
        for tried in self._tries:
            if tried.answer.reached is not False:
                search.tell(frozenset(part.key for part in tried.off), tried.answer.works)
        while (finding := search.found) is None:
            off = tuple(self._by_key[key] for key in sorted(search.next()))
            if any(part.kind is Kind.DROP_IN for part in off):
                self._reach_early()
            if not await self._try(search, off):
                return None
        return finding

    async def _try(self, search: Search, off: tuple[Part, ...]) -> bool:
        """One request, told to the search; false where the switch cannot be reached at all."""
        answer = await self._asked(off)
        if answer.reached is False and not answer.works and not self._early:
            # PHP failed before it came to must-use plugins.
            self._reach_early()
            answer = await self._asked(off)
        if answer.reached is False:
            return False
        search.tell(frozenset(part.key for part in off), answer.works)
        if (active := answer.active) is not None:
            there = [p for p in self._parts if p.kind is not Kind.PLUGIN or p.name in active]
            search.only(part.key for part in there)
        if answer.fatal is not None and (named := part_of(answer.fatal.file, self._parts)):
            search.hint([named.key])
        return True

    def _reach_early(self) -> None:
        if not self._early:
            self._early = True
            self._switch.reach_early()

    async def _asked(self, off: tuple[Part, ...]) -> Answer:
        if len(self._tries) >= MOST_REQUESTS:
            raise SiteError(
                "no end after {most} requests: does the site fail each time?", most=MOST_REQUESTS
            )
        answer = await ask(self._page, self._switch.header(off))
        tried = Try(off, answer)
        self._tries.append(tried)
        if self._listener is not None:
            self._listener(tried)
        return answer

    def _outcome(self, finding: Finding | None) -> Outcome:
        tries = tuple(self._tries)
        theme = next((t.answer.theme for t in tries if t.answer.theme), "")
        if finding is None:
            return Outcome(Ended.UNREACHED, (), tries, theme=theme)
        if finding.healthy:
            return Outcome(Ended.HEALTHY, (), tries, theme=theme)
        bad = tuple(part for part in self._parts if part.key in finding.bad)
        fatals = [tried.answer.fatal for tried in tries if tried.answer.fatal is not None]
        mine = [fatal for fatal in fatals if part_of(fatal.file, bad) is not None]
        if not bad:
            return Outcome(Ended.ELSEWHERE, (), tries, next(iter(fatals), None), theme)
        return Outcome(Ended.FOUND, bad, tries, next(iter(mine), None), theme)
