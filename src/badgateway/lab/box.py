"""The throw-away box: own mount, network, pid, ipc and uts namespaces, and a private `/run`.

Killing the box's first process ends everything in it; nothing is left to clean up.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

INSIDE = "BADGATEWAY_LAB_BOX"
"""Environment variable that is set inside a box."""

_KEPT = ("PATH", "HOME", "TERM", "LANG", "NO_COLOR", "COLUMNS", "VIRTUAL_ENV")


class LabError(Exception):
    """The lab cannot do what was asked; the message is one line and says what is missing."""


def clean_environment() -> dict[str, str]:
    """The environment for everything in the lab: without proxy or certificate settings."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    path = kept.get("PATH", "/usr/bin:/bin")
    return {**kept, "PATH": f"{path}:/usr/sbin:/sbin", "PYTHONDONTWRITEBYTECODE": "1"}


def command(arguments: list[str]) -> list[str]:
    """The command that runs the lab's inner program in a new box.

    Raises:
        LabError: this user may not make one.
    """
    if shutil.which("unshare") is None:
        raise LabError("the lab needs `unshare` (Debian package util-linux)")
    flags = [
        "--mount",
        "--net",
        "--pid",
        "--ipc",
        "--uts",
        "--fork",
        "--kill-child",
        "--mount-proc",
    ]
    if os.geteuid() != 0:
        flags += ["--user", "--map-root-user", "--map-auto"]
        probe = subprocess.run(
            ["unshare", *flags, "true"], capture_output=True, text=True, check=False
        )
        if probe.returncode != 0:
            reason = probe.stderr.strip().splitlines()[-1:] or ["not permitted"]
            raise LabError(
                "the lab needs root, or user namespaces with /etc/subuid and the package uidmap: "
                + reason[0]
            )
    return ["unshare", *flags, sys.executable, "-m", "badgateway.lab.inside", *arguments]


def enter() -> Path:
    """Make the box private from inside, and return the folder that everything lives in."""
    if os.getpid() != 1:
        raise LabError("this is not the first process of a box; use `badgateway lab`")
    _mount("--make-rprivate", "/")
    folder = Path("/run/lab")
    for target, mode in (("/run", "755"), ("/dev/shm", "1777")):  # noqa: S108 - the box's own
        if Path(target).is_dir():
            _mount("-t", "tmpfs", "-o", f"mode={mode}", "lab", target)
    folder.mkdir()
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["hostname", "badgateway-lab"], check=False, stderr=subprocess.DEVNULL)
    os.environ[INSIDE] = "1"
    return folder


def _mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"mount {' '.join(arguments)}: {done.stderr.strip()}")


if __name__ == "__main__":
    # For scripts: whether a box can be made here, and if not, why.
    try:
        made = subprocess.run(
            [*command([])[:-3], "true"], capture_output=True, text=True, check=False
        )
    except LabError as error:
        sys.exit(str(error))
    sys.exit(made.stderr.strip() or "unshare failed" if made.returncode else 0)
