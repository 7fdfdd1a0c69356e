"""The figures of an access log, worked out in the slowest and plainest way: one line at a time."""

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

LINE = re.compile(
    r'(\S+) - (\S*) \[([^]]+)\] "((?:[^"\\]|\\.)*)" (\d{3}) (\S+) "((?:[^"\\]|\\.)*)" '
    r'"((?:[^"\\]|\\.)*)" rt=(\S+) ua="([^"]*)" us="([^"]*)" ut="([^"]*)" uct="([^"]*)" '
    r'uht="([^"]*)"'
)


@dataclass
class Figures:
    """What is compared."""

    lines: int = 0
    unread: int = 0
    minutes: Counter = field(default_factory=Counter)
    clients: Counter = field(default_factory=Counter)
    paths: Counter = field(default_factory=Counter)
    times: dict[str, list[int]] = field(default_factory=dict)
    retries: Counter = field(default_factory=Counter)
    failed: Counter = field(default_factory=Counter)


def obvious(path: Path) -> Figures:
    """Read `path` line by line."""
    figures = Figures()
    for raw in path.read_bytes().split(b"\n"):
        if not raw:
            continue
        figures.lines += 1
        found = LINE.match(raw.decode("utf-8", "replace"))
        words = found[4].split(" ") if found else []
        if found is None:
            figures.unread += 1
            continue
        minute = int(datetime.strptime(found[3], "%d/%b/%Y:%H:%M:%S %z").timestamp()) // 60
        status = int(found[5])
        figures.minutes[minute, status] += 1
        figures.clients[found[1]] += 1
        figures.paths[(words[1] if len(words) > 1 else "").split("?")[0]] += 1
        times = [float(t) for t in found[12].split(", ") if t != "-"]
        if times:
            last = found[10].split(", ")[-1]
            last = "" if last == "-" else last
            figures.times.setdefault(last, []).append(round(sum(times) * 1000))
        if "," in found[11]:
            figures.retries[found[11]] += 1
        if status >= 500:
            figures.failed[minute, status, found[11], found[10]] += 1
    return figures


def rounded_down(ms: int) -> int:
    """Three significant digits."""
    text = str(ms)
    return int(text[:3] + "0" * (len(text) - 3)) if len(text) > 3 else ms


def quantile(times: list[int], share: float) -> int:
    """The value that `share` of all do not exceed."""
    ordered = sorted(times)
    rank = 1
    while rank < share * len(ordered):
        rank += 1
    return rounded_down(ordered[rank - 1])
