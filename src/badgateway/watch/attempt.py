"""One try: the page asked for once, one connection after the other, never two at a time.

The same probes as in a check find the address and fetch the page; where one address takes no
connection the next one is tried, as browsers do, and a redirect is followed.
"""

import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from badgateway.inference.classify import classify
from badgateway.knowledge.base import Knowledge
from badgateway.model.failure import CONNECTING
from badgateway.model.hop import Hop
from badgateway.model.observation import Evidence, Observation, seen
from badgateway.model.response import Response
from badgateway.model.server_name import edge_place, served_by
from badgateway.model.target import Target, Wishes
from badgateway.model.verdict import Outcome
from badgateway.probes import Context, page, system_resolution
from badgateway.transport.proxy import proxy_of

MOST_SECONDS = 30.0
MOST_TRIED = 4
"""Addresses that one try goes through at the most."""
_KEPT_BODY = 2_000
"""Characters of a page that are kept: enough to see who made it."""


@dataclass(frozen=True, slots=True)
class Try:
    """How one try ended.

    Attributes:
        number: 1 for the first.
        at: when it began.
        seconds: how long it took.
        good: whether the page came and is no error.
        status: the HTTP status; None where no answer came.
        failure: the word for what failed; empty where an answer came.
        address: the address that was asked last; empty where none was found.
        passed_over: addresses before it that took no connection.
        served_by: what names the server behind the gateway, as (header, name) pairs.
        edge: the CDN's place that answered; empty where it does not say.
        response: the answer itself; None where none came.
        observation: the try as evidence.
    """

    number: int
    at: datetime
    seconds: float
    good: bool
    status: int | None
    failure: str
    address: str
    passed_over: tuple[str, ...]
    served_by: tuple[tuple[str, str], ...]
    edge: str
    response: Response | None
    observation: Observation

    @property
    def symptom(self) -> str:
        """What a person would call it: the status, or the word for the failure."""
        return str(self.status) if self.status is not None else self.failure


async def attempt(target: Target, wishes: Wishes, number: int, known: Knowledge) -> Try:
    """Ask for the page once.

    Args:
        target: the page.
        wishes: how; the time for one try is `wishes.timeout`, at most 30 s.
        number: which try it is; each begins at another of the site's addresses.
        known: tells an error page from a page.
    """
    at, started = datetime.now(UTC), time.monotonic()
    context = Context(
        target=target,
        wishes=wishes,
        evidence=Evidence(),
        deadline=started + min(MOST_SECONDS, wishes.timeout),
        proxy=proxy_of(wishes.proxy) if wishes.proxy else None,
    )
    asked = seen(Hop.BROWSER, "asked", "watch", url=target.url)
    async for observation in _walked(asked, context, number):
        context.evidence.add(observation)
    return _told(context.evidence, at, time.monotonic() - started, number, target, known)


async def _walked(
    asked: Observation, context: Context, number: int
) -> AsyncGenerator[Observation, None]:
    """Everything seen on the way to the page, over redirects, in order."""
    about: Observation | None = asked
    while about is not None:
        places = []
        async for observation in system_resolution.run(about, context):
            yield observation
            if observation.name == "resolved":
                places.append(observation)
        about = None
        turn = number % len(places) if places else 0
        for place in (places[turn:] + places[:turn])[:MOST_TRIED]:
            unconnected = False
            async for observation in page.run(place, context):
                yield observation
                unconnected = unconnected or observation.name in set(CONNECTING)
                if observation.name == "redirect":
                    about = observation
            if not unconnected or context.seconds_left() < 1:
                break


_PASSING = {"asked", "resolved", "connected", "tls-established", "hosts-file-entry", "redirect"}
"""What is seen on the way and is not its end."""


def _told(
    evidence: Evidence, at: datetime, seconds: float, number: int, target: Target, known: Knowledge
) -> Try:
    ends = [o for o in evidence if o.name not in _PASSING]
    last = ends[-1] if ends else seen(Hop.DEVICE, "failed-otherwise", "watch", url=target.url)
    # A certificate that does not verify stops a browser, whatever answers behind it; and a page
    # that broke off is no page.
    warned = next((o for o in ends if o.name == "tls-certificate-invalid"), None)
    end = warned or last
    response = Response.of(end.value) if end.name == "http-response" else None
    good = False
    if response is not None:
        found = classify(response, known.emitters, known.variants)
        good = found.outcome is Outcome.HEALTHY
    passed = tuple(
        dict.fromkeys(
            o.text("address")
            for o in evidence.named(*CONNECTING)
            if o.text("address") not in ("", end.text("address"))
        )
    )
    return Try(
        number=number,
        at=at,
        seconds=round(seconds, 3),
        good=good,
        status=response.status if response else None,
        failure="" if response else end.name,
        address=end.text("address"),
        passed_over=passed,
        served_by=served_by(response) if response else (),
        edge=edge_place(response) if response else "",
        response=response,
        observation=_as_evidence(end, response),
    )


def _as_evidence(end: Observation, response: Response | None) -> Observation:
    """The end of a try in the words of a page that is asked for again."""
    if response is None:
        return seen(
            Hop.NETWORK,
            "again-failed",
            end.source,
            url=end.text("url"),
            failure=end.name,
            address=end.text("address"),
        )
    value = {**end.value, "what": "again", "body": response.body[:_KEPT_BODY]}
    return replace(end, value=value, id="")
