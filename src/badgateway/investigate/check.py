"""The visitor's side: from a URL to a verdict."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from badgateway.inference.choose import chosen
from badgateway.inference.judge import judge_check
from badgateway.investigate.runner import Choose, Event, Runner
from badgateway.knowledge.base import Knowledge, knowledge
from badgateway.knowledge.resolvers import portal_checks, public_resolvers
from badgateway.model.hop import Hop
from badgateway.model.observation import Evidence, seen
from badgateway.model.target import Target, Wishes
from badgateway.model.verdict import Made, Verdict
from badgateway.probes import Context, Control, PortalCheck, Probe, probes
from badgateway.remedies import steps_for
from badgateway.transport.dns import Resolver
from badgateway.transport.proxy import proxy_of
from badgateway.transport.system import in_thread


async def check_url(
    target: Target,
    wishes: Wishes,
    listener: Callable[[Event], None] | None = None,
    known: Knowledge | None = None,
) -> Verdict:
    """Probe the whole way to `target` and judge what was seen.

    Args:
        target: what to check.
        wishes: how; `wishes.timeout` bounds the whole run, in seconds.
        listener: is told what happens while it happens.
        known: the knowledge to judge by; what ships with the package where it is None.

    Raises:
        TargetError: a wish that cannot be granted, with what would be right.
    """
    started = time.monotonic()
    context = context_of(target, wishes, started)
    loading = asyncio.ensure_future(_loaded(known))
    choose = None if wishes.everything else _chooser(loading, target.url)
    diary = _Diary(listener)
    runner = Runner(context, _probes(wishes), diary.heard, choose)
    complete = await runner.run(seen(Hop.BROWSER, "asked", "command line", url=target.url))
    known = await loading
    verdict = judge_check(context.evidence, target.url, known)
    verdict = replace(
        verdict, steps=steps_for(verdict, known), complete=complete, made=tuple(diary.made)
    )
    return replace(verdict, elapsed_s=round(time.monotonic() - started, 3))


OF_THE_SITE = frozenset(
    {
        *("system_resolution", "public_resolution", "zone_servers", "connection", "page"),
        *("page_http2", "page_http3", "page_elsewhere", "asked_again", "neighbours"),
        *("plain_http", "cloudflare_edge", "control"),
    }
)
"""Probes that tell of the site and nothing of the machine they run on. A new one is not among
them before somebody has looked at what it tells."""


def _probes(wishes: Wishes) -> dict[str, Probe]:
    every = probes()
    if not wishes.for_another:
        return every
    return {name: probe for name, probe in every.items() if name in OF_THE_SITE}


def context_of(target: Target, wishes: Wishes, started: float) -> Context:
    """What the probes of one run share.

    Args:
        target: what is looked at.
        wishes: how.
        started: when the run began, on `time.monotonic()`'s clock.

    Raises:
        TargetError: a wish that cannot be granted.
    """
    return Context(
        target=target,
        wishes=wishes,
        evidence=Evidence(),
        deadline=started + wishes.timeout,
        resolvers=_resolvers(wishes),
        proxy=proxy_of(wishes.proxy) if wishes.proxy else None,
        exits=tuple(None if each == "direct" else proxy_of(each) for each in wishes.exits),
        controls=_controls(wishes),
        portal_checks=_portal_checks(wishes),
    )


class _Diary:
    """Writes down which tests were made, while it hands every event on."""

    def __init__(self, listener: Callable[[Event], None] | None) -> None:
        """Args: listener: who else is told; None for nobody."""
        self.made: list[Made] = []
        self._listener = listener
        self._began: dict[tuple[str, str], float] = {}

    def heard(self, event: Event) -> None:
        """Take one event of the run."""
        key = (event.probe, event.observation.id)
        if event.kind == "started":
            self._began[key] = event.seconds
        elif event.kind in ("ended", "unfinished"):
            took = event.seconds - self._began.get(key, event.seconds)
            self.made.append(Made(event.probe, round(took, 4)))
        elif event.kind == "spared":
            self.made.append(Made(event.probe, None))
        if self._listener is not None:
            self._listener(event)


async def _loaded(known: Knowledge | None) -> Knowledge:
    """The knowledge to judge by, read while the first packets are under way."""
    return known if known is not None else await in_thread(knowledge)


def _chooser(loading: Awaitable[Knowledge], url: str) -> Choose:
    """Which probes could still change the verdict on `url`; the best of them first."""

    async def choose(evidence: Evidence, names: Sequence[str]) -> Sequence[str]:
        known = await loading
        described = {test.probe: test for test in known.diagnostics.values() if test.probe}
        verdict = judge_check(Evidence(evidence), url, known)
        now = {ranked.cause: ranked.probability for ranked in verdict.causes}
        able = [described[name] for name in names]
        return [choice.test.probe for choice in chosen(able, now)]

    return choose


def _resolvers(wishes: Wishes) -> tuple[Resolver, ...]:
    if wishes.resolvers:
        return tuple(Resolver("given", r.host, r.port or 53) for r in wishes.resolvers)
    if not wishes.public_resolvers:
        return ()
    return tuple(Resolver(r.label, r.address, 53, r.doh) for r in public_resolvers())


def _controls(wishes: Wishes) -> tuple[Control, ...]:
    """Where else to try once the way to the site has failed."""
    if not wishes.public_resolvers:
        return ()
    return tuple(Control(r.label, r.address, r.doh[0]) for r in public_resolvers() if r.doh)


def _portal_checks(wishes: Wishes) -> tuple[PortalCheck, ...]:
    if not wishes.public_resolvers:
        return ()
    return tuple(PortalCheck(each.url, each.status, each.body) for each in portal_checks())
