"""IIS' W3C log and the log of HTTP.sys (HTTPERR): WinHTTP's code says what happened to a request.

Fields: https://learn.microsoft.com/en-us/windows/win32/http/w3c-logging; codes of Application
Request Routing: https://learn.microsoft.com/en-us/troubleshoot/developer/webapps/iis/
application-request-routing/troubleshooting-502-errors-in-arr.
"""

import re
from collections.abc import Iterator

from badgateway.knowledge.dialect import W3CLines, zoned_time
from badgateway.knowledge.requests import Request, counted, seconds_of, status_of
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "iis-w3c-log"

_FIELDS = re.compile(r"(?m)^#Fields:[^\n]{0,4000}\b(?:sc-win32-status|sc-substatus|s-reason)\b")
_CLOUDFRONT = re.compile(r"(?m)^#Fields:[^\n]{0,4000}\bx-edge-")
_TOLD = ("sc-status", "sc-substatus", "sc-win32-status", "s-reason", "s-queuename")


def fits(head: str) -> float:
    """Its list of fields."""
    return 0.97 if _FIELDS.search(head) and not _CLOUDFRONT.search(head) else 0.0


def read(material: Material) -> Iterator[Observation]:
    """What IIS met behind itself, or HTTP.sys before IIS."""
    lines = W3CLines(material.head)

    def parse(line: str) -> Request | None:
        fields = lines.fields(line)
        status = status_of((fields or {}).get("sc-status", "").replace("-", "0"))
        if fields is None or status is None:
            return None
        time = f"{fields.get('date', '')}T{fields.get('time', '')}"
        return Request(
            status=status,
            fields={name: fields[name] for name in _TOLD if name in fields},
            when=lambda: zoned_time(time),
            minute=time[:16],
            seconds=seconds_of(fields.get("time-taken"), 1e-3),
            path=(fields.get("cs-uri-stem") or fields.get("cs-uri", ""))[:200],
            client=fields.get("c-ip", ""),
            server=fields.get("cs-host", "").strip("-"),
        )

    return counted(material, KIND, "iis", ["iis-access"], parse)
