"""The kernel's log, without the reports about other containers."""

from badgateway.readers.logs import kernel as reader
from badgateway.state.kernel import _ours

REPORT = [
    "python3 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
    "[  pid  ]   uid  tgid total_vm      rss name",
    "oom-kill:constraint=CONSTRAINT_MEMCG,oom_memcg=/docker/a,task_memcg=/docker/a,task=python3,pid=7",
    "Memory cgroup out of memory: Killed process 7 (python3) total-vm:9kB",
]
OTHER = "eth0: link becomes ready"


def kept(groups):
    return list(_ours([OTHER, *REPORT, OTHER], frozenset(groups)))


def test_a_report_about_a_group_of_ours_is_kept():
    """A process of this machine is in the group, or in one below it."""
    assert kept({"/", "/docker/a"}) == [OTHER, *REPORT, OTHER]
    assert kept({"/docker/a/worker"}) == [OTHER, *REPORT, OTHER]


def test_a_report_about_another_container_is_left_out():
    """Nobody who can be seen from here is in the group."""
    assert kept({"/", "/docker/b", "/docker/ab"}) == [OTHER, OTHER]


def test_a_report_that_names_no_group_is_kept():
    """Old kernels do not say whose it was."""
    old = [REPORT[0], REPORT[3]]
    assert list(_ours(old, frozenset())) == old


def test_a_report_that_is_cut_off_is_kept():
    """The end of the log is no reason to drop what is there."""
    assert list(_ours(REPORT[:2], frozenset())) == REPORT[:2]


def test_a_report_without_its_head_is_judged_by_its_group():
    """The log is a ring: what is oldest loses its beginning."""
    assert list(_ours(REPORT[2:], frozenset({"/docker/b"}))) == []
    assert list(_ours(REPORT[2:], frozenset({"/docker/a"}))) == REPORT[2:]


def test_times_of_dmesg_are_read():
    """Both forms with a time; a line without one has none."""
    iso = reader._entry("2026-11-24T22:31:50,184877+00:00 Out of memory: Killed process 1 (a)")
    assert iso.at().isoformat() == "2026-11-24T22:31:50+00:00"
    plain = reader._entry("[Tue Nov 24 22:31:50 2026] Out of memory: Killed process 1 (a)")
    assert (plain.at().hour, plain.at().minute) == (22, 31)
    assert not reader._entry("[  12.5] Out of memory").dated
