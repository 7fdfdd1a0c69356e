"""A request as a gateway makes it of an upstream: the connection, the bytes, the status."""

import asyncio

HEAD_LIMIT = 256 * 1024
"""Bytes of an answer's head that are read: more than any gateway takes."""


async def opened(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to `HOST:PORT` or `unix:/PATH`.

    Raises:
        OSError: how it failed. The caller bounds the time.
    """
    if address.startswith("unix:"):
        return await asyncio.open_unix_connection(address.removeprefix("unix:"), limit=HEAD_LIMIT)
    host, _, port = address.rpartition(":")
    return await asyncio.open_connection(host.strip("[]"), int(port), limit=HEAD_LIMIT)


def request(site: str) -> bytes:
    """A GET of `/` of a site: of its host name what can be one, `localhost` where nothing can."""
    name = "".join(c for c in site if c.isascii() and (c.isalnum() or c in "._-:"))
    host = name if name.strip("._-:") else "localhost"
    return f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode("ascii")


def status_of(answer: bytes) -> int | None:
    """The status in the first line of an answer; None where that is no status line of HTTP."""
    valid = answer.startswith(b"HTTP/") and answer[9:12].isdigit()
    return int(answer[9:12]) if valid else None
