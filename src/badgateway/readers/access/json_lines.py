"""Access logs with one JSON object a line: nginx (`escape=json`), Traefik, Envoy, Istio and others.

Names are the products' own: Traefik's in docs/content/reference/install-configuration/
observability/logs-and-accesslogs.md, Istio's default Envoy fields in its `accessLogEncoding: JSON`;
nginx's are whatever its `log_format` calls them, mostly the variables' names.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from badgateway.knowledge.dialect import share_of_lines, zoned_time
from badgateway.knowledge.requests import Request, counted, seconds_of, status_of
from badgateway.knowledge.scan import scan
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "json-access-log"

_STATUS = ("status", "response_code", "DownstreamStatus", "status_code", "response_status")
_LINE = re.compile(
    r"\{(?!\s*\"(?:log|schema)\"\s*:)"
    r"(?=[^\n]{0,12000}\"(?:" + "|".join(_STATUS) + r")\"\s?:\s?\"?\d{1,3}\"?\s?[,}])"
    r"(?=[^\n]{0,12000}\"(?:request|request_uri|uri|path|RequestPath|method|request_method"
    r"|upstream_addr|upstream_status|response_flags)\"\s?:)"
)
_CADDY = re.compile(r"\{\"level\":\"\w+\",\"ts\":|\{[^\n]{0,400}\"logger\":\"http\.log")
_ALIASES = {
    "upstream_response_status": "upstream_status",
    "upstream_address": "upstream_addr",
    "upstream": "upstream_addr",
    "upstream_host": "upstream_addr",
    "ServiceAddr": "upstream_addr",
    "RequestPath": "path",
    "request_uri": "path",
    "uri": "path",
    "RequestHost": "host",
    "authority": "host",
    "server_name": "host",
    "http_host": "host",
    "ClientHost": "client",
    "remote_addr": "client",
    "client_ip": "client",
    "response_time": "request_time",
}
_TOLD = (
    *("upstream_status", "upstream_addr", "upstream_connect_time", "upstream_header_time"),
    "upstream_response_time",
)
_TIMES = ("time_iso8601", "time", "@timestamp", "timestamp", "time_local", "start_time", "StartUTC")


def fits(head: str) -> float:
    """Lines that are objects with a request and its status."""
    if not head.lstrip().startswith("{"):
        return 0.0
    return 0.95 * share_of_lines(head, _LINE) * (1 - share_of_lines(head, _CADDY))


def read(material: Material) -> Iterator[Observation]:
    """What its lines say, one by one and as a whole."""
    head = material.head
    if "DownstreamStatus" in head:
        yield from counted(material, KIND, "traefik", [], _request)
    elif '"response_flags"' in head:
        yield from scan(material, KIND, ["envoy"])
        yield from counted(material, KIND, "envoy", [], _request)
    else:
        by = "nginx" if '"upstream_' in head else "the web server"
        yield from counted(material, KIND, by, ["nginx-access"], _request)


def _request(line: str) -> Request | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict):
        return None
    fields = _flat(entry)
    status = next((s for name in _STATUS if (s := status_of(fields.get(name))) is not None), None)
    if status is None:
        return None
    time = next((fields[name] for name in _TIMES if fields.get(name)), "")
    words = fields.get("request", "").split(" ", 2)
    path = fields.get("path") or (words[1] if len(words) > 1 else "")
    upstream = fields.get("upstream_addr", "").rsplit(", ", 1)[-1].strip("-")
    return Request(
        status=status,
        fields={
            "status": str(status),
            **{name: fields[name][:400] or "-" for name in _TOLD if name in fields},
        },
        when=lambda: _time(time),
        minute=time[:17] if time[2:3] == "/" else time[:16] if "T" in time else "",
        seconds=_seconds(fields),
        upstream=upstream.split("://", 1)[-1].rstrip("/"),
        upstream_status=fields.get("upstream_status", "").strip("-"),
        path=path.split("?", 1)[0][:200],
        client=fields.get("client", ""),
        server=fields.get("host", ""),
        explained=fields.get("response_flags", "-").strip("-") != "",
    )


def _flat(entry: Mapping[str, object]) -> dict[str, str]:
    """The fields as text by nginx's names; of objects inside, what they hold that is new."""
    flat: dict[str, str] = {}
    inner: list[Mapping[str, object]] = []
    for name, value in entry.items():
        if isinstance(value, dict):
            inner.append(value)
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            flat.setdefault(_ALIASES.get(name, name), str(value)[:4_000])
    for item in inner[:8]:
        for name, value in item.items():
            if isinstance(value, str | int | float) and not isinstance(value, bool):
                flat.setdefault(_ALIASES.get(name, name), str(value)[:4_000])
    return flat


def _seconds(fields: Mapping[str, str]) -> float | None:
    if "DownstreamStatus" in fields:  # Traefik counts nanoseconds, Envoy milliseconds.
        return seconds_of(fields.get("Duration", "")[:-6], 1e-3)
    if "response_flags" in fields:
        return seconds_of(fields.get("duration"), 1e-3)
    return seconds_of(fields.get("request_time") or fields.get("duration"))


def _time(text: str) -> datetime | None:
    if text[2:3] == "/":
        return zoned_time(text, "%d/%b/%Y:%H:%M:%S %z")
    if re.fullmatch(r"\d{9,10}(?:\.\d{1,6})?", text):
        return datetime.fromtimestamp(float(text), UTC)
    return zoned_time(text[:26] + "+00:00" if text.endswith("Z") and len(text) > 27 else text)
