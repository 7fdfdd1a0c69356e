"""Opening what a person has on disk: plain or compressed, regular or a pipe."""

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, BinaryIO, cast

from badgateway.model.material import Material
from badgateway.model.message import SpokenError

GZIP, XZ, BZIP2, ZSTANDARD = b"\x1f\x8b", b"\xfd7zXZ\x00", b"BZh", b"\x28\xb5\x2f\xfd"
PACKED = (GZIP, XZ, BZIP2, ZSTANDARD)
"""What a compressed file begins with."""
VERDICT = "verdict.json"
"""The member of a bundle that holds what was seen."""
BUNDLE_LIMIT = 64 * 1024 * 1024
"""Bytes of it that are read."""
WINDOW_LIMIT = 64 * 1024 * 1024
"""Bytes of memory that unpacking what a stranger sent may take."""

_ZSTANDARD_PART = 1_024
"""Bytes that are unpacked at once: a block of 128 KiB takes no more than four of them."""


class UnpackError(SpokenError, OSError):
    """Something compressed that cannot be unpacked, or is too large when it is."""


def broken() -> tuple[type[Exception], ...]:
    """What is raised while a file is read that is cut, damaged or cannot be opened."""
    import zstandard  # noqa: PLC0415 - only where something was wrong

    packed = (zlib.error, lzma.LZMAError, zstandard.ZstdError, tarfile.TarError)
    return (OSError, ValueError, EOFError, *packed)


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
    return cast("BinaryIO", io.BufferedReader(_Zstandard(path.open("rb"))))


def materials_at(path: Path) -> list[Material]:
    """The file at `path`; of a bundle, the verdict in it, which holds all that was seen.

    Raises:
        OSError: it is not there, is no file, or may not be read.
    """
    material = material_at(path)
    return _of_bundle(material, BUNDLE_LIMIT) or [material]


def _of_bundle(material: Material, limit: int) -> list[Material]:
    """The verdict in a bundle; nothing where it is no bundle, or holds none."""
    with material.open() as file:
        if file.read(262)[257:] != b"ustar":
            return []
    try:
        with material.open() as file, tarfile.open(fileobj=file, mode="r|") as bundle:
            for member in bundle:
                held = bundle.extractfile(member) if member.name == VERDICT else None
                if held is not None:
                    return [_held(f"{material.name}:{VERDICT}", held.read(limit))]
    except tarfile.TarError as error:
        raise UnpackError(
            "{name} is cut or damaged: {why}", name=material.name, why=error
        ) from error
    return []


def _held(name: str, data: bytes) -> Material:
    return Material(name, lambda: io.BytesIO(data))


def materials_in(name: str, data: bytes, limit: int) -> list[Material]:
    """What somebody sent, read as a file of that name would be.

    Args:
        name: what it is called.
        data: its bytes, perhaps compressed.
        limit: bytes that it may have when it is unpacked.

    Raises:
        UnpackError: it cannot be unpacked, or is longer than that.
    """
    opener = next((opened for start, opened in _OPENERS.items() if data.startswith(start)), None)
    if opener is None:
        material = _held(name, data)
    else:
        open_it = opener

        def unpacked() -> BinaryIO:
            plain = _Bounded(name, open_it(io.BytesIO(data)), limit)
            return cast("BinaryIO", io.BufferedReader(plain))

        material = Material(name, unpacked)
    return _of_bundle(material, min(limit, BUNDLE_LIMIT)) or [material]


class _Bounded(io.RawIOBase):
    """An unpacked stream that ends with an error once it is longer than it may be."""

    def __init__(self, name: str, stream: IO[bytes], limit: int) -> None:
        self._name, self._stream, self._limit, self._read = name, stream, limit, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        try:
            data = self._stream.read(len(buffer))
        except UnpackError:
            raise
        except broken() as error:
            raise UnpackError(
                "{name} is cut or damaged: {why}", name=self._name, why=error
            ) from error
        self._read += len(data)
        if self._read > self._limit:
            raise UnpackError(
                "{name} is longer than {limit} bytes when it is unpacked",
                name=self._name,
                limit=self._limit,
            )
        buffer[: len(data)] = data
        return len(data)


class _Xz(io.RawIOBase):
    """Xz with a bound on the memory that its dictionary may take, which `lzma.open` has not."""

    def __init__(self, packed: BinaryIO) -> None:
        self._packed, self._inner = packed, lzma.LZMADecompressor(memlimit=WINDOW_LIMIT)

    def read(self, size: int = -1) -> bytes:
        while not self._inner.eof:
            more = self._packed.read(65_536) if self._inner.needs_input else b""
            if self._inner.needs_input and not more:
                raise EOFError("it ends before its end")
            if data := self._inner.decompress(more, size):
                return data
        return b""


class _Zstandard(io.RawIOBase):
    """Zstandard that tells a file that was cut, which the library's own reader does not."""

    def __init__(self, packed: BinaryIO) -> None:
        import zstandard  # noqa: PLC0415 - only compressed files need it

        self._packed, self._rest, self._plain = packed, b"", io.BytesIO()
        self._frames = zstandard.ZstdDecompressor(max_window_size=WINDOW_LIMIT)
        self._frame: zstandard.ZstdDecompressionObj | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        while not (read := self._plain.readinto(buffer)):
            more = self._rest or self._packed.read(_ZSTANDARD_PART)
            if not more and self._frame is not None:
                raise EOFError("it ends before its end")
            if not more:
                return 0
            frame = self._frame or self._frames.decompressobj()
            self._plain = io.BytesIO(frame.decompress(more))
            self._rest = frame.unused_data
            self._frame = None if frame.eof else frame
        return read

    def close(self) -> None:
        self._packed.close()
        super().close()


_OPENERS: Mapping[bytes, Callable[[BinaryIO], IO[bytes]]] = {
    GZIP: lambda packed: cast("IO[bytes]", gzip.GzipFile(fileobj=packed)),
    XZ: lambda packed: cast("IO[bytes]", _Xz(packed)),
    BZIP2: lambda packed: cast("IO[bytes]", bz2.BZ2File(packed)),
    ZSTANDARD: lambda packed: cast("IO[bytes]", _Zstandard(packed)),
}
"""How what begins so is unpacked from memory."""


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
