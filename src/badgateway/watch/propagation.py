"""A name watched until everyone says the same."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from badgateway.investigate.names import Survey

SHORTEST = 10.0
"""Seconds between two rounds of questions, at the least."""
LONGEST = 60.0


@dataclass(frozen=True, slots=True)
class Looked:
    """One round of questions.

    Attributes:
        survey: what everyone said.
        again_at: when the next round begins; None where everyone agrees and it is over.
    """

    survey: Survey
    again_at: datetime | None


async def looks(
    look: Callable[[], Awaitable[Survey]],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncGenerator[Looked, None]:
    """Ask everyone, again and again, until all agree.

    What a resolver keeps cannot change before its time to live is over, so the next round begins
    when the first answer that differs runs out, within bounds.

    Args:
        look: asks everyone once.
        sleep: waits so many seconds.
    """
    while True:
        survey = await look()
        if survey.agreed:
            yield Looked(survey, None)
            return
        seconds = pause(survey)
        yield Looked(survey, datetime.now(UTC) + timedelta(seconds=seconds))
        await sleep(seconds)


def pause(survey: Survey) -> float:
    """Seconds until another round could tell more."""
    held = [
        ttl + 1
        for o in survey.named("answer-compared")
        if o.text("state") not in ("agrees", "silent") and (ttl := o.number("ttl")) is not None
    ]
    return min(LONGEST, max(SHORTEST, min(held, default=SHORTEST)))
