"""What each person does now: from a verdict to steps.

Law of this folder: it chooses and fills in; it runs nothing.
"""

import re
import shlex
from dataclasses import replace
from urllib.parse import urlsplit

from badgateway.knowledge.base import Knowledge
from badgateway.knowledge.step import StepFile
from badgateway.model.verdict import Outcome, Step, Verdict, Who

CAUSES = 3
"""So many of the first causes are worth steps; what is less likely is left to later tests."""
_PLACE = re.compile(r"\{(url|host)\}")
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
        chosen += [filled(file.step, verdict.subject) for file in mine[:EACH]]
    return tuple(chosen)


def _fits(file: StepFile, verdict: Verdict, leading: dict[str, int]) -> bool:
    if file.outcomes and verdict.outcome not in file.outcomes:
        return False
    if file.sides and verdict.side not in file.sides:
        return False
    if file.causes and not file.causes & leading.keys():
        return False
    if file.seen and not any(o.name in file.seen for o in verdict.observations):
        return False
    if file.emitters:
        emitter = verdict.emitter
        names = {emitter.name, *emitter.relayed_by} if emitter else set()
        return bool(file.emitters & names)
    return True


def _place(file: StepFile, leading: dict[str, int]) -> int:
    """Steps for the first cause before steps for the second, general ones with the first."""
    return min((leading[cause] for cause in file.causes if cause in leading), default=0)


def filled(step: Step, subject: str) -> Step:
    """The step for this site, or for any where the subject is none.

    What comes from outside is quoted before it enters a command. Texts are sentences that are
    translated whole, and name nothing of the site.
    """
    url, host = _url_and_host(subject)
    quoted = {
        "url": shlex.quote(url) if url else "URL",
        "host": shlex.quote(host) if host else "HOST",
    }
    return replace(
        step,
        command=step.command and _fill(step.command, quoted),
        verify=step.verify and _fill(step.verify, quoted),
    )


def _url_and_host(subject: str) -> tuple[str, str]:
    """The URL and its host; empty where the subject is material and not a URL."""
    if not subject.startswith(("http://", "https://")):
        return "", ""
    try:
        return subject, urlsplit(subject).hostname or ""
    except ValueError:
        return subject, ""


def _fill(text: str, values: dict[str, str]) -> str:
    """All at once, so that what one value holds is never taken for another's place."""
    return _PLACE.sub(lambda found: values[found[1]], text)
