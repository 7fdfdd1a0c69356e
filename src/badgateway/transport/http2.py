"""One HTTP/2 exchange over an open TLS stream, with h2."""

import asyncio
import time

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions

from badgateway.model.failure import Failure
from badgateway.model.response import Response
from badgateway.transport.body import Body
from badgateway.transport.failures import failure_of
from badgateway.transport.http1 import HEAD_LIMIT, Exchange, number, pseudo_response
from badgateway.transport.stream import Stream


async def exchange2(
    stream: Stream,
    authority: str,
    target: str,
    headers: list[tuple[str, str]],
    head_seconds: float,
    body_seconds: float,
) -> Exchange:
    """Send one GET over HTTP/2 and read what comes back. Never raises for what the peer does.

    Args:
        stream: a TLS stream on which ALPN agreed on `h2`.
        authority: host, with the port where it is not 443.
        target: `/path?query`.
        headers: any further ones, names in lower case.
        head_seconds: time for the whole head.
        body_seconds: time for the body after it.
    """
    result = Exchange()
    connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding=None))
    connection.local_settings.max_header_list_size = HEAD_LIMIT
    started = time.perf_counter()
    answer = _Answer()
    try:
        async with asyncio.timeout(head_seconds) as clock:
            connection.initiate_connection()
            fields = [
                (":method", "GET"),
                (":scheme", "https"),
                (":authority", authority),
                (":path", target),
            ]
            connection.send_headers(1, [*fields, *headers], end_stream=True)
            await stream.write(connection.data_to_send())
            while not answer.ended:
                data = await stream.read()
                result.count(data, started)
                if result.raw.startswith(b"HTTP/1"):
                    answer.end(Failure.ANSWER_MALFORMED, "HTTP/1 on a connection agreed as HTTP/2")
                    break
                if not data:
                    answer.end(*_early_end(answer))
                    break
                had_head = answer.head is not None
                for event in connection.receive_data(data):
                    answer.take(event, connection, result)
                if answer.head is not None and not had_head:
                    clock.reschedule(asyncio.get_running_loop().time() + body_seconds)
                if outgoing := connection.data_to_send():
                    await stream.write(outgoing)
    except TimeoutError:
        if answer.head is None:
            answer.end(Failure.ANSWER_TIMEOUT, f"no complete head within {head_seconds:.3g} s")
        else:
            result.capped = True
    except h2.exceptions.ProtocolError as error:
        answer.end(Failure.ANSWER_MALFORMED, f"HTTP/2: {error or type(error).__name__}")
    except OSError as error:
        answer.end(Failure.ANSWER_RESET, failure_of(error).detail)
    result.failure, result.detail = answer.failure, answer.detail
    result.read_s = time.perf_counter() - started - (result.wait_s or 0)
    result.response = answer.response()
    return result


def _early_end(answer: "_Answer") -> tuple[Failure, str]:
    if answer.head is not None:
        return Failure.ANSWER_CUT_SHORT, "the connection was closed before the end of the body"
    return Failure.ANSWER_NONE, "the connection was closed without an answer"


class _Answer:
    """The one stream of the exchange, as its events build it up."""

    def __init__(self) -> None:
        self.head: list[tuple[str, str]] | None = None
        self.body = Body()
        self.ended = False
        self.failure: Failure | None = None
        self.detail = ""

    def end(self, failure: Failure | None = None, detail: str = "") -> None:
        """No more is to come."""
        self.ended, self.failure, self.detail = True, failure, detail

    def take(
        self, event: h2.events.Event, connection: h2.connection.H2Connection, result: Exchange
    ) -> None:
        """One event of h2."""
        if isinstance(event, h2.events.InformationalResponseReceived):
            result.informational.append(number(dict(_text(event.headers)).get(":status", "")) or 0)
        elif isinstance(event, h2.events.ResponseReceived):
            self.head = _text(event.headers)
            self.body = Body(dict(self.head).get("content-encoding", ""))
        elif isinstance(event, h2.events.DataReceived):
            self.body.add(event.data or b"")
            if event.flow_controlled_length:
                connection.acknowledge_received_data(event.flow_controlled_length, 1)
            if self.body.full:
                result.capped = True
                self.end()
        elif isinstance(event, h2.events.StreamEnded):
            self.end()
        elif isinstance(event, h2.events.StreamReset):
            reset = Failure.ANSWER_CUT_SHORT if self.head is not None else Failure.ANSWER_RESET
            self.end(reset, f"HTTP/2 stream reset: {_code(event.error_code)}")
        elif isinstance(event, h2.events.ConnectionTerminated) and event.error_code:
            self.end(Failure.ANSWER_RESET, f"HTTP/2 connection ended: {_code(event.error_code)}")

    def response(self) -> Response | None:
        """The answer as far as it came."""
        return pseudo_response(self.head, self.body, "HTTP/2")


def _text(headers: "object") -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for name, value in headers or ():  # type: ignore[attr-defined]
        pairs.append((bytes(name).decode("latin-1"), bytes(value).decode("latin-1")))
    return pairs


def _code(number: "int | h2.errors.ErrorCodes | None") -> str:
    try:
        return h2.errors.ErrorCodes(int(number or 0)).name
    except ValueError:
        return str(number)
