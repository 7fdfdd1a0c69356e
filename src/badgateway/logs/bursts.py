"""When gateway errors were more than usual: bursts against the normal rate of that hour and day.

The normal share of errors is the median of the same hour on other days, or of the whole log where
it is short. A minute, five or fifteen are a burst where chance would not do it once in ten million
such times (Chernoff's bound of the Poisson tail) and where the share is well above the usual. Its
edges are where the sum of the likelihood ratios is largest (Page's cumulative sum, both ways).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from statistics import median

from badgateway.logs.summary import GATEWAY, Kind, Minute, Summary, last_asked

WINDOWS = (1, 5, 15)
"""Minutes that are looked at together."""
CHANCE = log(1e-7)
FEWEST = 5
"""Errors below which there is no incident."""
FACTOR, MARGIN = 3.0, 0.002
"""How far above the usual share an incident lies: this many times, and this much."""
SPREAD = 1.5
"""Errors come less evenly than chance has it."""
MOST_USUAL = 0.02
"""A share above this is never taken as normal."""
GAP = 5
"""Minutes of quiet within one incident."""
DAYS = 3
"""Days from which on hours are compared with the same hour of other days."""
_SLOT = 15
"""Minutes whose share is taken where the log is short."""
_LEAST_USUAL = 0.0002
_LINES_FIT, _TIMES_FIT = 1_000, 10
_LONGEST = 1_000_000
"""Minutes, two years, beyond which a time is a mistake."""
_MOST_SHARE = 0.98
"""A share that is taken where every request failed, so that one that worked is not impossible."""
_ROUNDS = 4
_DIFFERENT = 0.8
_SHORTEST_PART, _FEWEST_IN_PART = 3, 20


@dataclass(frozen=True, slots=True)
class Burst:
    """Minutes with more errors than usual.

    Attributes:
        begin, end: first and last minute since the epoch, both included.
        errors: gateway errors within.
        requests: all requests within.
        usual: the normal share of errors at that time.
    """

    begin: Minute
    end: Minute
    errors: int
    requests: int
    usual: float


@dataclass(slots=True)
class _Series:
    """Errors and requests minute by minute, those without any included."""

    first: Minute
    errors: list[int]
    requests: list[int]


Rates = Mapping[Minute, tuple[int, int]]
"""By minute: errors, and all requests."""
Failed = Mapping[tuple[Minute, Kind], int]


def rates_of(summary: Summary) -> Rates:
    """Gateway errors and requests, minute by minute."""
    return {
        minute: (
            sum(count for status, count in by_status.items() if status in GATEWAY),
            sum(by_status.values()),
        )
        for minute, by_status in summary.minutes.items()
    }


def rates_of_lines(lines: Mapping[Minute, int]) -> Rates:
    """Lines that tell of errors, where nobody knows of how many requests: as many as ever fit."""
    if not lines:
        return {}
    fit = max(_LINES_FIT, _TIMES_FIT * max(lines.values()))
    first, last = min(lines), max(lines)
    if last - first > _LONGEST:
        return {minute: (count, fit) for minute, count in lines.items()}
    return {minute: (lines.get(minute, 0), fit) for minute in range(first, last + 1)}


def bursts(rates: Rates, failed: Failed) -> list[Burst]:
    """All bursts, in order of time.

    Args:
        rates: errors and requests by minute.
        failed: failed requests by minute and kind, by which bursts are told apart.
    """
    series = _series(rates)
    if not series.errors:
        return []
    usual = _usual(series)
    expected = [share * n for share, n in zip(usual, series.requests, strict=True)]
    hot = _joined(_hot(series, usual, expected))
    exact = sorted(part for span in hot for part in _trimmed(series, expected, *span))
    found: list[Burst] = []
    for begin, end in _joined(exact):
        for a, b in _parts(failed, series, begin, end):
            errors, requests = sum(series.errors[a : b + 1]), sum(series.requests[a : b + 1])
            share = sum(expected[a : b + 1]) / requests if requests else 0.0
            found.append(Burst(series.first + a, series.first + b, errors, requests, share))
    return found


def _series(rates: Rates) -> _Series:
    if not rates:
        return _Series(0, [], [])
    ordered = sorted(rates)
    # Single lines with a wrong date must not stretch the time over years.
    if ordered[-1] - ordered[0] > _LONGEST:
        middle = ordered[len(ordered) // 2]
        ordered = [minute for minute in ordered if abs(minute - middle) < _LONGEST // 2]
    first, last = ordered[0], ordered[-1]
    errors, requests = [0] * (last - first + 1), [0] * (last - first + 1)
    for minute in ordered:
        errors[minute - first], requests[minute - first] = rates[minute]
    return _Series(first, errors, requests)


def _usual(series: _Series) -> list[float]:
    """The normal share of errors for each minute."""
    slots: dict[int, list[tuple[int, int]]] = {}
    days = len(series.errors) / 1_440
    size = 60 if days >= DAYS else _SLOT
    for at in range(0, len(series.errors), size):
        requests = sum(series.requests[at : at + size])
        if requests:
            hour = (series.first + at) // 60 % 24 if days >= DAYS else 0
            errors = sum(series.errors[at : at + size])
            slots.setdefault(hour, []).append((errors, requests))
    whole = _middle([pair for pairs in slots.values() for pair in pairs])
    if days < DAYS:
        return [whole] * len(series.errors)
    by_hour = {}
    for hour in range(24):
        near = [pair for h in (hour - 1, hour, hour + 1) for pair in slots.get(h % 24, [])]
        by_hour[hour] = max(whole / 2, _middle(near)) if near else whole
    return [by_hour[(series.first + at) // 60 % 24] for at in range(len(series.errors))]


def _middle(pairs: list[tuple[int, int]]) -> float:
    """The median share, each time weighing the same; within what can be normal at all."""
    if len(pairs) < 3:
        return _LEAST_USUAL
    share = median(errors / requests for errors, requests in pairs)
    return min(MOST_USUAL, max(_LEAST_USUAL, share))


def _hot(series: _Series, usual: list[float], expected: list[float]) -> list[tuple[int, int]]:
    """Spans in which errors are more than chance and habit explain, trimmed to the errors."""
    found: list[tuple[int, int]] = []
    errors, requests, normal = (
        _sums(values) for values in (series.errors, series.requests, expected)
    )
    for size in WINDOWS:
        for end in range(min(size, len(series.errors)), len(series.errors) + 1):
            begin = max(0, end - size)
            count = errors[end] - errors[begin]
            if count < FEWEST:
                continue
            seen = requests[end] - requests[begin]
            chance = SPREAD * (normal[end] - normal[begin]) + 0.3
            least = max(FACTOR * usual[end - 1], usual[end - 1] + MARGIN)
            if count / seen < least or not _rare(count, chance):
                continue
            there = [m for m in range(begin, end) if series.errors[m]]
            found.append((there[0], there[-1]))
    return sorted(found)


def _sums(values: "list[int] | list[float]") -> list[float]:
    total, sums = 0.0, [0.0]
    for value in values:
        total += value
        sums.append(total)
    return sums


def _rare(count: float, chance: float) -> bool:
    """Whether so many are practically impossible where `chance` are expected."""
    return count > chance and count - chance - count * log(count / chance) < CHANCE


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for begin, end in spans:
        if joined and begin <= joined[-1][1] + GAP + 1:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined


def _trimmed(series: _Series, expected: list[float], begin: int, end: int) -> list[tuple[int, int]]:
    """Where within a span the burst really is; what is left on both sides may be one of its own."""
    errors = sum(series.errors[begin : end + 1])
    chance = SPREAD * sum(expected[begin : end + 1]) + 0.3
    if begin > end or errors < FEWEST or not _rare(errors, chance):
        return []
    a, b = begin, end
    for _ in range(_ROUNDS):
        # The narrower the span, the better its rate is known, and with it its edges.
        narrower = _densest(series, expected, (begin, end), (a, b))
        if narrower == (a, b):
            break
        a, b = narrower
    return [
        *_trimmed(series, expected, begin, a - 1),
        (a, b),
        *_trimmed(series, expected, b + 1, end),
    ]


def _densest(
    series: _Series, expected: list[float], span: tuple[int, int], rate_of: tuple[int, int]
) -> tuple[int, int]:
    """The part of `span` that speaks most for the share of errors in `rate_of`, not the usual one.

    A request that went well speaks against a burst as one that failed speaks for it.
    """
    inside = range(rate_of[0], rate_of[1] + 1)
    requests = sum(series.requests[at] for at in inside)
    share = min(_MOST_SHARE, sum(series.errors[at] for at in inside) / max(1, requests))
    usual = max(_LEAST_USUAL, sum(expected[at] for at in inside) / max(1, requests))
    if share <= usual:
        return rate_of
    failed, worked = log(share / usual), log((1 - share) / (1 - usual))
    best, best_span = 0.0, rate_of
    total, start = 0.0, span[0]
    for at in range(span[0], span[1] + 1):
        total += series.errors[at] * failed
        total += (series.requests[at] - series.errors[at]) * worked
        if total <= 0:
            total, start = 0.0, at + 1
        elif total > best:
            best, best_span = total, (start, at)
    return best_span


def _parts(
    failed: Failed, series: _Series, begin: int, end: int, deep: int = 4
) -> list[tuple[int, int]]:
    """The burst, cut where the errors before and after are of quite another kind."""
    if deep == 0 or end - begin + 1 < 2 * _SHORTEST_PART:
        return [(begin, end)]
    kinds: dict[int, dict[tuple[int, str], int]] = {}
    for (minute, kind), count in failed.items():
        at = minute - series.first
        if begin <= at <= end and kind.status in GATEWAY:
            of = kinds.setdefault(at, {})
            of[_sort(kind)] = of.get(_sort(kind), 0) + count
    after: dict[tuple[int, str], int] = {}
    for of in kinds.values():
        for kind_of, count in of.items():
            after[kind_of] = after.get(kind_of, 0) + count
    before = dict.fromkeys(after, 0)
    best, cut = 0.0, 0
    for at in range(begin, end):
        for kind_of, count in kinds.get(at, {}).items():
            before[kind_of] += count
            after[kind_of] -= count
        left, right = sum(before.values()), sum(after.values())
        if min(left, right) < _FEWEST_IN_PART:
            continue
        if min(at + 1 - begin, end - at) < _SHORTEST_PART:
            continue
        distance = sum(abs(before[k] / left - after[k] / right) for k in before) / 2
        if distance > best:
            best, cut = distance, at
    if best < _DIFFERENT:
        return [(begin, end)]
    return [
        *_parts(failed, series, begin, cut, deep - 1),
        *_parts(failed, series, cut + 1, end, deep - 1),
    ]


def _sort(kind: Kind) -> tuple[int, str]:
    """What tells one fault from another: the status, and who was asked last."""
    return kind.status, last_asked(kind.upstream)
