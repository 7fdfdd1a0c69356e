"""Outside: one file per test. A probe states what it saw and never why.

Law of this folder: a probe is a module with a docstring that is its documentation, the names
`AFTER`, `GIVES` and `COST`, and the functions `wanted` and `run`. It imports no other probe. It
never raises for what the world does; the one catch for our own bugs stands in the runner.
"""

import asyncio
import pkgutil
import time
from collections.abc import AsyncGenerator, Awaitable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol, TypeVar, cast

from badgateway.model.failure import ANSWERING, CONNECTING, NAMING, PROXYING, SECURING, Failure
from badgateway.model.observation import Evidence, Observation, Value
from badgateway.model.target import Target, Wishes
from badgateway.model.vantage import Vantage, VantageKind
from badgateway.transport.dns import Resolver
from badgateway.transport.failures import TransportError, limit
from badgateway.transport.proxy import Proxy
from badgateway.transport.stream import Manner, connect
from badgateway.transport.system import LINUX

MOST_ADDRESSES = 16
"""Addresses of a site that are tried: none of sound mind has more in one answer."""

CONTROL_URL = "https://dns.google/"
"""What a vantage asks for, to see that it reaches anything; it says nothing of the site."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a probe takes.

    Attributes:
        seconds: how long it usually takes against a site that answers.
        requests: HTTP requests that it sends to the site.
        third_party: whether it tells anyone of the site but the site and the person's own resolver.
        elsewhere: whether it contacts places that have nothing to do with the site. They learn
            nothing of it.
        supporting: whether a verdict on an answer that is there need not wait for it.
        on_demand: whether it waits until it is known that its result could change the verdict; a
            file of `knowledge/diagnostics` says what it tells apart.
        named: whether it runs only where the person has asked for it, by naming whom to ask or what
            to look up.
    """

    seconds: float
    requests: int = 0
    third_party: bool = False
    elsewhere: bool = False
    supporting: bool = False
    on_demand: bool = False
    named: bool = False


@dataclass(frozen=True, slots=True)
class Control:
    """A place that has nothing to do with the site and nearly always answers.

    Attributes:
        label: whose it is.
        address: literal address.
        host: name that its certificate is for, at port 443.
    """

    label: str
    address: str
    host: str


@dataclass(frozen=True, slots=True)
class PortalCheck:
    """A page that systems fetch to see whether a network wants a sign-in first.

    Attributes:
        url: plain HTTP, and it names no site.
        status: what it answers.
        body: text that its answer contains, empty for none.
    """

    url: str
    status: int
    body: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """What every probe of one check shares.

    Attributes:
        target: the URL that was asked for.
        wishes: what the caller wants.
        evidence: everything seen so far, growing.
        deadline: end of the run, on `time.monotonic()`'s clock.
        resolvers: resolvers to compare the system's answer with.
        proxy: forward proxy to go through, None for none.
        exits: further ways out to compare with it; None among them is the direct one.
        controls: other places, asked only once the way to the site has failed.
        portal_checks: pages that tell a captive portal, likewise.
    """

    target: Target
    wishes: Wishes
    evidence: Evidence
    deadline: float
    resolvers: tuple[Resolver, ...] = ()
    proxy: Proxy | None = field(default=None)
    exits: tuple[Proxy | None, ...] = ()
    controls: tuple[Control, ...] = ()
    portal_checks: tuple[PortalCheck, ...] = ()

    def seconds_left(self) -> float:
        """Seconds until the run must end, less what the verdict itself takes."""
        return max(0.05, self.deadline - time.monotonic() - 0.1)

    def record_types(self) -> tuple[str, ...]:
        """The DNS records of the address families that are wanted."""
        return {None: ("A", "AAAA"), 4: ("A",), 6: ("AAAA",)}[self.wishes.family]

    def vantages(self, kind: VantageKind) -> tuple[Vantage, ...]:
        """The places of one kind that the person named."""
        return tuple(each for each in self.wishes.vantages if each.kind is kind)


