"""Boxes from outside: start them, hear what they tell, keep one up, enter it."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import badgateway
from badgateway.lab.box import LabError, clean_environment, command

Event = dict[str, Any]

UP_SECONDS = 90
"""Seconds that a lab may take to come up."""


def state_folder() -> Path:
    """Where the last run's results and the lab that is up are noted; it is made if need be."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(base) / "badgateway" / "lab"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def environment() -> dict[str, str]:
    """For a box's first program: the lab's clean one, with the code that runs now."""
    return {**clean_environment(), "PYTHONPATH": str(Path(badgateway.__file__).parents[1])}


def events(shares: Sequence[Sequence[str]]) -> Iterator[Event]:
    """Start a box for each share (the arguments of `inside`), and hear all of them to their end.

    Raises:
        LabError: no box can be made here, or a box said so or ended before its work was done.
    """
    # Whoever ends this program with a polite signal ends the boxes with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    heard: queue.Queue[Event | None] = queue.Queue()
    boxes = [
        subprocess.Popen(
            command(list(share)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env=environment(),
            text=True,
            errors="replace",
        )
        for share in shares
    ]

    def hear(box: "subprocess.Popen[str]") -> None:
        assert box.stdout is not None
        for line in box.stdout:
            try:
                event = json.loads(line)
            except ValueError:
                event = {"error": line.strip()}
            heard.put(event)
        status = box.wait()
        if status not in (0, 2):
            heard.put({"error": f"a box ended with status {status}"})
        heard.put(None)

    try:
        for box in boxes:
            threading.Thread(target=hear, args=(box,), daemon=True).start()
        left = len(boxes)
        while left:
            event = heard.get()
            if event is None:
                left -= 1
            elif "error" in event and "fault" not in event:
                raise LabError(str(event["error"]))
            else:
                yield event
    finally:
        for box in boxes:
            box.kill()
            box.wait()


def up() -> Event:
    """Start a lab that stays; returns what it said about itself.

    Raises:
        LabError: one is up already, or it does not come up; the message says why.
    """
    if (pid := running()) is not None:
        raise LabError(f"a lab is up already (process {pid}); `badgateway lab down` ends it")
    log = state_folder() / "up.log"
    with log.open("wb") as out:
        box = subprocess.Popen(
            command(["up"]),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=environment(),
            start_new_session=True,
        )
    _state().write_text(json.dumps({"pid": box.pid, "started": _started(box.pid)}))
    end = time.monotonic() + UP_SECONDS
    while time.monotonic() < end:
        lines = log.read_text("utf-8", "replace").splitlines()
        for line in lines:
            with contextlib.suppress(ValueError):
                said = json.loads(line)
                if "up" in said:
                    return dict(said)
                if "error" in said:
                    down()
                    raise LabError(str(said["error"]))
        if box.poll() is not None:
            raise LabError(f"the lab ended: {' '.join(lines[-3:]) or 'it said nothing'}")
        time.sleep(0.05)
    down()
    raise LabError(f"the lab did not come up within {UP_SECONDS} s; see {log}")


def running() -> int | None:
    """The process of the lab that is up, None if none is."""
    try:
        state = json.loads(_state().read_text())
        pid = int(state["pid"])
    except (OSError, ValueError, KeyError):
        return None
    return pid if _started(pid) == state.get("started") is not None else None


def down() -> bool:
    """End the lab that is up; returns whether there was one."""
    pid = running()
    if pid is not None:
        # `--kill-child`: with the outer process the box's first one ends, and all in it.
        os.kill(pid, signal.SIGKILL)
    _state().unlink(missing_ok=True)
    return pid is not None


def enter(hop: str, words: Sequence[str]) -> list[str]:
    """The command that runs `words` (a shell if there are none) on a hop of the lab that is up.

    Raises:
        LabError: no lab is up, or it has no such hop.
    """
    pid = running()
    if pid is None:
        raise LabError("no lab is up; `badgateway lab up` starts one")
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    if not children:
        raise LabError("the lab that was up has ended; `badgateway lab down`, then `lab up`")
    first = children[0]
    file = Path(f"/proc/{first}/root/run/lab/{hop}/pid")
    try:
        holder = file.read_text().strip()
    except OSError:
        hops = sorted(path.parent.name for path in file.parents[1].glob("*/pid"))
        raise LabError(f"no hop is called '{hop}'; hops: {', '.join(hops)}") from None
    user = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
    within = ["nsenter", "-t", first, *user, "--mount", "--pid", "--ipc", "--uts", "--"]
    return [
        *within,
        *("nsenter", "-t", holder, "--net", "--mount", "--"),
        *(words or [os.environ.get("SHELL", "/bin/sh")]),
    ]


def shell(hop: str, words: Sequence[str]) -> int:
    """Run a command, or a shell, on a hop; returns its exit status.

    Raises:
        LabError: see `enter`.
    """
    told = {**environment(), "SSL_CERT_FILE": "/run/lab/ca/ca.pem", "PS1": f"lab:{hop}:\\w# "}
    return subprocess.run(enter(hop, words), env=told, check=False).returncode


def _state() -> Path:
    return state_folder() / "up.json"


def _started(pid: int) -> str | None:
    """When a process began, in the kernel's ticks: tells it from a later one of the same number."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None


def say(text: str) -> None:
    """One line of progress for people."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - the lab's own progress
