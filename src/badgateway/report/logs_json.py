"""The verdict on logs as the contract's JSON; what only logs tell stands under `logs`."""

import json

from badgateway.model.incident import Count, Incident, LogReport
from badgateway.model.verdict import SCHEMA, Outcome, Verdict
from badgateway.report.json import plain


def logs_json(report: LogReport) -> str:
    """One line of JSON, ASCII only."""
    verdict = plain(verdict_of(report))
    assert isinstance(verdict, dict)
    told = {"schema": SCHEMA, **verdict, "logs": plain(report)}
    return json.dumps(told, ensure_ascii=True)


def verdict_of(report: LogReport) -> Verdict:
    """The verdict on logs as a whole: that of their worst incident, else of the background."""
    subject = ", ".join(log.name for log in report.logs)
    worst = worst_of(report)
    if worst is not None:
        judged = worst.verdict
    elif report.background is not None:
        judged = report.background.verdict
    else:
        return Verdict(subject, Outcome.NONE, elapsed_s=report.elapsed_s)
    status = next((int(c.name) for c in statuses_of(report) if c.name.isdecimal()), None)
    return Verdict(
        subject,
        Outcome.GATEWAY_ERROR,
        status=judged.status or status,
        emitter=judged.emitter,
        side=judged.side,
        hop=judged.hop,
        determined=judged.determined,
        causes=judged.causes,
        observations=judged.observations,
        next=judged.next,
        steps=judged.steps,
        elapsed_s=report.elapsed_s,
    )


def worst_of(report: LogReport) -> Incident | None:
    """The incident with the most errors."""
    return max(report.incidents, key=lambda one: one.errors, default=None)


def statuses_of(report: LogReport) -> list[Count]:
    """The statuses of the worst incident, or of the background."""
    worst = worst_of(report)
    if worst is not None:
        return list(worst.statuses)
    return list(report.background.statuses) if report.background else []


def incident_json(incident: Incident, what: str) -> str:
    """One incident as one line of JSON, with what happened to it: `begun` or `over`."""
    return json.dumps({"event": what, "incident": plain(incident)}, ensure_ascii=True)
