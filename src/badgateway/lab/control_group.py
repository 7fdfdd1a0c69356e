"""Control groups of the machine that limit memory: what the kernel's out-of-memory killer obeys.

A box has no control groups of its own. Where this user may make one (root, and no read-only
mount), a server is started in it; else the faults that need one are skipped by name.
"""

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from badgateway.lab.servers import Server

_ROOT = Path("/sys/fs/cgroup")
_PREFIX = "badgateway-lab"
_NEW_SECONDS = 60
_V1, _V2 = "memory.limit_in_bytes", "memory.max"


def lacking() -> str | None:
    """Why memory cannot be limited for a group of processes here, in one line; None if it can."""
    base = _base()
    if base is None:
        return "a control group that limits memory"
    trial = base / f"{_PREFIX}-{_box()}-trial"
    try:
        trial.mkdir(exist_ok=True)
        _limit(trial).write_text(str(256 << 20))
    except OSError as error:
        return f"a control group below {base}: {error.strerror}"
    finally:
        with contextlib.suppress(OSError):
            trial.rmdir()
    return None


def in_group(server: "Server", mib: object) -> list[str]:
    """The words before a server's command that start it in a group with so much memory.

    Nothing where `mib` is 0.
    """
    base = _base()
    if not mib or base is None:
        return []
    _sweep(base)
    group = base / f"{_PREFIX}-{_box()}-{server.name}"
    group.mkdir(exist_ok=True)
    _limit(group).write_text(str(int(str(mib)) << 20))
    return ["sh", "-c", f'echo $$ > {group}/cgroup.procs && exec "$@"', "sh"]


def _base() -> Path | None:
    """Where a group can be made: version 1's hierarchy for memory, or version 2's one."""
    if (_ROOT / "memory" / _V1).exists():
        return _ROOT / "memory"
    with contextlib.suppress(OSError):
        if "memory" in (_ROOT / "cgroup.subtree_control").read_text().split():
            return _ROOT
    return None


def _limit(group: Path) -> Path:
    return group / (_V1 if (group / _V1).exists() else _V2)


def _sweep(base: Path) -> None:
    """Remove the groups that boxes left behind; one with processes in it cannot be removed."""
    for group in base.glob(f"{_PREFIX}-*"):
        with contextlib.suppress(OSError):
            # A new one may be another box's, whose server has not joined it yet.
            if time.time() - group.stat().st_mtime > _NEW_SECONDS:
                group.rmdir()


def _box() -> str:
    """Tells boxes that run side by side apart."""
    return Path("/proc/self/ns/pid").readlink().name.strip("pid:[]")
