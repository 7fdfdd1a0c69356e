"""One request as the line of an access log tells it, and the shape of what reads such lines."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from badgateway.knowledge.requests import UNANSWERED, seconds_of, status_of
from badgateway.logs.clock import Times

PATH_LIMIT = 200
"""Characters of a path that are kept."""
TEXT_LIMIT = 120
"""Characters of a client, an upstream or its statuses that are kept."""


class Hit(NamedTuple):
    """One request.

    Attributes:
        second: when it was written, seconds since the epoch.
        status: what the client got; 0 where it got nothing.
        client: who asked.
        path: what for, without its query.
        ms: how long the upstream took, or the whole request where only that is told; -1 for none.
        took: how long the whole request took, ms; -1 where it is not told.
        upstream: who was asked, in the log's own words (`10.0.0.1:80, 10.0.0.2:80`).
        upstream_status: what those answered (`502, 200`).
        reached: how far the connection came, `-` or `+` for connect and header each; empty where
            the line does not say.
    """

    second: int
    status: int
    client: str
    path: str
    ms: int = -1
    took: int = -1
    upstream: str = ""
    upstream_status: str = ""
    reached: str = ""

    @property
    def plain(self) -> bool:
        """Whether nothing failed: neither for the client nor at the first try."""
        return (
            self.status < 500
            and self.status not in UNANSWERED
            and "," not in self.upstream_status
            and self.upstream_status[:1] != "5"
        )


Parse = Callable[[str], Hit | None]
Find = Callable[[str], re.Match[str] | None]


@dataclass(frozen=True, slots=True)
class Form:
    """How the lines of an access log are read.

    Attributes:
        kind: the dialect, as readers call it.
        parse: takes a line apart; None for one that is no request.
        format: as nginx would declare it, where the lines follow such a format: it can be read
            by columns.
        of_fields: what `parse` makes of a line's fields, for such a format.
        note: lines that are no requests and no loss: returns True for those.
    """

    kind: str
    parse: Parse
    format: str | None = None
    note: Callable[[str], bool] = lambda _: False
    of_fields: Callable[[Mapping[str, str]], Hit | None] = lambda _: None


class AccessDialect(Protocol):
    """The shape of a module in `logs/access`."""

    def form(self, head: Sequence[str], formats: Sequence[str], times: Times) -> Form | None:
        """How lines like the first ones, `head`, are read; None where they are of another kind."""


def form_by(
    find: Find,
    head: Sequence[str],
    times: Times,
    kind: str,
    hit: Callable[[re.Match[str], int], Hit],
    note: Callable[[str], bool] = lambda _: False,
) -> Form | None:
    """The form of lines that one expression takes apart; None where it finds none of the first.

    Args:
        find: looks for the expression in a line; its group `time` holds the time.
        head: the first lines.
        times: the clock.
        kind: the dialect.
        hit: makes a request of what was found, and its second.
        note: tells lines that are no requests and no loss.
    """
    if not any(find(line) for line in head):
        return None

    def parse(line: str) -> Hit | None:
        found = find(line)
        second = times.of(found["time"]) if found else None
        return None if found is None or second is None else hit(found, second)

    return Form(kind, parse, note=note)


def ms_of(text: str | None, unit: float = 1.0) -> int:
    """A duration in units of `unit` seconds as whole ms; -1 where there is none."""
    if unit == 1.0 and text and text[-4:-3] == "." and len(text) < 12:
        # By far the most common: one number with its ms.
        digits = text[:-4] + text[-3:]
        if digits.isdecimal() and digits.isascii():
            return int(digits)
    seconds = seconds_of(text, unit)
    return -1 if seconds is None else round(seconds * 1_000)


def hit_of(fields: Mapping[str, str], second: int | None, ms: int, took: int) -> Hit | None:
    """A request by nginx's names of its fields; None without a status or a time."""
    status = status_of(fields.get("status"))
    if status is None or second is None:
        return None
    words = (fields.get("request") or "").split(" ", 2)
    path = fields.get("request_uri") or fields.get("uri") or (words[1] if len(words) > 1 else "")
    return Hit(
        second,
        status,
        fields.get("remote_addr", "")[:TEXT_LIMIT],
        path.split("?", 1)[0][:PATH_LIMIT],
        ms,
        took,
        _told(fields.get("upstream_addr")),
        _told(fields.get("upstream_status")),
        _reached(fields),
    )


def _told(text: str | None) -> str:
    return "" if text in (None, "-") else str(text)[:TEXT_LIMIT]


def _reached(fields: Mapping[str, str]) -> str:
    """Of the last upstream: whether a connection came about, and whether an answer began."""
    reached = ""
    for name in ("upstream_connect_time", "upstream_header_time"):
        if name in fields:
            reached += "-" if fields[name].rstrip().endswith("-") else "+"
    return reached
