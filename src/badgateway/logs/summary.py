"""What a log says, in bounded memory, whatever its size: summaries of pieces add up to the whole.

Counts by minute are kept for a month and more; of what is too much to keep, how much is said.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeVar

from badgateway.logs.hit import Hit
from badgateway.logs.tally import Tally, bucket

MOST_MINUTES = 200_000
"""Minutes that are counted one by one: 19 weeks."""
MOST_DETAILS = 200_000
"""Entries of one table of failures by minute."""
MOST_KINDS = 2_000
MOST_SAID = 4_000
"""Different statements of error logs that are told apart."""
MOST_UPSTREAMS = 500
MOST_SAMPLES = 5
_OTHERS = "others"
_SHORTEST_LIMIT = 900
"""ms; shorter durations are no limit that could be told from chance."""
GATEWAY = frozenset({500, 501, 502, 503, 504, 505, 507, 508, 509, *range(520, 531), 0})
"""What a client gets where a gateway, or somebody behind it, failed; 0 is no answer at all."""


def last_asked(upstream: str) -> str:
    """The upstream that was asked last, of those that a line names."""
    return upstream.replace(" : ", ", ").rpartition(", ")[2]


Key = TypeVar("Key", bound=Hashable)


class Kind(NamedTuple):
    """What failed requests have in common; the fields are those of `Hit`."""

    status: int
    upstream_status: str
    upstream: str
    reached: str


class Said(NamedTuple):
    """What an error log says: its wording with the variable parts named, and of whom."""

    template: str
    subject: str


@dataclass(frozen=True, slots=True)
class Example:
    """A line that stands for many.

    Attributes:
        source: the log's name.
        kind: its dialect.
        line: the line's number.
        text: the line, cut.
    """

    source: str
    kind: str
    line: int
    text: str


@dataclass(slots=True)
class Statement:
    """How often, from when to when, and one example."""

    example: Example
    count: int = 0
    first: int | None = None
    last: int | None = None

    def add(self, count: int, first: int | None, last: int | None) -> None:
        """Count it again; times in seconds since the epoch."""
        self.count += count
        # Compared by hand, for this is done millions of times.
        if first is not None and (self.first is None or first < self.first):
            self.first = first
        if last is not None and (self.last is None or last > self.last):
            self.last = last


Minute = int
"""Minutes since the epoch."""


@dataclass(slots=True)
class Summary:
    """Figures of one log, of a piece of it, or of several.

    Attributes:
        lines: all lines, empty ones included.
        requests: lines that are requests.
        entries: lines of error logs that were read.
        unread: lines that could not be read as what the log is.
        samples: the first of those, with their line numbers.
        minutes: requests by minute and status.
        seconds: gateway errors by second.
        clients, paths: who asked, and what for.
        durations: by upstream, how many requests took how long (`tally.bucket`).
        retries: how often several upstreams were asked, by what they answered.
        kinds: kinds of failed requests, each with an example.
        failed, failed_paths, failed_clients: failed requests by minute and what they share.
        limits: failed requests by minute and duration in tenths of a second.
        said: what error logs say.
        said_minutes: how often in each minute, and the first second of it.
        beyond: entries that were not kept because there were too many.
    """

    lines: int = 0
    requests: int = 0
    entries: int = 0
    unread: int = 0
    samples: list[Example] = field(default_factory=list)
    minutes: dict[Minute, dict[int, int]] = field(default_factory=dict)
    seconds: dict[int, int] = field(default_factory=dict)
    clients: Tally = field(default_factory=Tally)
    paths: Tally = field(default_factory=Tally)
    durations: dict[str, dict[int, int]] = field(default_factory=dict)
    retries: dict[str, int] = field(default_factory=dict)
    kinds: dict[Kind, Statement] = field(default_factory=dict)
    failed: dict[tuple[Minute, Kind], int] = field(default_factory=dict)
    failed_paths: dict[tuple[Minute, str], int] = field(default_factory=dict)
    failed_clients: dict[tuple[Minute, str], int] = field(default_factory=dict)
    limits: dict[tuple[Minute, int], int] = field(default_factory=dict)
    said: dict[Said, Statement] = field(default_factory=dict)
    said_minutes: dict[tuple[Minute, Said], tuple[int, int]] = field(default_factory=dict)
    beyond: int = 0

    def hit(self, hit: Hit, example: Callable[[], Example]) -> None:
        """Count one request; `example` is made only for the first one of its kind."""
        self.requests += 1
        self.request(hit.second // 60, hit.status)
        self.clients.add(hit.client)
        self.paths.add(hit.path)
        if hit.ms >= 0:
            self.duration(last_asked(hit.upstream), bucket(hit.ms))
        if not hit.plain:
            self._fail(hit, example)

    def request(self, minute: Minute, status: int, count: int = 1) -> None:
        """Count answers of one status in one minute."""
        by_status = self.minutes.get(minute)
        if by_status is None:
            if len(self.minutes) >= MOST_MINUTES:
                self.beyond += count
                return
            by_status = self.minutes[minute] = {}
        by_status[status] = by_status.get(status, 0) + count

    def duration(self, upstream: str, ms: int, count: int = 1) -> None:
        """Count answers of one upstream that took `ms`, a bucket."""
        if upstream not in self.durations and len(self.durations) >= MOST_UPSTREAMS:
            upstream = _OTHERS
        by_ms = self.durations.setdefault(upstream, {})
        by_ms[ms] = by_ms.get(ms, 0) + count

    def _fail(self, hit: Hit, example: Callable[[], Example]) -> None:
        minute = hit.second // 60
        kind = Kind(hit.status, hit.upstream_status, hit.upstream, hit.reached)
        if "," in hit.upstream_status:
            self._count(self.retries, hit.upstream_status, MOST_KINDS)
        if kind not in self.kinds and len(self.kinds) >= MOST_KINDS:
            kind = Kind(hit.status, "", _OTHERS, "")
        if kind not in self.kinds:
            self.kinds[kind] = Statement(example())
        self.kinds[kind].add(1, hit.second, hit.second)
        self._count(self.failed, (minute, kind))
        if hit.status in GATEWAY:
            self._count(self.seconds, hit.second)
            self._count(self.failed_paths, (minute, hit.path))
            self._count(self.failed_clients, (minute, hit.client))
            if hit.took >= _SHORTEST_LIMIT:
                self._count(self.limits, (minute, hit.took // 100))

    def say(
        self,
        said: Said,
        second: int | None,
        example: Callable[[], Example],
        count: int = 1,
        last: int | None = None,
    ) -> None:
        """Count lines of an error log that say the same within one minute.

        Args:
            said: what they say.
            second: when the first of them was written, seconds since the epoch.
            example: makes an example of it, only where it is the first at all.
            count: how many lines.
            last: when the last of them was written, where there are several.
        """
        statement = self.said.get(said)
        if statement is None:
            if len(self.said) >= MOST_SAID:
                self.beyond += count
                return
            statement = self.said[said] = Statement(example())
        statement.add(count, second, second if last is None else last)
        if second is not None:
            self._say_in((second // 60, said), count, second)

    def _say_in(self, key: tuple[Minute, Said], count: int, second: int) -> None:
        known = self.said_minutes.get(key)
        if known is not None:
            self.said_minutes[key] = (known[0] + count, min(known[1], second))
        elif len(self.said_minutes) < MOST_DETAILS:
            self.said_minutes[key] = (count, second)
        else:
            self.beyond += count

    def unreadable(self, example: Callable[[], Example]) -> None:
        """Count a line that is not of the log's kind, and keep the first ones."""
        self.unread += 1
        if len(self.samples) < MOST_SAMPLES:
            self.samples.append(example())

    def _count(
        self, table: dict[Key, int], key: Key, most: int = MOST_DETAILS, count: int = 1
    ) -> None:
        if key in table or len(table) < most:
            table[key] = table.get(key, 0) + count
        else:
            self.beyond += count

    def merge(self, later: "Summary", moved: int = 0) -> None:
        """Add the summary of what follows; `moved` lines of the same log came before it."""
        self.lines += later.lines
        self.requests += later.requests
        self.entries += later.entries
        self.unread += later.unread
        self.beyond += later.beyond
        for sample in later.samples[: MOST_SAMPLES - len(self.samples)]:
            self.samples.append(replace(sample, line=sample.line + moved))
        for minute, by_status in later.minutes.items():
            for status, count in by_status.items():
                self.request(minute, status, count)
        self.clients.merge(later.clients)
        self.paths.merge(later.paths)
        for upstream, by_ms in later.durations.items():
            for ms, count in by_ms.items():
                self.duration(upstream, ms, count)
        self._merge_statements(self.kinds, later.kinds, moved)
        self._merge_statements(self.said, later.said, moved)
        self._merge_counts(self.retries, later.retries, MOST_KINDS)
        self._merge_counts(self.seconds, later.seconds)
        self._merge_counts(self.failed, later.failed)
        self._merge_counts(self.failed_paths, later.failed_paths)
        self._merge_counts(self.failed_clients, later.failed_clients)
        self._merge_counts(self.limits, later.limits)
        for key, (count, second) in later.said_minutes.items():
            self._say_in(key, count, second)

    def _merge_statements(
        self, mine: dict[Key, Statement], theirs: dict[Key, Statement], moved: int
    ) -> None:
        for key, statement in theirs.items():
            known = mine.get(key)
            if known is None:
                if len(mine) >= MOST_KINDS + MOST_SAID:
                    self.beyond += statement.count
                    continue
                example = statement.example
                known = mine[key] = Statement(replace(example, line=example.line + moved))
            known.add(statement.count, statement.first, statement.last)

    def _merge_counts(
        self, mine: dict[Key, int], theirs: dict[Key, int], most: int = MOST_DETAILS
    ) -> None:
        for key, count in theirs.items():
            self._count(mine, key, most, count)
