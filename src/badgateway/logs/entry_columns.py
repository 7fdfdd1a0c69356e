"""Lines of nginx's error log by columns: those that say the same in one minute are counted at once.

A line is cut at what its writer puts at fixed places (nginx, src/core/ngx_log.c and
src/http/ngx_http_request.c, `ngx_http_log_error_handler`): the time, the level and process, the
connection, the message, `, client: ` and what follows, `, upstream: "`. A line that is built
otherwise is read by itself, so counts are those of `Entries`. Needs numpy (extra `logs`).
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from badgateway.logs.clock import Times
from badgateway.logs.distinct import Distinct, Flags, Places, Window, Words, mixed
from badgateway.logs.entries import Entries
from badgateway.logs.examples import example_of
from badgateway.logs.source import Log, line_text
from badgateway.logs.summary import Said, Summary
from badgateway.logs.wordings import MOST_REMEMBERED
from badgateway.model.material import LINE_LIMIT

_END, _COMMA, _COLON, _SLASH, _SPACE, _STAR = b"\n,:/ *"
_CLIENT = b", client: "
_UPSTREAM = b', upstream: "'
_MINUTE = len("2026/11/01 10:20:")
_LEVEL = _MINUTE + 2
_PAD = bytes(1 << 10)
_LONGEST_NUMBER = 16
_LONGEST_SCHEME = 16
_LONGEST_ADDRESS = 128
_MOST_ODD = 0.3
"""With a larger share of lines that are built otherwise, all are read one by one."""
_BEGINNING = re.compile(
    rb"\d{4}/(?:0[1-9]|1[0-2])/(?:0[1-9]|[12]\d|3[01]) (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d "
    rb"\[\w+\] \d+#\d+: \*\d"
)


class EntryColumns(Entries):
    """Adds blocks of nginx's error log to a summary, by columns."""

    def __init__(self, log: Log, times: Times) -> None:
        super().__init__(log, times)
        self._said: dict[int, Said] = {}
        self._minutes: dict[int, int] = {}

    def block(self, data: bytes, summary: Summary) -> None:
        """Add the lines of `data`."""
        lines = _lines(data if data.endswith(b"\n") else data + b"\n")
        at = self._times_of(lines)
        odd = np.flatnonzero(~lines.good).tolist()
        if len(odd) > _MOST_ODD * len(lines.good):
            super().block(data, summary)
            return
        begun = summary.lines + 1
        groups = [*_groups(lines, at), *(_Group(place, 0, 0, 0, 0) for place in odd)]
        for group in sorted(groups):
            if group.size:
                self._say(lines, group, begun + group.first, summary)
                continue
            # A line without a time has that of the one before it.
            self._last = self._last if group.first == 0 else int(at[group.first - 1]) or self._last
            self._line(lines.text(group.first), begun + group.first, summary)
        self._last = int(at[-1]) or self._last
        summary.lines += len(lines.good)

    def _times_of(self, lines: "_Lines") -> Places:
        """When each line was written, seconds since the epoch; 0 where that is not at its place.

        Lines whose beginning is not one of nginx's are no longer good.
        """
        _, first, same = np.unique(lines.head, return_index=True, return_inverse=True)
        minutes = np.array([self._minute(lines, place) for place in first.tolist()])[same]
        np.logical_and(lines.good, minutes > 0, out=lines.good)
        return np.where(lines.good, minutes + lines.second, 0)

    def _minute(self, lines: "_Lines", place: int) -> int:
        """The begin of the minute of a line, seconds since the epoch; 0 for none."""
        key = int(lines.head[place])
        known = self._minutes.get(key)
        if known is None:
            if len(self._minutes) >= MOST_REMEMBERED:
                self._minutes.clear()
            line = lines.text(place)
            second = self._times.of(line_text(line)) if _BEGINNING.match(line) else None
            known = 0 if second is None else second - int(lines.second[place])
            self._minutes[key] = known
        return known

    def _say(self, lines: "_Lines", group: "_Group", number: int, summary: Summary) -> None:
        """Count lines that say the same."""
        said = self._said.get(group.what)
        if said is None:
            if len(self._said) >= MOST_REMEMBERED:
                self._said.clear()
            text = line_text(lines.text(group.first))
            said = self._said[group.what] = self._wordings.of(text, 0)
        summary.entries += group.size
        summary.say(
            said,
            group.least,
            lambda: example_of(self._log, number, lines.text(group.first)),
            group.size,
            group.most,
        )


