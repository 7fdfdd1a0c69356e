"""How a watched page is shown: one line a try, a small time line, and a line at the end."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from badgateway.report.json import plain
from badgateway.report.safe import safe
from badgateway.report.words import Words, sentence
from badgateway.watch.attempt import Try
from badgateway.watch.pace import Because, Pause
from badgateway.watch.tally import State, Tally
from badgateway.watch.watch import Tried, Waiting

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

SCHEMA = "badgateway.try/1"
MOST_MARKS = 60
_SAYS = {
    Because.RETRY_AFTER: sentence("the site asks for it"),
    Because.PAGE: sentence("the page asks for it"),
    Because.CONFIRMING: sentence("to see whether it stays good"),
    Because.BACK_OFF: "",
}


def marks(tries: Sequence[Try], encoding: str) -> str:
    """The last tries as a row of marks."""
    good, bad = ("✓", "✗") if encoding.lower().startswith("utf") else ("+", "x")
    row = "".join(good if one.good else bad for one in tries[-MOST_MARKS:])
    return ("…" if good == "✓" else "...") + row if len(tries) > MOST_MARKS else row


def line(event: Tried, words: Words, encoding: str) -> str:
    """One try on one line: when, how it ended, where, by whom, and how long it took."""
    one = event.one
    names = [name for _, name in one.served_by] + ([one.edge] if one.edge else [])
    parts = [
        clock(one.at),
        marks([one], encoding),
        symptom(one.symptom, words),
        words.say("at {address}", address=one.address) if one.address else "",
        words.say("by {names}", names=", ".join(names)) if names else "",
        words.seconds(one.seconds),
    ]
    if event.pause is not None:
        parts[-1] += "; " + coming(event.pause, event.pause.seconds, words)
    if one.passed_over:
        parts.append(words.say("({addresses} took no connection)", addresses=_listed(one)))
    return safe("  ".join(filter(None, parts)), 300)


def _listed(one: Try) -> str:
    return ", ".join(one.passed_over)


def symptom(name: str, words: Words) -> str:
    """What a try met: the status, or the failure in plain words."""
    return words.failure(name)


def clock(moment: datetime) -> str:
    """The time of day here."""
    return moment.astimezone().strftime("%H:%M:%S")


def conclusion(now: Tally, failed_at: datetime | None, words: Words) -> list[str]:
    """What all tries together say."""
    bad = now.tries - now.good
    told = ", ".join(
        words.say("{count} × {symptom}", symptom=symptom(name, words), count=count)
        for name, count in now.symptoms[:4]
    )
    if now.state is State.BACK and now.back_at is not None and failed_at is not None:
        return [
            words.say(
                "It is back since {time}: the last {row} answers were good, {good} of {tries} in "
                "all.",
                time=clock(now.back_at),
                row=now.in_a_row,
                good=now.good,
                tries=now.tries,
            ),
            words.say(
                "It failed here from {start} on, for {time} at the most.",
                start=clock(failed_at),
                time=words.lasting((now.back_at - failed_at).total_seconds()),
            ),
        ]
    if not bad:
        return [
            words.say(
                "It works: {good} of {tries} answers were good.", good=now.good, tries=now.tries
            )
        ]
    if now.state is State.DOWN and not now.good:
        return [
            words.say(
                "It fails steadily: {bad} of {tries} tries ({told}).",
                bad=bad,
                tries=now.tries,
                told=told,
            )
        ]
    if now.state is State.DOWN:
        return [
            words.say(
                "It worked at first and has failed since {time}: {bad} of {tries} tries ({told}).",
                time=clock(now.first_bad) if now.first_bad else "?",
                bad=bad,
                tries=now.tries,
                told=told,
            )
        ]
    lines = []
    if now.state is State.INTERMITTENT:
        lines.append(
            words.say(
                "It fails now and then: {bad} of {tries} tries ({told}).",
                bad=bad,
                tries=now.tries,
                told=told,
            )
        )
    if now.in_a_row:
        lines.append(
            words.say(
                "The last {row} answers were good; {needed} in a row would show that it is back.",
                row=now.in_a_row,
                needed=now.needed,
            )
        )
    return lines


def try_json(event: Tried) -> str:
    """One try as one line of JSON."""
    one, now = event.one, event.tally
    return json.dumps(
        {
            "schema": SCHEMA,
            "number": one.number,
            "at": plain(one.at),
            "seconds": one.seconds,
            "good": one.good,
            "status": one.status,
            "failure": one.failure or None,
            "address": one.address or None,
            "passed_over": list(one.passed_over),
            "served_by": dict(one.served_by),
            "edge": one.edge or None,
            "state": now.state.value,
            "good_so_far": now.good,
            "tries": now.tries,
            "in_a_row": now.in_a_row,
            "needed": now.needed,
            "wait_s": round(event.pause.seconds, 1) if event.pause else None,
            "wait_because": event.pause.because.value if event.pause else None,
        },
        ensure_ascii=True,
    )


def countdown(waiting: Waiting, tries: Sequence[Try], words: Words, out: "Console") -> "Text":
    """The time line and the seconds until the next try."""
    from rich.text import Text  # noqa: PLC0415

    left = (waiting.until - datetime.now(waiting.until.tzinfo)).total_seconds()
    said = coming(waiting.pause, max(0.0, left), words)
    return Text(f"  {marks(tries, out.encoding)}  {said}", "dim")


def coming(pause: Pause, left: float, words: Words) -> str:
    """When the next try comes, and why not earlier."""
    said = words.say("next try in {time}", time=words.lasting(left))
    if pause.asked is not None and pause.seconds < pause.asked:
        asked = words.lasting(pause.asked)
        return said + ", " + words.say("though the site asks for {time}", time=asked)
    reason = _SAYS[pause.because]
    return said + (", " + words.say(reason) if reason else "")
