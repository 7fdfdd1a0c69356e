"""One HTTP/1.1 exchange, with every byte that came back, however broken.

h11 does the framing. Beside it the head is scanned tolerantly, because h11 rightly stops at the
first error and a troubleshooter wants to see the rest.
"""

import asyncio
import re
import time
from dataclasses import dataclass, field

import h11

from badgateway.model.failure import Failure
from badgateway.model.response import STATUS_LINE, Response, response_from_text
from badgateway.transport.body import BODY_LIMIT, Body
from badgateway.transport.failures import failure_of
from badgateway.transport.stream import Stream

HEAD_LIMIT = 65_536
"""Bytes of head that are read; browsers stop at about 256 KiB, gateways at 4 to 64 KiB."""
INTERIM_LIMIT = 20
"""Interim answers (1xx) that are accepted before the answer itself."""
_HEADER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:")
RAW_LIMIT = 2_048
"""Bytes of a malformed answer that are shown."""


@dataclass(slots=True)
class Exchange:
    """What came back for one request. `response` and `failure` may both be there.

    Attributes:
        response: the answer, as far as it could be read.
        failure: how it failed, None where it did not.
        detail: the particulars of the failure.
        raw: the first bytes received.
        informational: statuses of interim answers (103 …).
        wait_s: seconds from the request sent to the first byte; None where none came.
        read_s: seconds from the first byte to the end.
        received: bytes received, head included.
        capped: whether the body went on beyond what is kept.
    """

    response: Response | None = None
    failure: Failure | None = None
    detail: str = ""
    raw: bytes = b""
    informational: list[int] = field(default_factory=list)
    wait_s: float | None = None
    read_s: float = 0.0
    received: int = 0
    capped: bool = False

    def count(self, data: bytes, started: float) -> None:
        """Note that `data` came in; `started` is when the request began, `time.perf_counter()`."""
        if data and self.wait_s is None:
            self.wait_s = time.perf_counter() - started
        self.received += len(data)
        if len(self.raw) < RAW_LIMIT:
            self.raw += data[: RAW_LIMIT - len(self.raw)]


async def exchange(
    stream: Stream,
    target: str,
    headers: list[tuple[str, str]],
    head_seconds: float,
    body_seconds: float,
    sent: bytes | None = None,
    most: int = BODY_LIMIT,
    spoilt: bytes = b"",
) -> Exchange:
    """Send one GET and read what comes back. Never raises for what the peer does.

    Args:
        stream: an open connection.
        target: request target, `/path?query`, or a whole URL for a forward proxy.
        headers: `Host` included.
        head_seconds: time for the whole head.
        body_seconds: time for the body after it.
        sent: a body to POST instead; its length goes into a header by itself.
        most: bytes of the answer's body that are kept.
        spoilt: a line, with its end, that is put at the end of the head as it is.
    """
    result = Exchange()
    if sent is not None:
        headers = [*headers, ("Content-Length", str(len(sent)))]
    method = "GET" if sent is None else "POST"
    request = h11.Request(method=method, target=target, headers=headers)
    started = time.perf_counter()
    answer = _Answer(request, sent or b"", most)
    try:
        async with asyncio.timeout(head_seconds) as clock:
            await stream.write(answer.sent.replace(b"\r\n\r\n", b"\r\n" + spoilt + b"\r\n", 1))
            while True:
                event = answer.next_event()
                if event is h11.NEED_DATA:
                    data = await stream.read()
                    result.count(data, started)
                    answer.receive(data)
                elif isinstance(event, h11.InformationalResponse):
                    result.informational.append(event.status_code)
                    if len(result.informational) > INTERIM_LIMIT:
                        result.failure = Failure.ANSWER_MALFORMED
                        result.detail = "interim answers without end"
                        break
                elif isinstance(event, h11.Response):
                    answer.head = event
                    answer.body.encoding = _header(event, b"content-encoding")
                    clock.reschedule(asyncio.get_running_loop().time() + body_seconds)
                elif isinstance(event, h11.Data):
                    answer.body.add(bytes(event.data))
                    if answer.body.full:
                        result.capped = True
                        break
                else:
                    break
    except TimeoutError:
        if answer.head is None:
            result.failure = Failure.ANSWER_TIMEOUT
            result.detail = f"no complete head within {head_seconds:.3g} s"
        else:
            # A body may go on for ever, as a stream does; that is no failure of the site.
            result.capped = True
    except h11.RemoteProtocolError as error:
        result.failure, result.detail = answer.broken(error, result)
    except OSError as error:
        known = failure_of(error)
        result.failure, result.detail = Failure.ANSWER_RESET, known.detail
    result.read_s = time.perf_counter() - started - (result.wait_s or 0)
    result.response = answer.response(result.raw)
    return result


