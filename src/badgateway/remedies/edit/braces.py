"""Blocks in braces, settings on lines or with an equals sign: Caddyfiles and VCL."""

import re

from badgateway.remedies.edit import EditError, replace, span


def assign(text: str, line: int, name: str, value: str) -> str:
    """Give a setting that stands in the block of `line`, or in a block inside it, a value."""
    begin, end = _block(text, line)
    found = re.compile(rf"(?m)(?<![\w.]){re.escape(name)}(\s*=\s*|[ \t]+)([^;\n{{}}]+)").search(
        text, begin, end
    )
    if found is None:
        raise EditError("'{name}' does not stand in the block of line {line}", name=name, line=line)
    return text[: found.start(2)] + value + text[found.end(2) :]


def remove(text: str, line: int, name: str) -> str:
    """Take the lines of the block of `line`, and of blocks inside it, that begin with `name` out.

    A star at the end of the name stands for any further letters.
    """
    begin, end = _block(text, line)
    word = re.escape(name.rstrip("*")) + (r"\w*" if name.endswith("*") else "")
    inner = re.sub(rf"(?m)^[ \t]*{word}(?:[ \t][^\n{{}}]*)?\n", "", text[begin:end])
    if inner == text[begin:end]:
        raise EditError("'{name}' does not stand in the block of line {line}", name=name, line=line)
    return text[:begin] + inner + text[end:]


def point(text: str, line: int, old: str, new: str) -> str:
    """Change an address, also where VCL writes its host and its port apart."""
    try:
        return replace(text, line, old, new)
    except EditError:
        begin, _ = _block(text, line)
    host, _, port = new.rpartition(":")
    first = text.count("\n", 0, begin) + 1
    for name, value in ((".host", host.strip("[]")), (".port", port)):
        text = assign(text, max(line, first), name, f'"{value}"')
    return text


def _block(text: str, line: int) -> tuple[int, int]:
    """The innermost block around the first thing on a line that is not white space.

    Where the line itself opens a block, that one.
    """
    begin, end = span(text, line)
    opens = text.find("{", begin, end)
    closes = text.find("}", begin, end)
    if opens >= 0 and not text[begin:opens].lstrip().startswith("#") and not 0 <= closes < opens:
        return opens, _closed(text, opens)
    depth, place = 0, begin
    while place > 0:
        place -= 1
        depth += {"}": 1, "{": -1}.get(text[place], 0)
        if depth < 0:
            return place, _closed(text, place)
    raise EditError("line {line} stands in no block", line=line)


def _closed(text: str, opens: int) -> int:
    depth = 0
    for place in range(opens, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return place
    return len(text)
