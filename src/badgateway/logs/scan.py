"""One piece of one log to its summary: line by line, or by columns where that can be done."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta, timezone
from functools import partial
from typing import Protocol

from badgateway.logs.access import form_of
from badgateway.logs.clock import Clock, Times
from badgateway.logs.hit import Form
from badgateway.logs.source import Log, Piece, blocks, line_text, reason, where
from badgateway.logs.summary import Example, Said, Summary
from badgateway.logs.wordings import MOST_REMEMBERED, Wordings
from badgateway.model.material import LINE_LIMIT
from badgateway.model.secret import masked

EXCERPT = 1_500
"""Characters of an example that are kept."""

_SMALL = 1 << 20
"""Bytes below which lines are read one by one."""


class Filler(Protocol):
    """What adds blocks of whole lines of one log to a summary."""

    def block(self, data: bytes, summary: Summary) -> None:
        """Add the lines of `data`."""

    def finish(self, summary: Summary) -> None:
        """Add what was held back."""


def clock_of(log: Log) -> Clock:
    """The clock of a log's times."""
    zone = None if log.zone is None else timezone(timedelta(seconds=log.zone))
    return Clock(zone, log.changed)


@dataclass(frozen=True, slots=True)
class Scanned:
    """The summary of a piece, as far as it could be read, and what went wrong, if anything."""

    summary: Summary
    trouble: str | None = None


def worth_columns(log: Log) -> bool:
    """Whether it is so large that numpy is loaded sooner than its lines are read by themselves."""
    return log.packed or log.size >= _SMALL


def scan(piece: Piece) -> Scanned:
    """The summary of one piece."""
    fill = filler(piece.log) if worth_columns(piece.log) else line_filler(piece.log)
    summary = Summary()
    trouble = None
    try:
        _, trouble = where(piece.log)
        for block in blocks(piece):
            fill.block(block, summary)
    except Exception as error:
        if isinstance(error, MemoryError):
            raise
        trouble = reason(error)
    fill.finish(summary)
    return Scanned(summary, trouble)


def filler(log: Log) -> Filler:
    """What reads the lines of a log, the fastest that can."""
    times = Times(clock_of(log), log.head)
    if not log.access:
        return _GroupedEntries(log, times) if log.kind == NGINX else _Entries(log, times)
    form = _form(log, times)
    return _columns(log, form, times) or _Requests(log, form)


def line_filler(log: Log) -> Filler:
    """What reads the lines of a log one by one: a few at a time are read soonest that way."""
    times = Times(clock_of(log), log.head)
    return _Requests(log, _form(log, times)) if log.access else _Entries(log, times)


def _form(log: Log, times: Times) -> Form:
    """How its lines are read; where nobody can tell any more, each is one that does not fit."""
    return form_of(log.head, log.formats, times) or Form(log.kind, lambda _: None)


def _columns(log: Log, form: Form, times: Times) -> Filler | None:
    """What reads its lines by columns; None where its format or what is installed forbids it."""
    if form.format is None:
        return None
    try:
        # Nothing here multiplies matrices, and threads would make a fork unsafe.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        from badgateway.logs.columns import Columns, plan_of  # noqa: PLC0415
    except ImportError:
        return None
    plan = plan_of(form.format)
    return Columns(plan, times, by_line(log, form), by_fields(log, form)) if plan else None


NGINX = "nginx-error-log"
Line = Callable[[bytes, Summary, int], None]
Fields = Callable[[Mapping[str, str], bytes, Summary, int], bool]


def by_line(log: Log, form: Form) -> Line:
    """What adds one line of an access log, by the form that reads it, with its number."""
    parse, note = form.parse, form.note

    def add(line: bytes, summary: Summary, number: int) -> None:
        text = line_text(line)
        hit = parse(text)
        if hit is not None:
            summary.hit(hit, partial(_example, log, number, text))
        elif text.strip() and not note(text) and not text.startswith("#"):
            summary.unreadable(partial(_example, log, number, text))

    return add


def by_fields(log: Log, form: Form) -> Fields:
    """What adds one line of an access log whose fields are known; False where it is no request."""
    of_fields = form.of_fields

    def add(fields: Mapping[str, str], line: bytes, summary: Summary, number: int) -> bool:
        hit = of_fields(fields)
        if hit is not None:
            summary.hit(hit, lambda: _example(log, number, line_text(line)))
        return hit is not None

    return add


class _Requests:
    """Lines that are requests, one by one."""

    def __init__(self, log: Log, form: Form) -> None:
        self._add = by_line(log, form)

    def block(self, data: bytes, summary: Summary) -> None:
        """Add the lines of `data`."""
        for line in _lines(data):
            summary.lines += 1
            self._add(line, summary, summary.lines)

    def finish(self, summary: Summary) -> None:
        """Nothing was held back."""


