"""What logs said in some minutes, as observations: what readers state, with the minutes' counts."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from statistics import median

from badgateway.investigate.log_minutes import Minutes, added
from badgateway.logs.bursts import Burst, Rates
from badgateway.logs.gather import Gathered
from badgateway.logs.summary import GATEWAY, Example, Kind, Said
from badgateway.model.hop import Hop
from badgateway.model.incident import Limit
from badgateway.model.material import material_of
from badgateway.model.observation import Observation, Value
from badgateway.readers import readers

MOST_TIMES = 50
_TOTALS = frozenset({"answers-logged", "same-duration", "burst", "traffic", "lines-unread"})
"""Words that tell of many lines: of one example they would be wrong."""
_SHORTEST_LIMIT = 2
_BURST = 120
_EDGES = frozenset({"cloudfront-log"})
_MOST_KINDS = 40


class LogEvidence:
    """States what logs say.

    Args:
        gathered: the logs.
        minutes: their tables.
    """

    def __init__(self, gathered: Gathered, minutes: Minutes) -> None:
        self._summary, self._minutes = gathered.summary, minutes
        self._logs = {log.name: log for log, _ in gathered.logs}
        self._read: dict[Example, list[Observation]] = {}
        self._rates: Rates = {}
        self._usual_requests = 0.0

    def compare_with(self, rates: Rates) -> None:
        """Take errors and requests by minute as what is usual."""
        self._rates = rates
        self._usual_requests = median([requests for _, requests in rates.values()] or [0])

    def stated(self, said: Said) -> list[Observation]:
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
                material = replace(material, formats=log.formats, changed=log.changed)
                found = [o for o in reader.read(material) if o.name not in _TOTALS]
            self._read[example] = found
        return found

    def evidence(
        self,
        burst: Burst,
        kinds: Counter[Kind],
        limits: tuple[Limit, ...],
        wordings: list[tuple[Said, int, tuple[int, ...]]],
        begin: int,
        end: int,
        background: bool = False,
    ) -> Iterator[Observation]:
        """What is judged: what logs say, and what the requests have in common.

        Args:
            burst: the minutes, with their errors.
            kinds: the failed requests in them.
            limits: durations that many share.
            wordings: what error logs say, how often, and the first second in each minute.
            begin: the first second with an error.
            end: the last one.
            background: whether these are the errors between incidents.
        """
        for said, count, seconds in wordings:
            times = tuple(moment(second).isoformat() for second in sorted(seconds)[:MOST_TIMES])
            for observation in self.stated(said):
                more: dict[str, Value] = {**observation.value, "count": count}
                if seconds:
                    more |= {"last": moment(max(seconds)).isoformat(), "times": times}
                at = moment(min(seconds)) if seconds else observation.at
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
                value = {**observation.value, "count": total, "last": moment(end).isoformat()}
                stated[key] = replace(observation, value=value, at=moment(begin))
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
                "last": moment(end).isoformat(),
                "times": (moment(begin).isoformat(), moment(end).isoformat()),
            }
            source = f"{example.kind}:{place(example)}"
            yield Observation(_hop(example), "answers-logged", value, source, moment(begin))
        for limit in limits[:1]:
            statuses: Counter[int] = Counter()
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
                yield Observation(Hop.GATEWAY, "same-duration", told, "access-log", moment(begin))

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
                "start": moment(begin).isoformat(),
            }
            yield Observation(Hop.GATEWAY, "burst", value, "access-log", moment(begin))
        usual = self._usual_requests
        if usual and len(self._summary.minutes) >= 10:
            span = range(burst.begin, burst.end + 1)
            peak = max(self._rates.get(minute, (0, 0))[1] for minute in span)
            clients = added(self._minutes.clients, range(burst.begin, burst.end + 1))
            top = max(clients.values(), default=0) / max(1, burst.errors)
            rush: dict[str, Value] = {
                "by": "the web server",
                "per_second": round(peak / 60, 1),
                "spike": round(peak / usual, 1),
                "top_client_share": f"{100 * top:.0f} %",
                "requests": burst.requests,
                "minutes": burst.end - burst.begin + 1,
            }
            yield Observation(Hop.GATEWAY, "traffic", rush, "access-log", moment(begin))

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


def place(example: Example) -> str:
    """Where an example stands: `FILE:LINE`."""
    return f"{example.source}:{example.line}"


def moment(second: int) -> datetime:
    """Seconds since the epoch as a time; the epoch for what is none."""
    try:
        return datetime.fromtimestamp(second, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
