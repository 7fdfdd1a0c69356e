"""Access logs in lines: common, combined, and any format, declared beside it or told by its shape.

Without a declaration the request in quotes, the status behind it and what is named (`rt=0.5`,
`upstream_status: 502`) are taken. Ready formats: nginx's and Apache's own, ingress-nginx's and
Traefik's common format.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from badgateway.knowledge.dialect import share_of_lines, zoned_time
from badgateway.knowledge.log_format import INGRESS, TRAEFIK, expression_of
from badgateway.knowledge.requests import Request, counted, seconds_of, status_of
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "access-log"

_SHAPE = re.compile(
    r"[^\"\n]{0,400}\"(?:[A-Z]{3,12} [^\s\"]{1,8000}(?: HTTP/[\d.]+)?|-?)\"[ |,;]{1,3}\"?\d{3}\b"
    r"|[^\"\n]{0,400}\"[A-Z]{3,12} [^\s\"]{1,8000} HTTP/[\d.]+\"[^\n]{0,400}?\bstatus[=:]"
)
_LINE = re.compile(
    r"(?P<before>[^\"]{0,400})\"(?P<request>(?:[^\"\\]|\\.)*)\" (?P<status>\d{3}) (?:\d+|-)(?=\s|$)"
    r"(?P<rest>.*)"
)
_NAMED = re.compile(
    r"(?<![\w.-])([A-Za-z][\w.-]{0,40})[=:] ?\"?([\w.:/\[\]-]+(?:(?:, | : )[\w.:-]+)*)"
)
_TIME = re.compile(
    r"\[(\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\]|\b(\d{4}-\d\d-\d\d[T ][\d:.]+\S*)"
)
_NAMES = {
    "rt": "request_time",
    "uct": "upstream_connect_time",
    "uht": "upstream_header_time",
    "urt": "upstream_response_time",
    "us": "upstream_status",
    "ups": "upstream_status",
    "upstream": "upstream_addr",
    "upstream_address": "upstream_addr",
    "backend": "upstream_addr",
    "duration": "request_time",
}
"""Short names that people give to fields in formats of their own."""
_TOLD = (
    *("status", "request_time", "upstream_addr", "upstream_status", "upstream_connect_time"),
    *("upstream_header_time", "upstream_response_time"),
)


def fits(head: str) -> float:
    """Lines with a request and its status."""
    return 0.9 * share_of_lines(head, _SHAPE)


def read(material: Material) -> Iterator[Observation]:
    """What its lines say, one by one and as a whole."""
    by = next((name for name in ("nginx", "apache") if name in material.name), "the web server")
    return counted(material, KIND, by, ["nginx-access"], _parser(material))


def _parser(material: Material) -> Callable[[str], Request | None]:
    """What takes the lines apart: the format that reads the most of the first ones."""
    lines = [line for line in material.head.splitlines()[:40] if line.strip()]
    best, most = None, 0
    for text in (*material.formats, INGRESS, TRAEFIK):
        found = expression_of(text)
        hits = sum(1 for line in lines if found and found.match(line))
        if found is not None and hits > most:
            best, most = found, hits
    if best is None or most * 2 < len(lines):
        return _guess
    chosen = best

    def declared(line: str) -> Request | None:
        match = chosen.match(line)
        return _request(match.groupdict(default="")) if match else _guess(line)

    return declared


def _guess(line: str) -> Request | None:
    found = _LINE.match(line)
    if found is None:
        return None
    fields = {"request": found["request"], "status": found["status"]}
    before = found["before"]
    fields["remote_addr"] = before[:64].split(" ", 1)[0]
    if when := _TIME.search(before):
        fields["time_local" if when[1] else "time_iso8601"] = when[1] or when[2]
    for name, value in _NAMED.findall(found["rest"][-2_000:]):
        known = _NAMES.get(name.lower(), name.lower())
        if known in _TOLD and known != "status":
            fields[known] = value
    return _request(fields)


def _request(fields: Mapping[str, str]) -> Request | None:
    status = status_of(fields.get("status"))
    if status is None:
        return None
    time = fields.get("time_local") or fields.get("time_iso8601") or ""

    def when() -> datetime | None:
        if time[2:3] == "/":
            return zoned_time(time, "%d/%b/%Y:%H:%M:%S %z")
        return zoned_time(time)

    words = (fields.get("request") or "").split(" ", 2)
    path = fields.get("request_uri") or fields.get("uri") or (words[1] if len(words) > 1 else "")
    seconds = seconds_of(fields.get("request_time"))
    for name, unit in (("request_time_us", 1e-6), ("request_time_ms", 1e-3)):
        seconds = seconds_of(fields.get(name), unit) if name in fields else seconds
    if (duration := fields.get("duration", "")).endswith("ms"):
        seconds = seconds_of(duration.removesuffix("ms"), 1e-3)
    upstream = fields.get("upstream_addr", "")
    return Request(
        status=status,
        fields={name: fields[name] or "-" for name in _TOLD if name in fields},
        when=when,
        minute=time[:17] if time[2:3] == "/" else time[:16],
        seconds=seconds,
        upstream=_last(upstream),
        upstream_status=fields.get("upstream_status", "").strip("-"),
        path=path.split("?", 1)[0][:200],
        client=fields.get("remote_addr", ""),
        server=fields.get("host") or fields.get("http_host") or fields.get("server_name") or "",
    )


def _last(upstream: str) -> str:
    """The upstream that was asked last, as `HOST:PORT` or `unix:/PATH`."""
    last = upstream.replace(" : ", ", ").rsplit(", ", 1)[-1].strip("-")
    return last.split("://", 1)[-1].rstrip("/")
