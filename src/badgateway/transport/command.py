"""Running commands: our own fixed, read-only ones, and the one that a person gave in the call."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence

OUTPUT_LIMIT = 4 * 1024 * 1024
"""Bytes of a command's output that are kept."""
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_WINDOWS = ("PATH", "PATHEXT", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "TEMP", "TMP",
            "PSMODULEPATH", "PROGRAMFILES", "PROGRAMDATA", "USERPROFILE")  # fmt: skip


def environment(path: str) -> dict[str, str]:
    """The environment of a command that finds programs in `path` and speaks plain English.

    Windows' own programs need its variables; there `path` says nothing.
    """
    if sys.platform == "win32":
        return {name: os.environ[name] for name in _WINDOWS if name in os.environ}
    return {"PATH": path, "LC_ALL": "C", "HOME": os.environ.get("HOME", "/")}


def output_of(words: Sequence[str], timeout: float = 3.0) -> str | None:
    """What a command prints, both streams, in plain English; None where it cannot be run.

    Args:
        words: the command; it is not given to a shell.
        timeout: seconds after which it is ended.
    """
    try:
        done = subprocess.run(  # noqa: S603 - the words are our own
            list(words),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env=environment(PATH),
            timeout=timeout,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return (done.stdout + done.stderr)[:OUTPUT_LIMIT].decode("utf-8", "replace")


def program_of(word: str) -> str | None:
    """The program that a person means by `word`; None where there is none that can be run."""
    return shutil.which(word)


def run_given(words: Sequence[str], more: Mapping[str, str], quiet: bool = False) -> int | None:
    """Run the command that a person gave, with our own streams, and wait for its end.

    Args:
        words: the command, word by word; it is not given to a shell.
        more: environment variables that it gets beside our own.
        quiet: whether standard output is kept free: what it prints goes to standard error then.

    Returns:
        its exit status; None where it could not be started.
    """
    try:
        done = subprocess.run(  # noqa: S603 - a person's own command, asked for in the call
            list(words),
            env={**os.environ, **more},
            stdout=sys.stderr if quiet else None,
            check=False,
        )
    except (OSError, ValueError):
        return None
    return done.returncode
