"""A small ASGI service. `LAB_MODE` breaks its home page."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, MutableMapping

Message = MutableMapping[str, object]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MODE = os.environ.get("LAB_MODE", "")
if float(os.environ.get("LAB_START_SECONDS", "0")):
    print("loading the catalogue", flush=True)
    time.sleep(float(os.environ["LAB_START_SECONDS"]))


async def application(scope: MutableMapping[str, object], receive: Receive, send: Send) -> None:
    """Answer one request, or the start and the end of the server."""
    if scope["type"] == "lifespan":
        while True:
            event = str((await receive())["type"])
            await send({"type": f"{event}.complete"})
            if event == "lifespan.shutdown":
                return
    path = str(scope["path"])
    if path == "/" and MODE:
        path = f"/{MODE}"
    body, status = b"<!doctype html><title>API</title><h1>API</h1>\n", 200
    length = len(body)
    if path == "/slow":
        await asyncio.sleep(30)
    elif path == "/error":
        raise RuntimeError("the service cannot do that")
    elif path == "/short":
        length += 1_000
    elif path not in ("/", "/health"):
        status = 404
    headers = [(b"content-type", b"text/html"), (b"content-length", str(length).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
