"""Asking an upstream directly, from here: does it take the connection, and does it answer?

For HTTP a GET of `/` with the site's name, for FastCGI a question for its limits
(FCGI_GET_VALUES, FastCGI specification 4.1), for everything else the connection alone. A unix
socket is opened as the gateway's user where we may become that user.
"""

import asyncio
import errno
import os
import re
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, Value

SECONDS = 2.0
"""How long an upstream gets to take a connection, and to answer."""
_WANTED = b"FCGI_MAX_CONNS"
_ASKED_FOR = bytes([len(_WANTED), 0]) + _WANTED
_GET_VALUES = struct.pack("!BBHHBx", 1, 9, 0, len(_ASKED_FOR), 0) + _ASKED_FOR
"""A record of type FCGI_GET_VALUES with one name and no value (FastCGI specification 3.3, 3.4)."""
_WANTS_TLS = (
    b"The plain HTTP request was sent to HTTPS port",  # nginx, ngx_http_special_response.c
    b"speaking plain HTTP to an SSL-enabled server port",  # Apache, modules/ssl/ssl_engine_kernel.c
    b"Client sent an HTTP request to an HTTPS server.",  # Go, net/http/server.go
)
"""What servers answer to plain HTTP on a port for TLS."""
_RESULTS = {
    errno.ECONNREFUSED: "refused",
    errno.EHOSTUNREACH: "no-route",
    errno.ENETUNREACH: "no-route",
    errno.ENOENT: "socket-missing",
    errno.EACCES: "denied",
    errno.EAGAIN: "queue-full",
    errno.ECONNRESET: "resets",
}


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where a gateway sends requests: `HOST:PORT` or `unix:/PATH`, the protocol, a site's name."""

    address: str
    protocol: str
    site: str


async def ask(upstream: Upstream) -> list[Observation]:
    """The addresses of its name, if it is called by one, and what it does when it is asked."""
    named, answered = await asyncio.gather(_named(upstream), _ask(upstream))
    return [*named, answered]


async def _named(upstream: Upstream) -> list[Observation]:
    """What this machine's resolver says of the upstream's name."""
    host = upstream.address.rpartition(":")[0].strip("[]")
    if upstream.address.startswith("unix:") or not re.search("[A-Za-z]", host) or ":" in host:
        return []
    source = f"system-resolver:{host}"
    loop = asyncio.get_running_loop()
    try:
        looking = loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        found = await asyncio.wait_for(looking, SECONDS)
    except (TimeoutError, OSError) as error:
        detail = getattr(error, "strerror", None) or f"no answer within {SECONDS:.0f} s"
        value: dict[str, Value] = {"name": host, "detail": detail}
        return [Observation(Hop.GATEWAY, "name-failure", value, source)]
    addresses = tuple(sorted({str(item[4][0]) for item in found}))
    return [Observation(Hop.GATEWAY, "name-answer", {"name": host, "addresses": addresses}, source)]


async def _ask(upstream: Upstream) -> Observation:
    started = time.monotonic()
    result, status = await _asked(upstream)
    value: dict[str, Value] = {
        "upstream": upstream.address,
        "result": result,
        "seconds": round(time.monotonic() - started, 3),
        "status": status,
        "protocol": upstream.protocol,
    }
    return Observation(Hop.LINK, "upstream-asked", value, f"connect:{upstream.address}")


async def _asked(upstream: Upstream) -> tuple[str, int | None]:
    try:
        opening = _open(upstream.address)
        reader, writer = await asyncio.wait_for(opening, SECONDS)
    except TimeoutError:
        return "times-out", None
    except OSError as error:
        return _RESULTS.get(error.errno or 0, "fails"), None
    try:
        question = _question(upstream)
        if not question:
            return "accepts", None
        writer.write(question)
        await writer.drain()
        answer = await asyncio.wait_for(reader.read(2_048), SECONDS)
    except TimeoutError:
        return "silent", None
    except OSError as error:
        return _RESULTS.get(error.errno or 0, "closes"), None
    finally:
        writer.close()
    return _judged(upstream, answer)


def _judged(upstream: Upstream, answer: bytes) -> tuple[str, int | None]:
    if not answer:
        return "closes", None
    if upstream.protocol == "fastcgi":
        return ("answers", None) if answer[:1] == b"\x01" else ("other-protocol", None)
    if upstream.protocol == "http" and any(words in answer for words in _WANTS_TLS):
        return "wants-tls", None
    if answer.startswith(b"HTTP/") and answer[9:12].isdigit():
        return "answers", int(answer[9:12])
    # HTTP by its first word, and no valid status line (RFC 9112, 4).
    return ("invalid-answer" if answer.startswith(b"HTTP/") else "other-protocol"), None


async def _open(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if address.startswith("unix:"):
        return await asyncio.open_unix_connection(address.removeprefix("unix:"))
    host, _, port = address.rpartition(":")
    return await asyncio.open_connection(host.strip("[]"), int(port))


def _question(upstream: Upstream) -> bytes:
    if upstream.protocol == "http":
        name = "".join(c for c in upstream.site if c.isalnum() or c in ".-:") or "localhost"
        return f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode(
            "ascii", "ignore"
        )
    return _GET_VALUES if upstream.protocol == "fastcgi" else b""


def may_reach(path: str, user: str) -> Iterator[Observation]:
    """The first folder on the way to a socket that keeps `user` out, or the socket itself.

    Connecting needs the right to write on the socket and to search every folder (unix(7)).
    """
    import grp  # noqa: PLC0415 - not on Windows
    import pwd  # noqa: PLC0415

    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        return
    if entry.pw_uid == 0:
        return
    groups = {entry.pw_gid, *(g.gr_gid for g in grp.getgrall() if user in g.gr_mem)}
    for part in [*reversed(Path(path).parents), Path(path)]:
        try:
            found = part.stat()
        except FileNotFoundError:
            missing: dict[str, Value] = {"path": str(part), "kind": "socket"}
            yield Observation(Hop.LINK, "path-missing", missing, f"stat:{part}")
            return
        except OSError:
            return
        right = 2 if str(part) == path else 1
        shift = 6 if found.st_uid == entry.pw_uid else 3 if found.st_gid in groups else 0
        if not found.st_mode >> shift & right:
            value: dict[str, Value] = {
                "user": user,
                "path": path,
                "at_path": str(part),
                "mode": f"{found.st_mode & 0o7777:o}",
            }
            yield Observation(Hop.LINK, "path-denied", value, f"stat:{part}")
            return


def is_root() -> bool:
    """Whether we may see everything."""
    return os.geteuid() == 0
