"""What a person has on paper or on disk: a name, and lines that are read as they are needed.

Reading is bounded: a line is cut at `LINE_LIMIT`, a whole document at `TEXT_LIMIT`. Bytes that
are no text become replacement characters, so binary data in a log never stops its reader.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from io import BytesIO
from typing import BinaryIO

HEAD_LIMIT = 65_536
"""Bytes by which a dialect is recognised."""
LINE_LIMIT = 16_384
"""Bytes of one line that are read; the rest of it is dropped."""
TEXT_LIMIT = 16 * 1024 * 1024
"""Bytes of a document that is read as a whole."""


@dataclass(frozen=True)
class Material:
    """One artifact.

    Attributes:
        name: where a person finds it: a path, `standard input`.
        open: opens its bytes, plain (not compressed); may be called more than once.
        first_line: the number of its first line, where it is a piece of something longer.
        changed: seconds since the epoch when it was last written; None if unknown. Supplies the
            year where a log's own times have none.
        since: what a log says of the time before is left out; None takes everything.
        dated_only: lines whose time is not known are left out as well.
        formats: the formats of access logs that configuration beside it declares.
    """

    name: str
    open: Callable[[], BinaryIO]
    first_line: int = 1
    changed: float | None = None
    since: datetime | None = None
    dated_only: bool = False
    formats: tuple[str, ...] = ()

    @cached_property
    def head(self) -> str:
        """Its beginning, by which it is recognised."""
        with self.open() as file:
            return decoded(file.read(HEAD_LIMIT))

    def lines(self) -> Iterator[tuple[int, str]]:
        """Each line with its number, without its end; every call starts anew.

        Raises:
            OSError: it cannot be read.
        """
        with self.open() as file:
            number = self.first_line
            start = file.read(2)
            if start in (b"\xff\xfe", b"\xfe\xff"):
                text = (start + file.read(TEXT_LIMIT)).decode("utf-16", "replace")
                yield from enumerate(text.splitlines(), number)
                return
            *empty, rest = start.split(b"\n")
            for line in empty:
                yield number, decoded(line).rstrip("\r")
                number += 1
            while line := rest + file.readline(LINE_LIMIT):
                rest = b""
                complete = line.endswith(b"\n")
                yield number, decoded(line).rstrip("\r\n")
                number += 1
                while not complete and (more := file.readline(LINE_LIMIT)):
                    complete = more.endswith(b"\n")

    def tail(self, most: int) -> "Material":
        """Its last `most` bytes, from the beginning of a line; all of it where it is no longer.

        Raises:
            OSError: it cannot be read.
        """
        with self.open() as file:
            if not file.seekable():
                return self
            size = file.seek(0, 2)
        if size <= most:
            return self

        def opened() -> BinaryIO:
            file = self.open()
            file.seek(size - most)
            file.readline()
            return file

        return replace(self, open=opened)

    def text(self, limit: int = TEXT_LIMIT) -> str:
        """All of it, up to `limit` bytes."""
        with self.open() as file:
            return decoded(file.read(limit))


def decoded(data: bytes) -> str:
    """Bytes as text; UTF-16 where they say so, as Windows tools write it."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    return data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")


def material_of(name: str, text: str, first_line: int = 1) -> Material:
    """A text that is already at hand."""
    data = text.encode("utf-8", "replace")
    return Material(name, lambda: BytesIO(data), first_line)


def too_old(material: Material, at: datetime | None) -> bool:
    """Whether a line of this time lies before what was asked for."""
    if material.since is None:
        return False
    return material.dated_only if at is None else at < material.since
