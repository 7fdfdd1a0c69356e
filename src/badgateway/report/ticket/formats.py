"""A ticket as Markdown, as plain text, and as a link that opens a mail program.

Whatever a ticket quotes was written by somebody else: in Markdown it stands in code, whose fence
is longer than any in it; in a mail it is percent-encoded as a whole (RFC 6068).
"""

import re
import textwrap
from collections.abc import Iterator
from urllib.parse import quote

from badgateway.report.markdown import fence
from badgateway.report.ticket.letter import Letter, Line, Section
from badgateway.report.words import Words

MAILTO_LIMIT = 2_000
"""Characters of the whole link: Windows hands no more than 2,083 to a mail program."""
WIDTH = 76
"""Columns of plain text; mails with longer lines are wrapped by somebody else, and badly."""
_ACTIVE = re.compile(r"([\\`*_\[\]<>#|~@!&])")


def markdown(letter: Letter, words: Words) -> str:
    """As Markdown, as GitHub, GitLab, and help desks read it."""
    parts = [f"# {_escaped(letter.subject)}"]
    if to := _to(letter):
        parts.append(words.say("To: {contact}", contact=_code(to)))
    parts.append(_escaped(letter.greeting))
    for section in letter.sections:
        parts += [f"## {_escaped(section.title)}", _markdown_lines(section)]
    return "\n\n".join([*parts, _escaped(letter.closing)]) + "\n"


def _markdown_lines(section: Section) -> str:
    if section.raw:
        text = "\n".join(line.quoted for line in section.lines)
        ticks = fence(text, 3)
        return f"{ticks}text\n{text}\n{ticks}"
    shown = []
    for line in section.lines:
        quoted = _code(line.quoted) if line.quoted else ""
        indent = "  " if line.under else ""
        shown.append(f"{indent}- " + " ".join(filter(None, (_escaped(line.text), quoted))))
    return "\n".join(shown)


def _escaped(text: str) -> str:
    return _ACTIVE.sub(r"\\\1", text)


def _code(text: str) -> str:
    """A code span: its ticks are more than any inside (CommonMark 6.1)."""
    ticks = fence(text)
    space = " " if text.startswith(("`", " ")) or text.endswith(("`", " ")) else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def plain_text(letter: Letter, words: Words) -> str:
    """As a mail: subject first, no line longer than `WIDTH` columns but for what is quoted."""
    head = [words.say("Subject: {subject}", subject=letter.subject)]
    if to := _to(letter):
        head.insert(0, words.say("To: {contact}", contact=to))
    return "\n".join(head) + "\n\n" + _body(letter, letter.sections) + "\n"


def _to(letter: Letter) -> str:
    return letter.contact.mail or letter.contact.page


def _body(letter: Letter, sections: tuple[Section, ...], *more: str) -> str:
    parts = [textwrap.fill(letter.greeting, WIDTH)]
    for section in sections:
        lines = [wrapped for line in section.lines for wrapped in _plain_line(line, section.raw)]
        parts.append("\n".join([section.title, "-" * len(section.title), *lines]))
    return "\n\n".join([*parts, *more, letter.closing])


def _plain_line(line: Line, raw: bool) -> Iterator[str]:
    text = " ".join(filter(None, (line.text, line.quoted)))
    if raw:
        yield text
        return
    start = "    - " if line.under else "- "
    yield from textwrap.wrap(
        text, WIDTH, initial_indent=start, subsequent_indent=" " * len(start),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def mailto(letter: Letter, words: Words) -> str:
    """A link that opens a mail program with everything filled in.

    Where the whole letter is too long for that, its last sections are left out, and it says so.
    Without a known mail address the program asks for one.
    """
    sections = letter.sections
    note: tuple[str, ...] = ()
    while True:
        link = _link(letter, _body(letter, sections, *note))
        if len(link) <= MAILTO_LIMIT or not sections:
            return link
        sections = _shorter(sections)
        note = (words.say("More evidence is at hand; ask for it."),)


def _shorter(sections: tuple[Section, ...]) -> tuple[Section, ...]:
    """One line less: of the last section that has several, else the last section."""
    *first, last = sections
    if last.raw or len(last.lines) <= 1:
        return tuple(first)
    return (*first, Section(last.title, last.lines[:-1], last.raw))


def _link(letter: Letter, body: str) -> str:
    address = quote(letter.contact.mail, safe="@")
    subject = quote(" ".join(letter.subject.split()), safe="")
    text = quote(body.replace("\n", "\r\n"), safe="")
    return f"mailto:{address}?subject={subject}&body={text}"
