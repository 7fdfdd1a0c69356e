"""Google's application load balancers in Cloud Logging: `statusDetails` says who made the answer.

https://cloud.google.com/load-balancing/docs/https/https-logging-monitoring; as `gcloud logging
read --format json` prints it (a list), or one object a line.
"""

import json
import re
from collections.abc import Iterator

from badgateway.knowledge.dialect import zoned_time
from badgateway.knowledge.requests import Request, counted, seconds_of, status_of
from badgateway.model.material import Material, material_of
from badgateway.model.observation import Observation

KIND = "google-lb-log"

_DETAILS = re.compile(r"\"?statusDetails\"?\s?:\s?\"?[\w]")
_PAGE = re.compile(r"\"?httpRequest\"?\s?:")
_WHOLE = re.compile(r"\s*\[")


def fits(head: str) -> float:
    """Entries with `statusDetails`."""
    if not _DETAILS.search(head):
        return 0.0
    return 0.98 if _PAGE.search(head) or head.lstrip().startswith(("{", "[")) else 0.91


def read(material: Material) -> Iterator[Observation]:
    """What the balancer met at its backends."""
    lines = _one_a_line(material) if _WHOLE.match(material.head) else material
    return counted(lines, KIND, "google-lb", ["google-lb"], _request, mixed=True)


def _one_a_line(material: Material) -> Material:
    """A list of entries, each on a line of its own; what is no list stays as it is."""
    try:
        entries = json.loads(material.text())
    except (ValueError, RecursionError):
        return material
    if not isinstance(entries, list):
        return material
    return material_of(material.name, "\n".join(json.dumps(entry) for entry in entries))


def _request(line: str) -> Request | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return _bare(line)
    if not isinstance(entry, dict):
        return None
    http, payload = (_table(entry.get(name)) for name in ("httpRequest", "jsonPayload"))
    status = status_of(str(http.get("status", 0)))
    if status is None:
        return None
    details = str(payload.get("statusDetails") or entry.get("statusDetails") or "-")
    time = str(entry.get("timestamp", ""))
    backend = str(http.get("serverIp") or "")
    relayed = details == "response_sent_by_backend"
    url = re.sub(r"^https?://[^/]{0,300}", "", str(http.get("requestUrl", ""))[:1_000])
    return Request(
        status=status,
        fields={"status": str(status), "statusDetails": details[:200]},
        when=lambda: zoned_time(time[:26].rstrip("Z") + "+00:00"),
        minute=time[:16],
        seconds=seconds_of(str(http.get("latency", "")).removesuffix("s")),
        upstream=backend,
        upstream_status=str(status) if relayed else "",
        path=url.split("?", 1)[0][:200],
        client=str(http.get("remoteIp", "")),
    )


def _bare(line: str) -> Request | None:
    """A line somebody copied out of an entry: `statusDetails: "backend_timeout"`."""
    found = re.search(r"\"?statusDetails\"?\s?:\s?\"?(\w{1,100})", line)
    if found is None:
        return None
    return Request(status=502, fields={"status": "502", "statusDetails": found[1]})


def _table(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}
