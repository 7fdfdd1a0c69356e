"""Every fault file loads, names what exists, and is checked by a look."""

import inspect
import re
from pathlib import Path

import pytest

from badgateway.lab.box import LabError
from badgateway.lab.fault import load_faults
from badgateway.lab.sites import load_sites
from badgateway.lab.ways import ways
from badgateway.model.vocabulary import vocabulary

FAULTS = load_faults()


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_names_only_ways_arguments_and_sites_that_exist(fault):
    """Its ways exist and take its arguments; its URL is a site of the lab."""
    known = ways()
    for broken in fault.breaks:
        assert broken.way in known
        inspect.signature(known[broken.way]).bind(None, **broken.arguments)
        for meanwhile in broken.arguments.get("during", ()):
            arguments = {key: value for key, value in meanwhile.items() if key != "way"}
            inspect.signature(known[meanwhile["way"]]).bind(None, **arguments)
    assert fault.url.split("/")[2] in load_sites()


@pytest.mark.parametrize(
    "fault", [each for each in FAULTS.values() if each.profile], ids=lambda fault: fault.name
)
def test_a_fault_in_a_profile_is_made_and_proved_by_chromium(fault):
    """A visit fills the profile that the product will be given, and a look opens a copy of it."""
    assert "chromium" in fault.needs
    visits = [each.arguments for each in fault.breaks if each.way == "browse"]
    assert {each["profile"] for each in visits} == {fault.profile}
    looks = [look.run for look in fault.looks if look.run[-2].endswith(f"/{fault.profile}")]
    assert looks
    assert all("--copy" in run for run in looks)


def test_causes_without_a_fault_are_those_that_the_documentation_names():
    """What cannot be produced here is said so, and nothing else is left out."""
    named = {cause for fault in FAULTS.values() for cause in (fault.cause, fault.also)}
    text = (Path(__file__).parents[3] / "docs" / "lab.md").read_text("utf-8")
    section = text.partition("## What is not produced")[2].partition("\n## ")[0]
    left_out = set(re.findall(r"`([a-z0-9-]+)`", section)) & set(vocabulary().causes)
    assert left_out == set(vocabulary().causes) - named


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
