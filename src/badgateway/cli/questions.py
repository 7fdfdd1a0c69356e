"""Asking the person at the terminal, one question at a time, until it is clear or he has enough."""

import sys

from badgateway.cli.arguments import Parsed
from badgateway.cli.consent import YES, agreed, somebody
from badgateway.investigate.answers import Answer, answered, questions
from badgateway.knowledge.base import knowledge
from badgateway.knowledge.diagnostic import Question
from badgateway.model.verdict import Verdict, Who

MOST = 4
"""Questions that are asked at the most: nobody wants to fill in a form."""
_ANSWERS = {
    **dict.fromkeys(YES, Answer.YES),
    **dict.fromkeys(("n", "no", "non"), Answer.NO),
    **dict.fromkeys(("", "?", "d"), Answer.UNKNOWN),
}


def allowed(profile: str, parsed: Parsed) -> str:
    """The profile that may be used: what `auto` finds is named first, where somebody can answer.

    Who names a folder has agreed to it by that; and so has who writes `auto` into a script.

    Args:
        profile: `auto`, a folder, or empty for none.
        parsed: the call.
    """
    if profile != "auto" or not _person(parsed):
        return profile
    from badgateway.browser.find import found_profiles  # noqa: PLC0415 - only where it is wanted
    from badgateway.report.safe import safe  # noqa: PLC0415
    from badgateway.report.words import Words  # noqa: PLC0415

    found = found_profiles()
    if not found:
        return profile
    words, folder = Words(parsed.lang), safe(str(found[0].folder), 300)
    asking = words.say(
        "{browser} was used last. Its profile {folder} would be read (cookies by name and size, "
        "extensions, cache) and not changed; then the page would be opened in a copy of it, signed "
        "in as you are.",
        browser=found[0].title,
        folder=folder,
    )
    print(asking, file=sys.stderr)
    return profile if agreed("  " + words.say("May it? [y/N]")) else ""


def _person(parsed: Parsed) -> bool:
    """Whether there is somebody who can answer."""
    return somebody() and sys.stdout.isatty() and parsed.questions and not parsed.json


def asked(verdict: Verdict, parsed: Parsed, who: frozenset[Who]) -> Verdict:
    """The verdict after the questions that are worth asking; the same where nobody can answer.

    Nothing is asked in a pipe, for JSON, or where the call says so.
    """
    if not _person(parsed):
        return verdict
    for number in range(MOST):
        worth = questions(verdict, knowledge(), who)
        question = worth[0].question if worth else None
        if question is None or (answer := _answer(question, first=number == 0)) is None:
            break
        verdict = answered(verdict, worth[0], answer, knowledge())
    return verdict


def _answer(question: Question, first: bool) -> Answer | None:
    """What the person says; None where he ends the questions."""
    if first:
        print(
            "A question that only you can answer: y, n, or Enter if you don't know; q ends.",
            file=sys.stderr,
        )
    while True:
        print(f"  {question.text} [y/n/?] ", end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if not line or line.strip().lower() in ("q", "quit"):
            print(file=sys.stderr)
            return None
        if (answer := _ANSWERS.get(line.strip().lower())) is not None:
            return answer
