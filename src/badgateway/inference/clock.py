"""One story on one clock: what happened in the same second, or just before, in different logs.

A worker that is killed while the gateway's connection breaks is its reason; one that was killed
an hour earlier is not. A restart with the errors around it is a restart window. Times compare
across zones, for every time that a reader gives has one; a log without a zone is taken as this
machine's own, and where both logs are without one they agree anyway.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from badgateway.inference.meeting import superseded
from badgateway.model.hop import Hop
from badgateway.model.observation import Evidence, Observation

SAME = timedelta(seconds=2)
"""Logs are written when a request ends, by machines whose clocks differ a little."""
WINDOW = timedelta(seconds=90)
"""How long an application may take to start again."""
_BROKEN = ("upstream-reset", "upstream-closed-early", "upstream-closed-in-body", "upstream-refused")
_ENDS = (
    *("worker-killed", "worker-crashed", "worker-exited", "worker-timed-out", "oom-killed"),
    *("segfault", "heap-exhausted", "unit-exited", "server-crashed"),
)
_RESTARTS = ("server-started", "server-reloaded", "unit-started", "deployed")
_REFUSALS = ("upstream-refused", "socket-not-found", "upstream-reset", "upstream-closed-early")
_SERVERS_IN_FRONT = frozenset({"nginx", "apache", "haproxy", "caddy", "varnish", "traefik"})


def ended(evidence: Evidence) -> Iterator[Observation]:
    """Stops and ends that are no failures: what was started again, and what a stop took along."""
    yield from _over(evidence)
    yield from _parts_of_a_stop(evidence)
    yield from _said_before(evidence)


def paired(evidence: Evidence) -> Iterator[Observation]:
    """What the times of several logs say together."""
    yield from _same_second(evidence)
    yield from _restarts(evidence)


def _over(evidence: Evidence) -> Iterator[Observation]:
    """A stop after which the same log tells of a start: it is no state of now."""
    starts = evidence.named("server-started")
    for stop in evidence.named("server-stopping"):
        last = max(moments(stop), default=None)
        for start in starts:
            if last is None or _log(start) != _log(stop) or start.text("by") != stop.text("by"):
                continue
            if any(moment >= last for moment in moments(start)):
                value = {"process": stop.text("by"), "supersedes": stop.id}
                yield Observation(Hop.UPSTREAM, "running-again", value, start.source, last)
                break


def _parts_of_a_stop(evidence: Evidence) -> Iterator[Observation]:
    """Workers that ended as their server was stopped: they did not fail, they were sent home."""
    for stop in evidence.named("server-stopping"):
        stopped = sorted(moments(stop))
        for end in evidence.named("worker-killed", "worker-exited", "worker-restarted"):
            ended = moments(end) or [datetime.max.replace(tzinfo=UTC)]
            same = _log(end) == _log(stop) and end.text("by") == stop.text("by")
            # Who is told to go ends before the last line about the stop, not after it.
            before = _line(end) <= _line(stop) or (stopped and max(ended) < stopped[-1])
            if same and before and all(_near(m, stopped, SAME) for m in ended):
                value = {"process": stop.text("by"), "supersedes": end.id}
                yield Observation(Hop.UPSTREAM, "ended-by-stop", value, end.source, ended[-1])


_SAID = (
    *("upstream-refused", "local-ports-used-up", "upstream-connect-timeout", "socket-denied"),
    *("upstream-unroutable", "upstream-connect-denied", "socket-not-found", "socket-queue-full"),
)


def _said_before(evidence: Evidence) -> Iterator[Observation]:
    """That no connection was made, beside the line that says why: one fact, said twice."""
    for line in evidence.named("upstream-connect-failed"):
        for reason in evidence.named(*_SAID):
            if reason.text("by") == line.text("by") and _log(reason) == _log(line):
                value = {"reason": reason.name, "supersedes": line.id}
                yield Observation(Hop.LINK, "said-before", value, reason.source, reason.at)
                break


def _log(observation: Observation) -> str:
    """The file that it stands in."""
    return observation.source.rpartition(":")[0]


def _line(observation: Observation) -> int:
    """The number of its first line there."""
    number = observation.source.rpartition(":")[2]
    return int(number) if number.isdecimal() else 0


def _same_second(evidence: Evidence) -> Iterator[Observation]:
    """A connection that broke as a process of the application ended; each kind of end once."""
    broken = sorted(moment for o in evidence.named(*_BROKEN) for moment in moments(o))
    others = superseded(evidence)
    for end in evidence.named(*_ENDS):
        if end.id in others:
            continue
        moment = next((m for m in moments(end) if _near(m, broken, SAME)), None)
        if moment is not None:
            value = {"first": end.name, "second": "a broken connection", "kind": end.name}
            yield Observation(Hop.UPSTREAM, "same-second", value, end.source, moment)


def _restarts(evidence: Evidence) -> Iterator[Observation]:
    """Failed connections that lie around a start of the application, and nowhere else."""
    asked = evidence.named("upstream-asked")
    if any(o.text("result") != "answers" for o in asked):
        # What still fails when it is asked now is no matter of a start that is over.
        return
    others = superseded(evidence)
    mine = [o for o in evidence.named(*_REFUSALS) if o.id not in others]
    failed = sorted(moment for o in mine for moment in moments(o))
    for start in evidence.named(*_RESTARTS):
        if start.text("by") in _SERVERS_IN_FRONT:
            continue
        starts = sorted(moments(start))
        if failed and starts and all(_near(moment, starts, WINDOW) for moment in failed):
            # Errors that go on to the end of what was seen tell of a start that did not help.
            if failed[-1] > starts[-1] + SAME:
                continue
            value = {"process": start.text("by") or start.text("unit") or "the application"}
            yield Observation(Hop.LINK, "restart-at-fault", value, start.source, starts[-1])
            return


def moments(observation: Observation) -> list[datetime]:
    """The times at which it was seen, as many as were kept; empty for what has none."""
    found = [_time(item) for item in observation.items("times")]
    found += [observation.at, _time(observation.value.get("last"))]
    return [moment for moment in found if moment is not None and moment.tzinfo is not None]


def _time(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)) if text else None
    except ValueError:
        return None


def _near(moment: datetime, ordered: Sequence[datetime], within: timedelta) -> bool:
    place = bisect_left(ordered, moment - within)
    return place < len(ordered) and ordered[place] <= moment + within
