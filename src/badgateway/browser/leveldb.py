"""The newest value of every key of a LevelDB folder, read without opening the database.

Formats: doc/log_format.md and doc/table_format.md of https://github.com/google/leveldb. Written
here because its bindings write into the folder and exist for few systems.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

from badgateway.browser.protobuf import varint

FILE_LIMIT = 64 * 1024 * 1024
"""Bytes that are read of one file."""
FILES = 200
"""Files that are read of one folder."""
_BLOCK = 32_768
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_TABLE_MAGIC = 0xDB4775248B80FB57
_FOOTER = 48

Entry = tuple[bytes, int, bytes | None]
"""Key, sequence number, value; None for a value that was deleted."""


class LevelDBError(ValueError):
    """Bytes that are no LevelDB file."""


def read_leveldb(folder: Path) -> dict[bytes, bytes]:
    """Every key with its newest value; files that are damaged are read as far as they are whole.

    Raises:
        OSError: the folder may not be read.
    """
    newest: dict[bytes, tuple[int, bytes | None]] = {}
    names = sorted(path for path in folder.iterdir() if path.suffix in (".log", ".ldb", ".sst"))
    for path in names[:FILES]:
        try:
            with path.open("rb") as file:
                data = file.read(FILE_LIMIT)
        except FileNotFoundError:
            continue  # compacted meanwhile
        entries = _log(data) if path.suffix == ".log" else _table(data)
        try:
            for key, sequence, value in entries:
                if key not in newest or newest[key][0] < sequence:
                    newest[key] = (sequence, value)
        except (LevelDBError, IndexError, struct.error):
            continue
    return {key: value for key, (_, value) in newest.items() if value is not None}


def _log(data: bytes) -> Iterator[Entry]:
    """The entries of a write-ahead log, batch by batch."""
    whole = bytearray()
    place = 0
    while place + 7 <= len(data):
        left = _BLOCK - place % _BLOCK
        if left < 7:
            place += left
            continue
        length, kind = struct.unpack_from("<HB", data, place + 4)
        if kind == 0:
            place += left
            continue
        part = data[place + 7 : place + 7 + length]
        place += 7 + length
        whole = bytearray(part) if kind in (_FULL, _FIRST) else whole + part
        if kind in (_FULL, _LAST):
            yield from _batch(bytes(whole))
            whole = bytearray()


def _batch(data: bytes) -> Iterator[Entry]:
    sequence, count = struct.unpack_from("<QI", data)
    place = 12
    for number in range(count):
        kind = data[place]
        key, place = _string(data, place + 1)
        value: bytes | None = None
        if kind == 1:
            value, place = _string(data, place)
        elif kind != 0:
            raise LevelDBError(f"an entry of the kind {kind}")
        yield key, sequence + number, value


def _table(data: bytes) -> Iterator[Entry]:
    """The entries of a sorted table."""
    if len(data) < _FOOTER or struct.unpack("<Q", data[-8:])[0] != _TABLE_MAGIC:
        raise LevelDBError("no table")
    place = len(data) - _FOOTER
    _, place = _handle(data, place)
    (start, size), _ = _handle(data, place)
    for _, handle in _block(data, start, size):
        (where, length), _ = _handle(handle, 0)
        for key, value in _block(data, where, length):
            packed = struct.unpack("<Q", key[-8:])[0]
            yield key[:-8], packed >> 8, value if packed & 0xFF else None


def _block(data: bytes, start: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    block, kind = data[start : start + size], data[start + size]
    if kind == 1:
        block = unsnapped(block)
    elif kind != 0:
        raise LevelDBError(f"blocks are compressed in another way ({kind})")
    restarts = struct.unpack("<I", block[-4:])[0]
    end = len(block) - 4 * (restarts + 1)
    place, key = 0, b""
    while place < end:
        shared, place = _varint(block, place)
        rest, place = _varint(block, place)
        length, place = _varint(block, place)
        key = key[:shared] + block[place : place + rest]
        place += rest
        yield key, block[place : place + length]
        place += length


def unsnapped(data: bytes, most: int = FILE_LIMIT) -> bytes:
    """What a raw Snappy block holds (format_description.txt of https://github.com/google/snappy).

    Raises:
        LevelDBError: it is none, or larger than `most` bytes.
    """
    size, place = _varint(data, 0)
    if size > most:
        raise LevelDBError("a block that is too large")
    out = bytearray()
    while place < len(data) and len(out) < size:
        tag = data[place]
        place += 1
        if tag & 3 == 0:
            length = tag >> 2
            if length >= 60:
                width = length - 59
                length = int.from_bytes(data[place : place + width], "little")
                place += width
            out += data[place : place + length + 1]
            place += length + 1
            continue
        if tag & 3 == 1:
            length, offset = (tag >> 2 & 7) + 4, (tag >> 5) << 8 | data[place]
            place += 1
        else:
            width = 2 if tag & 3 == 2 else 4
            length = (tag >> 2) + 1
            offset = int.from_bytes(data[place : place + width], "little")
            place += width
        if not 0 < offset <= len(out):
            raise LevelDBError("a copy from nowhere")
        piece = bytes(out[len(out) - offset : len(out) - offset + length])
        # A copy may reach into what it writes itself: then it repeats.
        out += (piece * (length // len(piece) + 1))[:length]
    return bytes(out[:size])


def _handle(data: bytes, place: int) -> tuple[tuple[int, int], int]:
    start, place = _varint(data, place)
    size, place = _varint(data, place)
    return (start, size), place


def _string(data: bytes, place: int) -> tuple[bytes, int]:
    length, place = _varint(data, place)
    return data[place : place + length], place + length


def _varint(data: bytes, place: int) -> tuple[int, int]:
    number, place = varint(data, place)
    if data[place - 1] & 0x80:
        raise LevelDBError("a number without an end")
    return number, place
