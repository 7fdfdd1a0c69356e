"""Access log of AWS' Application Load Balancer.

Fields in their order as in https://docs.aws.amazon.com/elasticloadbalancing/latest/application/
load-balancer-access-logs.html; times are seconds, -1 where that step was not reached.
"""

import re
from collections.abc import Iterator
from datetime import datetime

from badgateway.knowledge.dialect import share_of_lines, zoned_time
from badgateway.knowledge.requests import Request, counted, seconds_of, status_of
from badgateway.model.hop import Hop
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "aws-alb-log"

_LINE = re.compile(
    r"(?:https?|h2|grpcs|wss?) \d{4}-\d\d-\d\dT[\d:.]+Z \S+ \S+ \S+ -?[\d.]+ -?[\d.]+ -?[\d.]+ "
)
_WORDS = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
_NAMES = (
    *("type", "time", "elb", "client", "target", "request_processing_time"),
    *("target_processing_time", "response_processing_time", "elb_status_code"),
    *("target_status_code", "received_bytes", "sent_bytes", "request", "user_agent", "ssl_cipher"),
    *("ssl_protocol", "target_group_arn", "trace_id", "domain_name", "chosen_cert_arn"),
    *("matched_rule_priority", "request_creation_time", "actions_executed", "redirect_url"),
    *("error_reason", "target_list", "target_status_code_list", "classification"),
    "classification_reason",
)
_TOLD = (
    *("elb_status_code", "target_status_code", "request_processing_time"),
    *("target_processing_time", "response_processing_time", "error_reason", "actions_executed"),
)


def fits(head: str) -> float:
    """Lines that begin with the kind of request, its time and three durations."""
    return 0.97 * share_of_lines(head, _LINE)


def read(material: Material) -> Iterator[Observation]:
    """What the balancer met at its targets."""
    return counted(material, KIND, "aws-alb", ["aws-alb"], _request, Hop.GATEWAY)


def _request(line: str) -> Request | None:
    if not _LINE.match(line):
        return None
    words = [quoted or plain for quoted, plain in _WORDS.findall(line)]
    fields = dict(zip(_NAMES, words, strict=False))
    status = status_of(fields.get("elb_status_code", "").replace("-", "0"))
    if status is None:
        return None
    target = fields.get("target", "").strip("-")
    end, begin = (zoned_time(fields.get(name, "")) for name in ("time", "request_creation_time"))
    seconds = _whole(begin, end)
    if seconds is None:
        seconds = seconds_of(fields.get("target_processing_time"))
    told = {name: fields[name] or "-" for name in _TOLD if name in fields}
    return Request(
        status=status,
        fields={**told, "seconds": "-" if seconds is None else f"{seconds:.3f}"},
        when=lambda: end,
        minute=fields["time"][:16],
        seconds=seconds,
        upstream=target,
        upstream_status=fields.get("target_status_code", "").strip("-"),
        path=fields.get("request", "").partition(" ")[2].partition("?")[0][:200],
        client=fields.get("client", "").rpartition(":")[0],
        server=fields.get("domain_name", "").strip("-"),
    )


def _whole(begin: datetime | None, end: datetime | None) -> float | None:
    """From the request's arrival to the answer: the balancer writes both times."""
    return round((end - begin).total_seconds(), 3) if begin and end else None
