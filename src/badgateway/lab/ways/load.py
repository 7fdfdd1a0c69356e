"""Load: connections that are held open, and visitors that ask again and again."""

import os
import signal
import subprocess
import time
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

from badgateway.lab.box import LabError
from badgateway.lab.ways import Heal

if TYPE_CHECKING:
    from badgateway.lab.lab import Lab

WAYS = ("hold_connections", "visitors", "database_sessions", "jobs", "clients")

_LOG = "load.log"


def hold_connections(lab: "Lab", hop: str, count: int, to: str) -> Heal:
    """Open connections from a hop to `ADDRESS:PORT` or a unix socket's path, and hold them."""
    words = [to] if to.startswith("/") else list(to.rsplit(":", 1))
    return _script(lab, hop, "hold.py", [str(count), *words], "holding")


def visitors(lab: "Lab", count: int, url: str, seconds: float = 0.5) -> Heal:
    """Let `count` visitors ask for a page again and again; wait `seconds` until they queue."""
    heal = _script(lab, "vantage2", "load.py", [str(count), url], None)
    time.sleep(seconds)
    return heal


def database_sessions(lab: "Lab", count: int, statement: str, user: str = "root") -> Heal:
    """Open sessions at the database that run a statement, which had better last."""
    database = lab.server("mariadb")
    words = ["mariadb", "--no-defaults", f"--socket={database.folder}/sock", f"--user={user}"]
    started = [database.hop.start(*words, "--execute", statement, log=_LOG) for _ in range(count)]
    time.sleep(0.4)
    return lambda: _end(started)


def jobs(lab: "Lab", hop: str, command: str, every: float, most: int, seconds: float = 2.0) -> Heal:
    """Let a scheduler start a job every so many seconds though the last ones have not ended.

    `command` is a shell's, run in the hop's folder; at most `most` run at once. Its log is
    `scheduler.log`. Wait `seconds` until they are many.
    """
    job = ["sh", "-c", f"cd {lab.network.hops[hop].folder} && {command}"]
    words = [str(every), str(most), *job]
    heal = _script(lab, hop, "scheduler.py", words, None, log="scheduler.log")
    time.sleep(seconds)
    return heal


def clients(
    lab: "Lab", count: int, host: str, address: str, kind: str, seconds: float = 2.0
) -> Heal:
    """Let many clients of 250 addresses ask a site by plain HTTP: an `attack` or a `crowd`.

    `count` is how many at once; wait `seconds` until they are felt.
    """
    core, home = lab.network.hops["core"], lab.network.hops["vantage2"]
    network, own = "198.18.0.0/24", home.owns[0]
    way = core.run("ip", "-o", "route", "get", own).stdout.split()
    core.run("ip", "route", "add", network, "via", way[way.index("via") + 1])
    home.run("ip", "route", "add", "local", network, "dev", "lo")
    words = [str(count), host, address, network.rpartition(".")[0] + ".", kind]
    end = _script(lab, "vantage2", "flood.py", words, None)
    time.sleep(seconds)

    def heal() -> None:
        end()
        home.run("ip", "route", "del", "local", network, "dev", "lo")
        core.run("ip", "route", "del", network)

    return heal


def _script(
    lab: "Lab", hop: str, name: str, words: list[str], says: str | None, log: str = _LOG
) -> Heal:
    machine = lab.network.hops[hop]
    told = machine.folder / log
    told.unlink(missing_ok=True)
    with as_file(files("badgateway.lab") / "apps" / name) as script:
        text = script.read_text("utf-8")
    process = machine.start("/usr/bin/python3", "-c", text, *words, log=log)
    end = time.monotonic() + 10
    while says and says not in (told.read_text("utf-8") if told.exists() else ""):
        if time.monotonic() > end or process.poll() is not None:
            raise LabError(f"{name} on {hop} did not begin")
        time.sleep(0.02)
    return lambda: _end([process])


def _end(processes: "list[subprocess.Popen[bytes]]") -> None:
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(5)
