"""Every fault file loads, names what exists, and is checked by a look."""

import inspect

import pytest

from badgateway.lab.box import LabError
from badgateway.lab.fault import load_faults
from badgateway.lab.sites import load_sites
from badgateway.lab.ways import ways

FAULTS = load_faults()


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_names_only_ways_arguments_and_sites_that_exist(fault):
    """Its ways exist and take its arguments; its URL is a site of the lab."""
    known = ways()
    for broken in fault.breaks:
        assert broken.way in known
        inspect.signature(known[broken.way]).bind(None, **broken.arguments)
    assert fault.url.split("/")[2] in load_sites()


def test_a_wrong_file_is_refused_by_name(tmp_path):
    """The message names the file and says what is wrong."""
    (tmp_path / "odd.toml").write_text('title = "t"\nurl = "u"\n[truth]\ncause = "no-such"\n')
    with pytest.raises(LabError, match=r"odd\.toml: no such cause: no-such"):
        load_faults(tmp_path)


def test_a_fault_without_a_look_is_refused(tmp_path):
    """What cannot be proved is not graded."""
    (tmp_path / "blind.toml").write_text('title = "t"\nurl = "u"\n')
    with pytest.raises(LabError, match="needs a \\[\\[look\\]\\]"):
        load_faults(tmp_path)
