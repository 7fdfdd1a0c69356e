"""From names of files to one summary: the logs are recognised, cut, scanned and added up."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from badgateway.logs.access import form_of
from badgateway.logs.clock import Clock, Times, zone_of
from badgateway.logs.engines import Engine
from badgateway.logs.scan import Scanned, filler, scan, worth_columns
from badgateway.logs.source import (
    STDIN,
    Log,
    first_lines,
    holding,
    opened,
    packed,
    pieces,
    state_of,
)
from badgateway.logs.stdin import head_of_stdin
from badgateway.logs.summary import Summary
from badgateway.model.material import HEAD_LIMIT

LEAST_PIECE = 8 * 1024 * 1024
MOST_PIECE = 128 * 1024 * 1024
_PIECES_EACH = 4
"""Pieces for each worker, so that none waits long for the last one."""
Recognise = Callable[[str], str | None]
Heard = Callable[[int, int], None]
"""Told after each piece: bytes that are done, and all bytes."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A log that was not read, or not to its end, and why."""

    name: str
    why: str


@dataclass(slots=True)
class Gathered:
    """What all logs say together.

    Attributes:
        summary: their figures.
        logs: those that were read, with their own number of lines.
        skipped: those that were not, or whose end had gone.
    """

    summary: Summary
    logs: list[tuple[Log, int]]
    skipped: list[Skipped]


def log_of(name: str, formats: Sequence[str], recognise: Recognise) -> Log:
    """What a file is.

    Raises:
        OSError: it cannot be read.
    """
    size, changed, inode = state_of(name)
    text = _beginning(name).decode("utf-8", "replace")
    head = first_lines(text)
    form = form_of(head, formats, Times(Clock(changed=changed), head))
    kind = form.kind if form else recognise(text) or "log"
    # A format that was worked out is handed on, so that every reader takes lines apart alike.
    used = (*((form.format,) if form and form.format else ()), *formats)
    return Log(
        name,
        kind,
        access=form is not None,
        size=size,
        packed=packed(name),
        head=head,
        formats=used,
        changed=changed,
        inode=inode,
    )


def _beginning(name: str) -> bytes:
    if name == STDIN:
        return head_of_stdin()
    with opened(name) as file:
        return file.read(HEAD_LIMIT)


def in_one_zone(logs: list[Log]) -> list[Log]:
    """The logs with the zone that one of them names: those of one machine tell one time."""
    zones = [zone for log in logs if log.access for line in log.head[:3] if (zone := zone_of(line))]
    offset = zones[0].utcoffset(None) if zones else None
    if offset is None:
        return logs
    return [replace(log, zone=int(offset.total_seconds())) for log in logs]


def gather(logs: list[Log], engine: Engine, heard: Heard | None = None) -> Gathered:
    """The summary of logs, whoever scans them.

    Raises:
        EngineError: the engine broke down.
    """
    gathered = Gathered(Summary(), [], [])
    own: dict[str, int] = {}
    # What reads logs of a kind is loaded once, before processes are forked.
    for log in {log.kind: log for log in logs if worth_columns(log)}.values():
        filler(log)
    whole = sum(log.size for log in logs)
    size = max(LEAST_PIECE, min(MOST_PIECE, whole // (_PIECES_EACH * engine.workers) + 1))
    with holding(logs) as held:
        cut = [piece for log in held for piece in pieces(log, size)]
        done = at = 0
        parts: dict[int, Scanned] = {}
        for number, part in engine.each(scan, cut):
            parts[number] = part
            done += cut[number].end - cut[number].start
            if heard is not None:
                heard(done, whole)
            # Pieces are added in their order: numbers of lines go on from piece to piece.
            while at in parts:
                _add(gathered, own, cut[at].log, parts.pop(at))
                at += 1
    gathered.logs = [(log, own.get(log.name, 0)) for log in logs]
    return gathered


def _add(gathered: Gathered, own: dict[str, int], log: Log, part: Scanned) -> None:
    if part.trouble is not None and all(s.name != log.name for s in gathered.skipped):
        gathered.skipped.append(Skipped(log.name, part.trouble))
    before = own.get(log.name, 0)
    own[log.name] = before + part.summary.lines
    gathered.summary.merge(part.summary, before)