class _Entries:
    """Lines of an error log."""

    def __init__(self, log: Log, times: Times) -> None:
        self._log, self._times = log, times
        self._wordings = Wordings(log.kind)
        self._last: int | None = None

    def block(self, data: bytes, summary: Summary) -> None:
        """Add the lines of `data`."""
        for number, line in enumerate(_lines(data), summary.lines + 1):
            self._line(line, number, summary)
            summary.lines = number

    def _line(self, line: bytes, number: int, summary: Summary) -> None:
        text = line_text(line)
        if not text or text.isspace():
            return
        second = self._times.of(text)
        # A line without a time, such as one of a traceback, belongs to the one before it.
        self._last = second = self._last if second is None else second
        summary.entries += 1
        example = partial(_example, self._log, number, text)
        summary.say(self._wordings.of(text, self._times.end), second, example)

    def finish(self, summary: Summary) -> None:
        """Nothing was held back."""


_REGULAR = re.compile(
    rb"\d{4}/(?:0[1-9]|1[0-2])/(?:0[1-9]|[12]\d|3[01]) (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d "
    rb"\[\w+\] \d+#\d+: \*(\d+) "
)


@dataclass(slots=True)
class _Group:
    """Lines of one minute that say the same: how many, their seconds as text, the first line."""

    count: int
    first: bytes
    last: bytes
    number: int
    line: bytes


def _regular(line: bytes, star: int) -> bool:
    """Whether a line begins as nginx writes it; `star` is where its connection stands."""
    found = _REGULAR.match(line)
    return found is not None and found.start(1) == star + 3


def _grouped_example(log: Log, group: _Group) -> Example:
    return _example(log, group.number, line_text(group.line))


class _GroupedEntries(_Entries):
    """Lines of nginx's error log: those that say the same in one minute are counted at once.

    A line is cut at what its writer puts at fixed places (src/core/ngx_log.c); one that is built
    otherwise is read by itself. Counts are those of `_Entries`, in a third of the time.
    """

    def __init__(self, log: Log, times: Times) -> None:
        super().__init__(log, times)
        self._said: dict[tuple[bytes, bytes, bytes], Said] = {}
        self._minutes: dict[bytes, int] = {}

    def block(self, data: bytes, summary: Summary) -> None:
        """Add the lines of `data`."""
        groups: dict[tuple[bytes, bytes, bytes, bytes], _Group] = {}
        previous = b""
        for number, line in enumerate(_lines(data), summary.lines + 1):
            star = line.find(b": *", 28, 60)
            space = line.find(b" ", star + 3)
            end = line.find(b", client: ", space)
            at = line.find(b', upstream: "', end)
            upstream = b""
            if at > 0:
                host = line.find(b"://", at) + 3
                unix = line[host : host + 5] == b"unix:"
                stop = line.find(b":", host + 5) if unix else line.find(b"/", host)
                upstream = line[at:stop] if host > 2 and stop > 0 else line[at:]
            second = line[17:19]
            key = (line[:17], line[19:star], line[space + 1 : end], upstream)
            group = groups.get(key)
            if (
                not 0 < star < space < end
                or len(line) >= LINE_LIMIT
                or not (line[star + 3 : space].isdigit() and second.isdigit() and second < b"60")
                # What the first line of a group has in order, the others have as well.
                or (group is None and not _regular(line, star))
            ):
                self._flush(groups, previous, summary)
                self._line(line, number, summary)
                previous = b""
                continue
            previous = line
            if group is None:
                groups[key] = _Group(1, second, second, number, line)
                continue
            group.count += 1
            if second < group.first:
                group.first = second
            elif second > group.last:
                group.last = second
        self._flush(groups, previous, summary)
        summary.lines += data.count(b"\n") + (not data.endswith(b"\n"))

    def _flush(
        self,
        groups: dict[tuple[bytes, bytes, bytes, bytes], _Group],
        previous: bytes,
        summary: Summary,
    ) -> None:
        """Count what was gathered; `previous` is the last line of it, empty for none."""
        for key, group in groups.items():
            minute, what = self._minutes.get(key[0]), key[1:]
            if minute is None:
                second = self._times.of(line_text(group.line))
                if second is not None:
                    if len(self._minutes) >= MOST_REMEMBERED:
                        self._minutes.clear()
                    minute = second - min(59, int(group.line[17:19]))
                    self._minutes[key[0]] = minute
            said = self._said.get(what)
            if said is None:
                if len(self._said) >= MOST_REMEMBERED:
                    self._said.clear()
                said = self._said[what] = self._wordings.of(line_text(group.line), 0)
            first, last = self._last, None
            if minute is not None:
                first = minute + min(59, int(group.first))
                last = minute + min(59, int(group.last))
            summary.entries += group.count
            example = partial(_grouped_example, self._log, group)
            summary.say(said, first, example, group.count, last)
        groups.clear()
        if previous:
            self._last = self._times.of(line_text(previous)) or self._last


def _lines(data: bytes) -> list[bytes]:
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines


def _example(log: Log, number: int, text: str) -> Example:
    return Example(log.name, log.kind, number, masked(text[: EXCERPT * 2])[:EXCERPT])
