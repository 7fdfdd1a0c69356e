"""One fix from the verdict to the proof: look, propose, apply, prove from outside, or take back."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from pathlib import Path

from badgateway.investigate.check import check_url
from badgateway.investigate.inspect import inspect_machine
from badgateway.investigate.search import Request
from badgateway.knowledge.remedy import load_handling, load_remedies
from badgateway.model.message import Message
from badgateway.model.plan import Plan
from badgateway.model.target import Target, Wishes
from badgateway.model.verdict import Outcome, Verdict
from badgateway.remedies.plan import Proposal, propose, propose_one
from badgateway.repair.apply import apply, take_back
from badgateway.repair.files import ApplyError, Left
from badgateway.repair.journal import KEPT, Journal
from badgateway.repair.look import facts_of
from badgateway.repair.resolvers import REMEDY as RESOLVER
from badgateway.repair.resolvers import calls_for, with_resolvers
from badgateway.transport.system import LINUX

ASKED = 6
"""Times in a row that the page must be well: a fault that comes and goes is not healed by luck."""
PAUSE = 0.5
"""Seconds between them: a reload leaves old workers that still answer on open connections."""
PATIENCE = 10.0
"""Seconds that servers get until a change is in force."""


Page = tuple[Target, Wishes]
"""A page that fails, and how it is asked for."""


class Result(StrEnum):
    """How a fix ended."""

    HEALED = "healed"
    UNPROVED = "unproved"
    TAKEN_BACK = "taken-back"


def look(request: Request, wishes: Wishes) -> Verdict:
    """What is broken, by this machine and from outside.

    Where this machine serves nothing and only visits the page, as a visitor's check tells it: by
    what other resolvers answer as well, if `wishes` admit that.
    """
    if not LINUX and request.target is not None:
        return asyncio.run(check_url(request.target, wishes))
    verdict = asyncio.run(inspect_machine(request, replace(wishes, public_resolvers=False)))
    serves = any(o.name == "config-upstream" for o in verdict.observations)
    if request.target is None or serves or verdict.outcome is Outcome.HEALTHY:
        return verdict
    visited = asyncio.run(check_url(request.target, wishes))
    return visited if calls_for(visited, load_remedies()[RESOLVER]) else verdict


def proposal(verdict: Verdict, stated: dict[str, str], page: Page | None = None) -> Proposal:
    """What could be done about it here.

    Args:
        verdict: what is broken.
        stated: what the person states, by name.
        page: the page that fails and how it is asked for; None where there is none.
    """
    remedies, facts = load_remedies(), facts_of(verdict, stated)
    wanted = stated.get("resolver", "")
    if page is not None and (wanted or calls_for(verdict, remedies[RESOLVER])):
        facts = with_resolvers(facts, *page, wanted)
    if wanted:
        return propose_one(remedies[RESOLVER], facts, load_handling())
    return propose(facts, remedies, load_handling())


class Fixing:
    """Plans put into force one after the other, until the page is well or all are taken back."""

    def __init__(self, state: Path, target: Target | None, wishes: Wishes) -> None:
        """Nothing is done yet; `target` None means that nothing can be proved from outside."""
        self.target, self.wishes = target, wishes
        self.journal = Journal.begun(state, {"url": target.url if target else ""})

    def apply(self, plan: Plan) -> Message | str:
        """Make its changes; returns what went wrong, empty if nothing.

        What went wrong takes everything of this fix back.
        """
        try:
            apply(plan, self.journal)
        except ApplyError as error:
            return error.message
        except OSError as error:
            return str(error)
        return ""

    def prove(self, tell: Callable[..., None]) -> Verdict | None:
        """Ask from outside until it is well, or patience ends; None where there is no URL.

        `tell` says a sentence with the values of its places.
        """
        if self.target is None:
            return None
        end = time.monotonic() + PATIENCE
        while True:
            tell("asking for {url}", url=self.target.url)
            for place in range(ASKED):
                if place:
                    time.sleep(PAUSE)
                verdict = asyncio.run(check_url(self.target, self.wishes))
                if not (good := well(verdict)):
                    break
            if good or time.monotonic() > end:
                return verdict
            time.sleep(0.5)

    def keep(self) -> None:
        """Its changes stay; `undo` can still take them back."""
        self.journal.note(KEPT)

    def take_back(self) -> tuple[Left, ...]:
        """Everything as it was; returns what could not be."""
        return tuple(take_back(self.journal))


def well(verdict: Verdict) -> bool:
    """Whether a visitor gets the site: its page, or an answer of its own that no gateway made."""
    if verdict.outcome is Outcome.HEALTHY:
        return True
    return (
        verdict.outcome is Outcome.OTHER_ERROR
        and verdict.status in (401, 404, 410)
        and not verdict.determined
    )
