"""An application and a gateway in front of it, small but real: sockets, a refusal, a 502."""

import asyncio
import socket
import threading
from types import TracebackType
from typing import Self

_PAGE = "<!doctype html><title>A small shop</title><h1>A small shop</h1><p>It works.</p>"
_ERROR = (
    "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
)
_LIMIT = 65_536


class DemoSite:
    """A site of two processes' worth on loopback; `stop_application` breaks it.

    The gateway is a reverse proxy of some lines. When the application refuses the connection it
    answers 502 and says why in `Proxy-Status` (RFC 9209), as a gateway should.
    """

    def __init__(self, delay: float = 0.0) -> None:
        """Args: delay: seconds that the application takes for a page."""
        self._delay = delay
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._application: asyncio.Server | None = None
        self._gateway: asyncio.Server | None = None
        self._held: socket.socket | None = None
        self.application_port = 0
        self.gateway_port = 0

    @property
    def url(self) -> str:
        """Where visitors go."""
        return f"http://127.0.0.1:{self.gateway_port}/"

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for server in (self._application, self._gateway):
            if server is not None:
                self._loop.call_soon_threadsafe(server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        if self._held is not None:
            self._held.close()

    def stop_application(self) -> None:
        """Stop the application; the gateway goes on, and now gets its connections refused."""
        application = self._application
        if application is None:
            return
        self._application = None
        asyncio.run_coroutine_threadsafe(_close(application), self._loop).result(10)
        # Bound but not listening: the port refuses, and nobody else can take it meanwhile.
        self._held = socket.socket()
        self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._held.bind(("127.0.0.1", self.application_port))

    def start_application(self) -> None:
        """Start it again, at the same port."""
        if self._held is not None:
            self._held.close()
            self._held = None
        asyncio.run_coroutine_threadsafe(self._again(), self._loop).result(10)

    async def _again(self) -> None:
        self._application = await asyncio.start_server(
            self._answer_page, "127.0.0.1", self.application_port
        )

    async def _start(self) -> None:
        self._application = await asyncio.start_server(self._answer_page, "127.0.0.1", 0)
        self.application_port = self._application.sockets[0].getsockname()[1]
        self._gateway = await asyncio.start_server(self._pass_on, "127.0.0.1", 0)
        self.gateway_port = self._gateway.sockets[0].getsockname()[1]

    async def _answer_page(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            await _head(reader)
            await asyncio.sleep(self._delay)
            writer.write(_answer("200 OK", _PAGE))
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the gateway left
        finally:
            writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await _head(reader)
            try:
                behind, onward = await asyncio.open_connection("127.0.0.1", self.application_port)
            except ConnectionRefusedError:
                reason = "demo-gateway; error=connection_refused"
                writer.write(_answer("502 Bad Gateway", _ERROR, f"Proxy-Status: {reason}\r\n"))
            else:
                onward.write(request)
                writer.write(await behind.read(_LIMIT))
                onward.close()
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the visitor left
        finally:
            writer.close()


async def _close(server: asyncio.Server) -> None:
    server.close()
    await server.wait_closed()


async def _head(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


def _answer(status: str, body: str, more: str = "") -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n"
        f"{more}Connection: close\r\n\r\n"
    )
    return (head + body).encode("ascii")
