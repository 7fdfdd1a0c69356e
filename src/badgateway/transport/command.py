"""Running one of our own fixed, read-only commands; nothing of it ever comes from input."""

import os
import subprocess
from collections.abc import Sequence

OUTPUT_LIMIT = 4 * 1024 * 1024
"""Bytes of a command's output that are kept."""
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def output_of(words: Sequence[str], timeout: float = 3.0) -> str | None:
    """What a command prints, both streams, in plain English; None where it cannot be run.

    Args:
        words: the command; it is not given to a shell.
        timeout: seconds after which it is ended.
    """
    environment = {"PATH": _PATH, "LC_ALL": "C", "HOME": os.environ.get("HOME", "/")}
    try:
        done = subprocess.run(  # noqa: S603 - the words are our own
            list(words),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env=environment,
            timeout=timeout,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return (done.stdout + done.stderr)[:OUTPUT_LIMIT].decode("utf-8", "replace")
