"""Several logs on one clock."""

from datetime import UTC, datetime, timedelta, timezone

from badgateway.inference.clock import ended, moments, paired
from badgateway.model.hop import Hop
from badgateway.model.observation import Evidence, Observation

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def at(word, seconds, zone=UTC, **value):
    moment = (NOON + timedelta(seconds=seconds)).astimezone(zone)
    return Observation(Hop.LINK, word, value, f"{word}.log:1", moment)


def stated(*observations):
    return [(o.name, o.text("kind") or o.text("process")) for o in paired(Evidence(observations))]


def test_a_worker_that_dies_as_its_connection_breaks_is_paired():
    """Nginx's reset and the signal in FPM's log, one second apart."""
    assert stated(at("upstream-reset", 0), at("worker-crashed", 1, by="php-fpm")) == [
        ("same-second", "worker-crashed")
    ]


def test_a_worker_that_died_an_hour_before_is_not():
    """A crash of its own, and no reason for this error."""
    assert stated(at("upstream-reset", 0), at("worker-crashed", -3600, by="php-fpm")) == []


def test_zones_do_not_matter():
    """One log in UTC, the other in Tokyo's time, the same moment."""
    tokyo = timezone(timedelta(hours=9))
    assert stated(at("upstream-reset", 0), at("oom-killed", 0, tokyo)) == [
        ("same-second", "oom-killed")
    ]


def test_errors_around_a_start_and_nowhere_else_are_a_restart():
    """Refused until the application was there again."""
    found = stated(at("upstream-refused", -4), at("server-started", 0, by="gunicorn"))
    assert found == [("restart-at-fault", "gunicorn")]


def test_errors_that_go_on_after_the_start_are_not():
    """A start that did not help is not the reason."""
    seen = [at("upstream-refused", -4), at("upstream-refused", 60)]
    assert stated(*seen, at("server-started", 0, by="gunicorn")) == []


def test_an_upstream_that_still_fails_is_no_restart():
    """Asked now, it is refused still."""
    still = Observation(Hop.LINK, "upstream-asked", {"upstream": "a:1", "result": "refused"})
    assert stated(at("upstream-refused", -4), at("server-started", 0, by="gunicorn"), still) == []


def test_the_gateways_own_start_is_none_of_the_applications():
    """Nginx was reloaded; that says nothing of what is behind it."""
    assert stated(at("upstream-refused", -4), at("server-started", 0, by="nginx")) == []


def test_the_times_of_a_group_of_lines_are_all_looked_at():
    """The first, those that were kept, and the last."""
    seen = Observation(
        Hop.LINK,
        "upstream-reset",
        {"times": ["2026-11-24T12:00:05+00:00", "no time"], "last": "2026-11-24T12:00:09+00:00"},
        "",
        NOON,
    )
    assert [(moment - NOON).seconds for moment in moments(seen)] == [5, 0, 9]


def logged(word, line, seconds, by="gunicorn", log="app.log"):
    """A statement of one log, with its line."""
    moment = NOON + timedelta(seconds=seconds)
    return Observation(Hop.UPSTREAM, word, {"by": by}, f"gunicorn-log:{log}:{line}", moment)


def over(*observations):
    """What is stated of stops and ends, with what each supersedes."""
    evidence = Evidence(observations)
    by_id = {o.id: o.name for o in evidence}
    return [(o.name, by_id[o.text("supersedes")]) for o in ended(evidence)]


def test_a_stop_before_a_start_is_over():
    """The same log tells of a start afterwards: the application is not stopped now."""
    stop, start = logged("server-stopping", 4, 0), logged("server-started", 6, 1)
    assert over(stop, start) == [("running-again", "server-stopping")]
    assert over(stop, logged("server-started", 1, -5)) == []
    assert over(stop, logged("server-started", 6, 1, log="other.log")) == []


def test_workers_that_a_stop_takes_along_did_not_crash():
    """SIGKILL for workers that outlast the grace is a part of the stop; one afterwards is not."""
    stop = logged("server-stopping", 4, 1)
    assert over(logged("worker-killed", 3, 0), stop) == [("ended-by-stop", "worker-killed")]
    assert over(stop, logged("worker-killed", 9, 2)) == []


def test_a_second_line_about_the_same_connection_is_no_second_fact():
    """Apache's AH01114 says that there is no connection; the line before it says why."""
    reason = logged("local-ports-used-up", 1, 0, by="apache")
    line = logged("upstream-connect-failed", 2, 0, by="apache")
    assert over(reason, line) == [("said-before", "upstream-connect-failed")]
