"""One page asked for by curl on a machine that we log in to with the system's own ssh.

What is asked for goes to curl's standard input as its configuration, so that no URL is ever part
of a command line; the command itself is always the same.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import threading
from dataclasses import dataclass
from typing import IO

from badgateway.model.failure import Failure
from badgateway.model.vantage import Vantage
from badgateway.transport.failures import TransportError
from badgateway.transport.system import in_thread

OUTPUT_LIMIT = 262_144
"""Bytes of the answer that are read; curl is ended then."""
ERRORS_LIMIT = 4_096
COMMAND = "curl -q -K -"
"""`-q`: no settings of that machine's user; `-K -`: options from standard input."""


@dataclass(frozen=True, slots=True)
class CurlRun:
    """How curl ended over there.

    Attributes:
        status: its exit status; 255 is ssh's own, 126 and 127 are the shell's.
        output: head and body of the answer.
        errors: what was said on standard error.
    """

    status: int
    output: bytes
    errors: str


def words(vantage: Vantage, connect_seconds: int) -> list[str]:
    """The ssh command: never asks, opens nothing else, and takes the host for a host only."""
    options = {
        "BatchMode": "yes",
        "ConnectTimeout": str(connect_seconds),
        "ClearAllForwardings": "yes",
        "PermitLocalCommand": "no",
        "ControlMaster": "no",
        "LogLevel": "ERROR",
    }
    return [
        *("ssh", "-T", "-a", "-x"),
        *(f"-o{name}={value}" for name, value in options.items()),
        *(["-p", str(vantage.port)] if vantage.port else []),
        *(["-l", vantage.user] if vantage.user else []),
        *("--", vantage.host, COMMAND),
    ]


def curl_settings(url: str, headers: list[tuple[str, str]], seconds: int) -> str:
    """What curl is told on its standard input: one GET, head and body as they come."""
    lines = [
        *("silent", "show-error", "include", "suppress-connect-headers"),
        *(f"max-time = {seconds}", f"connect-timeout = {min(6, seconds)}", 'proto = "=http,https"'),
        *(f"header = {_quoted(f'{name}: {value}')}" for name, value in headers),
        f"url = {_quoted(url)}",
    ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    assert escaped.isprintable(), "a line of its own would be an option of its own"
    return f'"{escaped}"'


async def curl(vantage: Vantage, settings: str, seconds: float) -> CurlRun:
    """Run curl there.

    Raises:
        TransportError: there is no ssh here, or the time ran out.
    """
    try:
        # A session of its own: without a terminal nothing can ask, and it ends as a whole.
        running = subprocess.Popen(  # noqa: S603, ASYNC220 - our words; starting takes no time
            words(vantage, max(1, min(8, int(seconds)))),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise TransportError(Failure.UNKNOWN, f"ssh cannot be run: {error.strerror}") from error
    try:
        async with asyncio.timeout(seconds):
            return await in_thread(lambda: _heard(running, settings))
    except TimeoutError:
        raise TransportError(
            Failure.CONNECT_TIMEOUT, f"no answer by ssh within {seconds:.3g} s"
        ) from None
    finally:
        _end(running)


def _heard(running: "subprocess.Popen[bytes]", settings: str) -> CurlRun:
    """Hand over what curl shall do, and read what comes until it ends or has said enough."""
    assert running.stdin is not None
    assert running.stdout is not None
    assert running.stderr is not None
    errors = bytearray()
    listener = threading.Thread(target=_listen, args=(running.stderr, errors), daemon=True)
    listener.start()
    with contextlib.suppress(OSError):  # ssh gave up before it read: its status says why
        running.stdin.write(settings.encode("ascii"))
        running.stdin.close()
    output = running.stdout.read(OUTPUT_LIMIT + 1)
    cut = len(output) > OUTPUT_LIMIT
    if cut:
        _end(running)
    status = running.wait()
    listener.join(1)
    said = bytes(errors).decode("utf-8", "replace")
    return CurlRun(0 if cut else status, output[:OUTPUT_LIMIT], said)


def _listen(stream: IO[bytes], kept: bytearray) -> None:
    """Keep the beginning of what is said, and drop the rest, so that nobody waits for us."""
    with contextlib.suppress(OSError, ValueError):
        while data := stream.read(1_024):
            kept += data[: ERRORS_LIMIT - len(kept)]


def _end(running: "subprocess.Popen[bytes]") -> None:
    """End it with all that it started."""
    if running.poll() is None:
        with contextlib.suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(running.pid, signal.SIGKILL)
            else:
                running.kill()
        running.wait()
    for stream in (running.stdin, running.stdout, running.stderr):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
