"""One HTTP/3 exchange over QUIC, with aioquic (the extra `http3`)."""

import asyncio
import ssl
import time
from contextlib import AsyncExitStack
from typing import cast

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, ErrorCode, H3Connection
from aioquic.h3.events import DataReceived, H3Event, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import ConnectionTerminated, QuicEvent, StreamReset

from badgateway.model.failure import Failure
from badgateway.model.response import Response
from badgateway.transport.body import Body
from badgateway.transport.http1 import Exchange, pseudo_response
from badgateway.transport.reach import OutOfReachError, admit


async def exchange3(
    address: str,
    port: int,
    host: str,
    fields: list[tuple[str, str]],
    head_seconds: float,
    body_seconds: float,
) -> Exchange:
    """Connect by QUIC, send one GET and read what comes back. Never raises for what the peer does.

    The certificate is not verified here: the walk over TCP does that and says what is wrong.

    Args:
        address: literal address.
        port: UDP port.
        host: name for the SNI.
        fields: the whole head, pseudo headers first.
        head_seconds: time for the handshake and the head together.
        body_seconds: time for the body after it.
    """
    result = Exchange()
    started = time.perf_counter()
    configuration = QuicConfiguration(
        alpn_protocols=H3_ALPN, server_name=host, verify_mode=ssl.CERT_NONE
    )
    visitor: _Visitor | None = None
    try:
        admit(address, port)
        async with asyncio.timeout(head_seconds) as clock, AsyncExitStack() as stack:
            protocol = await stack.enter_async_context(
                connect(
                    address,
                    port,
                    configuration=configuration,
                    create_protocol=_Visitor,
                    wait_connected=False,
                )
            )
            visitor = cast("_Visitor", protocol)
            visitor.ask(fields)
            await visitor.headed.wait()
            result.wait_s = time.perf_counter() - started
            clock.reschedule(asyncio.get_running_loop().time() + body_seconds)
            await visitor.ended.wait()
    except OutOfReachError as error:
        result.failure, result.detail = error.failure, error.detail
    except TimeoutError:
        if visitor is None or visitor.head is None:
            result.failure = Failure.ANSWER_TIMEOUT
            result.detail = f"nothing over QUIC within {head_seconds:.3g} s"
        else:
            result.capped = True
    except OSError as error:
        result.failure, result.detail = Failure.ANSWER_NONE, str(error) or "QUIC broke"
    if visitor is not None:
        result.response = visitor.response()
        result.received = visitor.body.received
        result.capped = result.capped or visitor.body.full
        if visitor.detail and (result.response is None or not visitor.whole):
            cut = Failure.ANSWER_CUT_SHORT if result.response else Failure.ANSWER_RESET
            result.failure, result.detail = cut, visitor.detail
    result.read_s = time.perf_counter() - started - (result.wait_s or 0)
    return result


class _Visitor(QuicConnectionProtocol):
    """The client's side of one request."""

    def __init__(self, quic: QuicConnection, stream_handler: object = None) -> None:  # noqa: ARG002 - aioquic passes it
        super().__init__(quic)
        self._http = H3Connection(quic)
        self.head: list[tuple[str, str]] | None = None
        self.body = Body()
        self.detail = ""
        self.whole = False
        self.headed = asyncio.Event()
        self.ended = asyncio.Event()

    def ask(self, fields: list[tuple[str, str]]) -> None:
        """Send the request as soon as the handshake allows."""
        stream = self._quic.get_next_available_stream_id()
        head = [(name.encode("ascii"), value.encode("latin-1")) for name, value in fields]
        self._http.send_headers(stream, head, end_stream=True)
        self.transmit()

    def quic_event_received(self, event: QuicEvent) -> None:
        """One event of QUIC, handed on to HTTP/3."""
        if isinstance(event, ConnectionTerminated):
            reason = event.reason_phrase or f"error {event.error_code}"
            self._over(f"QUIC connection ended: {reason}")
            return
        if isinstance(event, StreamReset):
            self._over(f"HTTP/3 stream reset: {_code(event.error_code)}")
            return
        for item in self._http.handle_event(event):
            self._take(item)

    def _take(self, event: H3Event) -> None:
        if isinstance(event, HeadersReceived):
            head = [
                (name.decode("latin-1"), value.decode("latin-1")) for name, value in event.headers
            ]
            if dict(head).get(":status", "").startswith("1"):
                return
            if self.head is None:
                self.head = head
                self.body = Body(dict(head).get("content-encoding", ""))
                self.headed.set()
        elif isinstance(event, DataReceived):
            self.body.add(event.data)
        if getattr(event, "stream_ended", False) or self.body.full:
            self.whole = True
            self.headed.set()
            self.ended.set()

    def _over(self, detail: str) -> None:
        self.detail = self.detail or detail
        self.headed.set()
        self.ended.set()

    def response(self) -> Response | None:
        """The answer as far as it came."""
        return pseudo_response(self.head, self.body, "HTTP/3")


def _code(number: int) -> str:
    try:
        return ErrorCode(number).name
    except ValueError:
        return str(number)
