"""The first process of a box, and the program that it runs in it.

The first process only reaps what is orphaned; killing it ends everything. What the program finds
goes to standard output, one JSON object a line; what it says to people goes to standard error.
"""

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from badgateway.lab.box import LabError, enter


def main(arguments: Sequence[str]) -> int:
    """Make the box private, then do what the arguments say in a child."""
    try:
        folder = enter()
    except (LabError, OSError) as error:
        tell(error=str(error))
        return 2
    child = os.fork()
    if child == 0:
        try:
            status = _work(folder, arguments)
            sys.stdout.flush()
        except LabError as error:
            tell(error=str(error))
            status = 2
        except KeyboardInterrupt:
            status = 130
        os._exit(status)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        ended, status = os.wait()
        if ended == child:
            return os.waitstatus_to_exitcode(status) & 0xFF


def tell(**event: object) -> None:
    """One event for whoever started the box."""
    print(json.dumps(event), flush=True)  # noqa: T201 - this is how the two programs talk


def _work(folder: Path, arguments: Sequence[str]) -> int:
    from badgateway.lab.run import Wish, run_faults, started  # noqa: PLC0415 - the first one stays small

    parser = argparse.ArgumentParser(prog="inside")
    parser.add_argument("what", choices=("up", "run"))
    parser.add_argument("faults", nargs="*")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--side", default="visitor")
    parser.add_argument("--prove", action="store_true")
    parser.add_argument("--evidence", type=Path)
    parser.add_argument("--sweep", action="store_true")
    parser.add_argument("--fix", action="store_true")
    asked = parser.parse_args(arguments)
    began = time.monotonic()
    lab = started(folder)
    tell(up=round(time.monotonic() - began, 3), missing=lab.missing, servers=sorted(lab.servers))
    if asked.what == "up":
        signal.pause()
        return 0
    wish = Wish(asked.side, asked.prove, asked.evidence, asked.sweep, asked.fix)
    return run_faults(lab, asked.faults, asked.folder, wish, tell)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
