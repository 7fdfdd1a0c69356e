"""What each person does now: from a verdict to steps.

Law of this folder: it chooses and fills in; it runs nothing.
"""

import shlex
from dataclasses import replace
from urllib.parse import urlsplit

from badgateway.knowledge.base import Knowledge
from badgateway.knowledge.step import StepFile
from badgateway.model.verdict import Outcome, Step, Verdict, Who

CAUSES = 3
"""So many of the first causes are worth steps; what is less likely is left to later tests."""
EACH = 4
"""Steps for each person: more than that is a manual, and nobody reads one while a site is down."""


def steps_for(verdict: Verdict, known: Knowledge) -> tuple[Step, ...]:
    """What visitor and owner can do, the first thing first; nothing for a healthy site."""
    if verdict.outcome in (Outcome.HEALTHY, Outcome.NONE):
        return ()
    leading = {ranked.cause: place for place, ranked in enumerate(verdict.causes[:CAUSES])}
    fitting = sorted(
        (_place(file, leading), file.rank, file.step.id, file)
        for file in known.steps.values()
        if _fits(file, verdict, leading)
    )
    chosen = []
    for who in Who:
        mine = [file for *_, file in fitting if file.step.who is who]
        chosen += [_filled(file.step, verdict.subject) for file in mine[:EACH]]
    return tuple(chosen)


def _fits(file: StepFile, verdict: Verdict, leading: dict[str, int]) -> bool:
    if file.outcomes and verdict.outcome not in file.outcomes:
        return False
    if file.sides and verdict.side not in file.sides:
        return False
    if file.causes and not file.causes & leading.keys():
        return False
    if file.emitters:
        emitter = verdict.emitter
        names = {emitter.name, *emitter.relayed_by} if emitter else set()
        return bool(file.emitters & names)
    return True


def _place(file: StepFile, leading: dict[str, int]) -> int:
    """Steps for the first cause before steps for the second, general ones with the first."""
    return min((leading[cause] for cause in file.causes if cause in leading), default=0)


def _filled(step: Step, subject: str) -> Step:
    """The step for this site. What comes from outside is quoted before it enters a command."""
    is_url = subject.startswith(("http://", "https://"))
    host = urlsplit(subject).hostname or "" if is_url else ""
    plain = {"url": subject if is_url else "the page", "host": host or "the site"}
    quoted = {
        "url": shlex.quote(subject) if is_url else "URL",
        "host": shlex.quote(host) if host else "HOST",
    }
    return replace(
        step,
        text=_fill(step.text, plain),
        command=step.command and _fill(step.command, quoted),
        verify=step.verify and _fill(step.verify, quoted),
    )


def _fill(text: str, values: dict[str, str]) -> str:
    for key, value in values.items():
        text = text.replace(f"{{{key}}}", value)
    return text
