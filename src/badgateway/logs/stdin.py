"""Standard input as a log: its beginning is kept, because it can be read only once."""

import io
import sys
from functools import cache
from typing import BinaryIO, cast

from badgateway.model.material import HEAD_LIMIT


@cache
def _stream() -> tuple[bytes, BinaryIO]:
    head = sys.stdin.buffer.read(HEAD_LIMIT)
    return head, sys.stdin.buffer


def head_of_stdin() -> bytes:
    """Its beginning."""
    return _stream()[0]


class _Rejoined(io.RawIOBase):
    """The beginning that was read, then the rest."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head, self._rest = head, rest

    def readable(self) -> bool:
        return True

    def readinto(self, target: object) -> int:
        view = memoryview(target)  # type: ignore[arg-type]
        data = self._head[: len(view)] or self._rest.read(len(view))
        self._head = self._head[len(view) :]
        view[: len(data)] = data
        return len(data)


def rejoined_stdin() -> BinaryIO:
    """All of standard input, once."""
    head, rest = _stream()
    _stream.cache_clear()
    return cast("BinaryIO", io.BufferedReader(_Rejoined(head, rest)))
