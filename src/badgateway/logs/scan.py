"""One piece of one log to its summary: line by line, or by columns where that can be done."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta, timezone
from functools import partial
from importlib import import_module
from typing import Protocol

from badgateway.logs.access import form_of
from badgateway.logs.clock import Clock, Times
from badgateway.logs.entries import Entries
from badgateway.logs.examples import example_of
from badgateway.logs.hit import Form
from badgateway.logs.source import Log, Piece, blocks, line_text, reason, split_lines, where
from badgateway.logs.summary import Summary

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
        return _entry_columns(log, times) or Entries(log, times)
    form = _form(log, times)
    return _columns(log, form, times) or _Requests(log, form)


def line_filler(log: Log) -> Filler:
    """What reads the lines of a log one by one: a few at a time are read soonest that way."""
    times = Times(clock_of(log), log.head)
    return _Requests(log, _form(log, times)) if log.access else Entries(log, times)


def _form(log: Log, times: Times) -> Form:
    """How its lines are read; where nobody can tell any more, each is one that does not fit."""
    return form_of(log.head, log.formats, times) or Form(log.kind, lambda _: None)


def _columns(log: Log, form: Form, times: Times) -> Filler | None:
    """What reads its lines by columns; None where its format or what is installed forbids it."""
    if form.format is None or not _numpy():
        return None
    from badgateway.logs.columns import Columns, plan_of  # noqa: PLC0415

    plan = plan_of(form.format)
    return Columns(plan, times, by_line(log, form), by_fields(log, form)) if plan else None


def _entry_columns(log: Log, times: Times) -> Filler | None:
    """The same for lines of an error log."""
    if log.kind != NGINX or not _numpy():
        return None
    from badgateway.logs.entry_columns import EntryColumns  # noqa: PLC0415

    return EntryColumns(log, times)


def _numpy() -> bool:
    """Whether numpy is installed; it is loaded by this."""
    # Nothing here multiplies matrices, and threads would make a fork unsafe.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        import_module("numpy")
    except ImportError:
        return False
    return True


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
            summary.hit(hit, partial(example_of, log, number, line))
        elif text.strip() and not note(text) and not text.startswith("#"):
            summary.unreadable(partial(example_of, log, number, line))

    return add


def by_fields(log: Log, form: Form) -> Fields:
    """What adds one line of an access log whose fields are known; False where it is no request."""
    of_fields = form.of_fields

    def add(fields: Mapping[str, str], line: bytes, summary: Summary, number: int) -> bool:
        hit = of_fields(fields)
        if hit is not None:
            summary.hit(hit, partial(example_of, log, number, line))
        return hit is not None

    return add


class _Requests:
    """Lines that are requests, one by one."""

    def __init__(self, log: Log, form: Form) -> None:
        self._add = by_line(log, form)

    def block(self, data: bytes, summary: Summary) -> None:
        """Add the lines of `data`."""
        for line in split_lines(data):
            summary.lines += 1
            self._add(line, summary, summary.lines)

    def finish(self, summary: Summary) -> None:
        """Nothing was held back."""
