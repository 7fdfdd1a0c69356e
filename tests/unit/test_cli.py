"""The command line: what can be written, what comes out, and the exit status."""

import io
import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgateway import __version__
from badgateway.cli.arguments import COMMANDS, UsageError, parse

PAGE = b"HTTP/1.1 502 Bad Gateway\r\nServer: nginx/1.24.0\r\n\r\n<h1>502 Bad Gateway</h1>"


@pytest.mark.parametrize(
    "words",
    [
        ["https://a.example/"],
        ["check", "https://a.example/"],
        ["--json", "https://a.example/"],
        ["https://a.example/", "--json"],
        ["--timeout", "5", "https://a.example/"],
        ["-4", "https://a.example/"],
    ],
)
def test_a_bare_url_is_checked(words):
    """`badgateway URL` is short for `badgateway check URL`, wherever options stand."""
    parsed = parse(words)
    assert (parsed.command, parsed.url) == ("check", "https://a.example/")


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--json"],
        ["--nonsense", "https://a.example/"],
        ["https://a.example/", "https://b.example/"],
        ["https://a.example/", "--timeout", "x"],
        ["https://a.example/", "--timeout", "0"],
        ["https://a.example/", "--timeout", "-1"],
        ["https://a.example/", "--timeout", "nan"],
        ["https://a.example/", "--timeout", "inf"],
        ["https://a.example/", "--lang", "de"],
        ["https://a.example/", "-4", "-6"],
        ["https://a.example/", "--header", "no colon"],
        ["https://a.example/", "--header", ": x"],
        ["https://a.example/", "--header", "X: a\r\nY: b"],
        ["https://a.example/", "--header", "X: a\x00"],
        ["https://a.example/", "--header", "X: a\x7f"],
        ["https://a.example/", "--header", "X Y: a"],
        ["https://a.example/", "--header", "Host: b"],
        ["https://a.example/", "--header", "content-length: 5"],
        ["https://a.example/", "--watch", "--tries", "0"],
        ["https://a.example/", "--watch", "--tries", "many"],
        ["https://a.example/", "--watch", "--every", "0.5"],
        ["check"],
        ["demo", "x"],
    ],
)
def test_a_wrong_call_is_refused(words):
    """A call that makes no sense is refused with one line that says what would be right."""
    with pytest.raises(UsageError) as refused:
        parse(words)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["ftp://a.example/"],
        ["logs", "/no/such/file"],
        ["logs", "/"],
        ["logs", "--jobs", "0", "access.log"],
        ["logs", "--export", "figures.xls", "access.log"],
        ["logs", "--follow"],
        ["inspect", "--root", "/no/such/folder"],
        ["inspect", "--since", "yesterday"],
        ["inspect", "--with", "/no/such/file"],
        ["http://127.0.0.1/", "--proxy", "ftp://a"],
        ["http://127.0.0.1/", "--proxy", "http://"],
        ["http://127.0.0.1/", "--proxy", "http://h:99999"],
        ["http://127.0.0.1/", "--resolver", "one.one.one.one"],
        ["http://127.0.0.1/", "--resolver", "1.1.1.1:0"],
        ["http://127.0.0.1/", "--resolver", "1.1.1.1:²"],
        ["http://127.0.0.1/", "--connect-to", "127.0.0.1:abc"],
        ["http://127.0.0.1/", "--connect-to", "127.0.0.1:99999"],
        ["http://127.0.0.1/", "--connect-to", "[::1"],
        ["http://127.0.0.1/", "--then", "true"],
        ["http://127.0.0.1/", "--tries", "3"],
        ["http://127.0.0.1/", "--watch", "--then", ""],
        ["http://127.0.0.1/", "--watch", "--then", "'open"],
        ["http://127.0.0.1/", "--watch", "--then", "no-such-program-here x"],
        ["explain", "/no/such/file"],
        ["explain", "/"],
        ["dns", "a.example", "--proxy", "http://127.0.0.1:1/"],
        ["dns", "a.example", "--via", "ssh://localhost"],
        ["dns", "127.0.0.1"],
        ["fix", "http://127.0.0.1/", "--resolver", "nobody"],
        ["fix", "http://127.0.0.1/", "--url", "http://127.0.0.2/"],
    ],
)
def test_what_cannot_be_done_is_status_2_and_one_line(command, arguments):
    """A call that cannot be served: status 2, one line on standard error, nothing on output."""
    ran = command(*arguments)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("badgateway: ")
    assert ran.err.count("\n") == 1


def test_the_version_is_told(command):
    """--version says the version and nothing else."""
    for option in ("--version", "-V"):
        assert command(option) == command("-V")
        assert command(option).out == f"badgateway {__version__}\n"


