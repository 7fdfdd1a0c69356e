"""What readers of line-based dialects share: how far a text is of a dialect, and its times."""

import re
from datetime import UTC, datetime

_LINES = 60
_CONTINUES = re.compile(
    r"\s+\S|Traceback \(most recent call last\)|(?:The above exception|During handling of)\b"
    r"|Caused by: |[\w.]{1,200}(?:Error|Exception|Exit)(?::|$)"
)
"""What goes on with the line before: frames of a stack, and what was thrown at its end."""


def share_of_lines(head: str, line: re.Pattern[str]) -> float:
    """The share of the first lines that are not empty and that `line` matches, 0 to 1.

    The last line is left out where the head was cut in its middle, and so are a stack's frames
    below a line that matches: an application that fails at once writes more of them than lines.
    """
    lines = head.splitlines()
    if len(lines) > 1 and not head.endswith("\n") and len(head) > 60_000:
        lines.pop()
    counted = matching = 0
    inside = False
    for text in lines:
        if not text.strip() or (inside and _CONTINUES.match(text)):
            continue
        inside = line.match(text) is not None
        counted += 1
        matching += inside
        if counted == _LINES:
            break
    return matching / counted if counted else 0.0


def local_time(text: str | None, shape: str) -> datetime | None:
    """A time without a zone, taken as this machine's own; None where it is no time.

    A log that was copied from a machine in another zone is off by whole hours or their halves;
    who joins logs has to know (`Material` does not tell).
    """
    try:
        return datetime.strptime(text, shape).astimezone() if text else None
    except (ValueError, OverflowError):
        return None


def zoned_time(text: str, shape: str = "") -> datetime | None:
    """A time with a zone, or UTC where it names none; ISO 8601 where no shape is given."""
    try:
        if shape:
            found = datetime.strptime(text, shape)  # noqa: DTZ007 - the zone is looked at below
        else:
            found = datetime.fromisoformat(text.replace(",", "."))
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def yearless_time(text: str, changed: float | None) -> datetime | None:
    """Syslog's `Nov 24 09:14:02`: the last such moment before the log was last written, or now."""
    end = datetime.fromtimestamp(changed).astimezone() if changed else datetime.now().astimezone()
    for year in (end.year, end.year - 1):
        found = local_time(f"{year} {text}", "%Y %b %d %H:%M:%S")
        if found is not None and found.timestamp() <= end.timestamp() + 86_400:
            return found
    return None


class W3CLines:
    """Lines of a W3C extended log, whose fields a `#Fields:` line names (www.w3.org/TR/WD-logfile).

    Args:
        head: its beginning, with the first such line.
    """

    def __init__(self, head: str) -> None:
        found = re.search(r"(?m)^#Fields:\s*([^\n]{1,4000})", head)
        self.names = found[1].split() if found else []

    def fields(self, line: str) -> dict[str, str] | None:
        """The fields of a line by name; None where it has another number of them."""
        values = line.split("\t") if "\t" in line else line.split(" ")
        return dict(zip(self.names, values, strict=True)) if self.fit(values) else None

    def fit(self, values: list[str]) -> bool:
        """Whether these are as many as there are fields."""
        return bool(self.names) and len(values) == len(self.names)
