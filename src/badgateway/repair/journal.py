"""The journal: every change with its backup, each step on the disk before it is made.

One folder for each fix below the state folder: `journal.jsonl` and the backups. A fix is over when
its journal says `kept` or `undone`; what says neither was cut off.
"""

import json
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from badgateway.model.message import SpokenError
from badgateway.transport.change import append, lock, sync_folder, write_new

KEPT, UNDONE = "kept", "undone"
Event = dict[str, Any]


class JournalError(SpokenError):
    """A journal that cannot be used. The message says what to do."""


def state_folder() -> Path:
    """Where changes are noted: /var/lib/badgateway for root, else the user's own state folder."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home(), "badgateway")
    told = os.environ.get("XDG_STATE_HOME")
    if told:
        return Path(told) / "badgateway"
    if os.geteuid() == 0:
        return Path("/var/lib/badgateway")
    return Path.home() / ".local" / "state" / "badgateway"


@contextmanager
def alone(state: Path) -> Iterator[None]:
    """Let no other run change anything meanwhile.

    Raises:
        JournalError: another run is under way.
    """
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    # A journal names commands that an undo runs: nobody else may have written it. On Windows the
    # folder lies in the user's own profile, which the system keeps closed.
    if sys.platform != "win32" and (
        state.stat().st_uid != os.geteuid() or state.stat().st_mode & 0o022
    ):
        raise JournalError(
            "{folder} may be written by somebody else; chown and chmod 700 it first", folder=state
        )
    with (state / "lock").open("w") as file:
        try:
            lock(file)
        except OSError:
            raise JournalError(
                "another `badgateway fix` or `undo` is under way; wait for it"
            ) from None
        yield


@dataclass
class Journal:
    """The journal of one fix.

    Attributes:
        folder: where it and its backups are.
        events: what it says, in order.
    """

    folder: Path
    events: list[Event] = field(default_factory=list)

    @classmethod
    def begun(cls, state: Path, what: Event) -> "Journal":
        """A new one.

        Raises:
            OSError: it cannot be written.
        """
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(3)}"
        folder = state / "changes" / name
        folder.mkdir(parents=True, mode=0o700)
        sync_folder(folder.parent)
        journal = cls(folder)
        journal.note("begun", **what)
        return journal

    @classmethod
    def read(cls, folder: Path) -> "Journal":
        """One that is there. A last line that was cut off was never acted on."""
        events = []
        try:
            text = (folder / "journal.jsonl").read_text("utf-8")
        except OSError:
            text = ""
        for line in text.splitlines():
            try:
                events.append(json.loads(line))
            except ValueError:
                break
        return cls(folder, events)

    def note(self, step: str, **values: Any) -> None:
        """Say what is done next, or has been done; it is on the disk when this returns."""
        event = {"step": step, "at": datetime.now(UTC).isoformat(), **values}
        # A line that was cut off before must not swallow this one.
        lead = b"" if self._whole() else b"\n"
        append(self.folder / "journal.jsonl", lead + json.dumps(event).encode() + b"\n")
        self.events.append(event)

    def _whole(self) -> bool:
        try:
            with (self.folder / "journal.jsonl").open("rb") as file:
                if file.seek(0, os.SEEK_END) == 0:
                    return True
                file.seek(-1, os.SEEK_END)
                return file.read(1) == b"\n"
        except OSError:
            return True

    def back_up(self, data: bytes) -> str:
        """Keep the bytes of a file; returns the name of the copy."""
        name = f"backup-{sum(1 for _ in self.folder.glob('backup-*'))}"
        write_new(self.folder / name, data)
        return name

    def of(self, step: str) -> list[Event]:
        """The events of one kind."""
        return [event for event in self.events if event["step"] == step]

    @property
    def ended(self) -> str:
        """`kept`, `undone`, or empty where it was cut off."""
        last = self.events[-1]["step"] if self.events else UNDONE
        return last if last in (KEPT, UNDONE) else ""


def journals(state: Path) -> list[Journal]:
    """All of them, the oldest first."""
    folder = state / "changes"
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return [Journal.read(each) for each in found if each.is_dir()]


def cut_off(state: Path) -> list[Journal]:
    """Those that did not come to their end, the newest first."""
    return [journal for journal in reversed(journals(state)) if not journal.ended]


def last_kept(state: Path) -> Journal | None:
    """The newest whose changes are in force."""
    return next((j for j in reversed(journals(state)) if j.ended == KEPT), None)
