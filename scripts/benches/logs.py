"""How fast logs are analysed, against what people use: prints one JSON line with the ratios.

    scripts/bench logs [--access-mb 128] [--error-mb 24] [--full] [--runs 3] [--no-others] [--gz]

`--full` takes 1 GB and 200 MB. Goals there, on 2 processors: vs_mawk ≥ 2, vs_goaccess ≥ 50,
first_answer_s_per_gb ≤ 1, peak_mb < 300. Ratios are of wall time, and (`_cpu`) of the time that
processors worked, in the program and the system, which other work on the machine changes little;
the best of the runs counts. The mawk program works out the same
figures but for the causes; GoAccess and lnav answer less.
"""

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
from made_logs import access_log, error_log, month, scored

from badgateway.investigate.logs import analyse, logs_at
from badgateway.logs.engines import engine_of

MAWK_ACCESS = r"""
BEGIN { FS = "\"" }
{
    n++; split($3, s, " "); st = s[1]; at = index($1, "["); minute = substr($1, at + 1, 17)
    minutes[minute " " st]++
    clients[substr($1, 1, index($1, " ") - 1)]++
    split($2, q, " "); p = q[2]; j = index(p, "?"); if (j) p = substr(p, 1, j - 1); paths[p]++
    up = $8; j = index(up, ", "); if (j) up = substr(up, j + 2)
    if ($12 != "-") times[up " " $12]++
    if (index($10, ",")) retries[$10]++
    if (st >= 500) {
        kinds[minute " " st " " $10 " " $8]++; seconds[substr($1, at + 1, 20)]++
        bad[minute " " p]++; who[minute " " $1]++
    }
}
END {
    for (k in minutes) print "m", k, minutes[k]; for (k in kinds) print "k", k, kinds[k]
    for (k in clients) print "c", k, clients[k]; for (k in paths) print "p", k, paths[k]
    for (k in times) print "t", k, times[k]; for (k in retries) print "r", k, retries[k]
    for (k in seconds) print "s", k, seconds[k]; for (k in bad) print "b", k, bad[k]
    for (k in who) print "w", k, who[k]; print n
}
"""
MAWK_ERRORS = r"""
{
    t = substr($0, 1, 19); end = index($0, ", client: "); m = end ? substr($0, 28, end - 28) : $0
    i = index(m, " "); m = substr(m, i + 1); gsub(/[0-9]+/, "#", m)
    j = index($0, "upstream: \""); u = j ? substr($0, j + 11, 30) : ""; split(u, a, "/")
    k = m " " a[3]; n[k]++; if (!(k in first)) first[k] = t; last[k] = t
    minutes[substr(t, 1, 16) " " k]++
}
END {
    for (k in n) print k, n[k], first[k], last[k]; for (k in minutes) print k, minutes[k]
}
"""


@dataclass(frozen=True)
class Took:
    """What a program took: wall time, and the time processors worked for it and its children, s."""

    wall: float
    cpu: float

    def __add__(self, other: "Took") -> "Took":
        return Took(self.wall + other.wall, self.cpu + other.cpu)


NEVER = Took(math.inf, math.inf)


def now() -> Took:
    """The clock, and what processors have worked for children that ended."""
    spent = os.times()
    return Took(time.perf_counter(), spent.children_user + spent.children_system)


def better(best: Took, began: Took) -> Took:
    """The less of each: what was best until now, and what has passed since `began`."""
    ended = now()
    return Took(min(best.wall, ended.wall - began.wall), min(best.cpu, ended.cpu - began.cpu))


def timed(command: list[str], runs: int) -> Took:
    """The least that a command took."""
    best = NEVER
    for _ in range(runs):
        began = now()
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        best = better(best, began)
    return best


def peak_of(process: subprocess.Popen[bytes], peak: list[float]) -> None:
    """Keep the most memory that a process and its children took, MB; shared pages count once."""
    try:
        whole = psutil.Process(process.pid)
        while process.poll() is None:
            total = 0
            for one in [whole, *whole.children(recursive=True)]:
                try:
                    total += one.memory_full_info().pss
                except psutil.Error:
                    continue
            peak[0] = max(peak[0], total / 1e6)
            time.sleep(0.03)
    except psutil.Error:
        return


def ours(files: list[Path], runs: int) -> tuple[Took, float, float]:
    """The least that our analysis took, until its first answer as well, and its peak memory."""
    best, first_s, peak = NEVER, math.inf, [0.0]
    command = [sys.executable, "-m", "badgateway", "logs", *map(str, files)]
    # As it is installed: its modules are compiled by the first run at the latest.
    plain = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    for run in range(runs + 1):
        began = now()
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=plain
        ) as process:
            watcher = threading.Thread(target=peak_of, args=(process, peak))
            if run == 0:  # Watching takes time of its own: it has a run of its own.
                watcher.start()
            assert process.stderr is not None
            first = process.stderr.readline()
            answered = time.perf_counter() - began.wall
            process.stderr.read()
        if process.returncode not in (0, 1):
            raise SystemExit(f"our own analysis failed: {first!r}")
        if run == 0:
            watcher.join()
            continue
        best = better(best, began)
        first_s = min(first_s, answered if first else best.wall)
    return best, first_s, peak[0]


