"""Logs of any size: from names of files to incidents, by whatever engine."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from badgateway.logs.access import form_of
from badgateway.logs.clock import Clock, Times
from badgateway.logs.engines import Engine
from badgateway.logs.gather import Gathered, Heard, Skipped, gather, in_one_zone, log_of
from badgateway.logs.source import STDIN, Log, first_lines, found, reason
from badgateway.model.incident import LogReport
from badgateway.transport.files import material_at

if TYPE_CHECKING:
    from badgateway.knowledge.base import Knowledge


def logs_at(names: Sequence[str], formats: Iterable[str] = ()) -> tuple[list[Log], list[Skipped]]:
    """What each file is; configuration among them declares how the lines of the logs are built.

    Raises:
        FileNotFoundError: a name or pattern leads to no file.
    """
    files = found(names)
    declared = [*formats]
    kept, skipped = [], []
    for name in files:
        try:
            more = _declared(name)
        except (OSError, EOFError, ValueError) as error:
            skipped.append(Skipped(name, reason(error)))
            continue
        if more is None:
            kept.append(name)
        declared += more or []
    logs = []
    for name in kept:
        try:
            logs.append(log_of(name, declared, _recognised))
        except (OSError, EOFError, ValueError) as error:
            skipped.append(Skipped(name, reason(error)))
    return in_one_zone(logs), skipped


def _recognised(head: str) -> str | None:
    from badgateway.readers import recognised  # noqa: PLC0415

    return recognised(head)


def _declared(name: str) -> list[str] | None:
    """The log formats that a configuration declares; None for a file that is none."""
    if name == STDIN or "://" in name:
        return None
    material = material_at(Path(name))
    head = first_lines(material.head)
    if form_of(head, (), Times(Clock(), head)) is not None:
        return None
    # All readers are loaded only where a file is no plain access log.
    from badgateway.readers import readers  # noqa: PLC0415

    kind = _recognised(material.head)
    if kind is None or not kind.endswith("-config"):
        return None
    read = readers()[kind].read(material)
    return [o.text("format") for o in read if o.name == "config-log-format"]


def analyse(
    logs: list[Log],
    engine: Engine,
    heard: Heard | None = None,
    skipped: Iterable[Skipped] = (),
    known: "Knowledge | None" = None,
    then: Callable[[Gathered], None] | None = None,
) -> LogReport:
    """All incidents of logs, with their causes.

    Args:
        logs: what to read.
        engine: who reads it.
        heard: told after each piece: bytes that are done, and all bytes.
        skipped: logs that could not even be opened.
        known: the knowledge; the package's own where None.
        then: given what was gathered, before it is judged.

    Raises:
        EngineError: the engine broke down.
    """
    started = time.monotonic()
    gathered = gather(logs, engine, heard)
    gathered.skipped += skipped
    if then is not None:
        then(gathered)
    # What judges takes a while to load, and the figures do not need it.
    from badgateway.investigate.incidents import Incidents  # noqa: PLC0415
    from badgateway.knowledge.base import knowledge  # noqa: PLC0415

    report = Incidents(gathered, known or knowledge()).report()
    return replace(report, elapsed_s=round(time.monotonic() - started, 3))
