"""The kernel's own messages, as far as they are about this machine's processes.

A kernel is shared by every container on it, and so is its log: who runs in one may see that a
neighbour ran out of memory. A report of the out-of-memory killer names the control group of the
process that was killed (`task_memcg`, mm/oom_kill.c); where none of the processes that can be
seen from here is in it, the report is somebody else's.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from badgateway.model.material import Material, material_of
from badgateway.transport.command import output_of

_MOST = 1_000_000
"""Characters at the end of the log that are read."""
_BEGINS = "invoked oom-killer"
_ENDS = re.compile(r"Killed process \d+|Kill process \d+")
_GROUP = re.compile(r"task_memcg=([^,\s]+)")
_LONGEST = 2_000
"""Lines of one report that are looked at; it lists every process of the group."""


def kernel_log() -> Material | None:
    """What `dmesg` prints, with times; None where it may not be read."""
    text = output_of(("dmesg", "--time-format", "iso")) or output_of(("dmesg",))
    if not text:
        return None
    groups = frozenset(_groups())
    return material_of("dmesg", "\n".join(_ours(text[-_MOST:].splitlines(), groups)))


def _groups() -> Iterator[str]:
    """The control groups of the processes that can be seen (cgroups(7)); `/` tells nothing."""
    for file in Path("/proc").glob("[0-9]*/cgroup"):
        try:
            lines = file.read_text("utf-8", "replace").splitlines()
        except OSError:
            continue
        yield from (line.split(":", 2)[2] for line in lines if line.count(":") >= 2)


def _ours(lines: list[str], groups: frozenset[str]) -> Iterator[str]:
    """The lines without reports of the out-of-memory killer about other containers."""
    report: list[str] = []
    for line in lines:
        # The oldest report in the log may have lost its head.
        if not report and _BEGINS not in line and not _GROUP.search(line):
            yield line
            continue
        report.append(line)
        if _ENDS.search(line) or len(report) >= _LONGEST:
            if _about_us(report, groups):
                yield from report
            report = []
    yield from report


def _about_us(report: list[str], groups: frozenset[str]) -> bool:
    found = next((m[1] for line in report if (m := _GROUP.search(line))), None)
    if found is None:
        return True
    return any(group == found or group.startswith(f"{found}/") for group in groups)
