"""A HAR file: what a browser's developer tools recorded of a visit (HTTP Archive 1.2)."""

import base64
import binascii
import json
from collections.abc import Iterator
from datetime import UTC, datetime

from badgateway.model.hop import Hop
from badgateway.model.material import Material
from badgateway.model.observation import Observation
from badgateway.model.response import Response

KIND = "har"

_MOST = 5_000


def fits(head: str) -> float:
    """A JSON object with `log` and `entries` near its beginning."""
    start = head[:65_536].lstrip("\ufeff\r\n \t")
    return 0.95 if start.startswith("{") and '"log"' in start and '"entries"' in head else 0.0


def read(material: Material) -> Iterator[Observation]:
    """Each answer, and each request that the browser itself gave up."""
    text, name = material.text(), material.name
    try:
        entries = json.loads(text.lstrip("\ufeff"))["log"]["entries"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        yield Observation(
            Hop.BROWSER,
            "nothing-known",
            {"name": name, "detail": f"a HAR file that is cut or broken: {type(error).__name__}"},
            f"file:{name}",
        )
        return
    for number, entry in enumerate(entries[:_MOST] if isinstance(entries, list) else [], 1):
        if isinstance(entry, dict):
            yield from _entry(entry, f"har:{name}:entry {number}", number == 1)


def _entry(entry: dict[str, object], source: str, main: bool) -> Iterator[Observation]:
    request, answer = _table(entry, "request"), _table(entry, "response")
    url, status = str(request.get("url") or ""), answer.get("status")
    what = "page" if main or entry.get("_resourceType") == "document" else "part"
    if type(status) is not int or not 100 <= status <= 999:
        error = str(answer.get("_error") or entry.get("_error") or "no answer")
        yield Observation(
            Hop.BROWSER,
            "request-failed",
            {"url": url, "error": error, "what": what},
            source,
            _time(entry),
        )
        return
    response = Response(
        status=status,
        reason=str(answer.get("statusText") or ""),
        headers=tuple(_headers(answer)),
        body=_body(_table(answer, "content")),
        protocol=str(answer.get("httpVersion") or ""),
    )
    address = entry.get("serverIPAddress")
    value = {
        **response.value(),
        "url": url,
        "what": what,
        "address": address if isinstance(address, str) else None,
    }
    yield Observation(Hop.GATEWAY, "http-response", value, source, _time(entry))


def _table(table: dict[str, object], key: str) -> dict[str, object]:
    found = table.get(key)
    return found if isinstance(found, dict) else {}


def _headers(answer: dict[str, object]) -> Iterator[tuple[str, str]]:
    headers = answer.get("headers")
    for header in headers[:500] if isinstance(headers, list) else []:
        if isinstance(header, dict) and not str(header.get("name", ":")).startswith(":"):
            yield str(header.get("name")), str(header.get("value", ""))


def _body(content: dict[str, object]) -> str:
    text = content.get("text")
    if not isinstance(text, str):
        return ""
    if content.get("encoding") != "base64":
        return text[:262_144]
    try:
        return base64.b64decode(text[:349_528], validate=False).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


def _time(entry: dict[str, object]) -> datetime | None:
    try:
        return datetime.fromisoformat(str(entry.get("startedDateTime"))).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
