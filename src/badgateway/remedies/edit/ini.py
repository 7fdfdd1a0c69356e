"""`name = value` in sections: PHP-FPM's pools, systemd's units, php.ini."""

from badgateway.remedies.edit import EditError, indent, lines_of, span, without


def assign(text: str, line: int, name: str, value: str) -> str:
    """Set a value in the section of `line`."""
    lines = lines_of(text)
    head, end = _section(lines, line)
    for number in range(head, end):
        if _is(lines[number], name):
            left = lines[number].partition("=")[0]
            begin, stop = span(text, number + 1)
            gap = " " if left.endswith((" ", "\t")) else ""
            return f"{text[:begin]}{indent(text, begin)}{name}{gap}={gap}{value}{text[stop:]}"
    begin = sum(map(len, lines[:end]))
    glue = "" if not begin or text[begin - 1] == "\n" else "\n"
    return f"{text[:begin]}{glue}{name} = {value}\n{text[begin:]}"


def remove(text: str, line: int, name: str) -> str:
    """Take a value out of the section of `line`."""
    lines = lines_of(text)
    head, end = _section(lines, line)
    there = (number for number in range(head, end) if _is(lines[number], name))
    return without(lines, there, name, line)


def _is(line: str, name: str) -> bool:
    left, sign, _ = line.partition("=")
    return bool(sign) and left.strip() == name


def _section(lines: list[str], line: int) -> tuple[int, int]:
    if not 1 <= line <= len(lines):
        raise EditError("there is no line {line}", line=line)
    heads = [number for number, text in enumerate(lines) if text.lstrip().startswith("[")]
    before = [number for number in heads if number < line]
    after = [number for number in heads if number >= line]
    return (before[-1] if before else 0), (after[0] if after else len(lines))
