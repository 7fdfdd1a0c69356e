"""Files that are new, and files and folders that get another name; and both taken back."""

import hashlib
from pathlib import Path

from badgateway.model.message import Message, sentence
from badgateway.model.plan import Creation, Move
from badgateway.repair.journal import Event, Journal
from badgateway.transport.change import create_file, sync_folder, unfinished

TAKEN = sentence("there is something of that name")


def create(change: Creation, journal: Journal) -> None:
    """Make the file, and its folder where it is missing.

    Raises:
        OSError: it cannot be made, or something of that name is there.
    """
    path, data = Path(change.path), change.text.encode()
    if path.exists() or path.is_symlink():
        raise FileExistsError(0, str(Message(TAKEN)), change.path)
    made = not path.parent.exists()
    journal.note("created", path=str(path), after=_sum(data), folder=made)
    if made:
        path.parent.mkdir(mode=0o755)
        sync_folder(path.parent.parent)
    create_file(path, data)


def uncreate(event: Event) -> Message | str:
    """Take a new file away again; returns what went wrong, empty if nothing."""
    path = Path(event["path"])
    unfinished(path).unlink(missing_ok=True)
    try:
        if path.is_file() and _sum(path.read_bytes()) != event["after"]:
            return Message("somebody changed it since")
        path.unlink(missing_ok=True)
        if event["folder"] and path.parent.is_dir() and not any(path.parent.iterdir()):
            path.parent.rmdir()
    except OSError as error:
        return str(error.strerror)
    return ""


def move(change: Move, journal: Journal) -> None:
    """Give a file or a folder another name in its folder.

    Raises:
        OSError: it cannot be done, or something has that name.
    """
    path, to = Path(change.path), Path(change.to)
    if to.exists() or to.is_symlink():
        raise FileExistsError(0, str(Message(TAKEN)), change.to)
    path.lstat()
    journal.note("moved", path=str(path), to=str(to))
    path.rename(to)
    sync_folder(path.parent)


def move_back(event: Event) -> Message | str:
    """Give it its old name again; returns what went wrong, empty if nothing."""
    path, to = Path(event["path"]), Path(event["to"])
    try:
        if not to.exists():
            return "" if path.exists() else Message("somebody changed it since")
        if path.exists():
            return Message(TAKEN)
        to.rename(path)
        sync_folder(path.parent)
    except OSError as error:
        return str(error.strerror)
    return ""


def _sum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
