"""Chromium's caches on disk: a file an entry (Linux, macOS), block files (Windows), or SQLite.

Formats: net/disk_cache/simple/simple_entry_format.h, net/disk_cache/blockfile/disk_format.h,
net/disk_cache/blockfile/addr.h, net/disk_cache/sql/ and net/http/http_response_info.cc of
Chromium's source.
"""

import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from badgateway.browser.copied import DAMAGED
from badgateway.browser.profile import Stored

FILES = 50_000
"""Entries that are looked at: Chromium keeps some thousand."""
KEY_LIMIT = 16_384
HEAD_LIMIT = 1_048_576
WINDOWS_EPOCH = 11_644_473_600
"""Seconds before 1970 at which Chromium's times, in microseconds, begin (base/time/time.h)."""
_SIMPLE_MAGIC = 0xFCFB6D1BA7725C30
_SIMPLE_END = 0xF4FA6F45970D41D8
_INDEX_MAGIC = 0xC103CAC3
_INDEX_HEADER = 368
_BLOCK_HEADER = 8_192
_BLOCK_SIZES = {1: 36, 2: 256, 3: 1_024, 4: 4_096}
_SHARDS = 16


def cached_answer(folder: Path, url: str) -> Stored | None:
    """The answer for a page in an HTTP cache; None where there is none.

    Raises:
        OSError: the folder may not be read.
    """
    if not folder.is_dir():
        return None
    if (folder / "data_1").is_file():
        entries = _block_entries(folder, url)
    elif (folder / "sqldb0").is_file():
        entries = _rows(folder, url)
    else:
        entries = simple_entries(folder, url)
    found = [stored for head in entries if (stored := _stored(head)) is not None]
    return max(found, key=lambda stored: stored.at or 0.0, default=None)


def simple_entries(folder: Path, url: str) -> Iterator[bytes]:
    """The first stream (what is known of the answer) of every entry for a URL."""
    for number, path in enumerate(folder.glob("*_0")):
        if number >= FILES:
            return
        try:
            with path.open("rb") as file:
                start = file.read(24)
                if len(start) < 24:
                    continue
                magic, _, length = struct.unpack_from("<QII", start)
                if magic != _SIMPLE_MAGIC or length > KEY_LIMIT:
                    continue
                if not _is_of(file.read(length).decode("utf-8", "replace"), url):
                    continue
                size = file.seek(0, 2)
                file.seek(max(0, size - 24))
                end, flags, _, stream = struct.unpack_from("<QIII", file.read(24))
                # Bit 1 of the flags: a hash of the key stands behind the stream.
                place = size - 24 - (32 if flags & 2 else 0) - stream
                if end != _SIMPLE_END or stream > HEAD_LIMIT or place < 0:
                    continue
                file.seek(place)
                yield file.read(stream)
        except OSError:
            continue  # gone meanwhile


def _is_of(key: str, url: str) -> bool:
    """Whether an entry's key is of a page: the sites it was opened for may stand before the URL."""
    return key == url or (key.endswith(f" {url}") and "_dk_" in key)


def _block_entries(folder: Path, url: str) -> Iterator[bytes]:
    """The same out of block files: the index leads to entries, which lead on."""
    with (folder / "index").open("rb") as file:
        index = file.read(_INDEX_HEADER + 4 * 0x100000)
    if len(index) < _INDEX_HEADER or struct.unpack_from("<I", index)[0] != _INDEX_MAGIC:
        return
    seen: set[int] = set()
    for (slot,) in struct.iter_unpack("<I", index[_INDEX_HEADER : len(index) // 4 * 4]):
        address = slot
        while address & 0x80000000 and address not in seen and len(seen) < FILES:
            seen.add(address)
            entry = _at(folder, address)
            if len(entry) < 96:
                break
            length, long_key = struct.unpack_from("<iI", entry, 32)
            size, head = (
                struct.unpack_from("<i", entry, 40)[0],
                struct.unpack_from("<I", entry, 56)[0],
            )
            key = _at(folder, long_key) if long_key & 0x80000000 else entry[96:]
            whole = 0 < length <= KEY_LIMIT and 0 < size <= HEAD_LIMIT
            if whole and _is_of(key[:length].decode("utf-8", "replace"), url):
                yield _at(folder, head)[:size]
            address = struct.unpack_from("<I", entry, 4)[0]


def _at(folder: Path, address: int) -> bytes:
    """What stands at an address of the block files; empty where nothing does."""
    kind = address >> 28 & 7
    try:
        if kind == 0:
            with (folder / f"f_{address & 0x0FFFFFFF:06x}").open("rb") as file:
                return file.read(HEAD_LIMIT)
        size = _BLOCK_SIZES.get(kind)
        if size is None:
            return b""
        with (folder / f"data_{address >> 16 & 0xFF}").open("rb") as file:
            file.seek(_BLOCK_HEADER + (address & 0xFFFF) * size)
            return file.read(size * ((address >> 24 & 3) + 1))
    except OSError:
        return b""


def _rows(folder: Path, url: str) -> Iterator[bytes]:
    """The same out of SQLite, opened so that nothing is written: it may be too large to copy."""
    for path in sorted(folder.glob("sqldb[0-9]*"))[:_SHARDS]:
        if not path.name.removeprefix("sqldb").isdigit():
            continue  # a journal
        try:
            name = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
            with closing(sqlite3.connect(name, uri=True)) as opened:
                rows = opened.execute(
                    "SELECT cache_key, head FROM resources "
                    "WHERE doomed = 0 AND substr(cache_key, ?) = ? AND length(head) < ? LIMIT 50",
                    (-len(url), url, HEAD_LIMIT),
                )
                yield from (bytes(head) for key, head in rows if _is_of(str(key), url))
        except DAMAGED:
            continue  # being written, or damaged


def _stored(info: bytes) -> Stored | None:
    """An answer's status, time and headers out of a pickled HttpResponseInfo."""
    if len(info) < 32:
        return None
    flags = struct.unpack_from("<I", info, 4)[0]
    # The highest bit: a second word of flags follows. Then the times of request and answer.
    times = 12 if flags & 0x80000000 else 8
    (answered,) = struct.unpack_from("<q", info, times + 8)
    start = info.find(b"HTTP/", times + 16, times + 64)
    if start < 4:
        return None
    (length,) = struct.unpack_from("<I", info, start - 4)
    status, head = head_of(info[start : start + length].decode("latin-1").split("\0"))
    at = answered / 1e6 - WINDOWS_EPOCH if answered > 0 else None
    return Stored(status, at, head) if status else None


def head_of(lines: list[str]) -> tuple[int, tuple[tuple[str, str], ...]]:
    """Status and headers of a head, line by line; status 0 where it is none."""
    words = lines[0].split(" ", 2) if lines else []
    if len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdigit():
        return 0, ()
    pairs = (line.partition(":") for line in lines[1:] if ":" in line)
    return int(words[1]), tuple((name.strip().lower(), value.strip()) for name, _, value in pairs)
