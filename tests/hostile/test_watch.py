"""A watched page against real sockets: asked politely, counted, and told when it is back."""

import asyncio
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from loopback import http, one, seen_in

from badgateway.investigate.check import check_url
from badgateway.model.target import Wishes, target_of
from badgateway.model.verdict import Outcome
from badgateway.watch.attempt import attempt
from badgateway.watch.pace import Because
from badgateway.watch.tally import State
from badgateway.watch.watch import Checked, Settled, Tried, Waiting, Watch

PAGE = b"<html><title>502 Bad Gateway</title><h1>502 Bad Gateway</h1><hr>nginx</html>"
BAD = http("502 Bad Gateway", PAGE, "Server: nginx")
GOOD = http("200 OK", b"hello")


def in_order(*answers):
    """One answer after the other; the last one again and again."""
    turns = itertools.chain(answers, itertools.repeat(answers[-1]))

    def handle(connection):
        connection.head()
        connection.send(next(turns))

    return handle


@pytest.fixture
def watched(known):
    """Watch a URL without waiting: the events, the pauses in seconds, and the watch itself."""

    def run(url, tries=None, most=60, **wishes):
        target = target_of(url)
        given = Wishes(**{"timeout": 3.0, "public_resolvers": False, **wishes})
        slept = []

        async def sleep(seconds):
            slept.append(seconds)

        watch = Watch(
            target,
            known,
            lambda: check_url(target, given, known=known),
            lambda number: attempt(target, given, number, known),
            tries=tries,
            sleep=sleep,
        )

        async def follow():
            return [event async for event, _ in _bounded(watch.events(), most)]

        return asyncio.run(follow()), slept, watch

    async def _bounded(events, most):
        number = 0
        async for event in events:
            number += 1
            assert number < most, "it does not end"
            yield event, number

    return run


def kinds(events):
    return [type(event) for event in events]


def test_a_page_that_comes_back_ends_the_watch(serve, watched):
    """A check, tries until three in a row are good, and a check that proves it."""
    server = serve(in_order(BAD, BAD, BAD, GOOD))
    events, _, watch = watched(server.url)
    said = [event.one.status for event in events if isinstance(event, Tried)]
    assert said[-4:] == [502, 200, 200, 200] or said == [200, 200, 200]
    assert kinds(events)[0] is Checked
    assert kinds(events)[-2:] == [Checked, Settled]
    assert watch.works
    assert watch.verdict().outcome is Outcome.HEALTHY
    assert watch.failed_at is not None


def test_a_page_that_works_is_soon_done(serve, watched):
    """Three good answers and a last look; it was never down."""
    events, _, watch = watched(serve(GOOD).url)
    assert [event.one.good for event in events if isinstance(event, Tried)] == [True] * 3
    assert watch.tally.state is State.WORKS
    assert watch.failed_at is None


def test_a_page_that_fails_steadily_is_called_so(serve, watched):
    """As many tries as were asked for, all bad; the check's verdict, with the tries in it."""
    events, _, watch = watched(serve(BAD).url, tries=4)
    assert watch.tally.state is State.DOWN
    assert not watch.works
    verdict = watch.verdict()
    assert (verdict.outcome, verdict.status) == (Outcome.GATEWAY_ERROR, 502)
    assert "intermittent" not in seen_in(verdict)
    assert one(verdict, "watched").value["tries"] == 4
    assert [event.pause for event in events if isinstance(event, Tried)][-1] is None


def test_one_of_two_servers_that_fails_is_named(serve, watched):
    """What the answers tell of who made them decides; the judging states it, not the watch."""
    second = http("502 Bad Gateway", PAGE, "X-Backend: web2")
    first = http("200 OK", b"hello", "X-Backend: web1")
    server = serve(in_order(*[second, first] * 60))
    _, _, watch = watched(server.url, tries=8)
    assert watch.tally.state is State.INTERMITTENT
    verdict = watch.verdict()
    assert verdict.outcome is Outcome.GATEWAY_ERROR
    told = one(verdict, "servers-differ-in-health")
    assert (told.value["by"], told.value["failing"], told.value["working"]) == (
        "x-backend",
        ("web2",),
        ("web1",),
    )
    assert one(verdict, "intermittent").value["bad"] >= 4


