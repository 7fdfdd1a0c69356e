"""Running the server: uvicorn, quiet, without a line in its answers that names it."""

import asyncio
import os
import socket
import sqlite3
from collections.abc import Callable

import uvicorn

from badgateway.web.app import application
from badgateway.web.settings import Settings

MOST_CONNECTIONS = 2_000
"""Connections at once; whoever comes then is told to come again."""


BACKLOG = 1_024


def serve(
    settings: Settings,
    behind: str | None,
    announce: Callable[[], None],
    complain: Callable[[str], None],
) -> int:
    """Serve until it is interrupted; returns the exit status.

    Args:
        settings: how.
        behind: the address of a reverse proxy whose word for who asks is believed; None for none.
        announce: is called once the address is ours.
        complain: is told why it cannot be done.
    """
    try:
        app = application(settings)
    except (OSError, sqlite3.Error) as error:
        complain(f"the history cannot be kept in {settings.history}: {error} (--no-history)")
        return 2
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        # Who comes between now and the first turn of the loop waits, and is not refused.
        listener.listen(BACKLOG)
    except OSError as error:
        why = os.strerror(error.errno or 0)
        complain(f"cannot listen at {settings.host} port {settings.port}: {why} (--port)")
        listener.close()
        return 2
    announce()
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=behind is not None,
        forwarded_allow_ips=behind or "",
        backlog=BACKLOG,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=10,
        timeout_graceful_shutdown=1,
        http="h11",
        loop="asyncio",
        ws="none",
    )
    try:
        asyncio.run(uvicorn.Server(config).serve([listener]))
    except KeyboardInterrupt:
        return 0
    finally:
        listener.close()
    return 0
