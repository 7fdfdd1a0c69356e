"""The first answer: gateway errors alone, found by the look of a status behind the request.

It may take a line for an error that is none, and sees nothing in formats without quotes; the full
figures follow and count.
"""

import re
from collections import Counter

from badgateway.logs.clock import SHAPES, Clock
from badgateway.logs.engines import Engine
from badgateway.logs.scan import clock_of
from badgateway.logs.source import Log, Piece, blocks, pieces
from badgateway.model.incident import FirstLook

_PIECE = 64 * 1024 * 1024
_ERROR = re.compile(rb'" (50[0-57-9]|52\d|530) ')
_TIME = 240
"""Bytes before the status in which the time stands."""


def first_look(logs: list[Log], engine: Engine) -> FirstLook:
    """Gateway errors of the logs that can be read at any place.

    Raises:
        EngineError: the engine broke down.
    """
    cut = [piece for log in logs if log.access and not log.packed for piece in pieces(log, _PIECE)]
    errors, minutes = Counter[str](), Counter[int]()
    for _, (more, when) in engine.each(_look, cut):
        errors.update(more)
        minutes.update(when)
    return FirstLook(errors, minutes, sum(piece.end - piece.start for piece in cut))


def _look(piece: Piece) -> tuple[Counter[str], Counter[int]]:
    errors: Counter[str] = Counter()
    times: Counter[bytes] = Counter()
    try:
        for block in blocks(piece):
            for found in _ERROR.finditer(block):
                errors[found[1].decode("ascii")] += 1
                start = block.rfind(b"[", max(0, found.start() - 8_000), found.start())
                times[block[start + 1 : start + 18]] += 1
    except (OSError, EOFError):
        # Who reads the log in full says what is wrong with it.
        pass
    clock, minutes = clock_of(piece.log), Counter[int]()
    for text, count in times.items():
        minute = _minute(text.decode("ascii", "replace"), clock)
        if minute is not None:
            minutes[minute] += count
    return errors, minutes


def _minute(text: str, clock: Clock) -> int | None:
    found = SHAPES[0].match(f"{text}:00") or SHAPES[1].match(f"{text[:16]}:00")
    second = clock.second(found) if found else None
    return None if second is None else second // 60