@dataclass(frozen=True, slots=True)
class _Lines:
    """The lines of a block.

    Attributes:
        data: the block.
        begin, end: where each line stands.
        good: whether it is built as usual; what follows holds for those alone.
        second: of the minute.
        head, what: hashes of what it begins with, up to the connection without the second, and of
            what it says.
    """

    data: bytes
    begin: Places
    end: Places
    good: Flags
    second: Places
    head: Words
    what: Words

    def text(self, place: int) -> bytes:
        """A line as it stands."""
        return self.data[self.begin[place] : self.end[place]]


class _Group(NamedTuple):
    """Lines of one minute that say the same, with none that is built otherwise between them.

    Attributes:
        first: the place of the first of them.
        size: how many; 0 for one line that is built otherwise.
        least, most: when the first and the last of them were written, seconds since the epoch.
        what: the hash of what they say.
    """

    first: int
    size: int
    least: int
    most: int
    what: int


def _lines(data: bytes) -> _Lines:
    """A block taken apart; a line that differs from the usual is not good."""
    window = Window(data + _PAD)
    raw = window.bytes[: len(data)]
    end = np.flatnonzero(raw == _END)
    begin = np.concatenate((np.zeros(1, np.int64), end[:-1] + 1))
    good = (end - begin > _LEVEL) & (end - begin < LINE_LIMIT)
    tens, ones = (window.bytes[begin + _MINUTE + n].astype(np.int64) - 48 for n in (0, 1))
    good &= (tens >= 0) & (tens < 6) & (ones >= 0) & (ones < 10)
    star = window.find(begin + _LEVEL, _STAR, 40, good)
    window.check(star - 2, b": ", good)
    space = window.find(star + 1, _SPACE, _LONGEST_NUMBER, good)
    window.check_digits(star + 1, space, good)
    commas = np.flatnonzero(raw == _COMMA)
    client = _next(window, commas, _CLIENT, space, end)
    upstream = _next(window, commas, _UPSTREAM, client, end)
    good &= client < end
    stop = _upstream_end(window, upstream, end, good)
    good &= stop <= end

    def hashed(start: Places, stop: Places) -> Words:
        return Distinct.keys(window, start, np.where(good, stop, start))

    what = mixed(hashed(begin + _LEVEL, star), hashed(space, client))
    what = mixed(what, hashed(upstream, stop))
    return _Lines(data, begin, end, good, tens * 10 + ones, hashed(begin, begin + _MINUTE), what)


def _next(window: Window, marks: Places, literal: bytes, after: Places, end: Places) -> Places:
    """Where `literal` comes first in each line from `after` on; the line's end where it does not.

    Args:
        window: the block.
        marks: all places of the first character of `literal`, in order.
        literal: what is looked for.
        after: from where, in each line.
        end: of each line.
    """
    fits = np.ones(len(marks), np.bool_)
    window.check(marks, literal, fits)
    places = np.append(marks[fits], len(window.bytes))
    found: Places = np.minimum(places[np.searchsorted(places, after)], end)
    return found


def _upstream_end(window: Window, at: Places, end: Places, good: Flags) -> Places:
    """Where the upstream's address ends, before its path or behind its socket; `end` for none."""
    stop = end.copy()
    rows = np.flatnonzero(good & (at < end))
    fits = np.ones(len(rows), np.bool_)
    host = window.find(at[rows] + len(_UPSTREAM), _COLON, _LONGEST_SCHEME, fits)
    window.check(host, b"://", fits)
    host += len("://")
    unix = fits.copy()
    window.check(host, b"unix:", unix)
    for character, which in ((_SLASH, ~unix), (_COLON, unix)):
        part = np.flatnonzero(which)
        found = np.ones(len(part), np.bool_)
        begin = host[part] + (len("unix:") if character == _COLON else 0)
        stop[rows[part]] = window.find(begin, character, _LONGEST_ADDRESS, found)
        fits[part] &= found
    good[rows] &= fits & (stop[rows] < end[rows])
    return stop


def _groups(lines: _Lines, at: Places) -> list[_Group]:
    """Lines that are good, by what they say and when; none spans a line that is not good."""
    rows = np.flatnonzero(lines.good)
    if not rows.size:
        return []
    keys = mixed(lines.head, lines.what)
    if len(rows) < len(keys):
        keys = mixed(keys, np.cumsum(~lines.good).astype(np.uint64))[rows]
    order = np.argsort(keys, kind="stable")
    ordered, places = keys[order], rows[order]
    begin = np.concatenate(([0], np.flatnonzero(ordered[1:] != ordered[:-1]) + 1))
    first = places[begin]
    columns = (
        first,
        np.diff(begin, append=len(places)),
        np.minimum.reduceat(at[places], begin),
        np.maximum.reduceat(at[places], begin),
        lines.what[first],
    )
    return list(map(_Group, *(column.tolist() for column in columns)))
