"""An upstream, asked without hurry: how long it takes, and how large the head of its answer is."""

import asyncio
import re
import time

from badgateway.model.machine import Measured
from badgateway.state.request import opened, request

_HEAD = re.compile(
    rb"HTTP/\d\.\d [1-5]\d\d[^\r\n\0]*\r\n(?:[!#$%&'*+.^_`|~\w-]+:[^\r\n\0]*\r\n)*\r\n", re.ASCII
)
"""A head as RFC 9112 has it: a status line, then fields whose names are tokens."""
SECONDS = 30.0
"""The longest wait."""


async def measured(address: str, site: str, seconds: float = SECONDS) -> Measured:
    """Ask `HOST:PORT` or `unix:/PATH` for `/` of a site by plain HTTP."""
    started = time.monotonic()
    head = b""
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await opened(address)
            try:
                writer.write(request(site))
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
    seconds = round(time.monotonic() - started, 3)
    return Measured(seconds, len(head), plain=True, whole=_HEAD.fullmatch(head) is not None)
