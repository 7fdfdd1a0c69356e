"""`badgateway ticket`."""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

from badgateway.cli.arguments import (
    Parsed,
    Parser,
    UsageError,
    complain,
    contacts,
    no_questions,
    way,
)
from badgateway.cli.check import wishes_of
from badgateway.cli.questions import asked
from badgateway.cli.show import Progress, exit_status
from badgateway.investigate.check import check_url
from badgateway.knowledge.base import knowledge
from badgateway.model.target import TargetError, target_of
from badgateway.model.verdict import Outcome, Verdict, Who
from badgateway.report.recorded import LIMIT, verdict_of
from badgateway.report.ticket.formats import mailto, markdown, plain_text
from badgateway.report.ticket.letter import letter_of
from badgateway.report.ticket.recipient import To, of_owner, recipient_for, recipients
from badgateway.report.words import LANGUAGES, Words
from badgateway.transport.files import materials_at

FORMATS = {"markdown": markdown, "text": plain_text, "mailto": mailto}


def add_arguments(parser: Parser) -> None:
    """Add the options of `ticket`."""
    parser.add_argument("url", metavar="URL", nargs="?", help="the page that fails; checked first")
    parser.add_argument(
        "--from",
        dest="saved",
        metavar="FILE",
        help="a verdict that --json printed, or a bundle of inspect; - for standard input",
    )
    parser.add_argument(
        "--to",
        choices=[to.value for to in To],
        help="to whom it goes; by default whoever can mend what was found",
    )
    parser.add_argument("--lang", choices=LANGUAGES, default="en", help="language of the ticket")
    parser.add_argument(
        "--format", choices=list(FORMATS), default="markdown", help="default: markdown"
    )
    contacts(parser)
    no_questions(parser)
    parser.set_defaults(json=False, everything=True)
    way(parser)


def run(parsed: Parsed) -> int:
    """Write a ticket; returns the exit status: 1 where there is one, 0 where none is needed."""
    try:
        verdict = _verdict(parsed)
    except (TargetError, UsageError, ValueError) as error:
        complain(error)
        return 2
    except OSError as error:
        complain(f"{parsed.saved}: {error.strerror or error}")
        return 2
    words = Words(parsed.lang)
    if verdict.empty:
        complain(words.say("nothing could be seen, so there is nothing to write; try --from FILE"))
        return 2
    to = recipients()[To(parsed.to)] if parsed.to else recipient_for(verdict)
    if to is None:
        complain(_nobody(verdict, words))
        return exit_status(verdict)
    told = FORMATS[parsed.format](letter_of(verdict, to, knowledge(), words), words)
    print(told.rstrip("\n"))
    return exit_status(verdict)


def _nobody(verdict: Verdict, words: Words) -> str:
    if verdict.outcome in (Outcome.HEALTHY, Outcome.NONE):
        return words.say(
            "nothing is broken, so there is nobody to write to (--to site writes anyway)"
        )
    return words.say(
        "it is on your side, where nobody else can mend it: see badgateway check"
        " (--to site writes anyway)"
    )


def _verdict(parsed: Parsed) -> Verdict:
    """The verdict that was saved, or that of a check made now.

    Raises:
        UsageError: there is neither a URL nor a file, or both.
        TargetError: the URL cannot be checked.
        ValueError: the file holds no verdict.
        OSError: it cannot be read.
    """
    if (parsed.url is None) == (parsed.saved is None):
        raise UsageError("give the page's URL, or --from FILE with a verdict (see ticket --help)")
    if parsed.saved is not None:
        verdict = verdict_of(_text(parsed.saved))
    else:
        wishes = replace(wishes_of(parsed), contacts=parsed.contacts)
        with Progress(parsed) as progress:
            verdict = asyncio.run(check_url(target_of(parsed.url), wishes, progress.heard))
    who = frozenset({Who.OWNER if of_owner(verdict) else Who.VISITOR})
    return asked(verdict, parsed, who) if parsed.saved is None else verdict


def _text(name: str) -> str:
    if name == "-":
        return sys.stdin.buffer.read(LIMIT + 1).decode("utf-8", "replace")
    return materials_at(Path(name))[0].text(LIMIT + 1)
