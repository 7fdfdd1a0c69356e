"""nginx's configuration, by the span of each directive (ngx_conf_file.c: words, quotes, braces)."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from badgateway.remedies.edit import EditError, indent, span


@dataclass(slots=True)
class _Directive:
    """One directive: its words with their spans, its own span, the block that it stands in."""

    words: list[tuple[str, int, int]]
    end: int
    block: "_Directive | None"
    inner: "list[_Directive]" = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.words[0][0]

    @property
    def begin(self) -> int:
        return self.words[0][1]


def assign(text: str, line: int, name: str, value: str) -> str:
    """Set a directive in the block of the directive on `line`."""
    for place in reversed(_places(text, line)):
        beside = place.block.inner if place.block else []
        there = next((d for d in beside if d.name == name), None)
        if there is not None:
            begin, end = there.words[1][1] if len(there.words) > 1 else there.end, there.end
            text = text[:begin] + value + text[end:]
            continue
        begin = text.rfind("\n", 0, place.begin) + 1
        alone = not text[begin : place.begin].strip()
        gap = "\n" + indent(text, begin) if alone else " "
        text = f"{text[: place.begin]}{name} {value};{gap}{text[place.begin :]}"
    return text


def remove(text: str, line: int, name: str) -> str:
    """Take a directive out of the block of the directive on `line`."""
    for place in reversed(_places(text, line)):
        beside = place.block.inner if place.block else [place]
        there = next((d for d in beside if d.name == name and not d.inner), None)
        if there is None:
            raise EditError(
                "'{name}' does not stand in the block of line {line}", name=name, line=line
            )
        begin, end = there.begin, there.end + 1
        head = text.rfind("\n", 0, begin) + 1
        if not text[head:begin].strip() and text[end : end + 1] == "\n":
            begin, end = head, end + 1
        elif text[end : end + 1] == " ":
            end += 1
        text = text[:begin] + text[end:]
    return text


def in_force(text: str, line: object, name: str) -> list[tuple[int, tuple[str, ...]]]:
    """The directives of a name that hold for what stands on `line`: (line, arguments) of each.

    Of a directive that may stand several times, those of the innermost block that has any hold.
    """
    try:
        places = _places(text, line if isinstance(line, int) else 0)
    except EditError:
        return []
    found: dict[int, _Directive] = {}
    for place in places:
        block = place.block
        while block is not None:
            if beside := [d for d in block.inner if d.name == name]:
                found |= {d.begin: d for d in beside}
                break
            block = block.block
    return [
        (text.count("\n", 0, d.begin) + 1, tuple(word for word, *_ in d.words[1:]))
        for d in found.values()
    ]


def given(text: str, line: object, variable: str) -> tuple[int, str] | None:
    """The one `set` of a variable that holds for what stands on `line`: its line and the value."""
    every = in_force(text, line, "set")
    found = [(n, w[1]) for n, w in every if len(w) == 2 and w[0] == f"${variable}"]
    return found[0] if len(found) == 1 else None


def _places(text: str, line: int) -> list[_Directive]:
    """The directive on a line; of a server in a group, those that send requests to the group."""
    begin, end = span(text, line)
    every = list(_directives(text))
    here = [d for d in every if begin <= d.begin < end]
    if not here:
        raise EditError("no directive begins on line {line}", line=line)
    chosen = next((d for d in here if d.name.endswith("_pass")), None)
    chosen = chosen or next((d for d in here if d.name == "server" and not d.inner), here[-1])
    group = chosen.block
    if group is not None and group.name == "upstream" and len(group.words) > 1:
        targets = {f"http://{group.words[1][0]}", f"https://{group.words[1][0]}", group.words[1][0]}
        passes = [
            d for d in every
            if d.name.endswith("_pass") and len(d.words) > 1
            and d.words[1][0].rstrip("/") in targets
        ]  # fmt: skip
        return passes or [chosen]
    return [chosen]


def _directives(text: str) -> Iterator[_Directive]:
    """Every directive with its span, an outer one before its inner ones."""
    found: list[_Directive] = []
    stack: list[_Directive | None] = [None]
    words: list[tuple[str, int, int]] = []
    place, size = 0, len(text)
    while place < size:
        sign = text[place]
        if sign.isspace():
            place += 1
        elif sign == "#":
            place = _or_end(text.find("\n", place), size)
        elif sign in ";{}":
            if words:
                one = _Directive(words, place, stack[-1])
                found.append(one)
                if one.block:
                    one.block.inner.append(one)
                words = []
                if sign == "{":
                    stack.append(one)
            elif sign == "{":
                stack.append(stack[-1])
            if sign == "}" and len(stack) > 1:
                stack.pop()
            place += 1
        else:
            end = _word_end(text, place)
            raw = text[place:end]
            words.append((raw.strip("\"'") if raw[0] in "\"'" else raw, place, end))
            place = end
    yield from found


def _word_end(text: str, place: int) -> int:
    size = len(text)
    if text[place] in "\"'":
        quote, place = text[place], place + 1
        while place < size and text[place] != quote:
            place += 2 if text[place] == "\\" else 1
        return min(place + 1, size)
    while place < size and not text[place].isspace() and text[place] not in ";{}":
        if text[place] == "\\":
            place += 1
        elif text.startswith("${", place):
            place = _or_end(text.find("}", place), size - 1)
        place += 1
    return min(place, size)


def _or_end(place: int, end: int) -> int:
    return end if place < 0 else place
