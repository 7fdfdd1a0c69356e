"""A small job scheduler: `scheduler.py SECONDS MOST COMMAND…`.

It starts the command every so many seconds and does not look whether the last run has ended, as
cron does. MOST bounds how many run at once.
"""

import subprocess
import sys
import time
from datetime import UTC, datetime


def main() -> None:
    """Start the job again and again, until killed."""
    seconds, most, command = float(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    running: list[subprocess.Popen[bytes]] = []
    while True:
        running = [job for job in running if job.poll() is None]
        if len(running) < most:
            job = subprocess.Popen(command, stdin=subprocess.DEVNULL)
            now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            print(
                f"{now} scheduler[{job.pid}]: CMD ({' '.join(command)})"
                f" started, {len(running)} earlier runs are still going",
                flush=True,
            )
            running.append(job)
        time.sleep(seconds)


if __name__ == "__main__":
    main()
