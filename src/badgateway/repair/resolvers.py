"""Which other resolver leads to a page that works: asked and tried before anything is proposed."""

import asyncio
import ipaddress
from collections.abc import Sequence
from dataclasses import replace

from badgateway.investigate.check import check_url
from badgateway.knowledge.remedy import Remedy
from badgateway.knowledge.resolvers import ResolverService, resolver_services
from badgateway.model.machine import OtherResolver
from badgateway.model.message import SpokenError
from badgateway.model.target import Endpoint, Target, Wishes
from badgateway.model.verdict import Outcome, Verdict
from badgateway.remedies.facts import Facts
from badgateway.remedies.plan import LEAST
from badgateway.state.naming import naming_of
from badgateway.transport.dns import Resolver, ask
from badgateway.transport.failures import TransportError
from badgateway.transport.own_network import own_network

REMEDY = "ask-another-resolver"
SECONDS = 5.0
MOST_ADDRESSES = 3
"""Addresses that are tried of each answer: what one of them shows the others show too."""


class ResolverError(SpokenError, ValueError):
    """A resolver that is none."""


def service_of(text: str) -> ResolverService:
    """The resolver that a person names: one that is known by its name, or any by its address.

    Raises:
        ResolverError: it is neither.
    """
    known = resolver_services()
    for service in known:
        if text.lower() == service.label.lower() or text in (*service.ipv4, *service.ipv6):
            return service if text.lower() == service.label.lower() else _alone(text)
    try:
        return _alone(str(ipaddress.ip_address(text)))
    except ValueError:
        names = ", ".join(service.label.lower() for service in known)
        raise ResolverError(
            "'{text}' is no resolver; give {names}, or an address", text=text[:60], names=names
        ) from None


def _alone(address: str) -> ResolverService:
    six = ":" in address
    return ResolverService(address, () if six else (address,), (address,) if six else ())


def calls_for(verdict: Verdict, remedy: Remedy) -> bool:
    """Whether whom this machine asks for names may be to blame."""
    return any(c.cause in remedy.causes and c.probability >= LEAST for c in verdict.causes)


def with_resolvers(facts: Facts, target: Target, wishes: Wishes, wanted: str) -> Facts:
    """The facts, with who keeps the list of resolvers here and which other one would help.

    Args:
        facts: all others.
        target: the page that fails.
        wishes: how pages are asked for; without public resolvers none is asked unless it is named.
        wanted: the resolver that the person names; empty to ask the public ones.
    """
    if wanted:
        services: Sequence[ResolverService] = (service_of(wanted),)
    else:
        public = target.public and wishes.public_resolvers
        services = resolver_services() if public else ()
    found = asyncio.run(_leading(services, target, wishes))
    return replace(facts, naming=naming_of(), others=found)


async def _leading(
    services: Sequence[ResolverService], target: Target, wishes: Wishes
) -> tuple[OtherResolver, ...]:
    """Those whose answer leads to a page that works, in their order."""
    six = bool(own_network("").default6)
    answers = await asyncio.gather(*(_addresses(service, target.host) for service in services))
    addresses = list(dict.fromkeys(a for found in answers for a in found[:MOST_ADDRESSES]))
    works = dict(
        zip(
            addresses,
            await asyncio.gather(*(_works(address, target, wishes) for address in addresses)),
            strict=True,
        )
    )
    leading = []
    for service, found in zip(services, answers, strict=True):
        address = next((each for each in found if works.get(each)), "")
        if address:
            ipv6 = service.ipv6 if six or not service.ipv4 else ()
            leading.append(OtherResolver(service.label, service.ipv4, ipv6, address))
    return tuple(leading)


async def _addresses(service: ResolverService, host: str) -> tuple[str, ...]:
    """What it answers over plain DNS, as this machine's programs would ask it."""
    resolver = Resolver(service.label, (*service.ipv4, *service.ipv6)[0])
    found: list[str] = []
    for kind in ("A", "AAAA"):
        try:
            found += (await ask(resolver, host, kind, SECONDS)).addresses
        except TransportError:
            continue
    return tuple(found)


async def _works(address: str, target: Target, wishes: Wishes) -> bool:
    there = replace(wishes, connect_to=Endpoint(address, None), public_resolvers=False,
                    resolvers=(), timeout=min(wishes.timeout, 15.0))  # fmt: skip
    return (await check_url(target, there)).outcome is Outcome.HEALTHY
