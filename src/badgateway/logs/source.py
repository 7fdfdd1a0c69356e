"""Logs on disk: what each is, where it may be cut, and what order rotated ones have."""

import glob
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import BinaryIO, cast

from badgateway.logs.stdin import rejoined_stdin
from badgateway.model.material import LINE_LIMIT
from badgateway.transport.files import GZIP, PACKED, material_at

STDIN = "-"
HEAD_LINES = 200
BLOCK = 1 << 21
"""Bytes that are read at once."""
_LONGEST = 1 << 24
"""Bytes of a line that are skipped as one; what is longer counts as several lines."""
_ROTATED = re.compile(
    r"^(?P<base>.+?)(?:[.-](?P<number>\d{1,4}|\d{8}(?:[-_]?\d{2,6})?))?"
    r"(?P<pack>\.(?:gz|zst|xz|bz2))?$"
)
_DESCRIPTORS = Path("/proc/self/fd")
_MOST_HELD = 200
_REMOTE = re.compile(r"[a-z][a-z0-9+]{1,15}://")


@dataclass(frozen=True, slots=True)
class Log:
    """One log as a scan needs it; it can be sent to another process or machine.

    Attributes:
        name: path or address.
        kind: its dialect, as readers call it.
        access: whether its lines are requests.
        size: bytes that were there when the work began; what is written later is not read.
        packed: whether it is compressed, so that it can be read only from its beginning.
        head: its first lines.
        formats: formats of access logs that configuration declares.
        zone: offset of the zone of its times from UTC, seconds; None for this machine's own.
        changed: when it was last written, seconds since the epoch.
        inode: the file's number, by which it is found where it was renamed; None for no file.
        held: a way to it as long as the work goes on, even if it is removed.
    """

    name: str
    kind: str
    access: bool
    size: int
    packed: bool
    head: tuple[str, ...]
    formats: tuple[str, ...] = ()
    zone: int | None = None
    changed: float | None = None
    inode: int | None = None
    held: str | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a log, from one byte to another; it holds every line that begins within."""

    log: Log
    start: int
    end: int


def found(names: Iterable[str]) -> list[str]:
    """Files by names and patterns; rotated sets from the oldest to the newest.

    Raises:
        FileNotFoundError: a name or pattern leads to no file.
    """
    files: list[str] = []
    for name in names:
        if name == STDIN or _REMOTE.match(name) or Path(name).exists():
            files.append(name)
        elif matching := sorted(glob.glob(name)):  # noqa: PTH207 - absolute patterns as well
            files += matching
        else:
            raise FileNotFoundError(2, os.strerror(2), name)
    return sorted(dict.fromkeys(files), key=_age)


def _age(name: str) -> tuple[str, int, str]:
    """`access.log.10.gz` is older than `access.log.2`, that older than `access.log`.

    Dates in names grow with time, numbers shrink.
    """
    parts = _ROTATED.match(name)
    if parts is None or parts["number"] is None:
        return (parts["base"] if parts else name, 1, "")
    number = re.sub(r"\D", "", parts["number"])
    if len(number) >= 8:
        return (parts["base"], 0, number)
    return (parts["base"], 0, f"{9_999 - int(number):04d}")


def opened(name: str) -> BinaryIO:
    """The plain bytes of a log.

    Raises:
        OSError: it cannot be read.
    """
    if name == STDIN:
        return rejoined_stdin()
    if _REMOTE.match(name):
        return _remote(name)
    if _start(name).startswith(GZIP) and (fast := _isal()):
        return fast(name)
    return material_at(Path(name)).open()


def packed(name: str) -> bool:
    """Whether it is compressed.

    Raises:
        OSError: it cannot be read.
    """
    return name == STDIN or _start(name).startswith(PACKED)


def _start(name: str) -> bytes:
    """What it begins with, as it is stored."""
    with _remote(name, None) if _REMOTE.match(name) else open(name, "rb") as file:  # noqa: PTH123
        return file.read(6)


def _isal() -> Callable[[str], BinaryIO] | None:
    """The faster reader of gzip where it is installed (extra `logs`)."""
    try:
        from isal import igzip  # noqa: PLC0415
    except ImportError:
        return None
    return lambda name: cast("BinaryIO", igzip.open(name, "rb"))


def _file_systems(name: str) -> ModuleType:
    """What reads logs elsewhere (extra `cluster`)."""
    try:
        import fsspec  # noqa: PLC0415
    except ImportError:
        raise OSError(
            f"logs at {name.partition('://')[0]}:// need more: pip install 'badgateway[cluster]'"
        ) from None
    return cast("ModuleType", fsspec)


def _remote(name: str, compression: str | None = "infer") -> BinaryIO:
    opened = _file_systems(name).open(name, "rb", compression=compression).open()
    return cast("BinaryIO", opened)


def state_of(name: str) -> tuple[int, float | None, int | None]:
    """Bytes of a log as it is stored, when it was last written, and its file's number."""
    if name == STDIN:
        return 0, None, None
    if _REMOTE.match(name):
        system, path = _file_systems(name).core.url_to_fs(name)
        return int(system.size(path) or 0), None, None
    state = Path(name).stat()
    return state.st_size, state.st_mtime, state.st_ino


