"""Firefox' HTTP cache on disk, one file an entry, what is known of it at the end.

Format: netwerk/cache2/CacheFileMetadata.h and CacheFileMetadata.cpp of Firefox' source.
"""

import struct
from pathlib import Path

from badgateway.browser.chromium_cache import head_of
from badgateway.browser.profile import Stored

FILES = 50_000
TAIL = 262_144
"""Bytes at the end of an entry that are read."""
_CHUNK = 262_144
_HEADER = struct.Struct(">7I")


def cached_answer(folder: Path, url: str) -> Stored | None:
    """The answer for a page in a cache (its folder `cache2`); None where there is none."""
    found = []
    entries = folder / "entries"
    if not entries.is_dir():
        return None
    for number, path in enumerate(entries.iterdir()):
        if number >= FILES:
            break
        if (stored := _entry(path, url)) is not None:
            found.append(stored)
    return max(found, key=lambda stored: stored.at or 0.0, default=None)


def _entry(path: Path, url: str) -> Stored | None:
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - TAIL))
            tail = file.read(TAIL)
    except OSError:
        return None
    if len(tail) < 4:
        return None
    # The last word says where the metadata begins; a hash of it and of each chunk come first.
    (begins,) = struct.unpack(">I", tail[-4:])
    place = begins - (size - len(tail))
    place += 4 + 2 * ((begins + _CHUNK - 1) // _CHUNK)
    if place < 0 or place + _HEADER.size > len(tail):
        return None
    version, _, _, modified, _, _, length = _HEADER.unpack_from(tail, place)
    place += _HEADER.size + (4 if version >= 2 else 0)
    key = tail[place : place + length].decode("utf-8", "replace")
    if not (key == f":{url}" or key.endswith(f",:{url}")):
        return None
    words = tail[place + length + 1 : -4].split(b"\0")
    told = dict(zip(words[::2], words[1::2], strict=False))
    status, head = head_of(told.get(b"response-head", b"").decode("latin-1").split("\r\n"))
    return Stored(status, float(modified), head) if status else None
