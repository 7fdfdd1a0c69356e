"""Material is read line by line, whatever its first bytes are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgateway.model.material import material_of

LINES = st.lists(st.text(st.sampled_from("ab ["), max_size=4), min_size=1, max_size=6)


@given(LINES, st.sampled_from(["\n", "\r\n"]))
def test_lines_are_those_of_the_text(lines, end):
    """Empty lines at the beginning too, and a last line without an end."""
    found = [line for _, line in material_of("x", end.join(lines)).lines()]
    assert found == (lines[:-1] if lines[-1] == "" else lines)


@pytest.mark.parametrize("text", ["", "\n", "a", "\n\n", "\na", "a\n\nb"])
def test_numbers_count_every_line(text):
    """The first line is 1, and none is skipped."""
    numbers = [number for number, _ in material_of("x", text).lines()]
    assert numbers == list(range(1, len(text.splitlines()) + 1))


def test_its_end_begins_with_a_whole_line():
    """A line that is cut is left out; what is no longer than asked for stays as it is."""
    material = material_of("x", "first\nsecond\nthird\n")
    assert [line for _, line in material.tail(10).lines()] == ["third"]
    assert material.tail(100) is material
