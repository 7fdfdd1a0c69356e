"""Recorded homes with browser profiles, unpacked for a test."""

import tarfile
from pathlib import Path

import pytest

from badgateway.browser.find import System

RECORDED = Path(__file__).resolve().parents[2] / "profiles"


@pytest.fixture
def home(tmp_path):
    """Unpack a recorded home; returns the system that it is of."""

    def unpack(name: str) -> System:
        with tarfile.open(RECORDED / f"{name}.tar.xz") as recorded:
            recorded.extractall(tmp_path / name, filter="data")
        return System(name.partition("-")[2], tmp_path / name, {})

    return unpack
