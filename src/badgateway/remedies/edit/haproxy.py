"""HAProxy's configuration: sections that begin with a keyword, a setting a line (2.1, 2.4)."""

import re

from badgateway.remedies.edit import EditError, lines_of, span, without

_SECTION = re.compile(
    r"(?:global|defaults|frontend|backend|listen|peers|resolvers|userlist|program|mailers|cache"
    r"|ring|fcgi-app|http-errors|log-forward|crt-store|traces)\b"
)


def assign(text: str, line: int, name: str, value: str) -> str:
    """Set a keyword in the section of `line`; `global:NAME` in the first section of that kind."""
    lines = lines_of(text)
    kind, colon, word = name.rpartition(":")
    head, end = _section(lines, line) if not colon else _named(lines, kind)
    for number in range(head + 1, end):
        if _is(lines[number], word):
            begin, stop = span(text, number + 1)
            return f"{text[:begin]}  {word} {value}{text[stop:]}"
    begin = sum(map(len, lines[: head + 1]))
    return f"{text[:begin]}  {word} {value}\n{text[begin:]}"


def remove(text: str, line: int, name: str) -> str:
    """Take a keyword out of the section of `line`."""
    lines = lines_of(text)
    head, end = _section(lines, line)
    there = (number for number in range(head + 1, end) if _is(lines[number], name))
    return without(lines, there, name, line)


def begin(text: str, line: int) -> int:
    """The line, from 0, on which the section of `line` begins."""
    return _section(lines_of(text), line)[0]


def _is(line: str, name: str) -> bool:
    words, wanted = line.split(), name.split()
    return words[: len(wanted)] == wanted


def _section(lines: list[str], line: int) -> tuple[int, int]:
    """The line, from 0, on which the section of `line` begins, and the first one after it."""
    heads = [number for number, text in enumerate(lines) if _SECTION.match(text)]
    before = [number for number in heads if number < line]
    if not before:
        raise EditError("line {line} stands in no section", line=line)
    after = [number for number in heads if number > before[-1]]
    return before[-1], after[0] if after else len(lines)


def _named(lines: list[str], kind: str) -> tuple[int, int]:
    for number, text in enumerate(lines):
        if text.split()[:1] == [kind]:
            return _section(lines, number + 1)
    raise EditError("there is no section '{kind}'", kind=kind)
