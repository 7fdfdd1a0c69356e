"""One call of a JSON API over HTTPS, through the person's proxy where there is one."""

import json
import time
from dataclasses import dataclass

from badgateway import __version__
from badgateway.model.failure import Failure
from badgateway.model.target import Target
from badgateway.transport.failures import TransportError, limit
from badgateway.transport.http1 import exchange, number
from badgateway.transport.proxy import Proxy, tunnel
from badgateway.transport.stream import Stream, TlsStream, connect, tls_context
from badgateway.transport.system import resolve

ANSWER_LIMIT = 4 * 1024 * 1024
"""Bytes of an answer that are read."""
USER_AGENT = f"badgateway/{__version__} (+https://pypi.org/project/badgateway/)"


@dataclass(frozen=True, slots=True)
class Reply:
    """What an API answered.

    Attributes:
        status: the HTTP status.
        data: its JSON, None where it sent none.
        wait_s: seconds that it wants to be left alone for, from `Retry-After` or the like.
    """

    status: int
    data: object
    wait_s: int | None = None


async def call(
    target: Target,
    seconds: float,
    sent: object = None,
    key: str = "",
    proxy: Proxy | None = None,
) -> Reply:
    """GET `target`, or POST `sent` to it as JSON.

    Args:
        target: the whole URL.
        seconds: time for everything.
        sent: JSON data to send, None for a GET.
        key: sent as a bearer token, empty for none.
        proxy: forward proxy to go through.

    Raises:
        TransportError: no whole answer came.
    """
    end = time.monotonic() + seconds
    posted = None if sent is None else json.dumps(sent, ensure_ascii=True).encode("ascii")
    headers = [
        ("Host", target.authority),
        ("User-Agent", USER_AGENT),
        ("Accept", "application/json"),
        ("Accept-Encoding", "gzip"),
        ("Connection", "close"),
        *([("Content-Type", "application/json")] if posted is not None else []),
        *([("Authorization", f"Bearer {key}")] if key else []),
    ]
    async with limit(seconds, Failure.CONNECT_TIMEOUT):
        stream = await _opened(target, proxy)
    try:
        left = max(0.1, end - time.monotonic())
        found = await exchange(stream, target.path, headers, left, left, posted, ANSWER_LIMIT)
    finally:
        stream.close()
    if found.failure is not None or found.capped or found.response is None:
        failure = found.failure or Failure.ANSWER_TIMEOUT
        raise TransportError(failure, found.detail or "the answer did not end")
    response = found.response
    try:
        data = json.loads(response.body)
    except (ValueError, RecursionError):
        data = None
    wait = response.header("retry-after") or response.header("x-ratelimit-reset") or ""
    return Reply(response.status or 0, data, number(wait))


async def _opened(target: Target, proxy: Proxy | None) -> Stream:
    """A connection to the API, secured where its URL says so."""
    host, port = (proxy.host, proxy.port) if proxy else (target.host, target.port)
    stream: Stream = await _connected((await resolve(host, port)).addresses, port)
    try:
        if proxy is not None:
            await tunnel(stream, proxy, target.host, target.port)
        if target.tls:
            secured = TlsStream(stream, target.host, tls_context(("http/1.1",), True))
            await secured.handshake()
            stream = secured
    except BaseException:
        stream.close()
        raise
    return stream


async def _connected(addresses: tuple[str, ...], port: int) -> Stream:
    failure = TransportError(Failure.NAME_WITHOUT_ADDRESS)
    for address in addresses[:4]:
        try:
            return await connect(address, port)
        except TransportError as error:
            failure = error
    raise failure
