"""Changing this machine: files replaced whole, commands run. Nothing here decides anything."""

import errno
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from badgateway.transport.command import OUTPUT_LIMIT, PATH, environment

_PATH = f"{PATH}:/usr/share/varnish"
_UNFINISHED = "badgateway-new"


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended.

    Attributes:
        status: 0 where it went well; -1 where it could not be run or did not end in time.
        output: what it printed on both streams.
    """

    status: int
    output: str


def run(words: Sequence[str], timeout: float = 30.0) -> Done:
    """Run a command in plain English, without a shell and without input.

    Args:
        words: the program and its arguments.
        timeout: seconds after which it is ended.
    """
    try:
        done = subprocess.run(  # noqa: S603 - typed words, see model/argument.py
            list(words),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=environment(_PATH),
            timeout=timeout,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return Done(-1, str(error))
    return Done(done.returncode, done.stdout[:OUTPUT_LIMIT].decode("utf-8", "replace"))


def write_new(path: Path, data: bytes) -> None:
    """Write a file that nobody else may read, and see that it is on the disk.

    Raises:
        OSError: it cannot be written, or is there already.
    """
    _write(path, data, os.O_CREAT | os.O_EXCL)


def append(path: Path, data: bytes) -> None:
    """Add to a file, and see that it is on the disk.

    Raises:
        OSError: it cannot be written.
    """
    _write(path, data, os.O_CREAT | os.O_APPEND)


def _write(path: Path, data: bytes, flags: int, mode: int = 0o600) -> None:
    descriptor = os.open(path, os.O_WRONLY | flags, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        _sync(file)
    sync_folder(path.parent)


def replace_file(path: Path, data: bytes, like: os.stat_result) -> None:
    """Let a file hold something else, at one moment; mode, owner and times are those of `like`.

    Where the file is a mount point of its own, as in containers, it is written in place.

    Raises:
        OSError: it cannot be written; the file is as it was.
    """
    waiting = unfinished(path)
    waiting.unlink(missing_ok=True)
    descriptor = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        os.fchown(file.fileno(), like.st_uid, like.st_gid)
        os.fchmod(file.fileno(), like.st_mode & 0o7777)
        _sync(file)
    try:
        if path.exists():
            _extended(path, waiting)
        waiting.replace(path)
    except OSError as error:
        waiting.unlink(missing_ok=True)
        if error.errno not in (errno.EBUSY, errno.EXDEV):
            raise
        with path.open("r+b") as file:
            file.write(data)
            file.truncate()
            _sync(file)
    sync_folder(path.parent)


def create_file(path: Path, data: bytes) -> None:
    """Make a file that everybody may read, at one moment.

    Raises:
        OSError: it cannot be written, or is there already.
    """
    waiting = unfinished(path)
    waiting.unlink(missing_ok=True)
    write_new(waiting, data)
    try:
        waiting.chmod(0o644)
        # A link, unlike a rename, takes no other file's place.
        os.link(waiting, path)
    finally:
        waiting.unlink(missing_ok=True)
    sync_folder(path.parent)


def unfinished(path: Path) -> Path:
    """Where the new contents of a file are until they take its place.

    The name begins with a dot: no server's `include *` reads it.
    """
    return path.with_name(f".{path.name}.{_UNFINISHED}")


def _extended(path: Path, other: Path) -> None:
    """Extended attributes, SELinux's label among them; not every file system has them."""
    try:
        for name in os.listxattr(path):
            os.setxattr(other, name, os.getxattr(path, name))
    except (OSError, AttributeError):
        return


def _sync(file: IO[bytes]) -> None:
    """See that what was written to a file is on the disk."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """See that the names in a folder are on the disk; Windows opens no folder for that."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def lock(file: IO[str]) -> None:
    """Hold an open file for ourselves, until it is closed or we end.

    Raises:
        OSError: another process holds it.
    """
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415 - there is none elsewhere

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl  # noqa: PLC0415 - Unix only

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def owner_of(group: str) -> int:
    """The number of a group.

    Raises:
        LookupError: there is no such group.
    """
    import grp  # noqa: PLC0415 - Unix only

    return grp.getgrnam(group).gr_gid
