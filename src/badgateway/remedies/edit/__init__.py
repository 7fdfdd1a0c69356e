"""Edits of configuration files, one file per dialect: the smallest span changes, no other byte.

Each dialect offers `assign` (a directive gets a value, where it stands or beside the given line)
and `remove`; some write addresses in a way of their own and offer `point`. None of them judges
what it writes: values have passed `model/argument.py`, the product tests the result.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module

from badgateway.model.message import Message, SpokenError

DIALECTS = {
    "nginx": "nginx",
    "apache": "apache",
    "haproxy": "haproxy",
    "php-fpm": "ini",
    "caddy": "braces",
    "varnish": "braces",
    "lighttpd": "lines",
    "trafficserver": "lines",
    "wordpress": "lines",
    "resolv.conf": "resolv_conf",
}
"""The dialect of each product's configuration."""


class EditError(SpokenError, ValueError):
    """An edit that cannot be made: what it is about does not stand there."""


def assign(by: str, text: str, line: int, name: str, value: str) -> str:
    """`text` with the directive `name` set to `value` in the block of `line` (from 1).

    Raises:
        EditError: the product's dialect has no such edit, or the line holds nothing of the kind.
    """
    return _of(by, "assign")(text, line, name, value)


def remove(by: str, text: str, line: int, name: str) -> str:
    """`text` without the directive `name` in the block of `line`.

    Raises:
        EditError: it does not stand there.
    """
    return _of(by, "remove")(text, line, name)


def point(by: str, text: str, line: int, old: str, new: str) -> str:
    """`text` with the address `old` on `line` changed to `new`.

    Raises:
        EditError: the line does not hold it.
    """
    if found := _offered(by, "point"):
        return found(text, line, old, new)
    for written in (old, *_other_forms(old)):
        try:
            return replace(text, line, written, new)
        except EditError:
            continue
    raise EditError("line {line} does not name {old}", line=line, old=old)


def replace(text: str, line: int, old: str, new: str) -> str:
    """`text` with `old` on `line`, where it stands as a word of its own, changed to `new`.

    Raises:
        EditError: the line does not hold it.
    """
    begin, end = span(text, line)
    found = re.compile(rf"(?<![\w.:-]){re.escape(old)}(?![\w.-]|:\d)").search(text, begin, end)
    if found is None:
        raise EditError("line {line} does not hold '{old}'", line=line, old=old)
    return text[: found.start()] + new + text[found.end() :]


def lines_of(text: str) -> list[str]:
    """The lines of a file, each with its end.

    Only a line feed ends one, as for the readers that number them and the servers that read them;
    `splitlines` would count form feeds and other signs as well.
    """
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def append(text: str, line: int, words: str) -> str:
    """`text` with words added at the end of `line`.

    Raises:
        EditError: there is no such line, or it does not end with its own last word.
    """
    begin, end = span(text, line)
    stripped = begin + len(text[begin:end].rstrip())
    if text[begin:stripped].endswith("\\") or re.search(r"\s#", text[begin:stripped]):
        raise EditError("line {line} ends with a comment or goes on in the next one", line=line)
    return f"{text[:stripped]} {words}{text[stripped:]}"


def block_of(by: str, text: str, line: int) -> int:
    """The first line, from 0, of the block or section that `line` stands in; 0 where in none."""
    found = _offered(by, "begin")
    try:
        return int(found(text, line)) if found else 0
    except EditError:
        return 0


def span(text: str, line: int) -> tuple[int, int]:
    """Where a line begins and ends, its line end left out.

    Raises:
        EditError: there is no such line.
    """
    begin = 0
    for _ in range(line - 1):
        begin = text.find("\n", begin) + 1
        if begin == 0:
            raise EditError("there is no line {line}", line=line)
    end = text.find("\n", begin)
    end = len(text) if end < 0 else end
    return begin, end - 1 if text[begin:end].endswith("\r") else end


def indent(text: str, begin: int) -> str:
    """The white space at the beginning of the line that begins at `begin`."""
    found = re.compile(r"[ \t]*").match(text, begin)
    return found[0] if found else ""


def without(lines: Sequence[str], numbers: Iterable[int], name: str, line: int) -> str:
    """The text of `lines` without the first of those `numbers` (from 0), where `name` stands.

    Raises:
        EditError: there is none: it does not stand in the section of `line`.
    """
    for number in numbers:
        return "".join((*lines[:number], *lines[number + 1 :]))
    raise EditError("'{name}' does not stand in the section of line {line}", name=name, line=line)


def _other_forms(address: str) -> tuple[str, ...]:
    """An address without the port that its protocol implies: HTTP's, HTTPS's, MySQL's."""
    host, _, port = address.rpartition(":")
    return (host,) if port in ("80", "443", "3306") and host else ()


def _offered(by: str, what: str) -> Callable[..., str] | None:
    module = import_module(f"{__name__}.{DIALECTS.get(by, 'lines')}")
    found: Callable[..., str] | None = getattr(module, what, None)
    return found


def _of(by: str, what: str) -> Callable[..., str]:
    found = _offered(by, what)
    if found is None:
        raise EditError("no such edit of {product} is known", product=by or Message("this file"))
    return found
