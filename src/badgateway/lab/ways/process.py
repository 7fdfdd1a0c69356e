"""Processes: stopped, killed, frozen, or started with other settings."""

import contextlib
import os
import signal
import subprocess
from typing import TYPE_CHECKING

from badgateway.lab.box import LabError
from badgateway.lab.ways import Heal

if TYPE_CHECKING:
    from badgateway.lab.lab import Lab

WAYS = ("misconfigure", "kill", "stop", "freeze", "configure")


def stop(lab: "Lab", server: str) -> Heal:
    """Stop a server; what listened refuses from now on."""
    target = lab.server(server)
    target.stop()
    return target.start


def kill(lab: "Lab", server: str) -> Heal:
    """Kill every process of a server (SIGKILL), which leaves its socket and pid files behind."""
    target = lab.server(server)
    target.stop(signal.SIGKILL)
    return target.start


def freeze(lab: "Lab", server: str) -> Heal:
    """Freeze every process of a server (SIGSTOP): it listens on and answers nothing."""
    process = lab.server(server).process
    assert process is not None
    os.killpg(process.pid, signal.SIGSTOP)
    return lambda: os.killpg(process.pid, signal.SIGCONT)


def configure(lab: "Lab", server: str, **settings: object) -> Heal:
    """Restart a server with other settings; names must be among its own."""
    target = lab.server(server)
    before = dict(target.settings)
    if odd := set(settings) - set(before):
        raise TypeError(f"{server} has no setting {', '.join(sorted(odd))}")
    target.settings.update(settings)

    def heal() -> None:
        target.settings.clear()
        target.settings.update(before)
        target.restart()

    try:
        target.restart()
    except LabError:
        heal()
        raise
    return heal


def misconfigure(lab: "Lab", server: str, **settings: object) -> Heal:
    """Restart a server with settings that it does not accept: it does not come up."""
    target = lab.server(server)
    before = dict(target.settings)
    target.stop()
    target.settings.update(settings)
    target.write()
    target.launch()
    if target.process is not None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            target.process.wait(3)

    def heal() -> None:
        target.stop()
        target.settings.clear()
        target.settings.update(before)
        target.start()

    return heal
