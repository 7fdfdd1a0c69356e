"""A ticket as data: sections of lines, each saying whether it is ours or a quotation."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from badgateway.knowledge.base import Knowledge
from badgateway.model.hop import Side
from badgateway.model.observation import Observation
from badgateway.model.secret import masked
from badgateway.model.verdict import Outcome, Verdict, Who
from badgateway.model.vocabulary import vocabulary
from badgateway.report.outline import maker
from badgateway.report.safe import safe
from badgateway.report.ticket.evidence import request_ids, scope, since, telling, tried
from badgateway.report.ticket.recipient import Contact, Recipient, contact_of, of_owner
from badgateway.report.words import Words, sentence

MOST_CAUSES = 4
SUBJECT_LIMIT = 150
"""Characters: longer ones are cut in lists of mails."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line.

    Attributes:
        text: what it says, in our words.
        quoted: what it quotes from outside behind that; empty for nothing.
        under: whether it belongs to the line before it.
    """

    text: str
    quoted: str = ""
    under: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its lines; `raw` where they are a record to be read as it is."""

    title: str
    lines: tuple[Line, ...]
    raw: bool = False


@dataclass(frozen=True, slots=True)
class Letter:
    """A ticket, ready to be written in any format."""

    subject: str
    contact: Contact
    greeting: str
    sections: tuple[Section, ...]
    closing: str


def letter_of(
    verdict: Verdict,
    recipient: Recipient,
    known: Knowledge,
    words: Words,
    zone: tzinfo | None = None,
) -> Letter:
    """The ticket about a verdict.

    Args:
        verdict: what was found.
        recipient: to whom it goes.
        known: names of products.
        words: the language.
        zone: the local time zone; this machine's where it is None.
    """
    sections = (
        Section(words.say("What fails"), tuple(_what(verdict, known, words, zone))),
        Section(words.say("For whom"), tuple(_whom(verdict, words))),
        Section(words.say("What it is, and how sure that is"), tuple(_verdict(verdict, words))),
        Section(words.say("What was already tried"), tuple(_tried(verdict, words))),
        Section(words.say("What we ask of you"), tuple(_asks(verdict, recipient, known, words))),
        Section(words.say("Evidence"), tuple(_evidence(verdict, words)), raw=True),
    )
    return Letter(
        subject=_subject(verdict, words),
        contact=contact_of(verdict, recipient.to),
        greeting=words.say(recipient.greeting),
        sections=tuple(section for section in sections if section.lines),
        closing=words.say("Written with badgateway; passwords, cookies and tokens are masked."),
    )


def _subject(verdict: Verdict, words: Words) -> str:
    shown = _shown_subject(verdict).removeprefix("https://").removeprefix("http://")
    if verdict.outcome is Outcome.UNREACHABLE:
        return safe(words.say("{site}: no page comes back", site=shown), SUBJECT_LIMIT)
    return safe(f"{shown}: {words.headline(verdict)}", SUBJECT_LIMIT)


def _shown_subject(verdict: Verdict) -> str:
    """The URL or the material's name; what is behind a question mark may be a secret."""
    return safe(masked(verdict.subject), 500)


def _what(verdict: Verdict, known: Knowledge, words: Words, zone: tzinfo | None) -> Iterator[Line]:
    page = verdict.subject.startswith(("http://", "https://"))
    yield Line(words.say("Page:") if page else words.say("About:"), _shown_subject(verdict))
    yield Line(words.say("It answers:"), words.headline(verdict))
    emitter = verdict.emitter
    if emitter is not None and (file := known.emitters.get(emitter.name)) is not None:
        sure = words.percent(emitter.probability)
        yield Line(words.say("The error page was made by:"), f"{maker(emitter, file)} ({sure})")
    if (times := since(verdict)) is not None:
        first, last = times
        yield Line(words.say("First seen:"), both_times(first, zone))
        if (last - first).total_seconds() >= 1:
            yield Line(words.say("Last seen:"), both_times(last, zone))
    for found in request_ids(verdict):
        at = f"  ({_utc(found.at)})" if found.at else ""
        title = words.say("{title}:", title=words.say(found.title))
        yield Line(title, f"{found.value}{at}")


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def both_times(moment: datetime, zone: tzinfo | None = None) -> str:
    """A moment in UTC and in local time, with the zone's distance from UTC."""
    local = moment.astimezone(zone)
    shift = local.strftime("%z")
    named = local.strftime("%Y-%m-%d %H:%M:%S ") + f"UTC{shift[:3]}:{shift[3:5]}"
    utc = _utc(moment)
    return utc if shift == "+0000" else f"{utc} = {named}"


