"""A saved HTTP answer with its head: `curl -i`, `curl -v`, a browser's "save response".

Several answers in a row (redirects, 100 Continue, a proxy's "200 Connection established") are
read one by one.
"""

import re
from collections.abc import Iterator

from badgateway.model.hop import Hop
from badgateway.model.material import Material
from badgateway.model.observation import Observation, Value
from badgateway.model.response import STATUS_LINE, Response, response_from_text

KIND = "http-exchange"

_REMARK = re.compile(r"\* |> |>$|[{}] \[\d+ bytes data\]")
"""What `curl -v` writes between the lines of an answer."""
_MOST = 50


def fits(head: str) -> float:
    """A status line at the beginning, or behind the arrows of `curl -v`."""
    start = head[:65_536].lstrip("\ufeff\r\n \t")
    if STATUS_LINE.match(start):
        return 0.95
    return 0.9 if re.search(r"^< HTTP/\d(?:\.\d)? \d{3}", start, re.MULTILINE) else 0.0


def read(material: Material) -> Iterator[Observation]:
    """One `http-response` for each answer."""
    text, name = material.text(), material.name
    text = text.lstrip("\ufeff\r\n \t")
    if found := re.search(r"Received HTTP code (\d{3}) from proxy", text):
        signed = re.search(r"(?im)^< (?:x-squid-error|via|proxy-status|x-cache):", text) is not None
        said: dict[str, Value] = {
            "status": int(found[1]),
            "detail": "after CONNECT",
            "signed": signed,
        }
        yield Observation(Hop.EXIT, "proxy-said", said, f"file:{name}")
    if not STATUS_LINE.match(text):
        text = _unfolded(text)
    for _ in range(_MOST):
        response = response_from_text(text)
        follows = STATUS_LINE.match(response.body.lstrip("\r\n"))
        if not follows:
            yield _stated(response, name)
            return
        yield _stated(response, name, body="")
        text = response.body.lstrip("\r\n")


def _unfolded(text: str) -> str:
    """The answers of `curl -v` without its arrows; what was sent, and remarks, dropped."""
    lines: list[str] = []
    in_head = False
    for line in text.splitlines():
        if line.startswith("< HTTP/"):
            in_head = True
        if in_head and line.rstrip() == "<":
            lines.append("")
            in_head = False
        elif in_head and line.startswith("< "):
            lines.append(line[2:])
        elif lines and not in_head and not _REMARK.match(line):
            lines.append(line)
    return "\n".join(lines)


def _stated(response: Response, name: str, body: str | None = None) -> Observation:
    value = {**response.value(), "url": name, "what": "page"}
    if body is not None:
        value["body"] = body
    return Observation(Hop.GATEWAY, "http-response", value, f"file:{name}")
