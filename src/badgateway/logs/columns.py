"""Lines of a known format read by columns: millions a second, and exactly as line by line.

A block's quotes and line ends are found at once; then each field's place is worked out for all
lines together, piece by piece of the format, eight bytes at a time. A line that is out of the
ordinary in any way (a failure, a backslash, a byte that is not ASCII, a field longer than usual, a
format that does not fit) is handed on to be read by itself, so the expression of the format stays
the only truth. Needs numpy (extra `logs`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from badgateway.knowledge.log_format import pieces_of
from badgateway.knowledge.requests import UNANSWERED
from badgateway.logs.access.quoted import WANTED
from badgateway.logs.clock import Times
from badgateway.logs.distinct import Distinct, Flags, Places, Window, Words, masked_word
from badgateway.logs.hit import PATH_LIMIT, TEXT_LIMIT
from badgateway.logs.summary import Summary
from badgateway.logs.tally import bucket
from badgateway.model.material import LINE_LIMIT

Line = Callable[[bytes, Summary, int], None]
Fields = Callable[[Mapping[str, str], bytes, Summary, int], bool]

_QUOTE, _END, _SPACE = 34, 10, 32
_PAD = bytes(1 << 15)
"""Behind the last line: a line that does not fit is looked for no farther than that."""
_LONGEST_FIELD = 40
_TIME_LENGTH = {"time_local": 26, "time_iso8601": 25}
_MINUTE_LENGTH = {"time_local": 17, "time_iso8601": 16}
_MOST_UPSTREAMS = 64
_SLOW = 10_000
"""ms from which on a duration is read by itself."""
_SHAPE = np.uint64(0xF0F0F0FFF0)
_DIGITS = np.uint64(0x3030302E30)
_HIGH_HALVES = np.uint64(0xF0F0F000F0)
_LOW_HALVES = np.uint64(0x0F0F0F000F)
_SIX = np.uint64(0x0606060006)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a format is read: its pieces in turn, and how many quotes they hold.

    Attributes:
        pieces: `(name, literal)`, one of both empty.
        quotes: quotes in the literals.
        time: the name of the time.
        duration: the name of the duration that is counted; empty for none.
    """

    pieces: tuple[tuple[str, str], ...]
    quotes: int
    time: str
    duration: str


def plan_of(format_text: str) -> Plan | None:
    """The plan for a format; None where it has to be read line by line."""
    pieces = tuple(pieces_of(format_text))
    names = [name for name, _ in pieces if name]
    times = [name for name in _TIME_LENGTH if name in names]
    text = "".join(literal for _, literal in pieces)
    quoted = any(
        name == "request" and _ends(pieces, place) == '"' for place, (name, _) in enumerate(pieces)
    )
    wanted = {"remote_addr", "status", "request"}
    doubled = len(set(names)) < len(names) or not text.isascii()
    other = {"request_uri", "uri", "request_time_us", "request_time_ms", "duration"} & set(names)
    if not times or not wanted <= set(names) or not quoted or doubled or other:
        return None
    if any(not _ends(pieces, place) for place, (name, _) in enumerate(pieces) if name):
        return None
    durations = [n for n in ("upstream_response_time", "request_time") if n in names]
    return Plan(pieces, text.count('"'), times[0], durations[0] if durations else "")


def _ends(pieces: tuple[tuple[str, str], ...], place: int) -> str:
    """The character at which the field at `place` ends."""
    return pieces[place + 1][1][:1] if place + 1 < len(pieces) else ""


