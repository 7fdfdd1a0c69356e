"""Envoy's default text format (docs/root/configuration/observability/access_log/usage.rst).

Istio's adds the details of the answer, of the connection's end and of the upstream's transport.
"""

import re
from collections.abc import Sequence

from badgateway.logs.clock import Times
from badgateway.logs.hit import PATH_LIMIT, TEXT_LIMIT, Form, Hit, form_by

_LINE = re.compile(
    r'\[(?P<time>\d{4}-\d\d-\d\dT[\d:.]+Z)\] "(?:\S+ (?P<path>[^\s"]*)[^"]*|-?)" '
    r"(?P<status>\d{1,3}) (?P<flags>\S+) (?:\S{1,400} \S{1,400} \"[^\"]{0,4000}\" )?"
    r"\d+ \d+ (?P<took>\d+|-) (?P<upstream>\d+|-)(?P<rest>.*)"
)
_QUOTED = re.compile(r'"([^"]*)"')


def form(head: Sequence[str], formats: Sequence[str], times: Times) -> Form | None:
    """Lines with a time, the request, its status and the response flags."""
    return form_by(_LINE.match, head, times, "envoy-access-log", _hit)


def _hit(found: re.Match[str], second: int) -> Hit:
    quoted = _QUOTED.findall(found["rest"][:4_000])
    flags = found["flags"]
    return Hit(
        second,
        int(found["status"]),
        quoted[0].split(",")[0][:TEXT_LIMIT] if quoted else "",
        (found["path"] or "").split("?", 1)[0][:PATH_LIMIT],
        _ms(found["upstream"]),
        _ms(found["took"]),
        quoted[4][:TEXT_LIMIT] if len(quoted) > 4 and quoted[4] != "-" else "",
        found["status"] if flags == "-" else f"- ({flags})",
    )


def _ms(text: str) -> int:
    return -1 if text == "-" else int(text)
