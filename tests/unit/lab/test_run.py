"""What a run hands to the product, and what it leaves out."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from badgateway.lab import control_group, run
from badgateway.lab.ask import PROFILE_OPTION, gives_profile
from badgateway.lab.box import LabError
from badgateway.lab.evidence import Evidence
from badgateway.lab.fault import load_faults
from badgateway.lab.run import CAPABILITIES, Wish, lacking, one

FAULTS = load_faults()


class Machine:
    """A hop that prints what it is told to."""

    def __init__(self, folder, *outputs):
        self.folder, self.outputs, self.asked = folder, list(outputs), []

    def run(self, *words, **_):
        self.asked.append(words)
        return SimpleNamespace(stdout=self.outputs.pop(0), stderr="")


def lab(**hops):
    return SimpleNamespace(network=SimpleNamespace(hops=hops), missing={}, servers={})


@pytest.mark.parametrize(
    ("usage", "given"), [(f"usage: … [{PROFILE_OPTION} DIR]", True), ("usage: … [--json]", False)]
)
def test_a_profile_is_given_to_a_product_that_has_an_option_for_it(tmp_path, usage, given):
    """The product's own help decides; without the option nothing is given."""
    fault = next(each for each in FAULTS.values() if each.profile)
    assert gives_profile(lab(client=Machine(tmp_path, usage)), fault) is given


def test_a_product_is_not_asked_about_profiles_where_there_is_none(tmp_path):
    """A fault without a profile starts nothing."""
    client = Machine(tmp_path)
    assert not gives_profile(lab(client=client), FAULTS["nginx-stopped"])
    assert client.asked == []


def test_a_fault_that_needs_what_the_machine_has_not_is_skipped_by_name(monkeypatch):
    """The reason names the capability and what is missing."""
    monkeypatch.setitem(CAPABILITIES, "control-group", lambda: "no such thing")
    fault = replace(FAULTS["nginx-app-oom-killed"], needs=("control-group",))
    assert lacking(lab(), fault) == "control-group (no such thing)"
    monkeypatch.setitem(CAPABILITIES, "control-group", lambda: None)
    assert lacking(lab(), fault) is None


def test_of_the_kernels_log_only_what_came_since_is_the_owners(tmp_path):
    """Lines that were there before the fault began are left out."""
    before = "[1.0] boot\n[2.0] another day\n"
    app = Machine(tmp_path, before, f"{before}[9.0] oom-kill\n")
    watch = Evidence(lab(app=app), ["app $ dmesg"])
    assert watch.collect() == {"app $ dmesg": b"[9.0] oom-kill\n"}


@pytest.mark.parametrize("version", [1, 2])
def test_a_group_limits_memory_in_either_version(tmp_path, monkeypatch, version):
    """The limit is in the group's own file, and the server's command joins it before it starts."""
    base = tmp_path / "memory" if version == 1 else tmp_path
    base.mkdir(exist_ok=True)
    limit = "memory.limit_in_bytes" if version == 1 else "memory.max"
    (base / limit).touch()
    (tmp_path / "cgroup.subtree_control").write_text("cpu memory" if version == 2 else "cpu")
    monkeypatch.setattr(control_group, "_ROOT", tmp_path)
    words = control_group.in_group(SimpleNamespace(name="shop"), 64)
    (group,) = [each for each in base.iterdir() if each.is_dir()]
    assert [file.read_text() for file in group.iterdir()] == [str(64 << 20)]
    assert f"{group}/cgroup.procs" in words[2]
    assert control_group.in_group(SimpleNamespace(name="shop"), 0) == []


def test_without_a_group_that_limits_memory_the_machine_says_so(tmp_path, monkeypatch):
    """An empty control group file system cannot."""
    monkeypatch.setattr(control_group, "_ROOT", tmp_path)
    assert control_group.lacking() == "a control group that limits memory"


def test_after_a_fix_too_the_lab_must_be_well(monkeypatch):
    """What a fix and its undo leave behind is an error of the lab, and no result."""
    monkeypatch.setattr(run, "WELL_AGAIN", 0.0)
    monkeypatch.setattr(run, "mended", lambda *_: {"after": ["200"]})
    monkeypatch.setattr(run, "unseen", lambda *_: None)
    ill = SimpleNamespace(healthy=lambda: ["gunicorn on app has ended"])
    fault = replace(FAULTS["nginx-stopped"], breaks=())
    with pytest.raises(LabError, match="gunicorn on app has ended"):
        one(ill, fault, Wish(fix=True))
    well = SimpleNamespace(healthy=list)
    assert one(well, fault, Wish(fix=True)) == {"fix": {"after": ["200"]}}
