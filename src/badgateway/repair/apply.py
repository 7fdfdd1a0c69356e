"""Makes the changes of a plan, and takes them back: each noted before it is made."""

from collections.abc import Sequence
from pathlib import Path

from badgateway.model.message import Message, sentence
from badgateway.model.plan import Change, Command, Creation, Move, Opening, Plan, Words
from badgateway.repair import names, opening
from badgateway.repair.files import ApplyError, Left, change_file, restore, restore_rights
from badgateway.repair.journal import UNDONE, Journal
from badgateway.transport.change import Done, run


def apply(plan: Plan, journal: Journal) -> None:
    """Make the changes of a plan, test them, and put them into force.

    Raises:
        ApplyError: one could not be made, or a test failed. What was done is noted; taking it back
            is the caller's.
        OSError: the journal or a backup cannot be written; nothing more was done.
    """
    journal.note("plan", remedy=plan.remedy, cause=plan.cause, reloads=plan.reloads)
    for change in plan.changes:
        _make(change, journal)
    for words in plan.tests:
        done = run(words)
        if done.status != 0:
            raise _failed(words, done, sentence("the test `{command}` failed: {said}"))
    for words in plan.reloads:
        journal.note("reloading", words=words)
        done = run(words)
        if done.status != 0:
            raise _failed(words, done)
    journal.note("in-force")


def _failed(
    words: Words, done: Done, says: str = sentence("`{command}` failed: {said}")
) -> ApplyError:
    return ApplyError(says, command=" ".join(words), said=done.output.strip()[-600:])


def _make(change: Change, journal: Journal) -> None:
    if isinstance(change, Command):
        journal.note("command", words=change.words, undo=change.undo)
        done = run(change.words)
        if done.status != 0 and not _gone(change.words):
            raise _failed(change.words, done)
        return
    if isinstance(change, Opening):
        journal.note("opening", mark=change.mark, holder=change.holder)
        if said := opening.insert(change):
            raise ApplyError("the firewall's rule could not be added: {said}", said=said[-600:])
        return
    if isinstance(change, Creation | Move):
        try:
            if isinstance(change, Creation):
                names.create(change, journal)
            else:
                names.move(change, journal)
        except OSError as error:
            raise ApplyError("{path}: {said}", path=change.path, said=error.strerror) from None
        return
    change_file(change, journal)


def take_back(journal: Journal) -> list[Left]:
    """Undo what a journal notes, the last first, and put that into force.

    It may be called again after it was cut off itself. A file that somebody else has changed since
    is left as it is.

    Returns:
        What was not taken back.

    Raises:
        OSError: the journal cannot be written.
    """
    left: list[Left] = []
    for event in reversed(journal.events):
        if event["step"] == "file":
            left += restore(event, journal)
        elif event["step"] == "rights":
            left += restore_rights(event)
        elif event["step"] in ("created", "moved"):
            back = names.uncreate if event["step"] == "created" else names.move_back
            if why := back(event):
                left.append(Left(str(event["path"]), why))
        elif event["step"] == "opening":
            if said := opening.delete(event["mark"], event["holder"]):
                left.append(
                    Left(
                        Message("the firewall's rule {mark}", {"mark": event["mark"]}), said[-300:]
                    )
                )
        elif event["step"] == "command":
            done = run(event["undo"])
            if done.status != 0 and not _gone(event["undo"]):
                left.append(Left(" ".join(event["undo"]), done.output.strip()[-300:]))
    again: dict[Words, None] = {tuple(e["words"]): None for e in journal.of("reloading")}
    for words in again:
        done = run(words)
        if done.status != 0:
            left.append(Left(" ".join(words), done.output.strip()[-300:]))
    journal.note(UNDONE, left=[[str(each.what), str(each.why)] for each in left])
    return left


def _gone(words: Sequence[str]) -> bool:
    """Whether a signal has nobody left to reach."""
    return (
        list(words[:1]) == ["kill"]
        and words[-1].isdigit()
        and not Path(f"/proc/{words[-1]}").exists()
    )
