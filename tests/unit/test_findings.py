"""What fuzzing found stays found: each input that broke a reader once is read to its end."""

import itertools
from io import BytesIO
from pathlib import Path

import pytest

from badgateway.model.material import Material
from badgateway.readers import readers

FINDINGS = sorted(Path(__file__).parents[1].joinpath("findings").glob("*-*"))
MOST = 3_000
"""Observations that any one text may yield."""


def reader_of(name):
    """The reader that a finding's name begins with; the longest, where several do."""
    return readers()[max((kind for kind in readers() if name.startswith(f"{kind}-")), key=len)]


@pytest.mark.parametrize("path", FINDINGS, ids=lambda path: path.name)
def test_an_input_that_broke_a_reader_once_is_read_to_its_end(path):
    """It says how well it fits, and states a bounded number of things."""
    data, reader = path.read_bytes(), reader_of(path.name)
    material = Material("finding", lambda: BytesIO(data))
    assert 0 <= reader.fits(material.head) <= 1
    assert len(list(itertools.islice(reader.read(material), MOST + 1))) <= MOST
