"""Incidents are found when they were, with their causes, and nothing else is called one."""

import json
import random
from datetime import UTC, datetime

import pytest
from made_logs import BEGIN, month, nginx_error, scored, stamp, tail

from badgateway.cli.main import main
from badgateway.investigate.logs import analyse, logs_at
from badgateway.logs.bursts import bursts, rates_of
from badgateway.logs.engines.local import Local
from badgateway.logs.summary import Summary
from badgateway.model.incident import LogReport

FILES = ("access.log", "error.log", "php-fpm.log", "kern.log")


@pytest.fixture(autouse=True)
def _one_zone(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")


def report_of(*names: object) -> LogReport:
    logs, skipped = logs_at([str(name) for name in names])
    engine = Local(1)
    try:
        return analyse(logs, engine, skipped=skipped)
    finally:
        engine.close()


def test_planted_incidents_of_a_month_are_found(tmp_path):
    """Of 50 planted ones 95 % are found to the minute with their cause; at most one is false."""
    planted = month(tmp_path, seed=3)
    report = report_of(*(tmp_path / name for name in FILES))
    score = scored(planted, report.incidents)
    assert score.found >= 0.95 * len(planted)
    assert score.named >= 0.95 * len(planted)
    assert score.false <= 1
    assert report.background is not None
    assert 0 < report.background.share < 0.01
    assert sum(i.errors for i in report.incidents) + report.background.errors == report.errors


def test_a_month_without_trouble_has_no_incident(tmp_path):
    """Errors that come and go with the hour are background, not incidents."""
    month(tmp_path, count=1, seed=4)
    report = report_of(tmp_path / "access.log")
    assert len(report.incidents) == 1


def access(path, minutes, rate=60, bad=(), status=502, ms=3, upstream_of=None) -> None:
    """An access log with `rate` requests a minute, all of them failing in the minutes `bad`."""
    chance, lines = random.Random(5), []
    for minute in range(minutes):
        for n in range(rate):
            failed = minute in bad
            rest = tail(chance, status if failed else 200, False, ms if failed else 20)
            if failed and upstream_of:
                for name in ("10.0.0.11:8080", "10.0.0.12:8080", "10.0.0.13:8080"):
                    rest = rest.replace(name, upstream_of(minute))
            at = BEGIN + minute * 60 + n * 60 // rate
            lines.append(f'198.51.100.{n % 40} - - [{stamp(at)}] "GET /shop/{n % 5}{rest}')
    path.write_text("".join(lines))


def test_an_incident_says_whom_it_hit_and_how(tmp_path):
    """Share, addresses, paths, answers, upstreams and the limit that many requests ran into."""
    access(tmp_path / "access.log", 120, bad=range(60, 70), status=504, ms=60_001)
    (incident,) = report_of(tmp_path / "access.log").incidents
    assert incident.begin == datetime.fromtimestamp(BEGIN + 3_600, UTC)
    assert incident.end == datetime.fromtimestamp(BEGIN + 4_199, UTC)
    assert (incident.errors, incident.requests, incident.share) == (600, 600, 1.0)
    assert incident.clients == 40
    assert [c.name for c in incident.statuses] == ["504"]
    assert {c.name for c in incident.paths} == {f"/shop/{n}" for n in range(5)}
    assert sum(c.count for c in incident.upstreams) == 600
    assert incident.limits[0].seconds == 60.0
    assert incident.limits[0].count == 600
    assert not incident.ongoing
    assert incident.verdict.causes[0].cause == "upstream-timeout-slow-app"


def test_a_pause_does_not_make_two_incidents_and_another_fault_does(tmp_path):
    """A quiet minute is within an incident; other answers of another upstream are another one."""
    access(tmp_path / "a.log", 120, bad=[*range(50, 55), *range(57, 62)])
    assert len(report_of(tmp_path / "a.log").incidents) == 1
    access(
        tmp_path / "b.log",
        120,
        bad=range(50, 70),
        upstream_of=lambda minute: "10.0.0.8:80" if minute < 60 else "10.0.0.9:80",
    )
    first, second = report_of(tmp_path / "b.log").incidents
    assert first.upstreams[0].name == "10.0.0.8:80"
    assert second.upstreams[0].name == "10.0.0.9:80"
    assert second.begin.timestamp() == BEGIN + 3_600


def test_what_is_always_so_is_no_incident():
    """A site that answers one error in a hundred all the time has none; more than that has."""
    steady, worse = Summary(), Summary()
    for minute in range(3_000):
        for summary, errors in ((steady, 1), (worse, 1 if minute < 2_000 else 9)):
            summary.request(minute, 200, 100 - errors)
            summary.request(minute, 502, errors)
    assert bursts(rates_of(steady), steady.failed) == []
    (burst,) = bursts(rates_of(worse), worse.failed)
    assert (burst.begin, burst.end) == (2_000, 2_999)


def test_retries_that_saved_the_request_are_shown_and_are_no_errors(tmp_path):
    """A second upstream that answered: seen as retries, with nothing failed for the client."""
    chance = random.Random(1)
    path = tmp_path / "access.log"
    path.write_text(
        "".join(
            f'198.51.100.7 - - [{stamp(BEGIN + n)}] "GET /{tail(chance, 200, n % 3 == 0, 20)}'
            for n in range(900)
        )
    )
    report = report_of(path)
    assert report.errors == 0
    assert report.incidents == ()
    assert [(c.name, c.count) for c in report.retries] == [("502, 200", 300)]


def test_error_logs_are_read_in_the_zone_of_the_access_log(tmp_path, monkeypatch):
    """Times without a zone are those of the access log beside them, wherever we are."""
    monkeypatch.setenv("TZ", "America/New_York")
    access(tmp_path / "access.log", 60, bad=range(30, 35))
    message = "connect() failed (111: Connection refused) while connecting to upstream"
    (tmp_path / "error.log").write_text(
        "".join(
            nginx_error(BEGIN + 1_800 + n, message, "198.51.100.7", "/", "10.0.0.11:8080")
            for n in range(300)
        )
    )
    (incident,) = report_of(tmp_path / "access.log", tmp_path / "error.log").incidents
    assert incident.wordings[0].known == "nginx/connect-refused"
    assert incident.wordings[0].subject == "10.0.0.11:8080"
    assert incident.wordings[0].count == 300
    assert incident.verdict.causes[0].cause == "upstream-down"


def test_error_logs_alone_tell_incidents_too(tmp_path):
    """Without an access log, known lines of error logs are counted; requests are unknown."""
    message = "connect() failed (111: Connection refused) while connecting to upstream"
    quiet = 'open() "/srv/favicon.ico" failed (2: No such file or directory)'
    lines = []
    for n in range(7_200):
        text = message if 3_600 <= n < 3_900 else quiet
        lines.append(nginx_error(BEGIN + n, text, "198.51.100.7", "/", "10.0.0.11:8080"))
    path = tmp_path / "error.log"
    path.write_text("".join(lines))
    report = report_of(path)
    (incident,) = report.incidents
    assert incident.begin.timestamp() == BEGIN + 3_600
    assert incident.end.timestamp() // 60 == (BEGIN + 3_899) // 60
    assert (incident.errors, incident.share) == (300, None)
    assert incident.verdict.causes[0].cause in ("upstream-down", "upstream-wrong-address")
    assert report.errors == 300
    assert main(["logs", "--json", str(path)]) == 1
    assert main(["logs", str(path)]) == 1


def test_an_incident_before_with_the_same_cause_is_remembered(tmp_path):
    """The second of two alike says that there was one before."""
    bad = [*range(100, 106), *range(300, 306)]
    access(tmp_path / "access.log", 400, bad=bad, status=504, ms=30_000)
    first, second = report_of(tmp_path / "access.log").incidents
    assert (first.before, second.before) == (0, 1)


def test_the_command_keeps_the_contract(tmp_path, capsys):
    """One verdict object on standard output; status 1 with errors, 0 without, 2 without logs."""
    access(tmp_path / "bad.log", 60, bad=range(30, 35))
    access(tmp_path / "good.log", 30)
    assert main(["logs", "--json", str(tmp_path / "bad.log")]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == "badgateway.verdict/1"
    assert told["outcome"] == "gateway-error"
    assert told["status"] == 502
    assert told["causes"]
    assert [i["id"] for i in told["logs"]["incidents"]] == ["i1"]
    ids = {o["id"] for o in told["observations"]}
    assert {i for cause in told["causes"] for i in cause["because"]} <= ids
    assert main(["logs", "--json", str(tmp_path / "good.log")]) == 0
    assert json.loads(capsys.readouterr().out)["outcome"] == "none"
    assert main(["logs", "--json", str(tmp_path / "no.log")]) == 2
    assert "no.log" in capsys.readouterr().err


def test_a_person_sees_when_whom_and_why(tmp_path, capsys):
    """The report in a terminal names time, share, cause and the next step."""
    access(tmp_path / "access.log", 60, bad=range(30, 35), status=504, ms=60_000)
    assert main(["logs", str(tmp_path / "access.log")]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "1 incident" in said
    assert "2026-11-01 00:30" in said
    assert "300 of 300 requests failed (100.0 %" in said
    assert "upstream-timeout-slow-app" in said
    assert "300 took 60.0 s each" in said
