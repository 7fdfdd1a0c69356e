"""How long `badgateway --version` takes over an empty Python: goal below 80 ms.

Both are started in turn, so that whatever else the machine does meets both alike.
"""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROUNDS = 21


def once(command: list[str]) -> float:
    """Milliseconds that one run of `command` takes."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - started) * 1000


def main() -> None:
    """Print the figures as one JSON line."""
    program = Path(sys.executable).with_name("badgateway")
    empty, ours = [sys.executable, "-c", "pass"], [str(program), "--version"]
    once(empty), once(ours)
    times = [(once(empty), once(ours)) for _ in range(ROUNDS)]
    base = statistics.median(first for first, _ in times)
    version = statistics.median(second for _, second in times)
    figures = {
        "bench": "startup",
        "rounds": ROUNDS,
        "python_ms": round(base, 1),
        "badgateway_ms": round(version, 1),
        "ratio_ms": round(version - base, 1),
        "goal_ms": 80,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
