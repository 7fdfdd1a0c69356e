"""Whether processes work or wait: what tells too many requests from one that hangs.

A thread that runs or is ready to run is in state R (proc_pid_stat(5)); one that waits for a
database, a lock or a sleep is in S. A machine that is short of processors keeps its threads in R
as well, so that the share of looks is the measure and not the time on a processor.
"""

import time
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

Group = TypeVar("Group", bound=Hashable)
LOOKS = 12
PAUSE = 0.04
"""Seconds between two looks: half a second in all."""
MOST = 400
"""Processes that are looked at."""


def working(groups: Mapping[Group, Sequence[int]]) -> dict[Group, float]:
    """For each group of processes, the share of looks at which any of its threads worked, 0 to 1.

    Takes half a second.
    """
    found: Counter[Group] = Counter()
    for look in range(LOOKS):
        if look:
            time.sleep(PAUSE)
        for group, pids in groups.items():
            found[group] += any(_runs(pid) for pid in pids[:MOST])
    return {group: found[group] / LOOKS for group in groups}


def _runs(pid: int) -> bool:
    try:
        threads = [*Path(f"/proc/{pid}/task").iterdir()][:64]
        return any(_state(thread) == "R" for thread in threads)
    except OSError:
        return False


def _state(thread: Path) -> str:
    try:
        text = (thread / "stat").read_text("utf-8", "replace")
    except OSError:
        return ""
    return text[text.rindex(")") + 2 : text.rindex(")") + 3]
