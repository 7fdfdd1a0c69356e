"""`/etc/resolv.conf`: a keyword and its value on a line, `nameserver` on as many as there are."""

from badgateway.remedies.edit import EditError


def assign(text: str, line: int, name: str, value: str) -> str:
    """Give a keyword one line for each part of the value, where its first line stands.

    Commas separate the parts.
    """
    lines = text.split("\n")
    if not 1 <= line <= len(lines):
        raise EditError("there is no line {line}", line=line)
    wanted = [f"{name} {word}" for word in value.split(",")]
    place = next((number for number, each in enumerate(lines) if _is(each, name)), 0)
    kept = [each for each in lines if not _is(each, name)]
    return "\n".join((*kept[:place], *wanted, *kept[place:]))


def _is(line: str, name: str) -> bool:
    return line.split()[:1] == [name]
