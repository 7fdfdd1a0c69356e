"""Memory that a log of any length takes: peak and growth while millions of lines are read.

    scripts/bench memory [LINES]

An nginx error log and an access log are made line by line as they are read, never as a file: ten
million lines each without an argument. The goal is a peak that does not grow with the length: at
most 1.25 times that of a hundredth of the lines.
"""

import io
import json
import resource
import subprocess
import sys
import time

from badgateway.investigate.sort import read_sorted
from badgateway.model.material import Material

LINES = 10_000_000
GOAL = 1.25
ERROR = (
    "2026/11/24 09:{minute:02d}:{second:02d} [error] 31#31: *{number} connect() failed (111: "
    "Connection refused) while connecting to upstream, client: 203.0.113.{client}, server: a, "
    'request: "GET /{number} HTTP/1.1", upstream: "http://127.0.0.1:8000/", host: "a"\n'
)
ACCESS = (
    "203.0.113.{client} - - [24/Nov/2026:09:{minute:02d}:{second:02d} +0000] "
    '"GET /{number} HTTP/1.1" {status} 157 "-" "curl/8"\n'
)


class Endless(io.RawIOBase):
    """Lines that are made while they are read."""

    def __init__(self, shape: str, lines: int) -> None:
        super().__init__()
        self._shape, self._lines, self._number, self._rest = shape, lines, 0, b""

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer."""
        while len(self._rest) < len(buffer) and self._number < self._lines:
            self._rest += "".join(map(self._line, range(self._number, self._number + 200))).encode()
            self._number += 200
        given = self._rest[: len(buffer)]
        self._rest = self._rest[len(given) :]
        buffer[: len(given)] = given
        return len(given)

    def _line(self, number: int) -> str:
        return self._shape.format(
            number=number,
            client=number % 250,
            minute=number // 60_000 % 60,
            second=number // 1_000 % 60,
            status=200 if number % 10 else 502,
        )


def read(lines: int) -> dict[str, float]:
    """Read so many lines of both logs; the process's peak in MB and the lines a second."""
    started = time.perf_counter()
    for name, shape in (("error.log", ERROR), ("access.log", ACCESS)):
        material = Material(name, lambda s=shape: io.BufferedReader(Endless(s, lines), 1 << 16))
        found = [o.name for o in read_sorted(material)]
        assert found, f"{name} was not understood"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"peak_mb": peak, "lines_a_second": 2 * lines / (time.perf_counter() - started)}


def once(lines: int) -> dict[str, float]:
    """The same in a process of its own, whose peak is its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--here", str(lines)], check=True, capture_output=True, text=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    """Print the figures as one JSON line."""
    if sys.argv[1:2] == ["--here"]:
        print(json.dumps(read(int(sys.argv[2]))))
        return
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else LINES
    short, whole = once(lines // 100), once(lines)
    figures = {
        "bench": "memory",
        "lines": 2 * lines,
        "peak_mb": round(whole["peak_mb"], 1),
        "ratio": round(whole["peak_mb"] / short["peak_mb"], 3),
        "goal_ratio": GOAL,
        "lines_a_second": round(whole["lines_a_second"]),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
