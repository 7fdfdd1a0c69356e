"""From the summary of logs to incidents with their causes.

A burst knows its minutes. What the logs say in them is read once more from one example of each
wording by the reader of its dialect, gets the burst's own counts and times, and is judged like any
other material. What the requests have in common is stated in the words that readers use for it.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace

from badgateway.inference.judge import judge_material
from badgateway.inference.weigh import speaking
from badgateway.investigate.log_evidence import LogEvidence, moment, place
from badgateway.investigate.log_minutes import Minutes, added
from badgateway.knowledge.base import Knowledge
from badgateway.logs.bursts import Burst, Rates, bursts, rates_of, rates_of_lines
from badgateway.logs.gather import Gathered
from badgateway.logs.summary import GATEWAY, Kind, Minute, Said, Summary
from badgateway.logs.tally import quantile
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
from badgateway.model.observation import Evidence
from badgateway.model.verdict import Verdict
from badgateway.remedies import steps_for

BEFORE, AFTER = 2, 1
"""Minutes around a burst in which error logs are read: what broke it comes first."""
MOST_WORDINGS = 60
MOST_SHOWN = 12
POINTS = 54
"""Points of a trend."""
_ONGOING = 2
"""Minutes before the end of the logs at which an incident still goes on."""
_FEWEST_SAME, _SAME = 3, 0.3


class Incidents:
    """Makes the report of gathered logs.

    Args:
        gathered: the logs.
        known: the knowledge.
    """

    def __init__(self, gathered: Gathered, known: Knowledge) -> None:
        self._gathered, self._known = gathered, known
        self._summary = gathered.summary
        self._minutes = Minutes(self._summary)
        self._evidence = LogEvidence(gathered, self._minutes)
        self._rates = rates_of(self._summary) if self._summary.requests else self._of_lines()
        self._last = max(self._rates, default=0)
        self._seconds = sorted(self._summary.seconds)
        self._evidence.compare_with(self._rates)

    def report(self) -> LogReport:
        """The report, but for how long it took."""
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
        times = self._rates or {m for m, _ in summary.said_minutes}
        begin, end = (min(times), max(times)) if times else (0, 0)
        step, trend, errors = self._trends(begin, end)
        troubles = {skipped.name: skipped.why for skipped in self._gathered.skipped}
        return LogReport(
            logs=tuple(
                LogRead(log.name, log.kind, lines, troubles.get(log.name))
                for log, lines in self._gathered.logs
            ),
            requests=summary.requests,
            entries=summary.entries,
            unread=summary.unread,
            samples=tuple(Unread(place(one), one.text) for one in summary.samples),
            begin=moment(begin * 60) if times else None,
            end=moment(end * 60 + 59) if times else None,
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
            elapsed_s=0.0,
        )

    def _trends(self, begin: Minute, end: Minute) -> tuple[int, tuple[int, ...], tuple[int, ...]]:
        """Seconds of a point, and what the points of all requests and of the errors are."""
        if not self._rates:
            return 60, (), ()
        told = self._summary.requests > 0
        requests = ((minute, n if told else 0) for minute, (_, n) in self._rates.items())
        errors = ((minute, n) for minute, (n, _) in self._rates.items())
        width = _width(begin, end)
        return width * 60, _points(requests, begin, end), _points(errors, begin, end)

    def _incident(self, number: int, burst: Burst) -> Incident:
        minutes = range(burst.begin, burst.end + 1)
        around = range(burst.begin - BEFORE, burst.end + AFTER + 1)
        kinds = added(self._minutes.failed, minutes)
        errors = _errors(kinds)
        begin, end = self._edges(burst)
        told = self._summary.requests > 0
        clients = added(self._minutes.clients, minutes)
        limits = _limits(added(self._minutes.limits, minutes), burst.errors)
        wordings = self._said(around)
        evidence = Evidence(self._evidence.evidence(burst, kinds, limits, wordings, begin, end))
        return Incident(
            id=f"i{number}",
            begin=moment(begin),
            end=moment(end),
            ongoing=burst.end >= self._last - _ONGOING,
            errors=burst.errors,
            requests=burst.requests if told else 0,
            share=burst.errors / burst.requests if told and burst.requests else None,
            usual=burst.usual,
            clients=len(clients),
            statuses=_by(errors, lambda kind: _status(kind.status)),
            upstreams=_by(errors, lambda kind: kind.upstream),
            paths=_counts(added(self._minutes.paths, minutes), burst.errors),
            retries=_retries(kinds),
            limits=limits,
            wordings=tuple(self._wording(*one) for one in wordings[:MOST_SHOWN]),
            verdict=self._judged(
                evidence, f"{moment(begin):%Y-%m-%d %H:%M} to {moment(end):%H:%M} UTC"
            ),
            before=0,
            trend=self._trend(burst),
        )

    def _of_lines(self) -> Rates:
        """Where there is no access log: lines of error logs that speak for some cause."""
        telling = {
            said
            for said in self._summary.said
            if any(speaking(one, self._known) for one in self._evidence.stated(said))
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
        minutes = range(burst.begin, burst.end + 1)
        errors = ((minute, self._rates.get(minute, (0, 0))[0]) for minute in minutes)
        return _points(errors, burst.begin, burst.end)

    def _judged(self, evidence: Evidence, subject: str) -> Verdict:
        verdict = judge_material(evidence, subject, self._known)
        return replace(verdict, steps=steps_for(verdict, self._known))

    def _background(self, found: list[Burst]) -> Background | None:
        inside = {m for burst in found for m in range(burst.begin, burst.end + 1)}
        minutes = [m for m in self._summary.minutes if m not in inside]
        kinds = added(self._minutes.failed, minutes)
        errors = _errors(kinds)
        count = sum(errors.values())
        if not count:
            return None
        requests = sum(self._rates[minute][1] for minute in minutes)
        near = {m for burst in found for m in range(burst.begin - BEFORE, burst.end + AFTER + 1)}
        wordings = self._said(m for m in self._minutes.said if m not in near)
        begin, end = min(minutes) * 60, max(minutes) * 60 + 59
        burst = Burst(begin // 60, end // 60, count, requests, count / max(1, requests))
        limits = _limits(added(self._minutes.limits, minutes), count)
        evidence = Evidence(
            self._evidence.evidence(burst, kinds, limits, wordings, begin, end, background=True)
        )
        return Background(
            errors=count,
            share=count / requests if requests else 0.0,
            statuses=_by(errors, lambda kind: _status(kind.status)),
            paths=_counts(added(self._minutes.paths, minutes), count),
            retries=_retries(kinds),
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
        stated = self._evidence.stated
        ranked = sorted(counts.items(), key=lambda one: (not stated(one[0]), -one[1], one[0]))
        return [(said, n, tuple(seconds[said])) for said, n in ranked[:MOST_WORDINGS]]

    def _wording(self, said: Said, count: int, seconds: tuple[int, ...]) -> Wording:
        statement = self._summary.said[said]
        stated = self._evidence.stated(said)
        return Wording(
            text=said.template,
            subject=said.subject,
            known=stated[0].text("signature") or None if stated else None,
            says=stated[0].name if stated else None,
            count=count,
            first=moment(min(seconds)) if seconds else None,
            last=moment(max(seconds)) if seconds else None,
            source=place(statement.example),
            example=statement.example.text[:400],
        )

    def _wordings_of_all(self) -> tuple[Wording, ...]:
        ranked = sorted(self._summary.said.items(), key=lambda one: (-one[1].count, one[0]))
        found = []
        for said, statement in ranked[: MOST_SHOWN * 2]:
            seconds = tuple(s for s in (statement.first, statement.last) if s is not None)
            found.append(self._wording(said, statement.count, seconds))
        return tuple(found)


def _width(begin: Minute, end: Minute) -> int:
    """Minutes of one point of a trend."""
    return -(-(end - begin + 1) // POINTS)


def _points(counts: Iterable[tuple[Minute, int]], begin: Minute, end: Minute) -> tuple[int, ...]:
    """Counts by minute as a trend."""
    width = _width(begin, end)
    points = [0] * ((end - begin) // width + 1)
    for minute, count in counts:
        points[(minute - begin) // width] += count
    return tuple(points)


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


def _errors(kinds: Counter[Kind]) -> Counter[Kind]:
    """Those at which a gateway, or somebody behind it, failed."""
    return Counter({kind: n for kind, n in kinds.items() if kind.status in GATEWAY})


def _retries(kinds: Counter[Kind]) -> tuple[Count, ...]:
    """What the upstreams answered where several were asked."""
    several = Counter({kind: n for kind, n in kinds.items() if "," in kind.upstream_status})
    return _by(several, lambda kind: kind.upstream_status)


def _by(kinds: Counter[Kind], name: Callable[[Kind], str]) -> tuple[Count, ...]:
    """What `name` says of each, as shares of all; those that it says nothing of have no line."""
    named: Counter[str] = Counter()
    for kind, count in kinds.items():
        if said := name(kind):
            named[said] += count
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
