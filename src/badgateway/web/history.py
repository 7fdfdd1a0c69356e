"""Past checks of the person at this machine, in SQLite; secrets are masked before they are kept."""

import os
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from badgateway.model.target import Target, TargetError, target_of
from badgateway.model.verdict import Verdict
from badgateway.report.json import verdict_json
from badgateway.report.recorded import RecordError, verdict_of

MOST = 1_000
"""Checks that are kept; the oldest go first."""
_TABLE = """
create table if not exists checks (
    id text primary key, at text not null, kind text not null, subject text not null,
    outcome text not null, status integer, side text, verdict text not null
) strict
"""


@dataclass(frozen=True, slots=True)
class Past:
    """One line of the history."""

    id: str
    at: datetime
    subject: str
    outcome: str
    status: int | None


@dataclass(frozen=True, slots=True)
class Kept:
    """A check as it was kept; the steps of its verdict are advice and are found anew."""

    kind: str
    at: datetime
    verdict: Verdict

    @property
    def target(self) -> Target | None:
        """The URL that it was about; None for material."""
        try:
            return target_of(self.verdict.subject, guess=False)
        except TargetError:
            return None


class History:
    """The file of past checks; only its owner may read it."""

    def __init__(self, path: Path) -> None:
        """Args: path: the file; it and its folder are made where they are missing.

        Raises:
            OSError: it cannot be made.
            sqlite3.Error: it is no history.
        """
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._file = sqlite3.connect(path, isolation_level=None, timeout=5, check_same_thread=False)
        self._file.execute("pragma journal_mode = wal")
        self._file.execute("pragma synchronous = normal")
        self._file.execute(_TABLE)

    def keep(self, name: str, kind: str, verdict: Verdict, at: datetime) -> None:
        """Write one check down, in place of what was kept of it before."""
        row = (
            *(name, at.astimezone(UTC).isoformat(), kind, verdict.subject[:2_000]),
            *(verdict.outcome.value, verdict.status, verdict.side and verdict.side.value),
            verdict_json(verdict),
        )
        self._file.execute("insert or replace into checks values (?, ?, ?, ?, ?, ?, ?, ?)", row)
        self._file.execute(
            "delete from checks where id not in (select id from checks order by at desc limit ?)",
            (MOST,),
        )

    def past(self, most: int) -> list[Past]:
        """The newest checks, the newest first."""
        rows = self._file.execute(
            "select id, at, subject, outcome, status from checks order by at desc limit ?",
            (most,),
        )
        return [Past(row[0], datetime.fromisoformat(row[1]), *row[2:]) for row in rows]

    def find(self, name: str) -> Kept | None:
        """The check with this name; None where it is not kept or cannot be read any more."""
        row = self._file.execute(
            "select kind, at, verdict from checks where id = ?", (name,)
        ).fetchone()
        if row is None:
            return None
        try:
            return Kept(row[0], datetime.fromisoformat(row[1]), verdict_of(row[2]))
        except (RecordError, ValueError):
            return None

    def forget(self) -> None:
        """Delete everything that was kept."""
        self._file.execute("delete from checks")
        self._file.execute("vacuum")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def usual_path() -> Path:
    """Where the history is kept, by the XDG base directories."""
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "badgateway" / "history.sqlite3"
