"""The verdict in a terminal: the chain as a picture, then words, evidence and steps.

Colours and the live picture only where the output is a terminal; in a pipe the same text, plain.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.text import Text

from badgateway.inference.chain import State, states_judged, states_seen
from badgateway.knowledge.base import Knowledge
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation
from badgateway.model.verdict import Outcome, Verdict, Who
from badgateway.model.vocabulary import vocabulary
from badgateway.report.elsewhere import SHOWN, places, summary
from badgateway.report.outline import (
    ALWAYS,
    QUIET,
    SHORT,
    SHOWN_LINKS,
    done,
    heading,
    seconds_of,
    steps_shown,
    tests_shown,
    told,
)
from badgateway.report.safe import safe, width
from badgateway.report.why import MOST_CAUSES, beside, brought_about, unfolded
from badgateway.report.words import Words, sentence

_MARK = {State.WORKS: "✓", State.BROKEN: "✗", State.UNKNOWN: "?"}
_MARK_ASCII = {State.WORKS: "+", State.BROKEN: "x", State.UNKNOWN: "?"}
_STYLE = {State.WORKS: "green", State.BROKEN: "bold red", State.UNKNOWN: "dim"}
_OUTCOME_STYLE = {
    Outcome.HEALTHY: "bold green",
    Outcome.NONE: "bold",
    Outcome.GATEWAY_ERROR: "bold red",
    Outcome.OTHER_ERROR: "bold yellow",
    Outcome.UNREACHABLE: "bold red",
}
MOST_IDS = 8
_MOST_IDLE = 8
"""Listening sockets that are shown though no cause speaks of them."""


def console(file: TextIO) -> Console:
    """A console on `file`: colours as the terminal and `NO_COLOR` say, none in a pipe."""
    return Console(file=file, highlight=False, markup=False, emoji=False, soft_wrap=False)


def picture(
    states: dict[Hop, State], words: Words, out: Console, more: Iterable[Hop] = ()
) -> RenderableType:
    """The chain: in one row where it fits on `out`, else one hop a line."""
    marks, joint = _signs(out)
    shown = [hop for hop in Hop if hop in ALWAYS or hop in states or hop in set(more)]
    parts = []
    for hop in shown:
        state = states.get(hop, State.WORKS if hop is Hop.DEVICE and states else State.UNKNOWN)
        parts.append((f"{marks[state]} {words.say(SHORT[hop])}", _STYLE[state]))
    if sum(width(text) + 4 for text, _ in parts) <= out.width:
        line = Text("  ")
        for place, (text, style) in enumerate(parts):
            line.append(joint if place else "", "dim").append(text, style)
        return line
    return Group(*(Text(f"  {text}", style) for text, style in parts))


def _signs(out: Console) -> tuple[dict[State, str], str]:
    """The marks that `out` can show, and what joins hops on it."""
    if out.encoding.lower().startswith("utf"):
        return _MARK, " ── "
    return _MARK_ASCII, " -- "


def live_picture(observations: Iterable[Observation], words: Words, out: Console) -> RenderableType:
    """The chain as far as it is known while the tests run."""
    return picture(states_seen(observations), words, out)


class Detail(StrEnum):
    """How much of the evidence is shown."""

    BRIEF = "brief"
    EVIDENCE = "evidence"
    WHY = "why"


def report(
    verdict: Verdict,
    known: Knowledge,
    words: Words,
    out: Console,
    detail: Detail = Detail.EVIDENCE,
    plan: bool = False,
) -> None:
    """Print the whole verdict; with `plan` also which tests were made."""
    out.print(Text(safe(verdict.subject, 2_000), "bold"))
    if verdict.subject.startswith("http"):
        more = [verdict.hop] if verdict.hop else []
        out.print()
        out.print(picture(states_judged(verdict), words, out, more))
    out.print()
    out.print(Text(words.headline(verdict), _OUTCOME_STYLE[verdict.outcome]))
    for line in (words.whose(verdict), summary(verdict, words), *told(verdict, known, words)):
        if line:
            out.print(Text(line))
    sections = (
        (heading(verdict, words), _causes(verdict, words)),
        (words.say("From other places and exits"), _places(verdict, words, out)),
        (words.say("What you can do"), _steps(verdict, Who.VISITOR, words)),
        (words.say("Whom to write to"), _contacts(verdict, words)),
        (words.say("What the site's owner can do"), _steps(verdict, Who.OWNER, words)),
        (words.say("What would tell more"), _next(verdict, known, words)),
        (words.say("Why"), _why(verdict, known, words) if detail is Detail.WHY else iter(())),
        (
            words.say("Evidence"),
            iter(()) if detail is Detail.BRIEF else _evidence(verdict, words),
        ),
        (words.say("Tests"), _plan(verdict, words) if plan else iter(())),
    )
    print_sections(sections, out)
    out.print()
    out.print(Text(done(verdict, words), "dim"))


@dataclass(frozen=True, slots=True)
class Row:
    """A line whose head hangs out: what is too long goes on below its own beginning."""

    head: Text
    body: Text
    indent: int

    def print(self, out: Console) -> None:
        """Print it, wrapped to the width of `out`."""
        lines = self.body.wrap(out, max(24, out.width - self.indent))
        for number, line in enumerate(lines):
            line.rstrip()
            head = self.head.copy() if number == 0 else Text("")
            head.pad_right(max(0, self.indent - width(head.plain)))
            out.print(head.append_text(line), no_wrap=True, overflow="ignore", crop=False)


def print_sections(sections: Iterable[tuple[str, Iterable[Row]]], out: Console) -> None:
    """Print rows below their titles; a title without any is left out."""
    for title, rows in sections:
        content = list(rows)
        if content:
            out.print()
            out.print(Text(title, "bold"))
            for row in content:
                row.print(out)


def _causes(verdict: Verdict, words: Words) -> Iterator[Row]:
    titles = vocabulary().causes
    for ranked in verdict.causes[:MOST_CAUSES]:
        line = Text(words.say(titles[ranked.cause].title))
        line.append(f"  ({words.say(SHORT[ranked.hop])})", "dim")
        if ranked.because:
            line.append(f"  {_ids(ranked.because)}", "dim")
        if ranked.links and ranked.probability >= SHOWN_LINKS:
            line.append("\n" + brought_about(ranked, words), "dim")
        if ranked.beside:
            line.append("\n" + beside(ranked, words), "dim")
        yield Row(Text(f"  {words.percent(ranked.probability):>5}", "bold"), line, 9)


def _ids(ids: tuple[str, ...]) -> str:
    shown = " ".join(ids[:MOST_IDS])
    return f"{shown} …" if len(ids) > MOST_IDS else shown


def _steps(verdict: Verdict, who: Who, words: Words) -> Iterator[Row]:
    for number, step in enumerate(steps_shown(verdict, who, words), 1):
        yield Row(Text(f"  {number}."), Text(step.text), 5)
        if step.command:
            yield Row(Text("     $"), Text(step.command, "cyan"), 7)
        if step.risk:
            yield Row(Text(""), Text(step.risk, "dim"), 5)


def _contacts(verdict: Verdict, words: Words) -> Iterator[Row]:
    told = [o for o in verdict.observations if o.name == "contact"]
    for address in dict.fromkeys(o.text("address") for o in told):
        named = [o for o in told if o.text("address") == address]
        kinds = ", ".join(dict.fromkeys(_contact_kind(o, words) for o in named))
        ways = ", ".join(dict.fromkeys(o.text("via") for o in named))
        line = Text(safe(address, 300))
        line.append(f"  {kinds} ({safe(ways, 80)})", "dim")
        if any(o.value.get("expired") for o in named):
            line.append("  " + words.say("out of date"), "dim")
        yield Row(Text("  -"), line, 4)


_CONTACT_KINDS = {
    "abuse": sentence("for abuse"),
    "security": sentence("for security"),
    "support": sentence("support"),
    "status-page": sentence("status page"),
    "technical": sentence("technical"),
    "administrative": sentence("administrative"),
    "owner": sentence("the owner"),
}


def _contact_kind(contact: Observation, words: Words) -> str:
    kind = words.say(_CONTACT_KINDS.get(contact.text("kind"), "support"))
    if contact.text("whose") == "registrar":
        return words.say("the registrar, {kind}", kind=kind)
    return kind


def _next(verdict: Verdict, known: Knowledge, words: Words) -> Iterator[Row]:
    for test in tests_shown(verdict, known, words):
        said = words.say("{test} ({who}): {why}", test=test.title, who=test.who, why=test.why)
        yield Row(Text("  -"), Text(said), 4)


def _places(verdict: Verdict, words: Words, out: Console) -> Iterator[Row]:
    marks, _ = _signs(out)
    for place in places(verdict, words):
        line = Text(place.text)
        line.append(f"  {place.id}", "dim")
        mark, style = (marks[place.state], _STYLE[place.state]) if place.state else (" ", "dim")
        yield Row(Text(f"  {mark}", style), line, 4)


def _evidence(verdict: Verdict, words: Words) -> Iterator[Row]:
    told = {item for cause in verdict.causes for item in (*cause.because, *cause.against)}
    idle = [o for o in verdict.observations if o.name == "listening" and o.id not in told]
    hidden = {o.id for o in idle[_MOST_IDLE:]}
    for observation in verdict.observations:
        if observation.name in QUIET | SHOWN or observation.id in hidden:
            continue
        line = Text(words.observed(observation))
        if (seconds := seconds_of(observation)) is not None:
            line.append(f"  {words.seconds(seconds)}", "dim")
        yield Row(Text(f"  {observation.id:>4}", "dim"), line, 8)
    if hidden:
        more = words.say("and {count} more listening sockets (--json has them)", count=len(hidden))
        yield Row(Text("     …", "dim"), Text(more), 8)


def _why(verdict: Verdict, known: Knowledge, words: Words) -> Iterator[Row]:
    for cause in unfolded(verdict, known, words):
        yield Row(Text(f"  {cause.percent:>5}", "bold"), Text(cause.title), 9)
        for remark in cause.remarks:
            yield Row(Text("         →"), Text(remark), 11)
        for reason in cause.reasons:
            line = Text(reason.text)
            line.append(f"  {reason.weight} ({reason.id})", "dim")
            yield Row(Text(f"         {'−' if reason.against else '+'}"), line, 11)


def _plan(verdict: Verdict, words: Words) -> Iterator[Row]:
    spared = [made.test for made in verdict.made if made.seconds is None]
    for made in verdict.made:
        if made.seconds is not None:
            line = Text(words.test(made.test))
            line.append(f"  {words.seconds(made.seconds)}", "dim")
            yield Row(Text("  ✓"), line, 4)
    for name in dict.fromkeys(spared):
        line = Text(words.test(name))
        line.append("  " + words.say("spared: it could not change the verdict"), "dim")
        yield Row(Text("  -"), line, 4)