def _whom(verdict: Verdict, words: Words) -> Iterator[Line]:
    steady = not any(o.name == "intermittent" for o in verdict.observations)
    if of_owner(verdict) and not any(o.name == "asked" for o in verdict.observations):
        yield Line(words.say("Seen in the logs and the state of the server itself."))
    elif verdict.side is Side.SITE and steady and not _compared(verdict):
        yield Line(words.say(_SITE if verdict.determined else _SITE_PROBABLY))
    for said in scope(verdict, words):
        yield Line("", said)


def _compared(verdict: Verdict) -> bool:
    """Whether other places were asked: what they saw says more than a guess."""
    return any(o.name in ("vantage-answer", "elsewhere-compared") for o in verdict.observations)


_SITE = sentence("The site itself fails, so this concerns everybody who asks for this page.")
_SITE_PROBABLY = sentence(
    "Probably everybody who asks for this page; it was tested from one place only."
)


def _verdict(verdict: Verdict, words: Words) -> Iterator[Line]:
    titles = vocabulary().causes
    if verdict.side in _WRITTEN:
        sure, probable = _WRITTEN[verdict.side]
        yield Line(words.say(sure if verdict.determined else probable))
    if not verdict.causes:
        yield Line(words.say("The cause cannot be told from here."))
        return
    if verdict.determined:
        yield Line(words.say("The cause is clear enough to act on:"))
    else:
        yield Line(words.say("Which of these it is cannot be told from here:"))
    for ranked in verdict.causes[:MOST_CAUSES]:
        title = words.say(titles[ranked.cause].title)
        share = words.percent(ranked.probability)
        yield Line(words.say("{percent}: {cause}", percent=share, cause=title), under=True)
    if not verdict.complete:
        yield Line(words.say("Some tests had not ended when the time was up."))


_WRITTEN: Mapping[Side | None, tuple[str, str]] = {
    Side.VISITOR: (
        sentence("It lies with the visitor's own device or network."),
        sentence("It probably lies with the visitor's own device or network."),
    ),
    Side.PATH: (
        sentence("It lies on the way between the visitor and the site."),
        sentence("It probably lies on the way between the visitor and the site."),
    ),
    Side.SITE: (
        sentence("It lies with the site, not with the visitor."),
        sentence("It probably lies with the site, not with the visitor."),
    ),
}


def _tried(verdict: Verdict, words: Words) -> Iterator[Line]:
    for step in tried(verdict, words):
        yield Line(step.title)
        for result in step.results or (words.say("done; nothing that stands out"),):
            yield Line("", result, under=True)


def _asks(verdict: Verdict, recipient: Recipient, known: Knowledge, words: Words) -> Iterator[Line]:
    for ask in recipient.asks:
        yield Line(words.say(ask))
    tests = [
        test for test in verdict.next if test.who is Who.OWNER and test.test in known.diagnostics
    ]
    if tests and recipient.to in ("site", "host"):
        yield Line(words.say("What would tell most:"))
        for test in tests[:3]:
            yield Line(words.say(known.diagnostics[test.test].why), under=True)


def _evidence(verdict: Verdict, words: Words) -> Iterator[Line]:
    for observation in telling(verdict):
        yield Line("", _recorded(observation, words))


def _recorded(observation: Observation, words: Words) -> str:
    at = _utc(observation.at) if observation.at else " " * 23
    source = safe(masked(observation.source), 160)
    return f"{at}  {words.observed(observation)}  [{source}]"
