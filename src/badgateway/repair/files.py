"""Files that hold something else, are gone, or have other rights; and all of it taken back."""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from badgateway.model.message import Message, SpokenError
from badgateway.model.plan import Edit, Removal, Rights
from badgateway.repair.journal import Event, Journal
from badgateway.transport.change import owner_of, replace_file, sync_folder, unfinished

FILE_LIMIT = 16 * 1024 * 1024
"""Bytes of a file that is changed; a configuration is never larger."""
_ELSEWHERE = re.compile(r"/proc/\d+/root/")
"""A file of a container: its own links lead on from its own root, and not from ours."""


class ApplyError(SpokenError):
    """A change that could not be made. The message says which and why."""


@dataclass(frozen=True, slots=True)
class Left:
    """Something that taking back did not touch, or could not.

    Attributes:
        what: the file or the command.
        why: for people.
    """

    what: Message | str
    why: Message | str


def real(path: str) -> Path:
    """Where the file itself is that a path leads to by links.

    Raises:
        OSError: the file of a container is a link, and nobody can say from here where it leads.
    """
    if not _ELSEWHERE.match(path):
        return Path(path).resolve()
    if Path(path).is_symlink():
        raise OSError(0, "it is a link in another place", path)
    return Path(path)


def change_file(change: Edit | Removal | Rights, journal: Journal) -> None:
    """Let a file hold something else, be gone, or have other rights.

    Raises:
        ApplyError: it cannot be done, or the file is not what the plan was made from.
        OSError: the journal or a backup cannot be written.
    """
    try:
        path = real(change.path)
        before = path.lstat()
        regular = path.is_file()
        data = path.read_bytes() if regular and before.st_size <= FILE_LIMIT else b""
    except OSError as error:
        raise ApplyError("{path}: {said}", path=change.path, said=error.strerror) from None
    if isinstance(change, Rights):
        _rights(change, path, before, journal)
        return
    if not regular or before.st_size > FILE_LIMIT:
        raise ApplyError("{path} is no file that can be kept a copy of", path=path)
    if isinstance(change, Edit) and data != change.before.encode("utf-8", "surrogateescape"):
        raise ApplyError(
            "{path} was changed by somebody else meanwhile; look, then try again", path=path
        )
    after = change.after.encode("utf-8", "surrogateescape") if isinstance(change, Edit) else None
    journal.note(
        "file",
        path=str(path),
        backup=journal.back_up(data),
        before=_sum(data),
        after=None if after is None else _sum(after),
        like=_like(before),
    )
    try:
        if after is None:
            path.unlink()
            sync_folder(path.parent)
        else:
            replace_file(path, after, before)
    except OSError as error:
        raise ApplyError("{path}: {said}", path=path, said=error.strerror) from None


def _rights(change: Rights, path: Path, before: os.stat_result, journal: Journal) -> None:
    mode = before.st_mode & 0o7777 if change.mode is None else change.mode
    try:
        group = owner_of(change.group) if change.group else before.st_gid
    except LookupError:
        raise ApplyError("there is no group {group}", group=change.group) from None
    journal.note("rights", path=str(path), like=_like(before))
    try:
        os.chown(path, -1, group)
        path.chmod(mode)
    except OSError as error:
        raise ApplyError("{path}: {said}", path=path, said=error.strerror) from None


def restore(event: Event, journal: Journal) -> list[Left]:
    """Let a file hold again what it held; returns what could not be done."""
    path, like = Path(event["path"]), _stat(event["like"])
    unfinished(path).unlink(missing_ok=True)
    try:
        now: str | None = _sum(path.read_bytes())
    except FileNotFoundError:
        now = None
    except OSError as error:
        return [Left(str(path), str(error.strerror))]
    if now == event["before"]:
        return restore_rights(event)
    if now != event["after"]:
        kept = {"kept": journal.folder / event["backup"]}
        why = Message("somebody changed it since; how it was lies in {kept}", kept)
        return [Left(str(path), why)]
    try:
        replace_file(path, (journal.folder / event["backup"]).read_bytes(), like)
        os.utime(path, ns=(event["like"]["mtime"], event["like"]["mtime"]))
    except OSError as error:
        return [Left(str(path), str(error.strerror))]
    return []


def restore_rights(event: Event) -> list[Left]:
    """Give a file its mode and owner back; returns what could not be done."""
    path, like = Path(event["path"]), event["like"]
    try:
        os.chown(path, like["owner"], like["group"])
        path.chmod(like["mode"] & 0o7777)
    except FileNotFoundError:
        return []
    except OSError as error:
        return [Left(str(path), str(error.strerror))]
    return []


def state_of(journal: Journal) -> list[tuple[str, str]]:
    """Each file that a journal notes, and what it holds now: `old`, `new` or `other`."""
    found = []
    for event in journal.of("file"):
        try:
            now: str | None = _sum(Path(event["path"]).read_bytes())
        except OSError:
            now = None
        word = "old" if now == event["before"] else "new" if now == event["after"] else "other"
        found.append((str(event["path"]), word))
    return found


def _sum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _like(found: os.stat_result) -> dict[str, int]:
    return {
        "mode": found.st_mode, "owner": found.st_uid, "group": found.st_gid,
        "mtime": found.st_mtime_ns,
    }  # fmt: skip


def _stat(like: dict[str, Any]) -> os.stat_result:
    return os.stat_result(
        (like["mode"], 0, 0, 0, like["owner"], like["group"], 0, 0, like["mtime"] // 10**9, 0)
    )
