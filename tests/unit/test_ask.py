"""Asking an upstream directly."""

import asyncio
import struct

import pytest

from badgateway.state.ask import Upstream, ask
from badgateway.state.request import request


def test_a_fastcgi_server_that_answers_is_not_called_silent(tmp_path):
    """The question is a whole record: a server that waits for all of it gets all of it."""

    async def serve(reader, writer):
        kind, length = struct.unpack("!xBxxHxx", await reader.readexactly(8))
        content = await reader.readexactly(length)
        assert kind == 9
        assert content == bytes([14, 0]) + b"FCGI_MAX_CONNS"
        writer.write(struct.pack("!BBHHBx", 1, 10, 0, 0, 0))
        writer.close()

    async def asked():
        path = str(tmp_path / "s")
        server = await asyncio.start_unix_server(serve, path)
        async with server:
            return await ask(Upstream(f"unix:{path}", "fastcgi", "shop.example"))

    assert asyncio.run(asked())[-1].text("result") == "answers"


def test_an_upstream_is_asked_as_the_gateway_asks_it_and_for_the_sites_own_name(tmp_path):
    """A server that has the site and not the host that the gateway sends shows it by both."""

    async def serve(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        if b"Host: shop.example\r\n" in head:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async def asked():
        path = str(tmp_path / "s")
        server = await asyncio.start_unix_server(serve, path)
        async with server:
            return await ask(Upstream(f"unix:{path}", "http", "shop.example", None, "old.example"))

    found = {o.name: o for o in asyncio.run(asked())}
    assert found["upstream-asked"].text("result") == "closes"
    assert found["asked-as-site"].value["status"] == 200


@pytest.mark.parametrize(
    ("site", "host"),
    [
        ("shop.example:8080", b"shop.example:8080"),
        ("my_shop.example", b"my_shop.example"),
        ("shop.example\r\nX: y", b"shop.exampleX:y"),
        ("_", b"localhost"),
        ("", b"localhost"),
    ],
)
def test_the_host_of_a_request_is_a_name_and_nothing_else(site, host):
    """No line can be slipped in, and a catch-all server's `_` is no name."""
    assert b"\r\nHost: " + host + b"\r\n" in request(site)
