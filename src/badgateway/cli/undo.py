"""`badgateway undo`."""

import json
import sys

from badgateway.cli.arguments import Parsed, Parser, complain
from badgateway.repair.apply import Left, state_of, take_back
from badgateway.repair.journal import (
    JournalError,
    alone,
    cut_off,
    journals,
    last_kept,
    state_folder,
)
from badgateway.report.safe import safe


def add_arguments(parser: Parser) -> None:
    """Add the options of `undo`."""
    parser.add_argument("--list", action="store_true", help="show every change that was made")
    parser.add_argument("--json", action="store_true", help="print what was done as JSON")


def run(parsed: Parsed) -> int:
    """Take the last change back, and what was cut off before it; returns the exit status."""
    state = state_folder()
    if parsed.list:
        return _list(parsed)
    try:
        with alone(state):
            chosen = cut_off(state)
            if not chosen and (last := last_kept(state)) is not None:
                chosen = [last]
            if not chosen:
                complain("there is nothing to take back")
                return 0
            left: list[Left] = []
            for journal in chosen:
                left += take_back(journal)
    except (JournalError, OSError) as error:
        complain(str(error))
        return 2
    names = [journal.folder.name for journal in chosen]
    files = [path for journal in chosen for path, word in state_of(journal) if word == "old"]
    if parsed.json:
        told = {"undone": names, "files": files, "left": [[each.what, each.why] for each in left]}
        print(json.dumps({"schema": "badgateway.undo/1", **told}))
    else:
        for name in names:
            print(f"Taken back: {name}")
        for path in files:
            print(f"  {safe(path, 400)} is as it was")
    for each in left:
        print(
            f"badgateway: NOT taken back: {safe(f'{each.what}: {each.why}', 600)}", file=sys.stderr
        )
    return 2 if left else 0


def _list(parsed: Parsed) -> int:
    rows = []
    for journal in journals(state_folder()):
        remedies = [str(event["remedy"]) for event in journal.of("plan")]
        state = journal.ended or "cut off"
        rows.append({"name": journal.folder.name, "remedies": remedies, "state": state})
    if parsed.json:
        print(json.dumps(rows))
        return 0
    for row in rows:
        print(f"{row['name']}  {row['state']:<8} {', '.join(row['remedies'])}")
    if not rows:
        print("Nothing was ever changed here.")
    return 0
