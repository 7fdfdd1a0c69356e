"""Asking the person at the terminal, one question at a time, until it is clear or he has enough."""

import sys

from badgateway.cli.arguments import Parsed
from badgateway.investigate.answers import Answer, answered, questions
from badgateway.knowledge.base import knowledge
from badgateway.knowledge.diagnostic import Question
from badgateway.model.verdict import Verdict, Who

MOST = 4
"""Questions that are asked at the most: nobody wants to fill in a form."""
_ANSWERS = {
    **dict.fromkeys(("y", "yes", "o", "oui"), Answer.YES),
    **dict.fromkeys(("n", "no", "non"), Answer.NO),
    **dict.fromkeys(("", "?", "d"), Answer.UNKNOWN),
}


def asked(verdict: Verdict, parsed: Parsed, who: frozenset[Who]) -> Verdict:
    """The verdict after the questions that are worth asking; the same where nobody can answer.

    Nothing is asked in a pipe, for JSON, or where the call says so.
    """
    person = sys.stdin.isatty() and sys.stderr.isatty() and sys.stdout.isatty()
    if not (person and parsed.questions and not parsed.json):
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