class Columns:
    """Adds blocks of an access log to a summary, by columns.

    Args:
        plan: of the format.
        times: the clock.
        by_line: reads a line by itself.
        by_fields: reads a line whose fields were found, such as one of a request that failed.
    """

    def __init__(self, plan: Plan, times: Times, by_line: Line, by_fields: Fields) -> None:
        self._plan, self._times = plan, times
        self._by_line, self._by_fields = by_line, by_fields
        self._clients, self._paths = Distinct(), Distinct()
        self._upstreams: dict[bytes, int] = {}
        self._room = np.empty(0, np.bool_)
        self._more_room = self._room
        self._hashes: dict[np.uint64, int] = {}
        self._durations: list[Places] = []

    def block(self, data: bytes, summary: Summary) -> None:
        """Add the lines of `data`."""
        if not data.endswith(b"\n"):
            data += b"\n"
        window = Window(data + _PAD)
        raw = window.bytes[: len(data)]
        marks = self._marks(raw)
        ends_at = np.flatnonzero(raw[marks] == _END)
        ends = marks[ends_at]
        starts = np.concatenate((np.zeros(1, np.int64), ends[:-1] + 1))
        first_mark = np.concatenate((np.zeros(1, np.int64), ends_at[:-1] + 1))
        fit = ends_at - first_mark >= self._plan.quotes
        fit &= ends - starts < LINE_LIMIT
        self._odd(data, raw, ends, fit)
        rows = np.flatnonzero(fit)
        found = np.ones(len(rows), np.bool_)
        fields = _fields(self._plan, window, marks, starts[rows], first_mark[rows], found)
        read = self._read(window, fields, found.copy(), summary)
        alone = np.ones(len(ends), np.bool_)
        alone[rows[read]] = False
        failed = np.flatnonzero(found & ~read)
        known = {
            name: list(zip(begin[failed].tolist(), end[failed].tolist(), strict=True))
            for name, (begin, end) in fields.items()
            if name in WANTED
        }
        parts = dict(zip(rows[failed].tolist(), range(len(failed)), strict=True))
        first = summary.lines + 1
        for number in np.flatnonzero(alone).tolist():
            line = data[int(starts[number]) : int(ends[number])]
            part = parts.get(number)
            if part is not None:
                texts = {
                    name: data[at[part][0] : at[part][1]].decode("ascii")
                    for name, at in known.items()
                }
                if self._by_fields(texts, line, summary, first + number):
                    continue
            self._by_line(line, summary, first + number)
        summary.lines += len(ends)

    def _marks(self, raw: NDArray[np.uint8]) -> Places:
        """Where quotes and line ends are; room is kept, for new pages cost more than the work."""
        if len(self._room) < len(raw):
            self._room = np.empty(len(raw) * 5 // 4, np.bool_)
            self._more_room = np.empty_like(self._room)
        room, more = self._room[: len(raw)], self._more_room[: len(raw)]
        np.equal(raw, _QUOTE, out=room)
        np.equal(raw, _END, out=more)
        np.logical_or(room, more, out=room)
        return np.flatnonzero(room)

    @staticmethod
    def _odd(data: bytes, raw: NDArray[np.uint8], ends: Places, fit: Flags) -> None:
        """Lines with a backslash or a byte that is not ASCII are read by themselves."""
        odd: list[Places] = []
        if b"\\" in data:
            odd.append(np.flatnonzero(raw == 92))
        if not data.isascii():
            odd.append(np.flatnonzero(raw > 127))
        for places in odd:
            fit[np.searchsorted(ends, places)] = False

    def _read(
        self,
        window: Window,
        fields: dict[str, tuple[Places, Places]],
        good: Flags,
        summary: Summary,
    ) -> Flags:
        """Count the lines that are in order; returns which of `good` those were."""
        if not len(good):
            return good
        status = _status(window, fields["status"], good)
        if "upstream_status" in fields:
            begin, end = fields["upstream_status"]
            good &= (end - begin <= 3) & (window.bytes[begin] != ord("5"))
            for offset in range(3):
                good &= (window.bytes[begin + offset] != ord(",")) | (end - begin <= offset)
        clients = Distinct.keys(window, *fields["remote_addr"])
        paths, path = _path(window, fields["request"], good)
        durations = self._duration(window, fields, good) if self._plan.duration else None
        minutes = self._minutes(window, fields[self._plan.time], status, good)
        for statuses, at, count in minutes:
            summary.request(at, statuses, count)
        if not good.any():
            return good
        self._clients.add(window, clients[good], *(part[good] for part in fields["remote_addr"]))
        self._paths.add(window, paths[good], *(part[good] for part in path))
        if durations is not None:
            self._count(durations[good])
        summary.requests += int(np.count_nonzero(good))
        return good

    def _minutes(
        self,
        window: Window,
        place: tuple[Places, Places],
        status: Places,
        good: Flags,
    ) -> list[tuple[int, int, int]]:
        """Requests by minute and status; a minute's text is read once for its run of lines."""
        begin, end = place
        length, minute = _TIME_LENGTH[self._plan.time], _MINUTE_LENGTH[self._plan.time]
        good &= end - begin == length
        second = window.bytes[begin + minute + 1], window.bytes[begin + minute + 2]
        good &= (second[0] >= 48) & (second[0] <= 53) & (second[1] >= 48) & (second[1] <= 57)
        good &= window.bytes[begin + minute] == ord(":")
        keys = (
            window.words[begin],
            window.words[begin + 8],
            masked_word(window.words[begin + 16], 1),
            window.words[end - 8] >> np.uint64(16),
        )
        changed = np.zeros(len(begin), np.bool_)
        for key in keys:
            changed[1:] |= key[1:] != key[:-1]
        runs = np.flatnonzero(changed)
        bounds = [0, *runs.tolist(), len(begin)]
        at: list[int] = []
        for start, stop in pairwise(bounds):
            # A line that is out of order may carry the key of none: take one that is good.
            sample = start + int(np.argmax(good[start:stop]))
            text = window.text(int(begin[sample]), int(end[sample]))
            second_of = self._times.of(text) if good[sample] else None
            if second_of is None or self._times.end != length:
                good[start:stop] = False
                at.append(0)
            else:
                at.append(second_of // 60)
        index = np.cumsum(changed)
        counts = np.bincount(index[good] * 1_000 + status[good])
        full = np.flatnonzero(counts)
        return [
            (key % 1_000, at[key // 1_000], count)
            for key, count in zip(full.tolist(), counts[full].tolist(), strict=True)
        ]

    def _duration(
        self, window: Window, fields: dict[str, tuple[Places, Places]], good: Flags
    ) -> Places:
        """For each line its upstream's number and its duration, as one number; -1 for none."""
        begin, end = fields[self._plan.duration]
        length = end - begin
        word = window.words[begin]
        none = (length == 1) & (window.bytes[begin] == ord("-"))
        # `d.ddd`: the high halves of the digits are 3, and stay so when 6 is added.
        right = (length == 5) & ((word & _SHAPE) == _DIGITS)
        right &= ((word + _SIX) & _HIGH_HALVES) == (_DIGITS & _HIGH_HALVES)
        good &= none | right
        low = (word & _LOW_HALVES).astype(np.int64)
        ms = (low & 15) * 1_000 + (low >> 16 & 15) * 100 + (low >> 24 & 15) * 10 + (low >> 32 & 15)
        upstream = self._upstream(window, fields, good)
        return np.where(none, -1, upstream * _SLOW + ms)

    def _upstream(
        self, window: Window, fields: dict[str, tuple[Places, Places]], good: Flags
    ) -> Places:
        if "upstream_addr" not in fields:
            self._upstreams.setdefault(b"", 0)
            return np.zeros(len(good), np.int64)
        begin, end = fields["upstream_addr"]
        good &= end - begin <= TEXT_LIMIT
        keys = Distinct.keys(window, begin, end)
        number = np.full(len(good), -1, np.int64)
        for key, known in self._hashes.items():
            number[keys == key] = known
        while (missing := np.flatnonzero((number < 0) & good)).size:
            if len(self._upstreams) >= _MOST_UPSTREAMS:
                good[missing] = False
                break
            at = int(missing[0])
            name = window.data[int(begin[at]) : int(end[at])]
            known = self._upstreams.setdefault(name, len(self._upstreams))
            self._hashes[keys[at]] = known
            number[keys == keys[at]] = known
        return number

    def _count(self, durations: Places) -> None:
        counts = np.bincount(durations[durations >= 0], minlength=len(self._upstreams) * _SLOW)
        for upstream in range(len(self._upstreams)):
            part = counts[upstream * _SLOW : (upstream + 1) * _SLOW]
            if upstream < len(self._durations):
                self._durations[upstream] += part
            else:
                self._durations.append(part.astype(np.int64))

    def finish(self, summary: Summary) -> None:
        """Add the names and durations that were held back."""
        for name, count in self._clients.counts():
            summary.clients.add(name, count)
        for name, count in self._paths.counts():
            summary.paths.add(name, count)
        for upstream, counts in zip(self._upstreams, self._durations, strict=False):
            name = "" if upstream == b"-" else upstream.decode("ascii")
            for ms in np.flatnonzero(counts).tolist():
                summary.duration(name, bucket(ms), int(counts[ms]))


def _fields(
    plan: Plan,
    window: Window,
    marks: Places,
    starts: Places,
    first_mark: Places,
    good: Flags,
) -> dict[str, tuple[Places, Places]]:
    """Where each field begins and ends in each line; lines that differ are no longer good."""
    at, quote = starts, 0
    fields: dict[str, tuple[Places, Places]] = {}
    for place, (name, literal) in enumerate(plan.pieces):
        if not name:
            # The character at which the field before ended was found there.
            known = 1 if place else 0
            window.check(at + known, literal[known:].encode("ascii"), good)
            at = at + len(literal)
            quote += literal.count('"')
            continue
        if _ends(plan.pieces, place) == '"':
            end = marks[first_mark + quote]
            good &= end >= at
            end = np.maximum(end, at)
        else:
            end = window.find(at, ord(_ends(plan.pieces, place)), _LONGEST_FIELD, good)
        fields[name] = (at, end)
        at = end
    return fields


def _status(window: Window, place: tuple[Places, Places], good: Flags) -> Places:
    """The status as a number; failures are read line by line."""
    begin, end = place
    good &= end - begin == 3
    status = np.zeros(len(begin), np.int64)
    for offset, factor in enumerate((100, 10, 1)):
        value = window.bytes[begin + offset].astype(np.int64) - 48
        good &= (value >= 0) & (value <= 9)
        status += value * factor
    good &= status < 500
    for left_out in UNANSWERED:
        good &= status != left_out
    return np.where(good, status, 0)


def _path(
    window: Window, request: tuple[Places, Places], good: Flags
) -> tuple[Words, tuple[Places, Places]]:
    """The hash of each path, without its query, and where it stands."""
    begin, end = request
    space = window.find(begin, _SPACE, 16, good)
    start = space + 1
    keys, stop = Distinct.keys_until(window, start, b" ?", PATH_LIMIT, good)
    good &= stop < end
    return keys, (start, stop)
