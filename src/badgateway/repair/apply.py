"""Makes the changes of a plan, and takes them back: each noted before it is made."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from badgateway.model.message import Message, SpokenError, sentence
from badgateway.model.plan import Change, Command, Creation, Edit, Opening, Plan, Rights, Words
from badgateway.repair import opening
from badgateway.repair.journal import UNDONE, Event, Journal
from badgateway.transport.change import (
    Done,
    create_file,
    owner_of,
    replace_file,
    run,
    sync_folder,
    unfinished,
)

FILE_LIMIT = 16 * 1024 * 1024
"""Bytes of a file that is changed; a configuration is never larger."""


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


def apply(plan: Plan, journal: Journal) -> None:
    """Make the changes of a plan, test them, and put them into force.

    Raises:
        ApplyError: one could not be made, or a test failed. What was done is noted; taking it back
            is the caller's.
        OSError: the journal or a backup cannot be written; nothing more was done.
    """
    journal.note("plan", remedy=plan.remedy, cause=plan.cause, reloads=plan.reloads)
    for change in plan.changes:
        _make(change, journal)
    for words in plan.tests:
        done = run(words)
        if done.status != 0:
            raise _failed(words, done, sentence("the test `{command}` failed: {said}"))
    for words in plan.reloads:
        journal.note("reloading", words=words)
        done = run(words)
        if done.status != 0:
            raise _failed(words, done)
    journal.note("in-force")


def _failed(
    words: Words, done: Done, says: str = sentence("`{command}` failed: {said}")
) -> ApplyError:
    return ApplyError(says, command=" ".join(words), said=done.output.strip()[-600:])


def _make(change: Change, journal: Journal) -> None:
    if isinstance(change, Command):
        journal.note("command", words=change.words, undo=change.undo)
        done = run(change.words)
        if done.status != 0 and not _gone(change.words):
            raise _failed(change.words, done)
        return
    if isinstance(change, Opening):
        journal.note("opening", mark=change.mark, holder=change.holder)
        if said := opening.insert(change):
            raise ApplyError("the firewall's rule could not be added: {said}", said=said[-600:])
        return
    path = Path(change.path).resolve()
    if isinstance(change, Creation):
        _create(change, path, journal)
        return
    try:
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


def _create(change: Creation, path: Path, journal: Journal) -> None:
    data = change.text.encode("utf-8", "surrogateescape")
    folders = [str(folder) for folder in path.parents if not folder.exists()]
    journal.note("file", path=str(path), before=None, after=_sum(data), folders=folders)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        create_file(path, data)
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


def take_back(journal: Journal) -> list[Left]:
    """Undo what a journal notes, the last first, and put that into force.

    It may be called again after it was cut off itself. A file that somebody else has changed since
    is left as it is.

    Returns:
        What was not taken back.

    Raises:
        OSError: the journal cannot be written.
    """
    left: list[Left] = []
    for event in reversed(journal.events):
        if event["step"] == "file":
            left += _restore(event, journal)
        elif event["step"] == "rights":
            left += _restore_rights(event)
        elif event["step"] == "opening":
            if said := opening.delete(event["mark"], event["holder"]):
                left.append(
                    Left(
                        Message("the firewall's rule {mark}", {"mark": event["mark"]}), said[-300:]
                    )
                )
        elif event["step"] == "command":
            done = run(event["undo"])
            if done.status != 0 and not _gone(event["undo"]):
                left.append(Left(" ".join(event["undo"]), done.output.strip()[-300:]))
    again: dict[Words, None] = {tuple(e["words"]): None for e in journal.of("reloading")}
    for words in again:
        done = run(words)
        if done.status != 0:
            left.append(Left(" ".join(words), done.output.strip()[-300:]))
    journal.note(UNDONE, left=[[str(each.what), str(each.why)] for each in left])
    return left


def _gone(words: Sequence[str]) -> bool:
    """Whether a signal has nobody left to reach."""
    return (
        list(words[:1]) == ["kill"]
        and words[-1].isdigit()
        and not Path(f"/proc/{words[-1]}").exists()
    )


def _restore(event: Event, journal: Journal) -> list[Left]:
    path = Path(event["path"])
    unfinished(path).unlink(missing_ok=True)
    if event["before"] is None:
        return _remove_created(event, path)
    like = _stat(event["like"])
    try:
        now: str | None = _sum(path.read_bytes())
    except FileNotFoundError:
        now = None
    except OSError as error:
        return [Left(str(path), str(error.strerror))]
    if now == event["before"]:
        return _restore_rights(event)
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


def _remove_created(event: Event, path: Path) -> list[Left]:
    """A file that was not there before, and the folders that were made for it."""
    try:
        if path.exists() and _sum(path.read_bytes()) != event["after"]:
            return [Left(str(path), Message("somebody changed it since; it is left as it is"))]
        path.unlink(missing_ok=True)
        for folder in map(Path, event["folders"]):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
    except OSError as error:
        return [Left(str(path), str(error.strerror))]
    return []


def _restore_rights(event: Event) -> list[Left]:
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
