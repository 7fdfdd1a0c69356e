"""Server-sent events: where a check stands, whenever that changes (WHATWG HTML, 9.2)."""

import asyncio
import json
from collections.abc import AsyncGenerator

from starlette.responses import StreamingResponse

from badgateway.report.json import plain
from badgateway.web.checks import Check
from badgateway.web.language import Spoken
from badgateway.web.shown import Shown
from badgateway.web.watching import Watching, news

ALIVE = 15.0
"""Seconds after which a line without meaning is sent, so that nothing on the way hangs up."""


def stream(
    check: Check, shown: Shown, words: Spoken, *, verdict: bool = False
) -> StreamingResponse:
    """The events of a check until it is over; with `verdict`, the last one holds it."""
    return _streamed(_events(check, shown, words, verdict=verdict))


def watch_stream(watch: Watching, words: Spoken) -> StreamingResponse:
    """The events of a watch until the page works or the watch ends."""

    async def events() -> AsyncGenerator[str, None]:
        async for _ in watch.run.changes():
            yield _event(news(watch, words))

    return _streamed(events())


def _streamed(events: AsyncGenerator[str, None]) -> StreamingResponse:
    return StreamingResponse(
        _alive(events),
        media_type="text/event-stream",
        # nginx holds answers back otherwise, and a stream that is held back is none.
        headers={"X-Accel-Buffering": "no"},
    )


async def _events(
    check: Check, shown: Shown, words: Spoken, *, verdict: bool
) -> AsyncGenerator[str, None]:
    def now() -> str:
        told = shown.news(check, words, picture=not verdict)
        if verdict and check.verdict is not None:
            told["verdict"] = plain(check.verdict)
        return _event(told)

    if check.run is None:
        yield now()
        return
    before = ""
    async for _ in check.run.changes():
        event = now()
        if event != before:
            before = event
            yield event


def _event(told: object) -> str:
    return f"data: {json.dumps(told)}\n\n"


async def _alive(events: AsyncGenerator[str, None]) -> AsyncGenerator[str, None]:
    """The same, and a comment now and then while nothing happens."""
    waiting: asyncio.Future[str] | None = None
    try:
        while True:
            waiting = waiting or asyncio.ensure_future(anext(events))
            done, _ = await asyncio.wait([waiting], timeout=ALIVE)
            if not done:
                yield ": still here\n\n"
                continue
            try:
                event = waiting.result()
            except StopAsyncIteration:
                return
            waiting = None
            yield event
    finally:
        if waiting is not None:
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        await events.aclose()