def first_lines(head: str) -> tuple[str, ...]:
    """Lines of the beginning of a log, the last one left out where it was cut."""
    lines = head.split("\n")
    if len(lines) > 1:
        lines.pop()
    return tuple(line.rstrip("\r")[:LINE_LIMIT] for line in lines[:HEAD_LINES])


def pieces(log: Log, size: int) -> list[Piece]:
    """A log cut into pieces of about `size` bytes; one that is packed stays whole."""
    if log.packed or log.size <= size:
        return [Piece(log, 0, log.size)]
    count = -(-log.size // size)
    cuts = [log.size * n // count for n in range(count + 1)]
    return [Piece(log, a, b) for a, b in pairwise(cuts)]


def reason(error: Exception) -> str:
    """Why a log could not be read, in the system's words where there are any."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


class ShortenedError(OSError):
    """A log became shorter while it was read; what was still there has been given."""


def where(log: Log) -> tuple[str, str | None]:
    """Where the log is that was there at the start, and what happened to it, if anything did.

    Raises:
        FileNotFoundError: it is gone.
    """
    if log.inode is None:
        return log.name, None
    path = Path(log.name)
    for candidate in (path, *([Path(log.held)] if log.held else []), *_beside(path)):
        try:
            number = candidate.stat().st_ino
        except OSError:
            continue
        if number == log.inode:
            if candidate == path:
                return log.name, None
            return str(candidate), "it was renamed or removed meanwhile; the same file was read"
    raise FileNotFoundError(2, "it was removed meanwhile, or another one is in its place", log.name)


def _beside(path: Path) -> Iterator[Path]:
    """Files that rotation may have made of a log."""
    try:
        yield from path.parent.glob(glob.escape(path.name) + "?*")
    except OSError:
        return


@contextmanager
def holding(logs: list[Log]) -> Iterator[list[Log]]:
    """The logs, kept open while the work goes on, so that removing one loses nothing (Linux)."""
    with ExitStack() as stack:
        held: list[Log] = []
        for log in logs:
            if log.inode is None or len(held) >= _MOST_HELD or not _DESCRIPTORS.is_dir():
                held.append(log)
                continue
            try:
                file = stack.enter_context(open(log.name, "rb"))  # noqa: PTH123
            except OSError:
                held.append(log)
                continue
            held.append(replace(log, held=f"/proc/{os.getpid()}/fd/{file.fileno()}"))
        yield held


def blocks(piece: Piece) -> Iterator[bytes]:
    """The bytes of a piece in blocks of whole lines; a line without an end counts as one.

    Raises:
        ShortenedError: it became shorter meanwhile, all that is left has been given.
        OSError: it cannot be read.
    """
    path, _ = where(piece.log)
    with opened(path) as file:
        yield from whole_lines(file, piece)


def whole_lines(file: BinaryIO, piece: Piece) -> Iterator[bytes]:
    """The same of an open file."""
    at = 0
    if piece.start:
        # The line that begins before is of the piece before.
        file.seek(piece.start - 1)
        at = piece.start - 1 + len(file.readline())
    limit = None if piece.log.packed else piece.end
    while limit is None or at < limit:
        block = file.read(BLOCK if limit is None else min(BLOCK, limit - at))
        if not block:
            if limit is None:
                return
            raise ShortenedError(f"it became {limit - at:,} bytes shorter while it was read")
        at += len(block)
        if not block.endswith(b"\n"):
            # The last line may end behind the piece, but not behind what was there at the start.
            most = _LONGEST if limit is None else min(_LONGEST, piece.log.size - at)
            rest = file.readline(most) if most > 0 else b""
            at += len(rest)
            block += rest
        yield block


def split_lines(data: bytes) -> list[bytes]:
    """The lines of a block, without their ends."""
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines


def line_text(line: bytes) -> str:
    """A line as text, cut."""
    return line[:LINE_LIMIT].decode("utf-8", "replace").rstrip("\r\n")
