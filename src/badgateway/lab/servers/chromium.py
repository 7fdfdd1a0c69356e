"""Chromium on the visitor's machine: it trusts the lab's authority, and keeps profiles."""

from pathlib import Path
from typing import TYPE_CHECKING

from badgateway.lab.servers import Server
from badgateway.lab.servers.applications import copy_app

if TYPE_CHECKING:
    from badgateway.lab.lab import Lab

ORDER = 60


class Chromium(Server):
    """A program that is started to open pages and ends after them; no process of its own.

    Its driver `chromium.py` is put into the server's folder, which is Chromium's home as well.
    """

    def __init__(self, lab: "Lab") -> None:
        super().__init__("chromium", lab.network.hops["client"], ("chromium", "certutil"))
        self.ca = lab.ca
        self.up = False

    @property
    def running(self) -> bool:
        return self.up

    def start(self) -> None:
        self.write()
        self.up = True

    def stop(self, how: int = 0) -> None:
        self.up = bool(how)

    def write(self) -> None:
        copy_app("chromium.py", self.folder)
        store = self.folder / ".pki" / "nssdb"
        if not store.exists():
            store.mkdir(parents=True)
            place = ("-d", f"sql:{store}")
            self.hop.run("certutil", *place, "-N", "--empty-password")
            self.hop.run(
                "certutil", *place, "-A", "-t", "C,,", "-n", "lab", "-i", str(self.ca.file)
            )

    def visit(self, profile: Path, pages: list[str], extension: str | None = None) -> str:
        """Open pages with a profile and end; returns what was shown.

        Raises:
            LabError: Chromium does not work here.
        """
        more = ["--extension", extension] if extension else []
        done = self.hop.run(
            "/usr/bin/python3", str(self.folder / "chromium.py"), *more, str(profile), *pages,
            timeout=60,
        )  # fmt: skip
        return done.stdout

    def ready(self) -> bool:
        return self.up


def servers(lab: "Lab") -> list[Server]:
    """The one."""
    return [Chromium(lab)]
