"""Opening what a person has on disk: plain or compressed, regular or a pipe."""

import bz2
import gzip
import io
import lzma
from pathlib import Path
from typing import BinaryIO, cast

from badgateway.model.material import Material


def material_at(path: Path, name: str = "") -> Material:
    """The file at `path`, opened when it is read.

    Raises:
        OSError: it is not there, is no file, or may not be read.
    """
    with path.open("rb") as file:
        start = file.read(6)
    changed = path.stat().st_mtime

    def opened() -> BinaryIO:
        if start.startswith(b"\x1f\x8b"):
            return cast("BinaryIO", gzip.open(path, "rb"))
        if start.startswith(b"\xfd7zXZ\x00"):
            return cast("BinaryIO", lzma.open(path, "rb"))
        if start.startswith(b"BZh"):
            return cast("BinaryIO", bz2.open(path, "rb"))
        if start.startswith(b"\x28\xb5\x2f\xfd"):
            return _zstandard(path)
        return path.open("rb")

    return Material(name or str(path), opened, changed=changed)


def _zstandard(path: Path) -> BinaryIO:
    import zstandard  # noqa: PLC0415 - only compressed files need it

    return cast("BinaryIO", io.BufferedReader(zstandard.open(path, "rb")))