def nowhere(about: Observation, context: Context) -> bool:
    """Whether, with this failure, every address of the page has failed.

    A failure of one address beside another that works is no reason to look further. Neither is
    one of a test that was not about the page itself.
    """
    if about.value.get("what", "page") != "page" or context.evidence.first("http-response"):
        return False
    return _in_vain(about.text("url"), context.evidence) is True


def _in_vain(url: str, evidence: Evidence) -> bool | None:
    """Whether every address that is tried for `url` has failed; None where it has no address."""
    asked = {
        o.text("address")
        for o in evidence.named("resolved")
        if o.text("url") == url and (o.number("place") or 0) < MOST_ADDRESSES
    }
    failed = evidence.named(*CONNECTING, *SECURING, *ANSWERING)
    return asked <= {o.text("address") for o in failed if o.text("url") == url} if asked else None


def swept(about: Observation, context: Context) -> bool:
    """Whether the page has answered, and the person wants every test made all the same."""
    answered = about.name == "http-response" and about.value.get("what") == "page"
    return context.wishes.everything and answered


def through(own: Observation, place: int) -> Manner:
    """How to go through another device of an `own-network`: bound to it, or to its address."""
    if LINUX:
        return Manner(device=str(own.items("others")[place]))
    return Manner(source=str(own.items("other_sources")[place]))


async def connects_through(own: Observation, place: int, seconds: float) -> dict[str, Value]:
    """Whether the address of an `own-network` takes a connection through another device."""
    address, port, failure = own.text("address"), int(own.number("port") or 0), None
    try:
        async with limit(seconds, Failure.CONNECT_TIMEOUT):
            (await connect(address, port, through(own, place))).close()
    except TransportError as error:
        failure = error.failure.value
    device = str(own.items("others")[place])
    works = failure is None
    return {
        "address": address, "port": port, "device": device, "works": works, "failure": failure,
    }  # fmt: skip


WALKED = (
    "http-response",
    "redirect-loop",
    "redirect-refused",
    *NAMING,
    *CONNECTING,
    *SECURING,
    *ANSWERING,
    *PROXYING,
)
"""What may be the end of the way to the page."""


def ended(about: Observation, context: Context) -> bool:
    """Whether the way to the page has ended with this: by its answer, or by nothing at all."""
    if about.name == "http-response":
        # Whoever is sent on has not arrived.
        sent_on = about.value.get("status") in (301, 302, 303, 307, 308)
        return about.value.get("what") == "page" and not sent_on
    if about.name in (*NAMING, *PROXYING) or about.name.startswith("redirect-"):
        return True
    page = about.value.get("what", "page") == "page"
    return page and _in_vain(about.text("url"), context.evidence) is not False


Answer = TypeVar("Answer")


@contextmanager
def side_by_side(
    asked: Iterable[Coroutine[Any, Any, Answer]],
) -> Iterator[Iterator[Awaitable[Answer]]]:
    """Start all of `asked` at once; each is awaited as it ends, and what is left is cancelled."""
    tasks = [asyncio.create_task(each) for each in asked]
    try:
        yield asyncio.as_completed(tasks)
    finally:
        for task in tasks:
            task.cancel()


class Probe(Protocol):
    """The shape of a probe module."""

    AFTER: tuple[str, ...]
    GIVES: tuple[str, ...]
    COST: Cost

    def wanted(self, about: Observation, context: Context) -> str | None:
        """The subject that it would test for `about`; None where it has nothing to test.

        One subject is tested once.
        """

    def run(self, about: Observation, context: Context) -> AsyncGenerator[Observation, None]:
        """State what is seen, as it is seen."""


def probes() -> dict[str, Probe]:
    """Every probe of this folder by its file's name."""
    names = sorted(item.name for item in pkgutil.iter_modules(__path__))
    return {name: cast("Probe", import_module(f"{__name__}.{name}")) for name in names}
