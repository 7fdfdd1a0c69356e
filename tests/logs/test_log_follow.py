"""Logs that are followed: an incident is announced as it begins, through rotation or cut-off."""

import contextlib
import json
import os
import random
import select
import signal
import subprocess
import sys
import time

import pytest
from made_logs import BEGIN, nginx_error, stamp, tail

from badgateway.investigate.live import Watch
from badgateway.investigate.logs import logs_at
from badgateway.logs.follow import Follower

CHANCE = random.Random(2)


def line(second: int, status: int = 200, path: str = "/a") -> str:
    return f'198.51.100.7 - - [{stamp(second)}] "GET {path}{tail(CHANCE, status, False, 3)}'


def followed(path) -> tuple[Follower, object]:
    logs, _ = logs_at([str(path)])
    return Follower(logs), logs[0]


def got(follower: Follower) -> list[bytes]:
    return [data for _, data in follower.grown()]


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "access.log"
    path.write_text("".join(line(BEGIN + n) for n in range(300)))
    return path


def test_only_what_is_added_is_read_in_whole_lines(log):
    """Half a line waits for its other half."""
    follower, _ = followed(log)
    with contextlib.closing(follower):
        assert got(follower) == []
        with log.open("a") as file:
            file.write("one\ntw")
            file.flush()
            assert got(follower) == [b"one\n"]
            file.write("o\n")
            file.flush()
            assert got(follower) == [b"two\n"]


def test_rotation_loses_nothing(log):
    """What came into the old file before it was renamed, and into the new one, is read once."""
    follower, _ = followed(log)
    with contextlib.closing(follower):
        with log.open("a") as file:
            file.write("old\n")
        log.rename(log.with_suffix(".log.1"))
        log.write_text("new\n")
        assert b"".join(got(follower)) == b"old\nnew\n"
        assert [note.what for note in follower.notes()] == ["was rotated; the new one is followed"]
        assert got(follower) == []


def test_truncation_and_absence_are_said(log):
    """A log that is emptied in place is read anew; one that is gone is waited for."""
    follower, _ = followed(log)
    with contextlib.closing(follower):
        os.truncate(log, 0)
        with log.open("a") as file:
            file.write("anew\n")
        assert got(follower) == [b"anew\n"]
        log.unlink()
        got(follower)
        got(follower)
        assert [n.what.split(";")[0] for n in follower.notes()] == ["was cut short", "is gone"]
        log.write_text("back\n")
        assert got(follower) == [b"back\n"]


def test_an_incident_is_told_when_it_begins_and_when_it_is_over(log, tmp_path, monkeypatch):
    """One announcement at the beginning with the cause, one at the end; none for single errors."""
    monkeypatch.setenv("TZ", "UTC")
    error = tmp_path / "error.log"
    error.write_text("2026/11/01 00:00:00 [notice] 1#1: start worker processes\n" * 3)
    logs, _ = logs_at([str(log), str(error)])
    watch = Watch(logs)
    message = "connect() failed (111: Connection refused) while connecting to upstream"

    def second(at: int, status: int) -> list:
        watch.take(logs[0], "".join(line(at, status) for _ in range(3)).encode())
        if status == 502:
            text = nginx_error(at, message, "198.51.100.7", "/a", "10.0.0.11:8080")
            watch.take(logs[1], text.encode())
        return watch.changes(float(at + 1))

    for n in range(900):
        assert second(BEGIN + n, 404 if n % 100 == 7 else 200) == []
    told = [(n, change) for n in range(900, 960) for change in second(BEGIN + n, 502)]
    ((when, begun),) = told
    assert begun.what == "begun"
    assert when - 900 <= 4, "within 5 s of the first failed request"
    assert begun.incident.begin.timestamp() == BEGIN + 900
    assert begun.incident.verdict.causes[0].cause in ("upstream-down", "upstream-wrong-address")
    told = [change for n in range(960, 1_300) for change in second(BEGIN + n, 200)]
    assert [change.what for change in told] == ["over"]
    assert told[0].incident.end.timestamp() == BEGIN + 959
    assert told[0].incident.errors == 180
    assert watch.met == 1


def test_the_command_announces_within_seconds(log, started):
    """`logs --follow --json` writes a line for the incident as it begins, and ends with Ctrl-C."""
    command = [sys.executable, "-m", "badgateway", "logs", "--follow", "--json", str(log)]
    process = started(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert b"following" in process.stderr.readline()
    time.sleep(0.3)
    now = int(time.time())
    with log.open("a") as file:
        file.write("".join(line(now - 600 + n) for n in range(600)))
        file.write("".join(line(now, 502) for _ in range(60)))
    ready, _, _ = select.select([process.stdout], [], [], 20)
    assert ready
    event = json.loads(process.stdout.readline())
    assert event["event"] == "begun"
    assert event["incident"]["errors"] == 60
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 1


def test_what_cannot_be_followed_is_said(tmp_path, capsys):
    """A pipe and a compressed log do not grow."""
    from badgateway.cli.main import main

    assert main(["logs", "--follow"]) == 2
    assert "names of files" in capsys.readouterr().err
