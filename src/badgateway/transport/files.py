"""Opening what a person has on disk: plain or compressed, regular or a pipe."""

import bz2
import gzip
import io
import lzma
import os
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, cast

from badgateway.model.material import Material

GZIP, XZ, BZIP2, ZSTANDARD = b"\x1f\x8b", b"\xfd7zXZ\x00", b"BZh", b"\x28\xb5\x2f\xfd"
PACKED = (GZIP, XZ, BZIP2, ZSTANDARD)
"""What a compressed file begins with."""
VERDICT = "verdict.json"
"""The member of a bundle that holds what was seen."""
BUNDLE_LIMIT = 64 * 1024 * 1024
"""Bytes of it that are read."""


def material_at(path: Path, name: str = "") -> Material:
    """The file at `path`, opened when it is read.

    Raises:
        OSError: it is not there, is no file, or may not be read.
    """
    with path.open("rb") as file:
        start = file.read(6)
    changed = path.stat().st_mtime

    def opened() -> BinaryIO:
        if start.startswith(GZIP):
            return cast("BinaryIO", gzip.open(path, "rb"))
        if start.startswith(XZ):
            return cast("BinaryIO", lzma.open(path, "rb"))
        if start.startswith(BZIP2):
            return cast("BinaryIO", bz2.open(path, "rb"))
        if start.startswith(ZSTANDARD):
            return _zstandard(path)
        return path.open("rb")

    return Material(name or str(path), opened, changed=changed)


def _zstandard(path: Path) -> BinaryIO:
    import zstandard  # noqa: PLC0415 - only compressed files need it

    return cast("BinaryIO", io.BufferedReader(zstandard.open(path, "rb")))


def materials_at(path: Path) -> list[Material]:
    """The file at `path`; of a bundle, the verdict in it, which holds all that was seen.

    Raises:
        OSError: it is not there, is no file, or may not be read.
    """
    material = material_at(path)
    with material.open() as file:
        if file.read(262)[257:] != b"ustar":
            return [material]
    with material.open() as file, tarfile.open(fileobj=file, mode="r|") as bundle:
        for member in bundle:
            held = bundle.extractfile(member) if member.name == VERDICT else None
            if held is not None:
                return [_held(f"{path}:{VERDICT}", held.read(BUNDLE_LIMIT))]
    return [material]


def _held(name: str, data: bytes) -> Material:
    return Material(name, lambda: io.BytesIO(data))


def write_bundle(path: Path, files: Mapping[str, bytes]) -> None:
    """Pack files into a tar that is compressed with zstd; nobody else may read it.

    Raises:
        OSError: it cannot be written, or is already there.
    """
    import zstandard  # noqa: PLC0415 - only bundles and compressed files need it

    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as bundle:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o600
            bundle.addfile(member, io.BytesIO(data))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(zstandard.compress(packed.getvalue()))