class _Answer:
    """What h11 makes of the bytes, with one second try on a head that browsers would accept."""

    def __init__(self, request: h11.Request, posted: bytes, most: int) -> None:
        self._request, self._posted = request, posted
        self._received = bytearray()
        self._repaired = False
        self._connection, self.sent = self._fresh()
        self.head: h11.Response | None = None
        self.body = Body(most=most)

    def _fresh(self) -> tuple[h11.Connection, bytes]:
        connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_LIMIT)
        sent = connection.send(self._request)
        if self._posted:
            sent += connection.send(h11.Data(self._posted))
        return connection, sent + connection.send(h11.EndOfMessage())

    def receive(self, data: bytes) -> None:
        """Take the next bytes; refuse at once what cannot become an HTTP answer."""
        if self.head is None and len(self._received) <= HEAD_LIMIT:
            self._received += data
            start = bytes(self._received[:16]).lstrip(b"\r\n")[:5]
            if start and not b"HTTP/".startswith(start):
                raise h11.RemoteProtocolError("the answer does not begin as HTTP does")
        self._connection.receive_data(data)

    def next_event(self) -> object:
        """The next event of h11; odd header lines, which browsers skip, are skipped once."""
        try:
            return self._connection.next_event()
        except h11.RemoteProtocolError:
            if self.head is not None or self._repaired:
                raise
            top, blank, rest = bytes(self._received).partition(b"\r\n\r\n")
            lines = top.split(b"\r\n")
            kept = [line for line in lines[1:] if _HEADER.match(line)]
            if not blank or len(kept) == len(lines) - 1:
                raise
            self._repaired = True
            self._connection, _ = self._fresh()
            self._connection.receive_data(b"\r\n".join([lines[0], *kept]) + blank + rest)
            return self._connection.next_event()

    def broken(self, error: Exception, result: Exchange) -> tuple[Failure, str]:
        """Which failure a protocol error is: h11 reports an early end as one too."""
        ended = self._connection.trailing_data[1]
        if not result.received:
            return Failure.ANSWER_NONE, "the connection was closed without a byte"
        if getattr(error, "error_status_hint", 400) == 431:
            return Failure.ANSWER_HEAD_TOO_LARGE, str(error)
        looks_right = STATUS_LINE.match(result.raw.decode("latin-1"))
        if ended and (self.head is not None or looks_right):
            return Failure.ANSWER_CUT_SHORT, str(error)
        return Failure.ANSWER_MALFORMED, str(error)

    def response(self, raw: bytes) -> Response | None:
        """The answer as h11 read it, else as much of it as the first bytes show."""
        if self.head is None:
            text = raw.decode("latin-1")
            return response_from_text(text) if STATUS_LINE.match(text) else None
        return Response(
            status=self.head.status_code,
            reason=self.head.reason.decode("latin-1"),
            headers=tuple(
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in self.head.headers.raw_items()
            ),
            body=self.body.text(_header(self.head, b"content-type")),
            length=self.body.received,
            protocol=f"HTTP/{self.head.http_version.decode('ascii')}",
        )


def _header(head: h11.Response, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in head.headers if key == name), "")


def pseudo_response(
    head: list[tuple[str, str]] | None, body: Body, protocol: str
) -> Response | None:
    """The answer of HTTP/2 or 3, where the status is a pseudo header; None without a head."""
    if head is None:
        return None
    named = dict(head)
    return Response(
        status=number(named.get(":status", "")),
        headers=tuple((name, value) for name, value in head if name[:1] != ":"),
        body=body.text(named.get("content-type", "")),
        length=body.received,
        protocol=protocol,
    )


def number(text: str) -> int | None:
    """A whole number that a peer wrote; None for anything else, `²` and a thousand digits too."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None
