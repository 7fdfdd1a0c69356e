"""Apache's configuration: a directive a line, sections in angle brackets (mod/core.html)."""

import re

from badgateway.remedies.edit import EditError, indent, lines_of, span, without

_OPEN = re.compile(r"\s*<(?!/)(\w+)")
_CLOSE = re.compile(r"\s*</(\w+)")


def assign(text: str, line: int, name: str, value: str) -> str:
    """Set a directive in the section that `line` stands in."""
    lines = lines_of(text)
    for number in _section(lines, line):
        if _is(lines[number], name):
            begin, end = span(text, number + 1)
            return text[:begin] + indent(text, begin) + f"{name} {value}" + text[end:]
    begin, _ = span(text, line)
    return text[:begin] + indent(text, begin) + f"{name} {value}\n" + text[begin:]


def remove(text: str, line: int, name: str) -> str:
    """Take a directive out of the section that `line` stands in."""
    lines = lines_of(text)
    there = (number for number in _section(lines, line) if _is(lines[number], name))
    return without(lines, there, name, line)


def begin(text: str, line: int) -> int:
    """The first line, from 0, of the section that `line` stands in."""
    return min(_section(lines_of(text), line))


def _is(line: str, name: str) -> bool:
    words, wanted = line.lower().split(), name.lower().split()
    return words[: len(wanted)] == wanted


def _section(lines: list[str], line: int) -> list[int]:
    """The lines, from 0, of the innermost section around a line; sections inside it left out."""
    if not 1 <= line <= len(lines):
        raise EditError("there is no line {line}", line=line)
    stack: list[list[int]] = [[]]
    for number, text in enumerate(lines):
        if _CLOSE.match(text) and len(stack) > 1:
            if line - 1 in (held := stack.pop()):
                return held
        elif _OPEN.match(text):
            stack.append([])
        else:
            stack[-1].append(number)
    return next((held for held in stack if line - 1 in held), stack[0])
