"""`badgateway logs --follow`: each incident is announced as it begins and as it ends."""

import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress

from badgateway.cli.arguments import Parsed, complain
from badgateway.investigate.live import Watch
from badgateway.investigate.logs import logs_at
from badgateway.logs.follow import Follower, Note
from badgateway.logs.source import STDIN
from badgateway.model.incident import Change
from badgateway.report.logs_json import incident_json
from badgateway.report.logs_terminal import change_words
from badgateway.report.words import Words

EACH = 1.0
"""Seconds between two looks."""


def follow(parsed: Parsed) -> int:
    """Follow logs until somebody ends it; returns the exit status: 1 where there was an incident.

    Raises:
        OSError: a log cannot be opened at the beginning.
    """
    if not parsed.files or STDIN in parsed.files:
        complain("--follow needs names of files; to follow a pipe, write it into one")
        return 2
    logs, skipped = logs_at(parsed.files, parsed.format)
    for one in skipped:
        complain(f"{one.name}: {one.why}")
    plain = [log for log in logs if not log.packed]
    if not plain:
        complain("there is no log to follow; compressed ones do not grow")
        return 2
    words, watch = Words(parsed.lang), Watch(plain)
    names = ", ".join(log.name for log in plain)
    print(words.say("following {names}; Ctrl-C ends it", names=names), file=sys.stderr, flush=True)
    with suppress(KeyboardInterrupt), closing(Follower(plain)) as follower:
        for change in _changes(follower, watch):
            if isinstance(change, Note):
                complain(f"{change.name}: {change.what}")
            elif parsed.json:
                print(incident_json(change.incident, change.what), flush=True)
            else:
                for line in change_words(change, words):
                    print(line, flush=True)
    return 1 if watch.met else 0


def _changes(follower: Follower, watch: Watch) -> "Iterator[Change | Note]":
    while True:
        for log, data in follower.grown():
            watch.take(log, data)
        yield from follower.notes()
        yield from watch.changes(time.time())
        time.sleep(EACH)
