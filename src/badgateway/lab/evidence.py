"""What a site's owner has while a fault is in force: logs, configurations, what commands print.

An entry of a fault's `owner.evidence` is `HOP FILE`, a file below the hop's folder, or
`HOP $ COMMAND`. Of a log only what came since the fault began is the owner's: what earlier faults
left would tell him of another day.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from badgateway.lab.lab import Lab

LIMIT = 200_000
"""Bytes that are kept of each."""


class Evidence:
    """Watches the files that a fault's evidence names, from before the fault on."""

    def __init__(self, lab: "Lab", entries: Sequence[str]) -> None:
        """Remember how long every log is now."""
        self.lab = lab
        self.entries = tuple(entries)
        self._before = {
            entry: path.stat().st_size if (path := self._path(entry)) and path.exists() else 0
            for entry in self.entries
        }
        # The kernel keeps one log, for all that ran on this machine before.
        self._told = {
            entry: set(self._printed(entry).splitlines())
            for entry in self.entries
            if entry.partition(" $ ")[2].startswith("dmesg")
        }

    def collect(self) -> dict[str, bytes]:
        """Each entry with what it shows now; empty ones are left out."""
        shown = {entry: self._one(entry) for entry in self.entries}
        return {entry: data[-LIMIT:] for entry, data in shown.items() if data.strip()}

    def write(self, folder: Path) -> None:
        """Put each entry into a file of its own; the file's name is the entry's."""
        folder.mkdir(parents=True, exist_ok=True)
        for entry, data in self.collect().items():
            name = re.sub(r"[^A-Za-z0-9.-]+", "-", entry).strip("-")[:100]
            (folder / name).write_bytes(data)

    def _one(self, entry: str) -> bytes:
        path = self._path(entry)
        if path is None:
            old = self._told.get(entry, set())
            lines = self._printed(entry).splitlines(keepends=True)
            return b"".join(line for line in lines if line.rstrip(b"\n") not in old)
        if not path.exists():
            return b""
        data = path.read_bytes()
        return data[self._before[entry] :] if path.suffix == ".log" else data

    def _printed(self, entry: str) -> bytes:
        hop, _, command = entry.partition(" $ ")
        machine = self.lab.network.hops[hop]
        done = machine.run("sh", "-c", f"cd {machine.folder} && {command}", check=False)
        return (done.stdout + done.stderr).encode("utf-8", "replace")

    def _path(self, entry: str) -> Path | None:
        hop, sign, name = entry.partition(" ")
        if name.startswith("$ "):
            return None
        return self.lab.network.hops[hop].folder / name if sign else None
