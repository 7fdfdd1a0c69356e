"""The software of the lab, all real: one file per product.

Law of this folder: a server knows how to write its configuration, start, stop, reload and tell
whether it is up. It knows no fault. Configuration is a template in its file; what a fault changes
about it comes in through `Server.settings`, never through text surgery elsewhere.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from badgateway.lab.box import LabError
from badgateway.lab.service import write_script

if TYPE_CHECKING:
    from badgateway.lab.network import Hop

START_SECONDS = 15.0


@dataclass
class Server:
    """One process group on one hop.

    Attributes:
        name: unique in the lab (`nginx`, `edge-haproxy`, `php-fpm` …).
        hop: the machine it runs on.
        programs: executables it needs; a missing one makes its faults be skipped, by name.
        settings: what faults may change about its configuration, with the healthy values.
        on_demand: it runs only while a fault wants it, not in the healthy lab.
    """

    name: str
    hop: "Hop"
    programs: tuple[str, ...] = ()
    settings: dict[str, object] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = None
    on_demand: bool = False

    def lacking(self) -> str | None:
        """What it needs from the system beyond its programs and does not find; None if nothing."""
        return None

    @property
    def folder(self) -> Path:
        """Where its configuration, logs and state are."""
        folder = self.hop.folder / self.name
        folder.mkdir(exist_ok=True)
        return folder

    def write(self) -> None:
        """Write the configuration from `settings`."""

    def command(self) -> list[str]:
        """The command that runs it in the foreground."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """Further environment variables that it is started with."""
        return {}

    def ready(self) -> bool:
        """Whether it answers; looked at from outside of it."""
        raise NotImplementedError

    def start(self) -> None:
        """Write the configuration, start, and wait until it is ready.

        Raises:
            LabError: it is not ready within `START_SECONDS`; the message ends with its log.
        """
        self.write()
        self.launch()
        self.wait(self.ready, "is not ready")

    def launch(self) -> None:
        """Start the process without waiting for anything; its hop knows it as a service."""
        command, environment = self.command(), self.environment()
        pid_file = write_script(self.hop, self.name, command, environment)
        self.process = self.hop.start(*command, log=f"{self.name}.log", environment=environment)
        pid_file.write_text(f"{self.process.pid}\n")

    def stop(self, how: int = signal.SIGTERM) -> None:
        """End the whole process group, by force after two seconds."""
        process, self.process = self.process, None
        if self.on_demand:
            # Nothing is left of it: its machine does not know it as a service any more.
            (self.hop.folder / "init.d" / self.name).unlink(missing_ok=True)
        if process is None or process.poll() is not None:
            return
        os.killpg(process.pid, how)
        try:
            process.wait(2)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(5)

    def restart(self) -> None:
        """Stop and start, with the settings of now."""
        self.stop()
        self.start()

    @property
    def running(self) -> bool:
        """Whether its process is alive."""
        return self.process is not None and self.process.poll() is None

    def log(self) -> str:
        """What it printed and what its own error log says, the last of each."""
        paths = (self.hop.folder / f"{self.name}.log", self.folder / "error.log")
        texts = [path.read_bytes()[-4_000:] for path in paths if path.exists()]
        return b"\n".join(texts).decode("utf-8", "replace")

    def wait(self, what: Callable[[], bool], otherwise: str) -> None:
        """Wait until `what` holds; raises `LabError` saying `otherwise` with the log's end."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self.process is not None and self.process.poll() is not None:
                break
            if what():
                return
            time.sleep(0.02)
        raise LabError(f"{self.name} on {self.hop.name} {otherwise}: {self.log()[-600:].strip()}")

    def listens(self, port: int, kind: str = "-ltn") -> bool:
        """Whether anything on its hop listens on `port`, by `ss`."""
        return f":{port} " in self.hop.run("ss", kind, check=False).stdout

    def listens_at(self, address: str, port: int) -> bool:
        """Whether something on its hop listens on this address (or all) and port, by `ss`."""
        places = {line.split()[3] for line in self._listeners() if len(line.split()) > 3}
        return bool(places & {f"{address}:{port}", f"0.0.0.0:{port}", f"*:{port}"})

    def _listeners(self) -> list[str]:
        return self.hop.run("ss", "-ltnH", check=False).stdout.splitlines()
