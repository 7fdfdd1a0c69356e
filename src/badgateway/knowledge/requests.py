"""Counting the requests of an access log of any length, in bounded memory.

What a single line tells (the upstream was never connected, it answered the error itself) is found
by the signatures of its product. What only many lines tell is stated here: how many answers of
which status there were, whether they all took the same time, came in one burst, or came with a
flood of requests.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median

from badgateway.knowledge.scan import (
    EXCERPT,
    LOOKED_AT,
    MOST_TIMES,
    Entry,
    Statements,
    When,
    undated,
    unread_lines,
)
from badgateway.model.hop import Hop
from badgateway.model.material import Material, too_old
from badgateway.model.observation import Observation, Value
from badgateway.model.secret import masked

MOST_KINDS = 500
"""Different kinds of failed answers that are told apart; further ones are counted together."""
MOST_MINUTES = 20_000
"""Minutes whose requests are counted one by one: two weeks."""
MOST_CLIENTS = 1_000
_PATHS = 3
_SHORTEST_LIMIT = 2
"""Seconds; shorter limits cannot be told from answers that happen to take that long."""
_OVERRUN = 0.3
"""Seconds by which a server ends a request later than its limit says."""
_SAME = 0.7
UNANSWERED = frozenset({0, 460, 499})
"""What a log writes where the client got no answer, or did not wait for it."""
_FAILURE = re.compile(r"\b5\d\d\b")
_FEWEST = 3
_BURST = 120
"""Seconds in which failures are one burst, if the rest of the log is much longer."""


@dataclass(frozen=True, slots=True)
class Request:
    """One line of an access log.

    Attributes:
        status: what the client got; 0 where it got nothing.
        fields: what the line says, by the names that signatures look for (`upstream_status`);
            written out for signatures only where the request failed.
        when: when it was written.
        minute: the text of its time, down to the minute.
        seconds: how long it took, None where the line does not say.
        upstream: who was asked; empty where the line does not say.
        upstream_status: what that one answered, by the log's own word, empty likewise.
        path: what was asked for.
        client: who asked.
        server: the site's name.
        explained: whether the line itself tells why; what signatures find tells it as well.
    """

    status: int
    fields: Mapping[str, str]
    when: When = undated
    minute: str = ""
    seconds: float | None = None
    upstream: str = ""
    upstream_status: str = ""
    path: str = ""
    client: str = ""
    server: str = ""
    explained: bool = False

    @property
    def failed(self) -> bool:
        """Whether a gateway, or somebody behind it, failed; or the client did not wait."""
        if self.status >= 500 or self.status in UNANSWERED:
            return True
        return _FAILURE.search(self.upstream_status) is not None

    def message(self) -> str:
        """What signatures are looked for in: ` name=value name=value `."""
        return "".join(f" {name}={value}" for name, value in self.fields.items()) + " "

    def values(self) -> Mapping[str, Value]:
        """What a statement about this line says beside its signature."""
        return {
            "upstream": self.upstream or None,
            "server": self.server or None,
            "request": self.path or None,
            "status": self.status,
            "seconds": self.seconds,
        }


@dataclass(slots=True)
class _Failed:
    """All failed requests of one kind."""

    line: int
    excerpt: str
    count: int = 0
    first: datetime | None = None
    last: datetime | None = None
    explained: bool = False
    times: list[str] = field(default_factory=list)
    paths: Counter[str] = field(default_factory=Counter)
    timed: int = 0
    whole: Counter[int] = field(default_factory=Counter)


Kind = tuple[int, str, str]
_CROWD = 20
"""Requests from which on their rate says something."""


def counted(
    material: Material,
    kind: str,
    by: str,
    products: Sequence[str],
    parse: Callable[[str], Request | None],
    hop: Hop = Hop.GATEWAY,
    mixed: bool = False,
) -> Iterator[Observation]:
    """State what an access log says, line by line and as a whole.

    Args:
        material: the log.
        kind: its dialect.
        by: the product that wrote it.
        products: whose signatures are looked for in lines of failed requests.
        parse: takes a line apart; None for one that is not of the dialect.
        hop: where the product stands.
        mixed: whether the log holds lines of other kinds as well, which is no loss.
    """
    statements = Statements(material, kind, products)
    tally = _Tally(material, kind, by, hop)
    unread = 0
    for number, line in material.lines():
        if not line.strip() or line.startswith("#"):
            continue
        request = parse(line)
        if request is None:
            unread += 1
        elif material.since is None or not too_old(material, request.when()):
            explained = request.explained
            if request.failed and products:
                entry = Entry(request.message(), request.when, request.values)
                explained |= statements.look(number, line, entry)
            tally.add(number, line, request, explained=explained)
    yield from statements.observations()
    yield from tally.observations()
    if unread and tally.total and not mixed:
        yield unread_lines(material, kind, unread)


class _Tally:
    """What many requests say together."""

    def __init__(self, material: Material, kind: str, by: str, hop: Hop) -> None:
        self._material, self._kind, self._by, self._hop = material, kind, by, hop
        self._failed: dict[Kind, _Failed] = {}
        self._minutes: Counter[str] = Counter()
        self._well: Counter[str] = Counter()
        self._clients: Counter[str] = Counter()
        self._begin: When = undated
        self._end: When = undated
        self.total = 0

    def add(self, number: int, line: str, request: Request, *, explained: bool) -> None:
        """Count one request."""
        if not self.total:
            self._begin = request.when
        self._end = request.when
        self.total += 1
        if request.minute in self._minutes or len(self._minutes) < MOST_MINUTES:
            self._minutes[request.minute] += 1
        self._client(request.client)
        if request.failed:
            self._fail(number, line, request, explained)
        elif request.path in self._well or len(self._well) < MOST_KINDS:
            self._well[request.path] += 1

    def _client(self, client: str) -> None:
        """Misra and Gries: who made a large share of all requests is always among those kept."""
        if client in self._clients or len(self._clients) < MOST_CLIENTS:
            self._clients[client] += 1
        else:
            self._clients = Counter({c: n - 1 for c, n in self._clients.items() if n > 1})

    def _fail(self, number: int, line: str, request: Request, explained: bool) -> None:
        key = (request.status, request.upstream_status, request.upstream)
        if key not in self._failed and len(self._failed) >= MOST_KINDS:
            key = (request.status, "", "")
        group = self._failed.get(key)
        if group is None:
            group = self._failed[key] = _Failed(number, masked(line[:LOOKED_AT])[:EXCERPT])
        group.count += 1
        group.explained |= explained
        when = request.when()
        if when is not None:
            group.first = min(when, group.first or when)
            group.last = max(when, group.last or when)
            if len(group.times) < MOST_TIMES:
                group.times.append(when.isoformat())
        if request.path in group.paths or len(group.paths) < 50:
            group.paths[request.path] += 1
        if request.seconds is not None:
            group.timed += 1
            whole = int(request.seconds)
            if _SHORTEST_LIMIT <= whole <= 7_200 and request.seconds - whole <= _OVERRUN:
                group.whole[whole] += 1

    def observations(self) -> Iterator[Observation]:
        """How many failed how, and what they have in common."""
        for key, group in self._failed.items():
            yield self._answers(key, group)
            yield from self._same_duration(key, group)
        yield from self._burst()
        yield from self._traffic()
        yield from self._demand()

    def _answers(self, key: Kind, group: _Failed) -> Observation:
        status, upstream_status, upstream = key
        value: dict[str, Value] = {
            "status": status,
            "count": group.count,
            "total": self.total,
            "share": round(100 * group.count / self.total, 2),
            "upstream": upstream or "the upstream",
            "upstream_status": upstream_status or "unknown",
            "paths": tuple(masked(path) for path, _ in group.paths.most_common(_PATHS) if path),
            "explained": group.explained,
            "line": group.line,
            "excerpt": group.excerpt,
        }
        if group.last is not None:
            value |= {"last": group.last.isoformat(), "times": tuple(group.times)}
        return self._say("answers-logged", group, value)

    def _same_duration(self, key: Kind, group: _Failed) -> Iterator[Observation]:
        """A limit shows as many answers that took the same whole number of seconds."""
        if not group.whole:
            return
        seconds, count = group.whole.most_common(1)[0]
        if count >= _FEWEST and count >= _SAME * group.timed:
            value: dict[str, Value] = {"status": key[0], "count": count, "seconds": seconds}
            yield self._say("same-duration", group, {**value, "line": group.line})

    def _burst(self) -> Iterator[Observation]:
        """Failures that came close together in a log that goes on for long."""
        begin, end = self._begin(), self._end()
        for (status, _, _), group in self._failed.items():
            if group.first is None or group.last is None or begin is None or end is None:
                continue
            within = (group.last - group.first).total_seconds()
            if group.count >= 5 and within <= _BURST and (end - begin).total_seconds() > 900:
                value: dict[str, Value] = {
                    "status": status,
                    "count": group.count,
                    "seconds": within,
                    "start": group.first.isoformat(),
                    "line": group.line,
                }
                yield self._say("burst", group, value)

    def _traffic(self) -> Iterator[Observation]:
        """How much there was at the peak, against the usual."""
        if len(self._minutes) < 10:
            return
        peak = max(self._minutes.values())
        usual = median(self._minutes.values())
        top = max(self._clients.values(), default=0) / self.total
        value: dict[str, Value] = {
            "per_second": round(peak / 60, 1),
            "spike": round(peak / usual, 1),
            "top_client_share": f"{100 * top:.0f} %",
            "requests": self.total,
            "minutes": len(self._minutes),
        }
        yield self._say("traffic", None, value)

    def _demand(self) -> Iterator[Observation]:
        """How many came in a second, and how many of those that fail are answered now and then."""
        begin, end = self._begin(), self._end()
        if begin is None or end is None or self.total < _CROWD:
            return
        seconds = (end - begin).total_seconds()
        if seconds < 1:
            return
        paths = {path for group in self._failed.values() for path in group.paths}
        value: dict[str, Value] = {
            "per_second": round(self.total / seconds, 1),
            "seconds": seconds,
            "failed": sum(group.count for group in self._failed.values()),
            "answered": sum(self._well[path] for path in paths),
        }
        yield self._say("demand", None, value)

    def _say(self, word: str, group: _Failed | None, value: dict[str, Value]) -> Observation:
        source = f"{self._kind}:{self._material.name}" + (f":{group.line}" if group else "")
        at = group.first if group else self._begin()
        return Observation(self._hop, word, {"by": self._by, **value}, source, at)


_NUMBER = re.compile(r"-?\d{1,9}(?:\.\d{1,9})?")


def seconds_of(text: str | None, unit: float = 1.0) -> float | None:
    """A duration as a log writes it, in units of `unit` seconds; None for `-` and other words.

    Of several upstreams (`0.001, 60.002`) the times are added up.
    """
    if not text:
        return None
    parts = [part.strip() for part in text[:400].replace(" : ", ",").split(",")]
    numbers = [float(part) for part in parts if _NUMBER.fullmatch(part)]
    total = sum(number for number in numbers if number >= 0)
    return round(total * unit, 3) if numbers and max(numbers) >= 0 else None


def status_of(text: str | None) -> int | None:
    """A status as a log writes it; None where it is no number of at most three digits."""
    text = (text or "").strip()
    return int(text) if text.isdecimal() and text.isascii() and len(text) <= 3 else None
