"""The visitor's side: from a URL to a verdict."""

import time
from collections.abc import Callable
from dataclasses import replace

from badgateway.inference.judge import judge_check
from badgateway.investigate.runner import Event, Runner
from badgateway.knowledge.base import Knowledge, knowledge
from badgateway.knowledge.resolvers import portal_checks, public_resolvers
from badgateway.model.hop import Hop
from badgateway.model.observation import Evidence, seen
from badgateway.model.target import Target, Wishes
from badgateway.model.verdict import Verdict
from badgateway.probes import Context, Control, PortalCheck, probes
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
    context = Context(
        target=target,
        wishes=wishes,
        evidence=Evidence(),
        deadline=started + wishes.timeout,
        resolvers=_resolvers(wishes),
        proxy=proxy_of(wishes.proxy) if wishes.proxy else None,
        controls=_controls(wishes),
        portal_checks=_portal_checks(wishes),
    )
    runner = Runner(context, probes(), listener)
    complete = await runner.run(seen(Hop.BROWSER, "asked", "command line", url=target.url))
    known = known if known is not None else await in_thread(knowledge)
    verdict = judge_check(context.evidence, target.url, known)
    verdict = replace(verdict, steps=steps_for(verdict, known), complete=complete)
    return replace(verdict, elapsed_s=round(time.monotonic() - started, 3))


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
