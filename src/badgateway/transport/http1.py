"""One HTTP/1.1 exchange, with every byte that came back, however broken.

h11 does the framing. Beside it the head is scanned tolerantly, because h11 rightly stops at the
first error and a troubleshooter wants to see the rest.
"""

import asyncio
import time
from dataclasses import dataclass, field

import h11

from badgateway.model.failure import Failure
from badgateway.model.response import STATUS_LINE, Response, response_from_text
from badgateway.transport.body import Body
from badgateway.transport.failures import failure_of
from badgateway.transport.stream import Stream

HEAD_LIMIT = 65_536
"""Bytes of head that are read; browsers stop at about 256 KiB, gateways at 4 to 64 KiB."""
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
) -> Exchange:
    """Send one GET and read what comes back. Never raises for what the peer does.

    Args:
        stream: an open connection.
        target: request target, `/path?query`, or a whole URL for a forward proxy.
        headers: `Host` included.
        head_seconds: time for the whole head.
        body_seconds: time for the body after it.
    """
    result = Exchange()
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_LIMIT)
    request = h11.Request(method="GET", target=target, headers=headers)
    started = time.perf_counter()
    body = Body()
    head: h11.Response | None = None
    try:
        async with asyncio.timeout(head_seconds) as clock:
            await stream.write(connection.send(request) + connection.send(h11.EndOfMessage()))
            while True:
                event = connection.next_event()
                if event is h11.NEED_DATA:
                    data = await stream.read()
                    result.count(data, started)
                    connection.receive_data(data)
                elif isinstance(event, h11.InformationalResponse):
                    result.informational.append(event.status_code)
                elif isinstance(event, h11.Response):
                    head = event
                    body.encoding = _header(event, b"content-encoding")
                    clock.reschedule(asyncio.get_running_loop().time() + body_seconds)
                elif isinstance(event, h11.Data):
                    body.add(bytes(event.data))
                    if body.full:
                        result.capped = True
                        break
                else:
                    break
    except TimeoutError:
        if head is None:
            result.failure = Failure.ANSWER_TIMEOUT
            result.detail = f"no complete head within {head_seconds:.3g} s"
        else:
            # A body may go on for ever, as a stream does; that is no failure of the site.
            result.capped = True
    except h11.RemoteProtocolError as error:
        _broken(result, connection, error, head is not None)
    except OSError as error:
        known = failure_of(error)
        result.failure, result.detail = Failure.ANSWER_RESET, known.detail
    result.read_s = time.perf_counter() - started - (result.wait_s or 0)
    if head is not None:
        result.response = Response(
            status=head.status_code,
            reason=head.reason.decode("latin-1"),
            headers=tuple(
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in head.headers.raw_items()
            ),
            body=body.text(_header(head, b"content-type")),
            length=body.received,
            protocol=f"HTTP/{head.http_version.decode('ascii')}",
        )
    elif STATUS_LINE.match(text := result.raw.decode("latin-1")):
        result.response = response_from_text(text)
    return result


def _broken(result: Exchange, connection: h11.Connection, error: Exception, has_head: bool) -> None:
    """Which failure a protocol error is: h11 reports an early end as one too."""
    ended = connection.trailing_data[1]
    result.detail = str(error)
    if not result.received:
        result.failure = Failure.ANSWER_NONE
        result.detail = "the connection was closed without a byte"
    elif has_head and ended:
        result.failure = Failure.ANSWER_CUT_SHORT
    elif getattr(error, "error_status_hint", 400) == 431:
        result.failure = Failure.ANSWER_HEAD_TOO_LARGE
    elif ended and STATUS_LINE.match(result.raw.decode("latin-1")):
        result.failure = Failure.ANSWER_CUT_SHORT
    else:
        result.failure = Failure.ANSWER_MALFORMED


def _header(head: h11.Response, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in head.headers if key == name), "")
