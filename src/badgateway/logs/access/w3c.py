"""W3C extended logs: CloudFront's standard log and IIS'; a `#Fields:` line names the fields.

docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html
"""

from collections.abc import Sequence

from badgateway.knowledge.dialect import W3CLines
from badgateway.logs.clock import Times
from badgateway.logs.hit import PATH_LIMIT, TEXT_LIMIT, Form, Hit, ms_of


def form(head: Sequence[str], formats: Sequence[str], times: Times) -> Form | None:
    """Lines with as many fields as the header names."""
    text = "\n".join(head)
    if "#Fields:" not in text:
        return None
    lines = W3CLines(text)
    edge = "x-edge-result-type" in lines.names
    # CloudFront writes seconds, IIS milliseconds.
    unit = 1.0 if edge else 1e-3

    def parse(line: str) -> Hit | None:
        fields = None if line.startswith("#") else lines.fields(line)
        if fields is None:
            return None
        second = times.of(f"{fields.get('date', '')}T{fields.get('time', '')}Z")
        status = fields.get("sc-status", "")
        if second is None or not (status.isdecimal() and status.isascii() and len(status) <= 3):
            return None
        took = ms_of(fields.get("time-taken"), unit)
        return Hit(
            second,
            int(status),
            fields.get("c-ip", "")[:TEXT_LIMIT],
            fields.get("cs-uri-stem", "").split("?", 1)[0][:PATH_LIMIT],
            took,
            took,
            (fields.get("x-host-header") or fields.get("s-ip") or "")[:TEXT_LIMIT],
            fields.get("x-edge-detailed-result-type", "")[:TEXT_LIMIT],
        )

    kind = "cloudfront-log" if edge else "iis-w3c-log"
    return Form(kind, parse, note=lambda line: line.startswith("#"))
