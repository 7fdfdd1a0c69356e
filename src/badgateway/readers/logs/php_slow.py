"""PHP-FPM's slow log: which script, and the function it was in (sapi/fpm/fpm/fpm_request.c)."""

import re
from collections.abc import Iterator
from datetime import datetime

from badgateway.knowledge.dialect import local_time
from badgateway.model.hop import Hop
from badgateway.model.material import Material, too_old
from badgateway.model.observation import Observation, Value

KIND = "php-slow-log"

_HEAD = re.compile(r"\[(\d\d-\w{3}-\d{4} \d\d:\d\d:\d\d)\]\s+\[pool ([^\]]{1,200})\] pid (\d+)")
_SCRIPT = re.compile(r"script_filename = (.+)")
_FRAME = re.compile(r"\[0x[0-9a-f]+\] (.+?) (\S+):(\d+)$")
_MOST = 500


def fits(head: str) -> float:
    """The head of an entry with its script below."""
    return 0.97 if _HEAD.search(head) and _SCRIPT.search(head) else 0.0


def read(material: Material) -> Iterator[Observation]:
    """One `slow-script` for each script and innermost frame, with a count."""
    found: dict[tuple[str, str, str], tuple[int, int, datetime | None, datetime | None]] = {}
    at: datetime | None = None
    pool = script = ""
    waiting = False
    for number, line in material.lines():
        if head := _HEAD.match(line):
            at, pool, script, waiting = _time(head[1]), head[2], "", False
        elif named := _SCRIPT.match(line):
            script, waiting = named[1].strip(), True
        elif waiting and (frame := _FRAME.match(line)):
            waiting = False
            if too_old(material, at):
                continue
            key = (pool, script, f"{frame[1]} at {frame[2]}:{frame[3]}"[:300])
            if key in found or len(found) < _MOST:
                first, count, since, _ = found.get(key, (number, 0, at, at))
                found[key] = (first, count + 1, since, at)
    for (pool, script, where), (number, count, since, until) in found.items():
        value: dict[str, Value] = {
            "by": "php-fpm",
            "pool": pool,
            "path": script,
            "detail": where,
            "count": count,
            "line": number,
            "last": until.isoformat() if until else None,
        }
        yield Observation(
            Hop.UPSTREAM, "slow-script", value, f"{KIND}:{material.name}:{number}", since
        )


def _time(text: str) -> datetime | None:
    return local_time(text, "%d-%b-%Y %H:%M:%S")
