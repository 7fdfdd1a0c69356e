"""Waiting until a page works again, for the person who keeps the window open."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from badgateway.investigate.check import check_url
from badgateway.investigate.runner import Event
from badgateway.knowledge.base import Knowledge
from badgateway.model.target import Target
from badgateway.model.verdict import Verdict
from badgateway.report.words import Words
from badgateway.watch.pace import FIRST, Pace
from badgateway.watch.watch import Settled, Tried, Waiting, watch_url
from badgateway.web.runs import Run
from badgateway.web.settings import Settings

SHOWN = 60
"""Tries, the last ones, that are drawn."""


@dataclass(slots=True)
class Watching:
    """A watch on one page, and how it stands.

    Attributes:
        run: the run that it goes on in; it ends when nobody follows it any more.
        tries: whether each of the last tries was good, with what it met.
        count: all tries so far.
        pause: seconds that are waited now.
        back: whether the page works again.
    """

    run: Run
    tries: deque[tuple[bool, str]] = field(default_factory=lambda: deque(maxlen=SHOWN))
    count: int = 0
    pause: float = 0.0
    back: bool = False


def watching(
    target: Target, settings: Settings, known: Knowledge, done: Callable[[Verdict], None]
) -> Watching:
    """Begin to watch a page; `done` is given the verdict once it works."""

    async def check() -> Verdict:
        return await check_url(target, settings.wishes, None, known)

    async def work(_: Callable[[Event], None]) -> Verdict:
        watch = watch_url(target, settings.wishes, known, check, Pace(settings.first_pause))
        async for event in watch.events():
            if isinstance(event, Tried):
                found.tries.append((event.one.good, event.one.symptom))
                found.count = event.tally.tries
            elif isinstance(event, Waiting):
                found.pause = event.pause.seconds
            elif isinstance(event, Settled):
                found.back = True
            found.run.tell()
        verdict = watch.verdict()
        assert verdict is not None
        if found.back:
            done(verdict)
        return verdict

    found = Watching(Run(target.url, work, max(settings.patience, 2 * FIRST)))
    found.run.start(settings.reach)
    return found


def news(watch: Watching, words: Words) -> dict[str, object]:
    """How a watch stands, for whoever follows it."""
    return {
        "state": watch.run.state.value,
        "back": watch.back,
        "title": words.say("{url} works again", url=watch.run.subject),
        "said": said(watch, words),
        "tries": [{"good": good, "met": words.failure(met)} for good, met in watch.tries],
    }


def said(watch: Watching, words: Words) -> str:
    """One line about how it stands."""
    if watch.back:
        return words.say("It works again.")
    if watch.run.over:
        return words.say("No longer watched.")
    if not watch.tries:
        return words.say("Watching. You can leave this window in the background.")
    good, met = watch.tries[-1]
    answer = words.say("it works, looking again") if good else words.failure(met)
    return words.say(
        "Try {count}: {answer}. The next one in {seconds}.",
        count=watch.count,
        answer=answer,
        seconds=words.seconds(round(watch.pause)),
    )