def test_servers_that_all_fail_now_and_then_are_not_told_apart(serve, watched):
    """A server that answers well and badly is not what decides."""
    server = serve(
        in_order(*[http(s, PAGE, "X-Node: a") for s in ("502 Bad Gateway", "200 OK")] * 60)
    )
    _, _, watch = watched(server.url, tries=6)
    assert "servers-differ-in-health" not in seen_in(watch.verdict())


def test_what_the_site_asks_for_is_kept(serve, watched):
    """Retry-After first, then the time that the page names, then our own growing pauses."""
    answers = [
        http("503 Service Unavailable", b"busy", "Retry-After: 17"),
        http("502 Bad Gateway", b"Please try again in 30 seconds."),
        BAD,
    ]
    turns = itertools.chain([answers[2]] * 2, answers[:2], itertools.repeat(BAD))

    def handle(connection):
        connection.head()
        connection.send(next(turns))

    events, slept, _ = watched(serve(handle).url, tries=5)
    told = {e.pause.because: e.pause.asked for e in events if isinstance(e, Tried) and e.pause}
    assert told[Because.RETRY_AFTER] == 17
    assert told[Because.PAGE] == 30
    waits = [event.pause.seconds for event in events if isinstance(event, Waiting)]
    assert waits == slept
    assert any(17 <= wait < 19 for wait in waits)
    assert any(30 <= wait < 34 for wait in waits)


def test_there_is_never_more_than_one_request_under_way(serve, known):
    """Tries follow each other, over redirects too: no two connections at a time."""
    running, most, lock = [0], [0], threading.Lock()

    def handle(connection):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        head = connection.head()
        connection.pause(0.02)
        with lock:
            running[0] -= 1
        if b"GET / " in head:
            connection.send(http("302 Found", b"", "Location: /there"))
        else:
            connection.send(BAD)

    target = target_of(serve(handle).url)

    async def some():
        return [await attempt(target, Wishes(timeout=3), number, known) for number in (1, 2, 3)]

    assert [told.status for told in asyncio.run(some())] == [502] * 3
    assert most == [1]


def test_a_dead_address_is_passed_over_and_told(serve, known, monkeypatch):
    """As browsers do, the next address is tried; every try begins at another one."""
    from badgateway.probes import system_resolution
    from badgateway.transport.system import SystemAnswer

    server = serve(GOOD, host="127.0.0.2")

    async def resolve(name, port):
        return SystemAnswer(("127.0.0.1", "127.0.0.2"), name)

    monkeypatch.setattr(system_resolution, "resolve", resolve)
    target = target_of(f"http://shop.test:{server.port}/")

    async def some():
        return [await attempt(target, Wishes(timeout=3), number, known) for number in (1, 2)]

    first, second = asyncio.run(some())
    assert (first.address, first.passed_over) == ("127.0.0.2", ())
    assert (second.address, second.passed_over) == ("127.0.0.2", ("127.0.0.1",))
    assert first.good
    assert second.good


def test_a_site_that_refuses_is_a_failed_try(closed_port, known):
    """No answer has no status, and the word for what failed."""
    target = target_of(f"http://127.0.0.1:{closed_port}/")
    told = asyncio.run(attempt(target, Wishes(timeout=3), 1, known))
    assert (told.good, told.status, told.symptom) == (False, None, "connect-refused")


def test_another_failure_is_looked_into(serve, watched):
    """A 503 that becomes a 502 and stays one: a new check, and a verdict of today."""
    server = serve(in_order(*[http("503 Service Unavailable", b"maintenance")] * 4, BAD))
    events, _, watch = watched(server.url, tries=6)
    assert kinds(events).count(Checked) == 2
    assert watch.verdict().status == 502