@pytest.mark.parametrize("words", [["--help"], ["-h"], *([name, "--help"] for name in COMMANDS)])
def test_help_is_no_fault(command, words):
    """Help is printed with status 0 and fits a terminal of 80 columns."""
    ran = command(*words)
    assert ran.status == 0
    assert "usage: badgateway" in ran.out


@pytest.mark.parametrize(
    ("material", "status", "outcome"),
    [
        (PAGE, 1, "gateway-error"),
        (b"502 Bad Gateway", 1, "gateway-error"),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", 1, "other-error"),
        (b"HTTP/1.1 200 OK\r\n\r\nhello", 0, "none"),
        (b"hello", 0, "none"),
        (b"", 2, "none"),
        (b"\x00\x01\x02", 2, "none"),
        (PAGE.decode().encode("utf-16"), 1, "gateway-error"),
        (b"\xef\xbb\xbf" + PAGE, 1, "gateway-error"),
    ],
)
def test_the_exit_status_says_whether_there_is_a_fault(command, material, status, outcome):
    """0 without a fault, 1 with one, 2 where nothing could be read; the same from a pipe."""
    ran = command("explain", "--json", stdin=material)
    assert (ran.status, json.loads(ran.out)["outcome"]) == (status, outcome)
    assert command("explain", "-", "--json", stdin=material).status == status


def test_explain_reads_several_files(command, tmp_path):
    """Each file is one artifact, and the worst of them is what the verdict is about."""
    (tmp_path / "good").write_bytes(b"HTTP/1.1 200 OK\r\n\r\nhello")
    (tmp_path / "bad").write_bytes(PAGE)
    ran = command("explain", "--json", str(tmp_path / "good"), str(tmp_path / "bad"))
    verdict = json.loads(ran.out)
    assert (ran.status, verdict["status"], verdict["emitter"]["name"]) == (1, 502, "nginx")


def test_explain_goes_nowhere(command, tmp_path, monkeypatch):
    """Explain opens no socket, ever."""
    import socket

    def forbidden(*arguments, **named):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", forbidden)
    monkeypatch.setattr(socket, "getaddrinfo", forbidden)
    file = tmp_path / "page"
    file.write_bytes(PAGE + b'<a href="http://a.example/">')
    assert command("explain", str(file)).status == 1


def test_a_missing_file_beside_a_good_one_is_an_error(command, tmp_path):
    """A verdict on half of the material would be a false one."""
    (tmp_path / "good").write_bytes(PAGE)
    assert command("explain", str(tmp_path / "good"), str(tmp_path / "none")).status == 2


def test_brief_leaves_the_evidence_out(command):
    """--brief is the report without its evidence."""
    whole = command("explain", stdin=PAGE).out
    brief = command("explain", "--brief", stdin=PAGE).out
    assert "Evidence" in whole
    assert "Evidence" not in brief


HEADER_VALUE = st.text(st.characters(min_codepoint=0, max_codepoint=0x2FF), max_size=20)


@given(st.text(st.characters(max_codepoint=0x17F), min_size=1, max_size=10), HEADER_VALUE)
def test_a_header_that_is_taken_can_be_sent(name, value):
    """Whatever --header takes, the request with it can be written."""
    import h11

    try:
        parsed = parse(["https://a.example/", f"--header={name}: {value}"])
    except UsageError:
        return
    h11.Request(method="GET", target="/", headers=[("Host", "a"), *parsed.header])


# --- the browser's profile


class Terminal(io.StringIO):
    """A terminal at which somebody has typed something."""

    def isatty(self):
        return True


@pytest.mark.parametrize(("typed", "used"), [("y\n", "auto"), ("n\n", ""), ("\n", ""), ("", "")])
def test_a_profile_that_was_found_is_used_once_the_person_agrees(monkeypatch, typed, used):
    """In a terminal `auto` names the profile first; silence is no consent."""
    from badgateway.browser import find
    from badgateway.browser.profile import Family, Profile
    from badgateway.cli.questions import allowed

    place = Path("/home/someone/.config/chromium")
    found = Profile("chromium", "Chromium", Family.CHROMIUM, place / "Default", place, place)
    monkeypatch.setattr(find, "found_profiles", lambda: [found])
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, Terminal(typed))
    parsed = parse(["https://a.example/", "--browser-profile", "auto"])
    assert allowed(parsed.browser_profile, parsed) == used
    assert str(place / "Default") in sys.stderr.getvalue()


@pytest.mark.parametrize("profile", ["", "auto", "/home/someone/.mozilla/firefox"])
def test_nobody_is_asked_in_a_pipe(profile):
    """Who wrote the option into a script has agreed by that."""
    from badgateway.cli.questions import allowed

    parsed = parse(["https://a.example/", "--browser-profile", profile, "--json"])
    assert allowed(parsed.browser_profile, parsed) == profile
