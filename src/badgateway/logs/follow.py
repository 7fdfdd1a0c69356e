"""Logs that grow: what was added, through rotation and truncation, in whole lines."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from badgateway.logs.source import BLOCK, Log
from badgateway.model.material import LINE_LIMIT

_MOST_AT_ONCE = 16 * BLOCK


@dataclass(frozen=True, slots=True)
class Note:
    """Something that happened to a log: it was rotated, cut short, or is gone."""

    name: str
    what: str


@dataclass(slots=True)
class _Open:
    log: Log
    file: BinaryIO
    at: int
    number: int = 0
    rest: bytes = b""
    gone: bool = False
    notes: list[Note] = field(default_factory=list)


class Follower:
    """Reads what is added to logs from now on."""

    def __init__(self, logs: list[Log]) -> None:
        """Args: logs: plain files; each is read from its present end.

        Raises:
            OSError: one of them cannot be opened.
        """
        self._open = [self._opened(log, at_end=True) for log in logs]

    @staticmethod
    def _opened(log: Log, at_end: bool) -> _Open:
        file = open(log.name, "rb")  # noqa: PTH123, SIM115 - stays open while the log is followed
        at = file.seek(0, os.SEEK_END) if at_end else 0
        return _Open(log, file, at, os.fstat(file.fileno()).st_ino)

    def grown(self) -> Iterator[tuple[Log, bytes]]:
        """What each log has got since the last call, in whole lines."""
        for one in self._open:
            yield from self._more(one)
            self._rotated(one)
            if one.at == 0:
                yield from self._more(one)

    def notes(self) -> Iterator[Note]:
        """What happened to logs since the last call."""
        for one in self._open:
            yield from one.notes
            one.notes = []

    @staticmethod
    def _more(one: _Open) -> Iterator[tuple[Log, bytes]]:
        size = os.fstat(one.file.fileno()).st_size
        if size < one.at:
            one.notes.append(Note(one.log.name, "was cut short; read anew from its beginning"))
            one.at, one.rest = 0, b""
        one.file.seek(one.at)
        read = 0
        while read < _MOST_AT_ONCE and (block := one.file.read(BLOCK)):
            read += len(block)
            one.at += len(block)
            data = one.rest + block
            cut = data.rfind(b"\n") + 1
            one.rest = data[cut:]
            if len(one.rest) > BLOCK:
                one.rest = one.rest[:LINE_LIMIT]
            if cut:
                yield one.log, data[:cut]

    def _rotated(self, one: _Open) -> None:
        """Open the new log where another one stands in the place of the old."""
        try:
            number = Path(one.log.name).stat().st_ino
        except OSError:
            if not one.gone:
                one.gone = True
                one.notes.append(Note(one.log.name, "is gone; waiting for a new one"))
            return
        if number == one.number:
            one.gone = False
            return
        try:
            new = self._opened(one.log, at_end=False)
        except OSError as error:
            if not one.gone:
                one.gone = True
                one.notes.append(Note(one.log.name, f"cannot be opened: {error.strerror}"))
            return
        one.file.close()
        one.file, one.at, one.number, one.rest, one.gone = new.file, 0, new.number, b"", False
        one.notes.append(Note(one.log.name, "was rotated; the new one is followed"))

    def close(self) -> None:
        """Close all files."""
        for one in self._open:
            one.file.close()
