"""Cloudflare's Logpush, dataset HTTP requests: one JSON object a line.

https://developers.cloudflare.com/logs/logpush/logpush-job/datasets/zone/http_requests/;
`OriginResponseStatus` is 0 where the origin gave no answer or was not asked.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from badgateway.knowledge.dialect import share_of_lines, zoned_time
from badgateway.knowledge.requests import Request, counted, seconds_of, status_of
from badgateway.model.hop import Hop
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "cloudflare-logpush"

_LINE = re.compile(r"\{[^\n]{0,15000}\"EdgeResponseStatus\"\s?:")
_TOLD = (
    *("EdgeResponseStatus", "OriginResponseStatus", "OriginTCPHandshakeDurationMs"),
    *("OriginTLSHandshakeDurationMs", "OriginResponseDurationMs", "SecurityAction"),
)


def fits(head: str) -> float:
    """Objects with the edge's status."""
    return 0.98 * share_of_lines(head, _LINE)


def read(material: Material) -> Iterator[Observation]:
    """What the edge met at the origin."""
    return counted(material, KIND, "cloudflare", ["cloudflare-log"], _request, Hop.EDGE)


def _request(line: str) -> Request | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict):
        return None
    fields = {
        name: str(value)[:4_000]
        for name, value in entry.items()
        if isinstance(value, str | int | float)
    }
    status = status_of(fields.get("EdgeResponseStatus"))
    if status is None:
        return None
    time = fields.get("EdgeStartTimestamp", "")
    origin = fields.get("OriginResponseStatus", "")
    took = seconds_of(fields.get("OriginResponseDurationMs"), 1e-3)
    if not took:
        took = seconds_of(fields.get("EdgeTimeToFirstByteMs"), 1e-3)
    return Request(
        status=status,
        fields={name: fields[name] for name in _TOLD if name in fields},
        when=lambda: _time(time),
        minute=time[:16] if "T" in time else "",
        seconds=took,
        upstream=fields.get("OriginIP", ""),
        upstream_status="" if origin == "0" else origin,
        path=(fields.get("ClientRequestPath") or fields.get("ClientRequestURI", ""))[:200].split(
            "?", 1
        )[0],
        client=fields.get("ClientIP", ""),
        server=fields.get("ClientRequestHost", ""),
    )


def _time(text: str) -> datetime | None:
    """RFC 3339, or seconds or nanoseconds since the epoch, as the job is set up."""
    if text.isdecimal() and text.isascii() and len(text) in (10, 19):
        return datetime.fromtimestamp(int(text[:10]), UTC)
    return zoned_time(text)
