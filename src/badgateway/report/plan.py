"""A plan for people: a diff of each file, a list of commands; and as JSON."""

import shlex
from collections.abc import Iterator
from typing import Any

from badgateway.model.argument import filled
from badgateway.model.message import sentence
from badgateway.model.plan import (
    Change,
    Command,
    Creation,
    Edit,
    Opening,
    Plan,
    Removal,
    Rights,
    Words,
)
from badgateway.model.verdict import Risk
from badgateway.report.safe import safe
from badgateway.report.words import Words as Said

_RISKS = {
    Risk.NONE: sentence("changes nothing"),
    Risk.REVERSIBLE: sentence("`badgateway undo` takes it back"),
    Risk.DISRUPTIVE: sentence("visitors may notice; `badgateway undo` takes it back"),
}


def plan_lines(plan: Plan, said: Said) -> Iterator[str]:
    """The plan, line by line; what comes from files is made harmless for a terminal."""
    yield safe(filled(said.say(plan.says), plan.values), 300)
    yield said.say("  for: {cause}; {risk}", cause=plan.cause, risk=said.say(_RISKS[plan.risk]))
    for change in plan.changes:
        yield from (f"  {safe(line, 400)}" for line in _lines(change, said))
    for words in plan.tests:
        yield said.say("  then tested by: {command}", command=_command(words))
    for words in plan.reloads:
        yield said.say("  put into force by: {command}", command=_command(words))


def _lines(change: Change, said: Said) -> Iterator[str]:
    if isinstance(change, Edit | Creation):
        yield from change.diff()
    elif isinstance(change, Command):
        yield f"$ {_command(change.words)}"
        yield said.say("  (undone by: {command})", command=_command(change.undo))
    elif isinstance(change, Opening):
        words = ("nft", "insert", "rule", change.family, change.table, change.chain)
        yield f"$ {_command((*words, *change.matches, 'accept'))}"
    elif isinstance(change, Removal):
        yield said.say("the file {path} is taken away; a copy is kept", path=change.path)
    elif isinstance(change, Rights):
        mode = "" if change.mode is None else f"{change.mode:o}"
        yield said.say(
            "{path} gets the group {group} and the mode {mode}",
            path=change.path, group=change.group or "?", mode=mode or "?",
        )  # fmt: skip


def _command(words: Words) -> str:
    return safe(shlex.join(words), 600)


def plan_json(plan: Plan) -> dict[str, Any]:
    """The plan as plain data."""
    return {
        "remedy": plan.remedy,
        "cause": plan.cause,
        "text": plan.text,
        "risk": str(plan.risk),
        "changes": [_plain(change) for change in plan.changes],
        "tests": [list(words) for words in plan.tests],
        "reloads": [list(words) for words in plan.reloads],
        "source": plan.source,
    }


def _plain(change: Change) -> dict[str, Any]:
    if isinstance(change, Edit | Creation):
        return {"file": change.path, "diff": list(change.diff())}
    if isinstance(change, Command):
        return {"command": list(change.words), "undo": list(change.undo), "why": change.why}
    if isinstance(change, Opening):
        return {
            "firewall": [change.family, change.table, change.chain],
            "accept": list(change.matches),
            "holder": change.holder,
        }
    if isinstance(change, Removal):
        return {"remove": change.path}
    return {"rights": change.path, "mode": change.mode, "group": change.group}
