"""The verdict as Markdown, for issues, chats and wikis; what came from outside stays text."""

import re
from collections.abc import Iterator

from badgateway.knowledge.base import Knowledge
from badgateway.model.verdict import Verdict
from badgateway.report.outline import Outline, StepShown, outline
from badgateway.report.words import Words

_MARK = {"works": "✓", "broken": "✗", "suspect": "?", "unknown": "·"}
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~$&])")
"""What Markdown's dialects act on within a line."""


def markdown_report(verdict: Verdict, known: Knowledge, words: Words) -> str:
    """The whole verdict as Markdown."""
    return "\n".join(_lines(outline(verdict, known, words), words)).rstrip() + "\n"


def escaped(text: str) -> str:
    """`text` as Markdown that shows it and does nothing else; it mentions nobody either."""
    return _SPECIAL.sub(r"\\\1", text).replace("@", "@\u200b")


def code(text: str) -> str:
    """`text` in a code span that it cannot end."""
    ticks, space = fence(text), " " if "`" in text else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def fence(text: str, least: int = 1) -> str:
    """Backticks that `text` cannot end: more than any in it, and not fewer than `least`."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    return "`" * max(least, longest + 1)


def _lines(out: Outline, words: Words) -> Iterator[str]:
    yield f"# {escaped(out.headline)}\n"
    yield f"{code(out.subject)}\n"
    if out.chain:
        shown = " — ".join(f"{_MARK[hop.state]} {escaped(hop.title)}" for hop in out.chain)
        yield f"{shown}\n"
    for line in filter(None, (out.whose, *out.told)):
        yield f"{escaped(line)}\n"
    if out.causes:
        yield f"## {escaped(out.heading)}\n"
        for cause in out.causes:
            yield f"- **{escaped(cause.percent)}** {escaped(cause.title)} ({escaped(cause.hop)})"
            for reason in cause.reasons:
                sign = "−" if reason.against else "+"
                yield f"  - {sign} {escaped(reason.text)}: {escaped(reason.weight)}"
        yield ""
    yield from _steps(words.say("What you can do"), out.visitor)
    yield from _steps(words.say("What the site's owner can do"), out.owner)
    if out.next:
        yield f"## {escaped(words.say('What would tell more'))}\n"
        for test in out.next:
            yield f"- {escaped(test.title)} ({escaped(test.who)}): {escaped(test.why)}"
        yield ""
    if out.evidence:
        yield f"## {escaped(words.say('Evidence'))}\n"
        for item in out.evidence:
            time = f", {escaped(item.time)}" if item.time else ""
            yield f"- {item.id}: {escaped(item.text)}{time} — {code(item.source or '?')}"
        yield ""
    yield escaped(out.done)


def _steps(title: str, steps: tuple[StepShown, ...]) -> Iterator[str]:
    if not steps:
        return
    yield f"## {escaped(title)}\n"
    for step in steps:
        yield f"- [ ] {escaped(step.text)}" + (f" ({escaped(step.risk)})" if step.risk else "")
        if step.command:
            yield f"  {code(step.command)}"
    yield ""
