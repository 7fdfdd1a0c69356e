"""`badgateway undo`."""

import json

from badgateway.cli.arguments import Parsed, Parser, complain
from badgateway.model.message import Message, sentence
from badgateway.repair.apply import take_back
from badgateway.repair.files import Left, state_of
from badgateway.repair.journal import (
    JournalError,
    alone,
    cut_off,
    journals,
    last_kept,
    state_folder,
)
from badgateway.report.safe import safe
from badgateway.report.words import LANGUAGES, Words

_STATES = {
    "kept": sentence("kept"), "undone": sentence("undone"), "cut off": sentence("cut off"),
}  # fmt: skip


def add_arguments(parser: Parser) -> None:
    """Add the options of `undo`."""
    parser.add_argument("--list", action="store_true", help="show every change that was made")
    parser.add_argument("--json", action="store_true", help="print what was done as JSON")
    parser.add_argument("--lang", choices=LANGUAGES, default="en", help="language")


def run(parsed: Parsed) -> int:
    """Take the last change back, and what was cut off before it; returns the exit status."""
    state, words = state_folder(), Words(parsed.lang)
    if parsed.list:
        return _list(parsed, words)
    try:
        with alone(state):
            chosen = cut_off(state)
            if not chosen and (last := last_kept(state)) is not None:
                chosen = [last]
            if not chosen:
                complain(words.say("there is nothing to take back"))
                return 0
            left: list[Left] = []
            for journal in chosen:
                left += take_back(journal)
    except JournalError as error:
        complain(words.message(error.message))
        return 2
    except OSError as error:
        complain(error)
        return 2
    names = [journal.folder.name for journal in chosen]
    files = [path for journal in chosen for path, word in state_of(journal) if word == "old"]
    if parsed.json:
        kept = [[str(each.what), str(each.why)] for each in left]
        told = {"undone": names, "files": files, "left": kept}
        print(json.dumps({"schema": "badgateway.undo/1", **told}))
    else:
        for name in names:
            print(words.say("Taken back: {name}", name=name))
        for path in files:
            print("  " + words.say("{path} is as it was", path=safe(path, 400)))
    for each in left:
        told = {"what": each.what, "why": each.why}
        complain(words.message(Message("NOT taken back: {what}: {why}", told)))
    return 2 if left else 0


def _list(parsed: Parsed, words: Words) -> int:
    rows = []
    for journal in journals(state_folder()):
        remedies = [str(event["remedy"]) for event in journal.of("plan")]
        state = journal.ended or "cut off"
        rows.append({"name": journal.folder.name, "remedies": remedies, "state": state})
    if parsed.json:
        print(json.dumps(rows))
        return 0
    for row in rows:
        state = words.say(_STATES.get(str(row["state"]), str(row["state"])))
        print(f"{row['name']}  {state:<8} {', '.join(row['remedies'])}")
    if not rows:
        print(words.say("Nothing was ever changed here."))
    return 0
