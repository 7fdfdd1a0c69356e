"""The owner's side, on his own machine: what an inspection finds and would change, and logs."""

import asyncio
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from badgateway.investigate.inspect import inspect_machine
from badgateway.investigate.logs import analyse, logs_at
from badgateway.investigate.search import Request
from badgateway.knowledge.base import Knowledge
from badgateway.logs.engines import EngineError, engine_of
from badgateway.model.incident import LogReport
from badgateway.model.plan import Plan
from badgateway.model.target import Wishes
from badgateway.model.verdict import Outcome, Verdict
from badgateway.model.vocabulary import vocabulary
from badgateway.repair.fix import proposal
from badgateway.report.plan import plan_lines
from badgateway.report.words import Words, sentence
from badgateway.web.runs import RefusedError

MOST_PLANS = 3
NO_LOG = sentence("None of these can be read as a log.")


@dataclass(frozen=True, slots=True)
class PlanShown:
    """What one remedy would change, for people.

    Attributes:
        title: what it does.
        lines: the changes, those of a diff with their signs.
    """

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IncidentShown:
    """One incident of logs, in a line; `cause` is empty where it cannot be told."""

    begin: datetime
    end: datetime
    failed: str
    cause: str


def incidents_shown(report: LogReport, words: Words) -> tuple[IncidentShown, ...]:
    """What the logs tell, the time line left out."""
    titles = vocabulary().causes
    return tuple(
        IncidentShown(
            one.begin,
            one.end,
            words.say(
                "{errors} of {requests} failed",
                errors=words.count(one.errors),
                requests=words.count(one.requests),
            )
            if one.requests
            else words.say("{errors} errors", errors=words.count(one.errors)),
            words.say(titles[one.verdict.causes[0].cause].title) if one.verdict.causes else "",
        )
        for one in report.incidents
    )


async def inspected(request: Request, wishes: Wishes) -> tuple[Verdict, tuple[Plan, ...]]:
    """What is wrong with this machine, and what could be changed about it; nothing is."""
    verdict = await inspect_machine(request, wishes)
    if verdict.outcome in (Outcome.HEALTHY, Outcome.NONE) and not verdict.causes:
        return verdict, ()
    stated = {"site": request.site}
    proposed = await asyncio.to_thread(proposal, verdict, stated)
    return verdict, proposed.plans[:MOST_PLANS]


def shown(plan: Plan, words: Words) -> PlanShown:
    """A plan as it is shown: its text, then what it does line by line."""
    title, *lines = plan_lines(plan, words)
    return PlanShown(title, tuple(lines))


def read_logs(names: Sequence[str], known: Knowledge) -> LogReport:
    """The incidents of log files of this machine. It blocks while it reads.

    Raises:
        RefusedError: they cannot be read.
    """
    try:
        logs, _ = logs_at(names)
        if not logs:
            raise RefusedError(NO_LOG)
        with closing(engine_of(None)) as engine:
            return analyse(logs, engine, known=known)
    except (OSError, EngineError, ImportError) as error:
        named, reason = getattr(error, "filename", None), getattr(error, "strerror", None)
        raise RefusedError(f"{named}: {reason}" if named and reason else str(error)) from error
