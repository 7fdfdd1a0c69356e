"""Times as logs write them, as seconds since the epoch, worked out once for each minute.

A shape is found by its first lines and then looked for at the same place of every line. Times
without a zone are taken in the zone of the access log beside them, else in this machine's own.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo

_MONTHS = {
    name: number
    for number, name in enumerate(
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1
    )
}
_ZONE = r"(?P<zone>Z|UTC| ?[+-]\d\d:?\d\d)?"
_CLOCK = r"(?P<H>\d\d):(?P<M>\d\d):(?P<S>\d\d)"
_UTC = r"(?: (?P<zone>UTC))?"
_PART = r"(?:[.,]\d{1,9})?"
_SHAPES = (
    rf"(?P<d>\d\d)/(?P<mon>[A-Z][a-z]{{2}})/(?P<y>\d{{4}}):{_CLOCK}{_ZONE}",
    rf"(?P<y>\d{{4}})[-/](?P<m>\d\d)[-/](?P<d>\d\d)[T ]{_CLOCK}{_PART}{_ZONE}",
    rf"[A-Z][a-z]{{2}} (?P<mon>[A-Z][a-z]{{2}}) +(?P<d>\d{{1,2}}) {_CLOCK}{_PART} (?P<y>\d{{4}})",
    rf"(?P<d>\d\d)[- ](?P<mon>[A-Z][a-z]{{2}})[- ](?P<y>\d{{4}}) {_CLOCK}{_PART}{_UTC}",
    rf"(?P<mon>[A-Z][a-z]{{2}}) (?P<d>[ \d]\d) {_CLOCK}",
    r"\"ts\":\"?(?P<epoch>\d{9,10})(?:\.\d+)?",
    r"(?:\btime(?:stamp)?\"?[=:]\"?|\bmsec=)(?P<epoch>1\d{9})(?:\.\d+)?",
)
SHAPES = tuple(re.compile(shape) for shape in _SHAPES)
WITHIN = 220
"""Characters of a line in which its time is looked for."""
_MOST_MINUTES = 50_000
_NO_ZONE = (" [", "] ")
"""What follows a time at a fixed place that names no zone."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Reads the time of a line.

    Attributes:
        zone: of times that name none.
        changed: when the log was last written, seconds since the epoch: supplies a missing year.
    """

    zone: tzinfo | None = None
    changed: float | None = None

    def second(self, found: re.Match[str]) -> int | None:
        """Seconds since the epoch of a match of one of `SHAPES`; None where it is no time."""
        part = found.groupdict()
        try:
            if epoch := part.get("epoch"):
                return int(epoch)
            month = int(part["m"]) if part.get("m") else _MONTHS[part["mon"]]
            zone = _zone(part.get("zone")) or self.zone
            year = int(part["y"]) if part.get("y") else self._year(month, int(part["d"]))
            at = datetime(
                *(year, month, int(part["d"])),
                *(int(part["H"]), int(part["M"]), min(59, int(part["S"]))),
                tzinfo=zone,
            )
            return int((at if zone else at.astimezone()).timestamp())
        except (ValueError, OverflowError, KeyError):
            return None

    def _year(self, month: int, day: int) -> int:
        """The last year in which this day was not after the log was written."""
        end = datetime.fromtimestamp(self.changed, UTC) if self.changed else datetime.now(UTC)
        return end.year if (month, day) <= (end.month, end.day + 1) else end.year - 1


def _zone(text: str | None) -> tzinfo | None:
    if not text:
        return None
    text = text.strip()
    if text in ("Z", "UTC"):
        return UTC
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4]))
    return timezone(-offset if text[0] == "-" else offset)


def zone_of(line: str) -> tzinfo | None:
    """The zone that the time of a line names; None for none."""
    for shape in SHAPES[:2]:
        if found := shape.search(line[:WITHIN]):
            return _zone(found["zone"])
    return None


class Times:
    """The times of one log's lines, whatever their shape, remembered by minute."""

    def __init__(self, clock: Clock, head: Sequence[str] = ()) -> None:
        """Args: clock: the zone; head: its first lines, which tell the shape."""
        self._clock = clock
        hits = [sum(1 for line in head if s.search(line[:WITHIN])) for s in SHAPES]
        best = max(range(len(SHAPES)), key=lambda i: hits[i]) if any(hits) else None
        self._shapes = (SHAPES[best], *SHAPES) if best is not None else SHAPES
        self._minutes: dict[str, int] = {}
        self._fixed: tuple[int, int, int] | None = None
        self.end = 0
        """Where the time of the last line ended."""

    def of(self, line: str) -> int | None:
        """Seconds since the epoch; None for a line that has no time."""
        if self._fixed is not None:
            # Most logs have it at the same place: the minute is looked up, the rest is two digits.
            start, end, zone = self._fixed
            minute = self._minutes.get(line[start:end] + line[end + 2 : zone])
            digits = line[end : end + 2]
            known = minute is not None and digits.isdecimal() and digits.isascii()
            if known and minute is not None and (zone or line[end + 2 : end + 4] in _NO_ZONE):
                self.end = zone or end + 2
                return minute + min(59, int(digits))
        head = line[:WITHIN]
        for shape in self._shapes:
            found = shape.search(head)
            if found is not None:
                self.end = found.end()
                return self._second(found)
        self.end = 0
        return None

    def _second(self, found: re.Match[str]) -> int | None:
        if found.re.groupindex.get("epoch"):
            return self._clock.second(found)
        part = found.groupdict()
        key = found.string[found.start() : found.start("S")]
        tail = part.get("zone") or ""
        if part.get("y") and found.start("y") > found.start("S"):
            tail += part["y"]
        if found.end() == found.end("S") + len(tail):
            self._fixed = (found.start(), found.start("S"), found.end() if tail else 0)
        minute = self._minutes.get(key + tail)
        if minute is None:
            second = self._clock.second(found)
            if second is None:
                return None
            if len(self._minutes) >= _MOST_MINUTES:
                self._minutes.clear()
            minute = self._minutes[key + tail] = second - min(59, int(found["S"]))
        return minute + min(59, int(found["S"]))
