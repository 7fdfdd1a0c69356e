"""A name looked into in depth: everyone's answer, and what they say together."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from badgateway.inference.compare import compared
from badgateway.investigate.answers import judged_anew
from badgateway.investigate.check import check_url, context_of
from badgateway.investigate.runner import Event, Runner
from badgateway.knowledge.base import Knowledge
from badgateway.model.failure import NAMING
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, seen
from badgateway.model.target import Target, Wishes
from badgateway.model.verdict import Outcome, Verdict
from badgateway.probes import probes

PROBES = (
    "system_resolution",
    "public_resolution",
    "own_resolvers",
    "name_servers",
    "unchecked",
)
"""The tests that look at a name alone, and contact no web server."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What is known of a name.

    Attributes:
        name: the host name.
        observations: everything that was seen, comparisons included.
        verdict: the judgement; None where the name leads somewhere and nothing was tried there.
        elapsed_s: seconds it took.
    """

    name: str
    observations: tuple[Observation, ...]
    verdict: Verdict | None
    elapsed_s: float

    def named(self, *names: str) -> list[Observation]:
        """The observations with one of these names."""
        return [o for o in self.observations if o.name in names]

    @property
    def agreed(self) -> bool:
        """Whether everyone who answers says the same."""
        return bool(self.named("answers-agree"))


async def survey_name(
    target: Target,
    wishes: Wishes,
    known: Knowledge,
    listener: Callable[[Event], None] | None = None,
) -> Survey:
    """Ask everyone about the name of `target`; with `wishes.try_answers` try what they say.

    Raises:
        TargetError: a wish that cannot be granted.
    """
    wishes = replace(wishes, survey=True)
    if wishes.try_answers:
        verdict = await check_url(target, wishes, listener, known)
        return Survey(target.host, verdict.observations, verdict, verdict.elapsed_s)
    started = time.monotonic()
    context = context_of(target, wishes, started)
    every = probes()
    runner = Runner(context, {name: every[name] for name in PROBES}, listener)
    await runner.run(seen(Hop.BROWSER, "asked", "command line", url=target.url))
    elapsed = round(time.monotonic() - started, 3)
    if context.evidence.first(*NAMING):
        seen_so_far = Verdict(target.url, Outcome.NONE, observations=tuple(context.evidence))
        judged = replace(judged_anew(seen_so_far, (), known), elapsed_s=elapsed)
        return Survey(target.host, judged.observations, judged, elapsed)
    for comparison in list(compared(context.evidence)):
        context.evidence.add(comparison)
    return Survey(target.host, tuple(context.evidence), None, elapsed)
