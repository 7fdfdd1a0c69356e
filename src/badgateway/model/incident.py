"""What logs told: incidents on a time line, each with its cause, and the errors between them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from badgateway.model.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Count:
    """A name, how often it was seen, and its share of the whole it belongs to, 0 to 1."""

    name: str
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class Limit:
    """Failed requests that all took the same time, which betrays a limit somewhere.

    Attributes:
        seconds: how long they took.
        count: how many.
    """

    seconds: float
    count: int


@dataclass(frozen=True, slots=True)
class Wording:
    """What lines of an error log say, their variable parts named in angle brackets.

    Attributes:
        text: the wording.
        subject: what it is about: an address, a socket, a path.
        known: the signature that fits, `nginx/connect-refused`; None for an unknown one.
        says: what that means, a word of the vocabulary; None likewise.
        count: how many lines.
        first, last: when it was seen; None where lines have no time.
        source: where an example stands, `FILE:LINE`.
        example: that line, secrets masked.
    """

    text: str
    subject: str
    known: str | None
    says: str | None
    count: int
    first: datetime | None
    last: datetime | None
    source: str
    example: str


@dataclass(frozen=True, slots=True)
class Incident:
    """A burst of gateway errors.

    Attributes:
        id: `i1`, `i2` …, in order of time.
        begin, end: of its first and last error.
        ongoing: whether the logs end while it goes on.
        errors: gateway errors.
        requests: all requests of that time.
        share: the share of requests that failed, 0 to 1; None where only error logs are there.
        usual: the normal share at that time.
        clients: how many different addresses met an error, as far as they were counted.
        statuses, upstreams, paths, retries: of the errors, most frequent first; without those whose
            lines tell none.
        limits: durations that many of them share.
        wordings: what error logs say in the same minutes, known ones first.
        verdict: the judged cause.
        before: how many earlier incidents of these logs have the same cause.
        trend: errors over its time, in equal steps.
    """

    id: str
    begin: datetime
    end: datetime
    ongoing: bool
    errors: int
    requests: int
    share: float | None
    usual: float
    clients: int
    statuses: tuple[Count, ...]
    upstreams: tuple[Count, ...]
    paths: tuple[Count, ...]
    retries: tuple[Count, ...]
    limits: tuple[Limit, ...]
    wordings: tuple[Wording, ...]
    verdict: Verdict
    before: int
    trend: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Background:
    """Gateway errors that belong to no incident.

    Attributes:
        errors: how many.
        share: of all requests outside incidents, 0 to 1.
        statuses, paths, retries: of these errors.
        verdict: the judged cause.
    """

    errors: int
    share: float
    statuses: tuple[Count, ...]
    paths: tuple[Count, ...]
    retries: tuple[Count, ...]
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Durations:
    """How long one upstream took, ms; quantiles are low by less than 1 %."""

    upstream: str
    count: int
    median: int
    p95: int
    p99: int


@dataclass(frozen=True, slots=True)
class LogRead:
    """One log: its dialect, how many lines it had, and why it was not read to its end, if so."""

    name: str
    kind: str
    lines: int
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """A line that could not be read as what its log is."""

    source: str
    text: str


@dataclass(frozen=True, slots=True)
class LogReport:
    """The whole answer.

    Attributes:
        logs: what was read.
        requests: lines of access logs.
        entries: lines of error logs.
        unread: lines that could not be read; `samples` are the first of them.
        begin, end: the time that the logs span.
        errors: gateway errors.
        statuses: all answers.
        step: seconds between two points of `trend` and `errors_trend`.
        trend, errors_trend: requests and gateway errors over the whole time.
        clients, paths: the most frequent ones; `missed` is how much too low any count may be.
        durations: of the upstreams.
        retries: what several upstreams answered in turn.
        incidents: in order of time.
        background: the errors between them; None without any.
        wordings: what error logs say in all, most frequent first.
        beyond: details that were not kept because there were too many.
        elapsed_s: seconds it took.
    """

    logs: tuple[LogRead, ...]
    requests: int
    entries: int
    unread: int
    samples: tuple[Unread, ...]
    begin: datetime | None
    end: datetime | None
    errors: int
    statuses: tuple[Count, ...]
    step: int
    trend: tuple[int, ...]
    errors_trend: tuple[int, ...]
    clients: tuple[Count, ...]
    paths: tuple[Count, ...]
    missed: int
    durations: tuple[Durations, ...]
    retries: tuple[Count, ...]
    incidents: tuple[Incident, ...]
    background: Background | None
    wordings: tuple[Wording, ...]
    beyond: int
    elapsed_s: float


@dataclass(frozen=True, slots=True)
class FirstLook:
    """Gateway errors as far as a glance tells, before the full figures are there.

    Attributes:
        errors: by status.
        minutes: by minute since the epoch.
        bytes: how much was looked at.
    """

    errors: Mapping[str, int]
    minutes: Mapping[int, int]
    bytes: int


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to an incident while logs are followed: `begun` or `over`."""

    what: str
    incident: Incident
