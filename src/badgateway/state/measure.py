"""An upstream, asked without hurry: how long it takes, and how large the head of its answer is."""

import asyncio
import time

from badgateway.model.machine import Measured

SECONDS = 30.0
"""The longest wait."""
HEAD_LIMIT = 256 * 1024
"""Bytes of a head that are read."""


async def measured(address: str, site: str, seconds: float = SECONDS) -> Measured:
    """Ask `HOST:PORT` or `unix:/PATH` for `/` of a site by plain HTTP."""
    started = time.monotonic()
    head = b""
    try:
        async with asyncio.timeout(seconds):
            if address.startswith("unix:"):
                reader, writer = await asyncio.open_unix_connection(
                    address.removeprefix("unix:"), limit=HEAD_LIMIT
                )
            else:
                host, _, port = address.rpartition(":")
                reader, writer = await asyncio.open_connection(
                    host.strip("[]"), int(port), limit=HEAD_LIMIT
                )
            try:
                name = "".join(c for c in site if c.isascii() and (c.isalnum() or c in ".-:"))
                writer.write(
                    f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode()
                )
                await writer.drain()
                head = await reader.readuntil(b"\r\n\r\n")
            finally:
                writer.close()
    except (
        TimeoutError,
        OSError,
        ValueError,
        asyncio.IncompleteReadError,
        asyncio.LimitOverrunError,
    ):
        return Measured()
    if not head.startswith(b"HTTP/"):
        return Measured()
    return Measured(round(time.monotonic() - started, 3), len(head), plain=True)
