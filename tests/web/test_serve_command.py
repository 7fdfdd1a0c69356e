"""`badgateway serve` as a program."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import contextmanager

import pytest


@contextmanager
def running(*options):
    """The program, until it says that it serves; its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    call = [sys.executable, "-m", "badgateway", "serve", "--port", str(port), *options]
    process = subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert f":{port}/" in process.stdout.readline()
        yield process, port
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_interrupted(tmp_path, ended_by):
    """It says where, answers, and ends without a word when it is told to."""
    with running("--history", str(tmp_path / "past.sqlite3")) as (process, port):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as page:
            assert page.status == 200
        process.send_signal(ended_by)
        _, said = process.communicate(timeout=10)
        assert said == ""
        assert process.returncode in (0, -ended_by)


def test_it_ends_while_somebody_listens(tmp_path):
    """An open stream does not keep it from ending."""
    with running("--no-history") as (process, port):
        client = socket.create_connection(("127.0.0.1", port))
        client.sendall(b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)
        client.close()


def test_a_port_in_use_is_said(command, tmp_path):
    """With what to do about it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = command("serve", "--port", str(taken.getsockname()[1]), "--no-history")
    assert ran.status == 2
    assert "--port" in ran.err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--host", "0.0.0.0"), "--public"),
        (("--behind", "10.0.0.1"), "--public"),
        (("--port", "0"), "no port"),
        (("--refuse", "everything"), "no network"),
        (("--key-file", "/nowhere"), "/nowhere"),
    ],
)
def test_a_call_that_cannot_be_is_refused(command, options, says):
    """In one line that says what would be right."""
    ran = command("serve", *options)
    assert ran.status == 2
    assert says in ran.err
    assert ran.err.count("\n") == 1


def test_a_history_that_cannot_be_written_is_said(command, tmp_path):
    """A file that is no history is neither read nor overwritten."""
    file = tmp_path / "history.sqlite3"
    file.write_text("something else, and long enough to be taken for a database" * 20)
    ran = command("serve", "--history", str(file))
    assert ran.status == 2
    assert "--no-history" in ran.err
    assert file.read_text().startswith("something else")


def test_a_missing_extra_is_named_with_the_command_that_installs_it():
    """Without uvicorn nothing breaks but this command."""
    code = (
        "import sys; sys.modules['uvicorn'] = None\n"
        "from badgateway.cli.main import main; sys.exit(main(['serve']))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert ran.stderr == (
        "badgateway: the page needs the extra `web`: pip install 'badgateway[web]'\n"
    )


def test_the_key_comes_from_the_environment(tmp_path):
    """It never stands on a command line that others can list."""
    os.environ["BADGATEWAY_KEY"] = "shared"
    try:
        with running("--public") as (_, port):
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}/api/v1/check",
                b'{"url": "http://10.0.0.1/"}',
                {"Content-Type": "application/json", "Authorization": "Bearer wrong"},
            )
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(request)
            assert refused.value.code == 401
            request.add_header("Authorization", "Bearer shared")
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(request)
            assert refused.value.code == 400
            refused.value.close()
    finally:
        del os.environ["BADGATEWAY_KEY"]


def test_a_report_is_written_beside_the_terminals(command, demo, tmp_path):
    """`--report` gives the file that its ending names."""
    demo.stop_application()
    for name, mark in (("r.html", "<!doctype html>"), ("r.md", "# 502 Bad Gateway")):
        file = tmp_path / name
        ran = command("check", demo.url, "--no-public-resolvers", "--report", str(file))
        assert ran.status == 1
        assert file.read_text("utf-8").startswith(mark)
    assert command("check", demo.url, "--report", "r.exe").status == 2
