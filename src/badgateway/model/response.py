"""An HTTP answer as it was received, or as much of it as a person could paste."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from badgateway.model.observation import Value


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer.

    Attributes:
        status: the status code, None where only text is at hand.
        reason: the reason phrase of HTTP/1; empty in HTTP/2 and 3, which have none.
        headers: (name, value) pairs in order, names as sent; empty where unknown.
        body: the decoded beginning of the body.
        length: bytes of the whole body as received, None where unknown.
        protocol: `HTTP/1.1`, `HTTP/2`, `HTTP/3`, or empty.
        headed: whether the headers are known at all (a pasted page has none).
    """

    status: int | None
    reason: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    length: int | None = None
    protocol: str = ""
    headed: bool = True

    def header(self, name: str) -> str | None:
        """All values of a header, joined as RFC 9110 5.3 allows; None where it is absent."""
        wanted = name.lower()
        values = [value for key, value in self.headers if key.lower() == wanted]
        return ", ".join(values) if values else None

    def value(self) -> dict[str, Value]:
        """The response as an observation's value."""
        return {
            "status": self.status,
            "reason": self.reason,
            "headers": tuple((name, text) for name, text in self.headers),
            "body": self.body,
            "length": self.length,
            "protocol": self.protocol,
            "headed": self.headed,
        }

    @classmethod
    def of(cls, value: Mapping[str, Value]) -> "Response":
        """The response that `value()` was made from."""
        status, length, headers = value.get("status"), value.get("length"), value.get("headers")
        pairs = headers if isinstance(headers, tuple) else ()
        return cls(
            status=status if isinstance(status, int) else None,
            reason=str(value.get("reason") or ""),
            headers=tuple(
                (str(pair[0]), str(pair[1]))
                for pair in pairs
                if isinstance(pair, tuple) and len(pair) == 2
            ),
            body=str(value.get("body") or ""),
            length=length if isinstance(length, int) else None,
            protocol=str(value.get("protocol") or ""),
            headed=bool(value.get("headed", True)),
        )


GATEWAY_STATUSES = frozenset({502, 503, 504, *range(520, 531)})
"""Statuses that an intermediary gives for a failure behind it: RFC 9110 15.6.3 to 15.6.5, and
Cloudflare's 520 to 530 (https://developers.cloudflare.com/support/troubleshooting/http-status-codes/)."""

STATUS_LINE = re.compile(
    r"\AHTTP/([0-9](?:\.[0-9])?)[ \t]+([0-9]{3})(?:[ \t]+([^\r\n]*))?\r?(?:\n|\Z)"
)
"""The first line of an HTTP answer: version, status, reason."""

_HEADER_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}):[ \t]*([^\r\n]*)")


def response_from_text(text: str) -> Response:
    """A saved response as a person has it: with its head, or only the page or its words.

    A head is a status line, with header lines behind it up to an empty line; it may be cut short.
    Anything else is a body without a head (`headed` false).
    """
    text = text.lstrip("\r\n \t") if STATUS_LINE.match(text.lstrip("\r\n \t")) else text
    found = STATUS_LINE.match(text)
    if found is None:
        return Response(status=None, body=text, headed=False)
    headers: list[tuple[str, str]] = []
    at = found.end()
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        if not text[at:end].strip():
            at = end + 1
            break
        header = _HEADER_LINE.match(text, at, end)
        if header is None:
            break
        headers.append((header[1], header[2].strip()))
        at = end + 1
    return Response(
        status=int(found[2]),
        reason=(found[3] or "").strip(),
        headers=tuple(headers),
        body=text[at:],
        protocol=f"HTTP/{found[1]}",
        headed=bool(headers),
    )