def test_a_page_that_only_tries_find_good_is_not_checked_all_the_time(serve, known):
    """A whole check that goes on failing beside good tries is made later and later."""
    target, given = target_of(serve(GOOD).url), Wishes(timeout=3, public_resolvers=False)
    failing = target_of(serve(BAD).url)
    checks = []

    async def check():
        checks.append(1)
        return await check_url(failing, given, known=known)

    async def no_sleep(seconds):
        pass

    watch = Watch(
        target, known, check, lambda number: attempt(target, given, number, known), sleep=no_sleep
    )

    async def follow():
        async for event in watch.events():
            if isinstance(event, Tried) and event.one.number == 50:
                return

    asyncio.run(follow())
    assert 3 <= len(checks) <= 7
    assert not watch.works


def test_a_flood_of_broken_answers_ends(serve, watched):
    """A server that closes without a word is a failed try, not a broken program."""
    _, _, watch = watched(serve(lambda connection: connection.head()).url, tries=3)
    assert watch.tally.symptoms == (("answer-none", 3),)
    assert watch.verdict().outcome is Outcome.UNREACHABLE


# --- the command


def test_each_try_is_a_line_of_json_and_the_verdict_the_last(serve, program):
    """One object a line; the last one is the verdict, and the status says that it is not back."""
    ran = program(
        *(serve(BAD).url, "--watch", "--tries", "2", "--every", "1", "--json"),
        "--no-public-resolvers",
    )
    lines = [json.loads(line) for line in ran.out.splitlines()]
    assert [line["schema"] for line in lines] == ["badgateway.try/1"] * 2 + ["badgateway.verdict/1"]
    assert [line["status"] for line in lines] == [502, 502, 502]
    assert ran.status == 1


def test_a_command_runs_once_the_page_works_and_knows_why(serve, program, tmp_path):
    """No shell reads it: what looks like shell is one argument; what is known is in variables."""
    file = tmp_path / "told"
    script = (
        "import os,sys,pathlib;"
        f"pathlib.Path({str(file)!r}).write_text(os.environ['BADGATEWAY_STATE']+sys.argv[1])"
    )
    ran = program(
        *(serve(GOOD).url, "--watch", "--every", "1", "--no-public-resolvers"),
        *("--then", f'{sys.executable} -c "{script}" $HOME;id'),
    )
    assert ran.status == 0, ran.err
    assert file.read_text() == "works$HOME;id"
    assert "It works: 3 of 3 answers were good." in ran.out


def test_a_command_that_fails_is_told(serve, program):
    """The page works and the command does not: status 2, and one line says which command."""
    ran = program(
        *(serve(GOOD).url, "--watch", "--every", "1", "--no-public-resolvers", "--then", "false")
    )
    assert ran.status == 2
    assert "ended with status 1: false" in ran.err


def test_ctrl_c_ends_with_what_is_known(serve, started):
    """SIGINT between two tries: the verdict so far, the time line, status 1, no traceback."""
    server = serve(BAD)
    process = started(
        [
            *(sys.executable, "-m", "badgateway", server.url, "--watch", "--every", "1"),
            "--no-public-resolvers",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"},
        text=True,
    )
    end = time.monotonic() + 20
    while server.connections < 3 and time.monotonic() < end:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert "Traceback" not in err
    assert process.returncode == 1
    assert "It fails steadily" in out
    assert "502 Bad Gateway" in out


def test_ctrl_c_before_anything_is_known_is_a_stop(serve, started):
    """During the first check nothing can be concluded: status 130 and one line."""
    server = serve(lambda connection: connection.pause(30))
    process = started(
        [
            *(sys.executable, "-m", "badgateway", server.url, "--watch"),
            "--no-public-resolvers",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + 20
    while server.connections < 1 and time.monotonic() < end:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, "")
    assert "stopped" in err
    assert "Traceback" not in err
