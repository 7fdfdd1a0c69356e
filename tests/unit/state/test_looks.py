"""This machine looked at: who works, what a database greets with, what Varnish remembers."""

import asyncio
import os
import subprocess
import sys

import pytest

from badgateway.model.listening import Address
from badgateway.state.busy import working
from badgateway.state.database import greeted
from badgateway.state.varnish import _recent


def test_a_process_that_works_is_told_from_one_that_waits():
    """One that counts is at work at nearly every look, one that waits for input is not."""
    begun = "print('begun', flush=True)\n"
    commands = (f"{begun}while True: pass", f"{begun}import sys; sys.stdin.read()")
    busy, idle = (
        subprocess.Popen(
            [sys.executable, "-c", command], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for command in commands
    )
    try:
        for process in (busy, idle):
            process.stdout.readline()
        found = working({"busy": [busy.pid], "idle": [idle.pid], "gone": [2**22 - 1]})
    finally:
        for process in (busy, idle):
            process.kill()
            process.communicate()
    assert found["busy"] > 0.8
    assert found["idle"] < 0.5
    assert found["gone"] == 0


@pytest.mark.parametrize(
    ("packet", "result"),
    [
        (b"\x4a\x00\x00\x00\x0a8.0.36\x00" + bytes(60), "answers"),
        (b"\x17\x00\x00\x00\xff\x10\x04Too many connections", "too-many"),
        (b"\x40\x00\x00\x00\xff\x6a\x04Host is not allowed", "blocks-us"),
        (b"", "closes"),
    ],
)
def test_a_database_is_known_by_its_first_packet(tmp_path, packet, result):
    """A greeting, or an error with its number in place of it."""

    async def serve(_, writer):
        writer.write(packet)
        writer.close()

    async def asked():
        path = str(tmp_path / "db.sock")
        server = await asyncio.start_unix_server(serve, path)
        async with server:
            return await greeted(f"unix:{path}", Address("", "", path))

    assert asyncio.run(asked()).text("result") == result


def test_a_database_that_is_not_there_refuses(tmp_path):
    """No socket, and no listener."""
    path = os.fspath(tmp_path / "none.sock")
    assert asyncio.run(greeted("x", Address("", "", path))).text("result") == "socket-missing"


def test_varnish_is_asked_for_what_is_recent_only():
    """Its log in memory goes back for hours; what began before is left out."""
    old = "*   << Request  >> 2\n-   Timestamp      Start: 1700000000.5 0.0 0.0\n"
    new = "*   << Request  >> 5\n-   Timestamp      Start: 1700000900.5 0.0 0.0\n"
    assert list(_recent(old + new, 1700000100.0)) == [new]