def incidents(folder: Path) -> dict[str, object]:
    """How many planted incidents of a month are found, and how many others."""
    planted = month(folder)
    names = ("access.log", "error.log", "php-fpm.log", "kern.log")
    logs, _ = logs_at([str(folder / name) for name in names])
    report = analyse(logs, engine_of(None))
    score = scored(planted, report.incidents)
    return {
        "planted": len(planted),
        "found_to_the_minute": score.found,
        "cause_right": score.named,
        "false": score.false,
    }


def main() -> None:
    """Print the figures as one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--access-mb", type=int, default=128)
    parser.add_argument("--error-mb", type=int, default=24)
    parser.add_argument("--full", action="store_true", help="1 GB and 200 MB")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--no-others", action="store_true", help="without GoAccess and lnav")
    parser.add_argument("--gz", action="store_true", help="the access log packed as well")
    parser.add_argument("--folder", type=Path, help="keep the logs here")
    asked = parser.parse_args()
    access_mb, error_mb = (1_000, 200) if asked.full else (asked.access_mb, asked.error_mb)
    os.environ["TZ"] = "UTC"
    time.tzset()
    with tempfile.TemporaryDirectory() as made:
        folder = asked.folder or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        access, errors = folder / f"access-{access_mb}.log", folder / f"error-{error_mb}.log"
        if not access.exists():
            access_log(access, access_mb * 1_000_000)
        if not errors.exists():
            error_log(errors, error_mb * 1_000_000)
        print(json.dumps(figures(access, errors, asked, folder)))


def figures(
    access: Path, errors: Path, asked: argparse.Namespace, folder: Path
) -> dict[str, object]:
    """All figures."""
    size = access.stat().st_size / 1e9
    took, first, peak = ours([access, errors], asked.runs)
    alone, _, _ = ours([access], asked.runs)
    found: dict[str, object] = {
        "bench": "logs",
        "access_gb": round(size, 3),
        "error_gb": round(errors.stat().st_size / 1e9, 3),
        "processors": len(os.sched_getaffinity(0)),
        "seconds": round(took.wall, 2),
        "cpu_s": round(took.cpu, 2),
        "access_alone_s": round(alone.wall, 2),
        "first_answer_s": round(first, 2),
        "first_answer_s_per_gb": round(first / size, 2),
        "peak_mb": round(peak),
    }
    if shutil.which("mawk"):
        mawk = timed(["mawk", MAWK_ACCESS, str(access)], asked.runs)
        mawk += timed(["mawk", MAWK_ERRORS, str(errors)], asked.runs)
        found |= {
            "mawk_s": round(mawk.wall, 2),
            "mawk_cpu_s": round(mawk.cpu, 2),
            "vs_mawk": round(mawk.wall / took.wall, 2),
            "vs_mawk_cpu": round(mawk.cpu / took.cpu, 2),
        }
    if not asked.no_others and shutil.which("goaccess"):
        # It reads the combined part of a line only.
        cut = folder / "combined.log"
        subprocess.run(["sed", "s/ rt=.*//", str(access)], stdout=cut.open("wb"), check=True)
        other = timed(
            [
                *("goaccess", str(cut), "--log-format=COMBINED", "-o", str(folder / "g.json")),
                "--no-progress",
            ],
            1,
        )
        cut.unlink()
        found |= {
            "goaccess_s": round(other.wall, 2),
            "vs_goaccess": round(other.wall / alone.wall, 1),
            "vs_goaccess_cpu": round(other.cpu / alone.cpu, 1),
        }
    if not asked.no_others and shutil.which("lnav"):
        query = ";SELECT sc_status, count(*) FROM access_log GROUP BY sc_status"
        other = timed(["lnav", "-n", "-c", query, str(access)], 1)
        found |= {"lnav_s": round(other.wall, 2), "vs_lnav": round(other.wall / alone.wall, 1)}
    if asked.gz:
        packed = folder / f"{access.name}.gz"
        if not packed.exists():
            subprocess.run(["gzip", "-k", "-1", str(access)], check=True)
        unpack = timed(["zcat", str(packed)], 1)
        gz, _, _ = ours([packed], 1)
        found |= {"gz_s": round(gz.wall, 2), "zcat_plus_plain_s": round((unpack + alone).wall, 2)}
    with tempfile.TemporaryDirectory() as place:
        found |= incidents(Path(place))
    return found


if __name__ == "__main__":
    main()
