"""CloudFront's standard log: W3C extended, with its own verdict in `x-edge-detailed-result-type`.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html
"""

import re
from collections.abc import Iterator

from badgateway.knowledge.dialect import W3CLines, zoned_time
from badgateway.knowledge.requests import Request, counted, seconds_of, status_of
from badgateway.model.hop import Hop
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "cloudfront-log"

_FIELDS = re.compile(r"(?m)^#Fields:[^\n]{0,4000}\bx-edge-(?:detailed-)?result-type\b")
_TOLD = ("x-edge-detailed-result-type", "x-edge-result-type", "x-edge-response-result-type")


def fits(head: str) -> float:
    """Its list of fields."""
    return 0.98 if _FIELDS.search(head) else 0.0


def read(material: Material) -> Iterator[Observation]:
    """What the edge met at the origin."""
    lines = W3CLines(material.head)

    def parse(line: str) -> Request | None:
        fields = lines.fields(line)
        status = status_of((fields or {}).get("sc-status", "").replace("000", "0"))
        if fields is None or status is None:
            return None
        time = f"{fields.get('date', '')}T{fields.get('time', '')}"
        told = {name: fields[name] for name in _TOLD if name in fields}
        return Request(
            status=status,
            fields={"sc-status": str(status), **told},
            when=lambda: zoned_time(time),
            minute=time[:16],
            seconds=seconds_of(fields.get("time-taken")),
            path=fields.get("cs-uri-stem", "")[:200],
            client=fields.get("c-ip", ""),
            server=fields.get("x-host-header") or fields.get("cs(Host)", ""),
        )

    return counted(material, KIND, "cloudfront", ["cloudfront"], parse, Hop.EDGE)
