"""What somebody sent or named is unpacked within bounds, and what was cut is said to be cut."""

import bz2
import gzip
import io
import lzma
import tarfile

import pytest
import zstandard

from badgateway.transport.files import UnpackError, broken, material_at, materials_in

TEXT = b"".join(b"line %d of a log that somebody sent\n" % n for n in range(40_000))
PACKERS = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard.compress,
}
every_packing = pytest.mark.parametrize("packing", PACKERS)


def read(material) -> bytes:
    with material.open() as file:
        return file.read()


def read_sent(data: bytes, limit: int) -> bytes:
    return b"".join(read(material) for material in materials_in("sent", data, limit))


def frames(data: bytes) -> bytes:
    """Two frames, as `zstd a b` and appending writers make them."""
    half = len(data) // 2
    return zstandard.compress(data[:half]) + zstandard.compress(data[half:])


@every_packing
def test_it_is_read_as_it_was_before_it_was_packed(packing, tmp_path):
    """From memory as from a file."""
    packed = PACKERS[packing](TEXT)
    (material,) = materials_in(f"error.log.{packing}", packed, len(TEXT))
    assert read(material) == TEXT
    path = tmp_path / "error.log"
    path.write_bytes(packed)
    assert read(material_at(path)) == TEXT


def test_frames_of_zstandard_are_read_one_after_the_other():
    """Nothing between them is lost."""
    (material,) = materials_in("error.log.zst", frames(TEXT), len(TEXT))
    assert read(material) == TEXT


@every_packing
def test_one_byte_too_many_is_refused(packing):
    """The limit is of what comes out, not of what was sent."""
    with pytest.raises(UnpackError, match="longer than"):
        read_sent(PACKERS[packing](TEXT), len(TEXT) - 1)


@every_packing
@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_what_was_cut_is_not_taken_for_the_whole(packing, kept, tmp_path):
    """Sent or named: an error, never a shorter text."""
    packed = PACKERS[packing](TEXT)
    cut = packed[: int(len(packed) * kept)]
    with pytest.raises(UnpackError, match="cut or damaged"):
        read_sent(cut, len(TEXT))
    path = tmp_path / "error.log"
    path.write_bytes(cut)
    material = material_at(path)
    with pytest.raises(broken()):
        read(material)


def test_a_bundle_that_is_damaged_is_refused():
    """A member's header is no header: said, not a traceback."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as bundle:
        for name in ("one", "two"):
            bundle.addfile(tarfile.TarInfo(name))
    data = bytearray(packed.getvalue())
    data[148:156] = b"nonsense"
    with pytest.raises(UnpackError, match="cut or damaged"):
        materials_in("evidence.tar", bytes(data), 10_000_000)
