"""The program as a process: what it prints where, and that nothing makes it fall over."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from loopback import Connection, http, within

PAGE_502 = http(
    "502 Bad Gateway", b"<center><h1>502 Bad Gateway</h1></center><center>nginx</center>"
)


def test_json_is_one_object_and_nothing_else(program, serve):
    """With --json, standard output is one object on one line, and standard error is quiet."""
    ran = program(serve(PAGE_502).url, "--json", "--timeout", "5")
    assert (ran.status, ran.err) == (1, "")
    assert ran.out.count("\n") == 1
    assert json.loads(ran.out)["outcome"] == "gateway-error"


def test_a_dripping_site_ends_in_time(program, serve):
    """One byte a second and --timeout 3: one clear verdict, and the process ends at once."""

    def handle(connection: Connection) -> None:
        connection.head()
        for byte in b"HTTP/1.1 200 OK\r\n":
            connection.send(bytes([byte]))
            connection.pause(1)

    with within(5.5):
        ran = program(serve(handle).url, "--timeout", "3", "--json")
    assert (ran.status, json.loads(ran.out)["outcome"]) == (1, "unreachable")


def test_a_reader_that_leaves_is_no_trouble(serve):
    """Output into a pipe that nobody reads ends quietly."""
    with subprocess.Popen(
        [sys.executable, "-m", "badgateway", serve(PAGE_502).url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        process.stdout.close()
        complaint = process.stderr.read()
        process.wait(20)
    assert complaint == b""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_an_old_terminal_gets_what_it_can_show(program, serve, encoding):
    """Where the output cannot show a sign of the report it is replaced; nothing breaks."""
    url = serve(PAGE_502).url
    ran = program(url, "--timeout", "5", env={"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"})
    assert ran.status == 1
    assert "502 Bad Gateway" in ran.out


def test_a_redirected_output_without_room_is_an_error(serve):
    """A full disk under the output is a failure with one line, not a success."""
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full on this system")
    with full.open("wb") as out:
        done = subprocess.run(
            [sys.executable, "-m", "badgateway", serve(PAGE_502).url],
            stdout=out,
            stderr=subprocess.PIPE,
            timeout=20,
            check=False,
        )
    assert done.returncode != 0
    assert b"Traceback" not in done.stderr


def test_the_demo_shows_a_working_and_a_broken_site(program):
    """The demo checks its site while it works and again once the application is stopped."""
    ran = program("demo")
    assert ran.status == 1
    assert "The page works" in ran.out
    assert "502 Bad Gateway" in ran.out


def test_the_demo_as_json_is_one_object(program):
    """With --json the demo prints the verdict on the broken site and nothing else."""
    ran = program("demo", "--json")
    verdict = json.loads(ran.out)
    assert (ran.status, verdict["status"]) == (1, 502)
    assert verdict["causes"][0]["cause"] == "upstream-down"
