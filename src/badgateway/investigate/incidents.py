"""From the summary of logs to incidents with their causes.

A burst knows its minutes. What the logs say in them is read once more from one example of each
wording by the reader of its dialect, gets the burst's own counts and times, and is judged like any
other material. What the requests have in common is stated in the words that readers use for it.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from statistics import median
from typing import TypeVar

from badgateway.inference.judge import judge_material
from badgateway.inference.weigh import speaking
from badgateway.knowledge.base import Knowledge
from badgateway.logs.bursts import Burst, Rates, bursts, rates_of, rates_of_lines
from badgateway.logs.gather import Gathered
from badgateway.logs.source import Log
from badgateway.logs.summary import GATEWAY, Example, Kind, Minute, Said, Summary
from badgateway.logs.tally import quantile
from badgateway.model.hop import Hop
from badgateway.model.incident import (
    Background,
    Count,
    Durations,
    Incident,
    Limit,
    LogRead,
    LogReport,
    Unread,
    Wording,
)
from badgateway.model.material import material_of
from badgateway.model.observation import Evidence, Observation, Value
from badgateway.model.verdict import Verdict
from badgateway.readers import readers
from badgateway.remedies import steps_for

BEFORE, AFTER = 2, 1
"""Minutes around a burst in which error logs are read: what broke it comes first."""
MOST_WORDINGS = 60
MOST_SHOWN = 12
MOST_TIMES = 50
POINTS = 54
"""Points of a trend."""
_ONGOING = 2
"""Minutes before the end of the logs at which an incident still goes on."""
_TOTALS = frozenset({"answers-logged", "same-duration", "burst", "traffic", "lines-unread"})
_FEWEST_SAME, _SAME = 3, 0.3
_SHORTEST_LIMIT = 2
_BURST = 120
_EDGES = frozenset({"cloudfront-log"})
_MOST_KINDS = 40

Name = TypeVar("Name")


@dataclass(frozen=True)
class _Minutes:
    """The tables of a summary, by minute."""

    summary: Summary

    @cached_property
    def failed(self) -> Mapping[Minute, list[tuple[Kind, int]]]:
        return _indexed(self.summary.failed)

    @cached_property
    def paths(self) -> Mapping[Minute, list[tuple[str, int]]]:
        return _indexed(self.summary.failed_paths)

    @cached_property
    def clients(self) -> Mapping[Minute, list[tuple[str, int]]]:
        return _indexed(self.summary.failed_clients)

    @cached_property
    def limits(self) -> Mapping[Minute, list[tuple[int, int]]]:
        return _indexed(self.summary.limits)

    @cached_property
    def said(self) -> Mapping[Minute, list[tuple[Said, tuple[int, int]]]]:
        found: dict[Minute, list[tuple[Said, tuple[int, int]]]] = {}
        for (minute, said), counted in self.summary.said_minutes.items():
            found.setdefault(minute, []).append((said, counted))
        return found


def _indexed(table: Mapping[tuple[Minute, Name], int]) -> dict[Minute, list[tuple[Name, int]]]:
    found: dict[Minute, list[tuple[Name, int]]] = {}
    for (minute, name), count in table.items():
        found.setdefault(minute, []).append((name, count))
    return found


def _sum(
    table: Mapping[Minute, list[tuple[Name, int]]], minutes: Iterable[Minute]
) -> Counter[Name]:
    total: Counter[Name] = Counter()
    for minute in minutes:
        for name, count in table.get(minute, ()):
            total[name] += count
    return total


class Incidents:
    """Makes the report of gathered logs.

    Args:
        gathered: the logs.
        known: the knowledge.
    """

    def __init__(self, gathered: Gathered, known: Knowledge) -> None:
        self._gathered, self._known = gathered, known
        self._summary = gathered.summary
        self._minutes = _Minutes(self._summary)
        self._logs = {log.name: log for log, _ in gathered.logs}
        self._read: dict[Example, list[Observation]] = {}
        self._rates = rates_of(self._summary) if self._summary.requests else self._of_lines()
        self._seconds = sorted(self._summary.seconds)
        self._usual_requests = median([requests for _, requests in self._rates.values()] or [0])

    def report(self, elapsed: float) -> LogReport:
        """The report; `elapsed` are the seconds the work took so far."""
        summary = self._summary
        found = bursts(self._rates, summary.failed)
        incidents: list[Incident] = []
        for number, burst in enumerate(found, 1):
            incident = self._incident(number, burst)
            incidents.append(replace(incident, before=_before(incident, incidents)))
        statuses: Counter[str] = Counter()
        for by_status in summary.minutes.values():
            for status, count in by_status.items():
                statuses[_status(status)] += count
        times = sorted(self._rates) or sorted({m for m, _ in summary.said_minutes})
        step, trend, errors = self._trends(times)
        troubles = {skipped.name: skipped.why for skipped in self._gathered.skipped}
        return LogReport(
            logs=tuple(
                LogRead(log.name, log.kind, lines, troubles.get(log.name))
                for log, lines in self._gathered.logs
            ),
            requests=summary.requests,
            entries=summary.entries,
            unread=summary.unread,
            samples=tuple(Unread(_place(one), one.text) for one in summary.samples),
            begin=_at(times[0] * 60) if times else None,
            end=_at(times[-1] * 60 + 59) if times else None,
            errors=sum(count for count, _ in self._rates.values()),
            statuses=_counts(statuses, summary.requests),
            step=step,
            trend=trend,
            errors_trend=errors,
            clients=_counted(summary.clients.top(MOST_SHOWN), summary.requests),
            paths=_counted(summary.paths.top(MOST_SHOWN), summary.requests),
            missed=max(summary.clients.missed, summary.paths.missed),
            durations=_durations(summary),
            retries=_counts(Counter(summary.retries), summary.requests),
            incidents=tuple(incidents),
            background=self._background(found),
            wordings=self._wordings_of_all(),
            beyond=summary.beyond,
            elapsed_s=round(elapsed, 3),
        )

    def _trends(self, times: list[Minute]) -> tuple[int, tuple[int, ...], tuple[int, ...]]:
        if not times or not self._rates:
            return 60, (), ()
        width = max(1, -(-(times[-1] - times[0] + 1) // POINTS))
        points = (times[-1] - times[0]) // width + 1
        points = min(points, POINTS * 4)
        trend, errors = [0] * points, [0] * points
        for minute, (count, requests) in self._rates.items():
            at = min(points - 1, max(0, (minute - times[0]) // width))
            trend[at] += requests if self._summary.requests else 0
            errors[at] += count
        return width * 60, tuple(trend), tuple(errors)

    def _incident(self, number: int, burst: Burst) -> Incident:
        minutes = range(burst.begin, burst.end + 1)
        around = range(burst.begin - BEFORE, burst.end + AFTER + 1)
        kinds = _sum(self._minutes.failed, minutes)
        errors = Counter({kind: n for kind, n in kinds.items() if kind.status in GATEWAY})
        begin, end = self._edges(burst)
        told = self._summary.requests > 0
        clients = _sum(self._minutes.clients, minutes)
        limits = _limits(_sum(self._minutes.limits, minutes), burst.errors)
        wordings = self._said(around)
        evidence = Evidence(self._evidence(burst, kinds, limits, wordings, begin, end))
        last = max(self._rates, default=0)
        return Incident(
            id=f"i{number}",
            begin=_at(begin),
            end=_at(end),
            ongoing=burst.end >= last - _ONGOING,
            errors=burst.errors,
            requests=burst.requests if told else 0,
            share=burst.errors / burst.requests if told and burst.requests else None,
            usual=burst.usual,
            clients=len(clients),
            statuses=_by(errors, lambda kind: _status(kind.status)),
            upstreams=_by(errors, lambda kind: kind.upstream or "not told"),
            paths=_counts(_sum(self._minutes.paths, minutes), burst.errors),
            retries=_by(
                Counter({k: n for k, n in kinds.items() if "," in k.upstream_status}),
                lambda kind: kind.upstream_status,
            ),
            limits=limits,
            wordings=tuple(self._wording(*one) for one in wordings[:MOST_SHOWN]),
            verdict=self._judged(evidence, f"{_at(begin):%Y-%m-%d %H:%M} to {_at(end):%H:%M} UTC"),
            before=0,
            trend=self._trend(burst),
        )

    def _of_lines(self) -> Rates:
        """Where there is no access log: lines of error logs that speak for some cause."""
        telling = {
            said
            for said in self._summary.said
            if any(speaking(one, self._known) for one in self._stated(said))
        }
        lines: Counter[Minute] = Counter()
        for (minute, said), (count, _) in self._summary.said_minutes.items():
            if said in telling:
                lines[minute] += count
        return rates_of_lines(lines)

    def _edges(self, burst: Burst) -> tuple[int, int]:
        """The first and last second with an error."""
        first = bisect_left(self._seconds, burst.begin * 60)
        after = bisect_left(self._seconds, (burst.end + 1) * 60)
        if first < after:
            return self._seconds[first], self._seconds[after - 1]
        return burst.begin * 60, burst.end * 60 + 59

    def _trend(self, burst: Burst) -> tuple[int, ...]:
        width = max(1, -(-(burst.end - burst.begin + 1) // POINTS))
        trend = [0] * ((burst.end - burst.begin) // width + 1)
        for minute in range(burst.begin, burst.end + 1):
            trend[(minute - burst.begin) // width] += self._rates.get(minute, (0, 0))[0]
        return tuple(trend)

    def _judged(self, evidence: Evidence, subject: str) -> Verdict:
        verdict = judge_material(evidence, subject, self._known)
        return replace(verdict, steps=steps_for(verdict, self._known))

    def _background(self, found: list[Burst]) -> Background | None:
        inside = {m for burst in found for m in range(burst.begin, burst.end + 1)}
        minutes = [m for m in self._summary.minutes if m not in inside]
        kinds = _sum(self._minutes.failed, minutes)
        errors = Counter({kind: n for kind, n in kinds.items() if kind.status in GATEWAY})
        count = sum(errors.values())
        if not count:
            return None
        requests = sum(self._rates[minute][1] for minute in minutes)
        near = {m for burst in found for m in range(burst.begin - BEFORE, burst.end + AFTER + 1)}
        wordings = self._said(m for m in self._minutes.said if m not in near)
        begin, end = min(minutes) * 60, max(minutes) * 60 + 59
        burst = Burst(begin // 60, end // 60, count, requests, count / max(1, requests))
        limits = _limits(_sum(self._minutes.limits, minutes), count)
        evidence = Evidence(
            self._evidence(burst, kinds, limits, wordings, begin, end, background=True)
        )
        return Background(
            errors=count,
            share=count / requests if requests else 0.0,
            statuses=_by(errors, lambda kind: _status(kind.status)),
            paths=_counts(_sum(self._minutes.paths, minutes), count),
            retries=_by(
                Counter({k: n for k, n in kinds.items() if "," in k.upstream_status}),
                lambda kind: kind.upstream_status,
            ),
            verdict=self._judged(evidence, "errors outside incidents"),
        )

    # What error logs say

    def _said(self, minutes: Iterable[Minute]) -> list[tuple[Said, int, tuple[int, ...]]]:
        """What was said in these minutes, how often, and the first second in each minute."""
        counts: Counter[Said] = Counter()
        seconds: dict[Said, list[int]] = {}
        for minute in minutes:
            for said, (count, second) in self._minutes.said.get(minute, ()):
                counts[said] += count
                seconds.setdefault(said, []).append(second)
        ranked = sorted(counts.items(), key=lambda one: (not self._stated(one[0]), -one[1], one[0]))
        return [(said, n, tuple(seconds[said])) for said, n in ranked[:MOST_WORDINGS]]

    def _stated(self, said: Said) -> list[Observation]:
        """What the readers make of its example."""
        statement = self._summary.said[said]
        return self._observed(statement.example)

    def _observed(self, example: Example) -> list[Observation]:
        found = self._read.get(example)
        if found is None:
            reader = readers().get(example.kind)
            log = self._logs.get(example.source)
            if reader is None or log is None:
                found = []
            else:
                material = material_of(example.source, example.text + "\n", example.line)
                material = replace(material, formats=_formats(log), changed=log.changed)
                found = [o for o in reader.read(material) if o.name not in _TOTALS]
            self._read[example] = found
        return found

    def _wording(self, said: Said, count: int, seconds: tuple[int, ...]) -> Wording:
        statement = self._summary.said[said]
        stated = self._stated(said)
        return Wording(
            text=said.template,
            subject=said.subject,
            known=stated[0].text("signature") or None if stated else None,
            says=stated[0].name if stated else None,
            count=count,
            first=_at(min(seconds)) if seconds else None,
            last=_at(max(seconds)) if seconds else None,
            source=_place(statement.example),
            example=statement.example.text[:400],
        )

    def _wordings_of_all(self) -> tuple[Wording, ...]:
        ranked = sorted(self._summary.said.items(), key=lambda one: (-one[1].count, one[0]))
        found = []
        for said, statement in ranked[: MOST_SHOWN * 2]:
            seconds = tuple(s for s in (statement.first, statement.last) if s is not None)
            found.append(self._wording(said, statement.count, seconds))
        return tuple(found)

    # What is judged

    def _evidence(
        self,
        burst: Burst,
        kinds: Counter[Kind],
        limits: tuple[Limit, ...],
        wordings: list[tuple[Said, int, tuple[int, ...]]],
        begin: int,
        end: int,
        background: bool = False,
    ) -> Iterator[Observation]:
        for said, count, seconds in wordings:
            times = tuple(_at(second).isoformat() for second in sorted(seconds)[:MOST_TIMES])
            for observation in self._stated(said):
                more: dict[str, Value] = {**observation.value, "count": count}
                if seconds:
                    more |= {"last": _at(max(seconds)).isoformat(), "times": times}
                at = _at(min(seconds)) if seconds else observation.at
                yield replace(observation, value=more, at=at)
        explained: set[Kind] = set()
        stated: dict[tuple[object, ...], Observation] = {}
        for kind, count in kinds.most_common(_MOST_KINDS):
            statement = self._summary.kinds.get(kind)
            if statement is None:
                continue
            for observation in self._observed(statement.example):
                explained.add(kind)
                key = (observation.name, observation.value.get("upstream"))
                before = stated.get(key)
                total = count + int((before.number("count") if before else 0) or 0)
                value = {**observation.value, "count": total, "last": _at(end).isoformat()}
                stated[key] = replace(observation, value=value, at=_at(begin))
        yield from stated.values()
        yield from self._totals(burst, kinds, limits, explained, begin, end)
        if not background:
            yield from self._rush(burst, kinds, begin, end)

    def _totals(
        self,
        burst: Burst,
        kinds: Counter[Kind],
        limits: tuple[Limit, ...],
        explained: set[Kind],
        begin: int,
        end: int,
    ) -> Iterator[Observation]:
        """The errors by status, in the words of the readers of access logs."""
        groups: Counter[tuple[int, str, str]] = Counter()
        told_by_itself = {kind[:3] for kind in explained}
        for kind, count in kinds.items():
            if kind.status in GATEWAY:
                groups[(kind.status, kind.upstream_status, kind.upstream)] += count
        for (status, upstream_status, upstream), count in groups.most_common(8):
            example = self._example(status, upstream_status, upstream)
            value: dict[str, Value] = {
                "by": self._by(example),
                "status": status,
                "count": count,
                "total": burst.requests,
                "share": round(100 * count / max(1, burst.requests), 2),
                "upstream": upstream or "the upstream",
                "upstream_status": upstream_status or "unknown",
                "paths": (),
                "explained": (status, upstream_status, upstream) in told_by_itself,
                "line": example.line,
                "excerpt": example.text[:400],
                "last": _at(end).isoformat(),
                "times": (_at(begin).isoformat(), _at(end).isoformat()),
            }
            source = f"{example.kind}:{_place(example)}"
            yield Observation(_hop(example), "answers-logged", value, source, _at(begin))
        for limit in limits[:1]:
            statuses = Counter({s: 0 for s, _, _ in groups})
            for (status, _, _), count in groups.items():
                statuses[status] += count
            status = statuses.most_common(1)[0][0]
            if limit.seconds >= _SHORTEST_LIMIT and limit.seconds == int(limit.seconds):
                told: dict[str, Value] = {
                    "by": "the web server",
                    "status": status,
                    "count": limit.count,
                    "seconds": int(limit.seconds),
                }
                yield Observation(Hop.GATEWAY, "same-duration", told, "access-log", _at(begin))

    def _rush(
        self, burst: Burst, kinds: Counter[Kind], begin: int, end: int
    ) -> Iterator[Observation]:
        """Whether it was over at once, and whether more came than usual."""
        if end - begin <= _BURST and len(self._summary.minutes) > 15 and kinds:
            status = max(kinds, key=lambda kind: kinds[kind]).status
            value: dict[str, Value] = {
                "by": "the web server",
                "status": status,
                "count": burst.errors,
                "seconds": end - begin,
                "start": _at(begin).isoformat(),
            }
            yield Observation(Hop.GATEWAY, "burst", value, "access-log", _at(begin))
        usual = self._usual_requests
        if usual and len(self._summary.minutes) >= 10:
            span = range(burst.begin, burst.end + 1)
            peak = max(self._rates.get(minute, (0, 0))[1] for minute in span)
            clients = _sum(self._minutes.clients, range(burst.begin, burst.end + 1))
            top = max(clients.values(), default=0) / max(1, burst.errors)
            rush: dict[str, Value] = {
                "by": "the web server",
                "per_second": round(peak / 60, 1),
                "spike": round(peak / usual, 1),
                "top_client_share": f"{100 * top:.0f} %",
                "requests": burst.requests,
                "minutes": burst.end - burst.begin + 1,
            }
            yield Observation(Hop.GATEWAY, "traffic", rush, "access-log", _at(begin))

    def _example(self, status: int, upstream_status: str, upstream: str) -> Example:
        for kind, statement in self._summary.kinds.items():
            if kind[:3] == (status, upstream_status, upstream):
                return statement.example
        return next(iter(self._summary.kinds.values())).example

    @staticmethod
    def _by(example: Example) -> str:
        product = example.kind.removesuffix("-log").removesuffix("-access")
        return {"access": "the web server", "json-access": "the web server"}.get(product, product)


def _hop(example: Example) -> Hop:
    return Hop.EDGE if example.kind in _EDGES else Hop.GATEWAY


def _formats(log: Log) -> tuple[str, ...]:
    return log.formats


def _before(incident: Incident, earlier: list[Incident]) -> int:
    """How many earlier ones have the same first cause."""
    causes = incident.verdict.causes
    if not causes:
        return 0
    return sum(
        1
        for one in earlier
        if one.verdict.causes and one.verdict.causes[0].cause == causes[0].cause
    )


def _limits(tenths: Counter[int], errors: int) -> tuple[Limit, ...]:
    """Durations that many errors share, to a tenth of a second; the next tenth counts as well."""
    found: list[Limit] = []
    for tenth, count in tenths.most_common(5):
        near = count + tenths.get(tenth + 1, 0)
        taken = any(abs(limit.seconds * 10 - tenth) <= 1 for limit in found)
        if near >= _FEWEST_SAME and near >= _SAME * errors and not taken:
            found.append(Limit(tenth / 10, near))
    return tuple(found)


def _by(kinds: Counter[Kind], name: Callable[[Kind], str]) -> tuple[Count, ...]:
    named: Counter[str] = Counter()
    for kind, count in kinds.items():
        named[name(kind)] += count
    return _counts(named, sum(kinds.values()))


def _counts(counts: Counter[str], whole: int) -> tuple[Count, ...]:
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return _counted(ranked[:MOST_SHOWN], whole)


def _counted(pairs: Iterable[tuple[str, int]], whole: int) -> tuple[Count, ...]:
    return tuple(Count(name, n, round(n / whole, 4) if whole else 0.0) for name, n in pairs)


def _durations(summary: Summary) -> tuple[Durations, ...]:
    found = []
    for upstream, by_ms in summary.durations.items():
        quantiles = [quantile(by_ms, share) or 0 for share in (0.5, 0.95, 0.99)]
        found.append(Durations(upstream, sum(by_ms.values()), *quantiles))
    return tuple(sorted(found, key=lambda one: (-one.count, one.upstream))[:MOST_SHOWN])


def _status(status: int) -> str:
    return str(status) if status else "no answer"


def _place(example: Example) -> str:
    return f"{example.source}:{example.line}"


def _at(second: int) -> datetime:
    try:
        return datetime.fromtimestamp(second, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
