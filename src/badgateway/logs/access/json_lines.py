"""One JSON object a line: nginx, Traefik, Envoy and Istio, Caddy, and others.

Names are the products' own, as in `readers/access/json_lines.py` and `readers/logs/caddy.py`.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from badgateway.knowledge.requests import seconds_of
from badgateway.logs.clock import Times
from badgateway.logs.hit import Form, Hit, hit_of, ms_of

_NAMES: Mapping[str, tuple[str, ...]] = {
    "status": ("status", "response_code", "DownstreamStatus", "status_code", "response_status"),
    "request_uri": ("request_uri", "uri", "path", "RequestPath"),
    "remote_addr": ("remote_addr", "client_ip", "remote_ip", "ClientHost", "client"),
    "upstream_addr": ("upstream_addr", "upstream_host", "upstream_address", "ServiceAddr"),
    "upstream_status": ("upstream_status", "upstream_response_status", "OriginStatus"),
}
_SAME = (
    *("request", "request_time", "response_time", "upstream_response_time"),
    *("upstream_connect_time", "upstream_header_time", "duration", "Duration", "response_flags"),
)
_TIMES = (
    *("time_iso8601", "time_local", "StartUTC", "start_time", "@timestamp", "timestamp"),
    *("time", "msec", "ts"),
)
_TRAEFIK_UPSTREAM = "OriginDuration"
_EPOCH = re.compile(r"1\d{9}(?:\.\d{1,9})?")
Load = Callable[[str], object]


def _loads() -> Load:
    """The faster parser where it is installed (extra `logs`)."""
    try:
        import orjson  # noqa: PLC0415
    except ImportError:
        return json.loads
    return cast("Load", orjson.loads)


def form(head: Sequence[str], formats: Sequence[str], times: Times) -> Form | None:
    """Lines that are objects with a status and a time."""
    if not any(line.lstrip().startswith("{") for line in head):
        return None
    loads = _loads()

    def parse(line: str) -> Hit | None:
        try:
            entry = loads(line)
        except (ValueError, RecursionError):
            return None
        return _hit(entry, times) if isinstance(entry, dict) else None

    kind = "caddy-log" if any("handled request" in line for line in head) else "json-access-log"
    return Form(kind, parse, note=_other_log if kind == "caddy-log" else lambda _: False)


def _other_log(line: str) -> bool:
    """Caddy writes its own messages into the same log."""
    return line.startswith('{"level":') and "handled request" not in line


def _hit(entry: dict[str, object], times: Times) -> Hit | None:
    flat = dict(entry)
    for inner in [value for value in entry.values() if isinstance(value, dict)][:8]:
        for name, value in inner.items():
            flat.setdefault(name, value)
    fields = {
        name: text
        for name, aliases in _NAMES.items()
        if (text := next((_text(flat[a]) for a in aliases if a in flat), "")) != ""
    }
    fields |= {name: _text(flat[name]) for name in _SAME if name in flat}
    written = next((_text(flat[name]) for name in _TIMES if flat.get(name)), "")
    second = int(float(written)) if _EPOCH.fullmatch(written) else times.of(written)
    took = _took(fields, flat)
    upstream = ms_of(fields.get("upstream_response_time"))
    if "upstream_response_time" not in fields:
        upstream = took
        if _TRAEFIK_UPSTREAM in flat:
            upstream = ms_of(_text(flat[_TRAEFIK_UPSTREAM])[:-6], 1e-3)
    return hit_of(fields, second, upstream, took)


def _took(fields: Mapping[str, str], flat: Mapping[str, object]) -> int:
    """Traefik counts nanoseconds, Envoy milliseconds, all others seconds."""
    if "DownstreamStatus" in flat:
        return ms_of(fields.get("Duration", "")[:-6], 1e-3)
    if "response_flags" in flat:
        return ms_of(fields.get("duration"), 1e-3)
    for name in ("request_time", "response_time", "duration"):
        if name in fields and (seconds := seconds_of(fields[name][:12])) is not None:
            return round(seconds * 1_000)
    return -1


def _text(value: object) -> str:
    return str(value)[:4_000] if isinstance(value, str | int | float) else ""
