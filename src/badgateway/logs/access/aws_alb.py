"""AWS' Application Load Balancer; fields in the order of load-balancer-access-logs.html."""

import re
from collections.abc import Sequence

from badgateway.logs.clock import Times
from badgateway.logs.hit import PATH_LIMIT, TEXT_LIMIT, Form, Hit, form_by, ms_of

_LINE = re.compile(
    r"(?:https?|h2|grpcs|wss?) (?P<time>\d{4}-\d\d-\d\dT[\d:.]+Z) \S+ (?P<client>\S+) "
    r"(?P<target>\S+) (?P<first>-?[\d.]+) (?P<middle>-?[\d.]+) (?P<end>-?[\d.]+) "
    r"(?P<status>\d{3}|-) (?P<answered>\d{3}|-) \S+ \S+ \"\S+ (?P<url>[^\s\"]*)"
)


def form(head: Sequence[str], formats: Sequence[str], times: Times) -> Form | None:
    """Lines that begin with the kind of request, its time and three durations."""
    return form_by(_LINE.match, head, times, "aws-alb-log", _hit)


def _hit(found: re.Match[str], second: int) -> Hit:
    parts = [ms_of(found[name]) for name in ("first", "middle", "end")]
    url = found["url"].split("?", 1)[0]
    path = "/" + url.split("/", 3)[3] if url.count("/") > 2 else url
    return Hit(
        second,
        0 if found["status"] == "-" else int(found["status"]),
        found["client"].rpartition(":")[0][:TEXT_LIMIT],
        path[:PATH_LIMIT],
        parts[1],
        sum(part for part in parts if part > 0) if max(parts) >= 0 else -1,
        found["target"].strip("-")[:TEXT_LIMIT],
        found["answered"].strip("-"),
    )
