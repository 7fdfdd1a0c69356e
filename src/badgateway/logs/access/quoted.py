"""Lines with the request in quotes: combined, and every `log_format` or `LogFormat`.

A format that nobody declared is worked out from the lines: what is named in them (`rt=0.5`,
`us="502"`) gets nginx's name by its own name and by what its values look like.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from badgateway.knowledge.log_format import (
    COMBINED,
    INGRESS,
    TRAEFIK,
    WITH_AGENT,
    expression_of,
    pieces_of,
)
from badgateway.logs.clock import Times
from badgateway.logs.hit import Form, Hit, hit_of, ms_of

_READY = (INGRESS, TRAEFIK, WITH_AGENT, COMBINED)

WANTED = (
    *("remote_addr", "time_local", "time_iso8601", "msec", "request", "request_uri", "uri"),
    *("status", "request_time", "request_time_us", "request_time_ms", "duration"),
    *("upstream_addr", "upstream_status", "upstream_connect_time", "upstream_header_time"),
    "upstream_response_time",
)
_MOST_SECONDS = 4_096
_TIMES = ("time_local", "time_iso8601")
_NAMED = re.compile(r'([A-Za-z_][\w.-]{0,40})([=:] ?)("?)')
_ADDRESS = re.compile(r"(?:[\w.-]+|\[[0-9a-f:]+\]):\d{1,5}|unix:/\S+")
_STATUSES = re.compile(r"\d{3}(?:(?:, | : )(?:\d{3}|-))*")
_SECONDS = re.compile(r"\d{1,6}\.\d{3}(?:(?:, | : )(?:\d{1,6}\.\d{3}|-))*")
_NAMES = {
    "rt": "request_time",
    "request_time": "request_time",
    "reqtime": "request_time",
    "uct": "upstream_connect_time",
    "upstream_connect_time": "upstream_connect_time",
    "uht": "upstream_header_time",
    "upstream_header_time": "upstream_header_time",
    "ut": "upstream_response_time",
    "urt": "upstream_response_time",
    "upstream_response_time": "upstream_response_time",
    "us": "upstream_status",
    "ups": "upstream_status",
    "upstream_status": "upstream_status",
    "ua": "upstream_addr",
    "upstream": "upstream_addr",
    "backend": "upstream_addr",
    "upstream_addr": "upstream_addr",
}
"""Short names that people give to fields, where the values are of that kind."""
_LOOKS = {
    "request_time": _SECONDS,
    "upstream_connect_time": _SECONDS,
    "upstream_header_time": _SECONDS,
    "upstream_response_time": _SECONDS,
    "upstream_status": _STATUSES,
    "upstream_addr": _ADDRESS,
}


def form(head: Sequence[str], formats: Sequence[str], times: Times) -> Form | None:
    """The format that reads the most of the first lines, and tells the most of each."""
    lines = [line for line in head if line.strip()]
    candidates = [*formats, worked_out(lines), *_READY]
    best, rank = None, (0, 0)
    for text in candidates:
        if not text:
            continue
        short = shortened(text)
        found = expression_of(short)
        if found is None or not any(name in short for name in _TIMES):
            continue
        told = sum(1 for name in WANTED if name in found.groupindex)
        hits = sum(1 for line in lines if found.match(line))
        if hits and (hits, told) > rank:
            best, rank = (text, short, found), (hits, told)
    if best is None:
        return None
    text, short, expression = best
    seconds: dict[str, int | None] = {}

    def second(written: str) -> int | None:
        """The time; many lines share one."""
        known = seconds.get(written)
        if known is None:
            if len(seconds) >= _MOST_SECONDS:
                seconds.clear()
            known = seconds[written] = times.of(written)
        return known

    def parse(line: str) -> Hit | None:
        found = expression.match(line)
        return _hit(found.groupdict(default=""), second) if found else None

    return Form("access-log", parse, short, of_fields=lambda fields: _hit(fields, second))


def _hit(fields: Mapping[str, str], time: Callable[[str], int | None]) -> Hit | None:
    second = time(fields.get("time_local") or fields.get("time_iso8601") or "")
    took = ms_of(fields.get("request_time"))
    for name, unit in (("request_time_us", 1e-6), ("request_time_ms", 1e-3)):
        took = ms_of(fields.get(name), unit) if name in fields else took
    if (duration := fields.get("duration", "")).endswith("ms"):
        took = ms_of(duration.removesuffix("ms"), 1e-3)
    upstream = ms_of(fields.get("upstream_response_time"))
    if "upstream_response_time" not in fields:
        upstream = took
    return hit_of(fields, second, upstream, took)


def shortened(format_text: str) -> str:
    """The format up to the last field that matters: what follows need not even be there."""
    pieces = pieces_of(format_text)
    last = max((n for n, (name, _) in enumerate(pieces) if name in WANTED), default=-1)
    kept = pieces[: last + 2]
    if len(kept) == last + 2:
        # One character more, at which the last field ends.
        kept[-1] = ("", kept[-1][1][:1])
    return "".join(f"${{{name}}}" if name else literal for name, literal in kept)


def worked_out(lines: Sequence[str]) -> str | None:
    """A format for lines that begin like the combined one and name what follows."""
    start = expression_of(COMBINED + " ")
    samples = [(line, found) for line in lines if start and (found := start.match(line))]
    if not samples:
        return None
    format_text, rest = f"{COMBINED} ", [line[found.end() :] for line, found in samples]
    if all(re.match(r'"[^"]*" "[^"]*"', text) for text in rest):
        format_text += '"$http_referer" "$http_user_agent"'
        rest = [re.sub(r'^"[^"]*" "[^"]*"', "", text) for text in rest]
    first = min(rest, key=lambda text: text.count(","))
    at, number = 0, 0
    while found := _NAMED.search(first, at):
        value_at = found.end()
        end = '"' if found[3] else _after(first, value_at)
        stop = first.find(end, value_at) if end else len(first)
        if stop < 0:
            break
        marker = first[found.start() : value_at]
        number += 1
        name = _name(found[1], marker, rest) or f"named_{number}"
        literal = first[at:value_at]
        if "$" in literal or (not format_text.endswith(" ") and not literal):
            break
        format_text += f"{literal}${{{name}}}"
        at = stop
    return format_text + first[at : at + 1] if number else None


def _after(text: str, at: int) -> str:
    """What ends a value without quotes: a blank, a comma or the end."""
    found = re.compile(r"(?:[^ ,;|]|, (?=[\d-]))*([ ,;|]?)").match(text, at)
    return found[1] if found else ""


def _name(name: str, marker: str, lines: Sequence[str]) -> str | None:
    """Nginx's name for what the lines call `name`, where some values are of its kind."""
    known = _NAMES.get(name.lower())
    if known is None:
        return None
    for line in lines:
        at = line.find(marker)
        if at >= 0 and _LOOKS[known].match(line, at + len(marker)):
            return known
    return None
