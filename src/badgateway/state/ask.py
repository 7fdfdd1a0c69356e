"""Asking an upstream directly, from here: does it take the connection, and does it answer?

For HTTP a GET of `/` with the site's name, over TLS after a handshake as the gateway makes it; for
FastCGI a question for its limits (FCGI_GET_VALUES, FastCGI specification 4.1); for everything else
the connection alone.
"""

import asyncio
import errno
import os
import re
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from badgateway.model.failure import Failure
from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, Value
from badgateway.state.handshake import Handshake, Security, shake
from badgateway.state.request import HEAD_LIMIT, opened, request, status_of
from badgateway.transport.failures import TransportError

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
_FAILURES = {
    Failure.CONNECT_REFUSED: "refused",
    Failure.CONNECT_TIMEOUT: "times-out",
    Failure.CONNECT_RESET: "resets",
    Failure.NO_ROUTE: "no-route",
    Failure.LOCALLY_DENIED: "denied",
}


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where a gateway sends requests.

    Attributes:
        address: `HOST:PORT` or `unix:/PATH`.
        protocol: `http`, `https`, `fastcgi`, `h2` and the like.
        site: the name that visitors ask for.
        security: how the gateway shakes hands with it; None where it speaks no TLS to it.
        host: the name that the gateway asks it for, where it is told to use another one.
    """

    address: str
    protocol: str
    site: str
    security: Security | None = None
    host: str = ""


async def ask(upstream: Upstream) -> list[Observation]:
    """The addresses of its name, if it is called by one, and what it does when it is asked."""
    found = await asyncio.gather(_named(upstream), _ask(upstream), _ask_as_site(upstream))
    return [observation for part in found for observation in part]


async def _ask_as_site(upstream: Upstream) -> list[Observation]:
    """What comes for the site's own name, where the gateway asks for another one."""
    if not upstream.host or not upstream.site or upstream.host == upstream.site:
        return []
    plain = replace(upstream, host="")
    found = await (_asked_safely(plain) if plain.security else _asked(plain))
    value: dict[str, Value] = {
        "upstream": upstream.address,
        "site": upstream.site,
        "result": found.result,
        "status": found.status,
    }
    source = f"connect:{upstream.address}"
    return [Observation(Hop.LINK, "asked-as-site", value, source)]


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


async def _ask(upstream: Upstream) -> list[Observation]:
    started = time.monotonic()
    found = await (_asked_safely(upstream) if upstream.security else _asked(upstream))
    value: dict[str, Value] = {
        "upstream": upstream.address,
        "result": found.result,
        "seconds": round(time.monotonic() - started, 3),
        "status": found.status,
        "protocol": upstream.protocol,
        "head": found.head,
    }
    source = f"connect:{upstream.address}"
    told = [Observation(Hop.LINK, "upstream-asked", value, source)]
    if found.handshake is not None and upstream.security is not None:
        told.append(_shown(upstream, upstream.security, found.handshake))
    return told


@dataclass(frozen=True, slots=True)
class _Found:
    """What an upstream did.

    Attributes:
        result: a word for it.
        status: of its answer, where that is HTTP.
        head: bytes of the head of its answer; None where no whole one came.
        handshake: what came of TLS with it.
    """

    result: str
    status: int | None = None
    head: int | None = None
    handshake: Handshake | None = None


async def _asked(upstream: Upstream) -> _Found:
    try:
        opening = opened(upstream.address)
        reader, writer = await asyncio.wait_for(opening, SECONDS)
    except TimeoutError:
        return _Found("times-out")
    except OSError as error:
        return _Found(_RESULTS.get(error.errno or 0, "fails"))
    try:
        question = _question(upstream)
        if not question:
            return _Found("accepts")
        writer.write(question)
        await writer.drain()
        answer = await asyncio.wait_for(_head(reader), SECONDS)
    except TimeoutError:
        return _Found("silent")
    except OSError as error:
        return _Found(_RESULTS.get(error.errno or 0, "closes"))
    finally:
        writer.close()
    return _judged(upstream, answer)


async def _head(reader: asyncio.StreamReader) -> bytes:
    """The answer as far as its head goes; what is no HTTP, as it first comes."""
    answer = await reader.read(2_048)
    while answer.startswith(b"HTTP/") and b"\r\n\r\n" not in answer and len(answer) < HEAD_LIMIT:
        more = await reader.read(16_384)
        if not more:
            break
        answer += more
    return answer


async def _asked_safely(upstream: Upstream) -> _Found:
    """Over TLS: to the first address of its name, as most gateways do."""
    assert upstream.security is not None
    host, _, port = upstream.address.rpartition(":")
    loop = asyncio.get_running_loop()
    try:
        looking = loop.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
        address = str((await asyncio.wait_for(looking, SECONDS))[0][4][0])
        question = _question(upstream)
        shaken = await shake(address, int(port), upstream.security, SECONDS, question)
    except TimeoutError:
        return _Found("times-out")
    except TransportError as error:
        return _Found(_FAILURES.get(error.failure, "fails"))
    except (OSError, ValueError):
        return _Found("fails")
    if shaken.answer:
        return replace(_judged(upstream, shaken.answer), handshake=shaken)
    return _Found(
        "silent" if shaken.result == "works" and question else "accepts", None, None, shaken
    )


def _shown(upstream: Upstream, security: Security, handshake: Handshake) -> Observation:
    value: dict[str, Value] = {
        "upstream": upstream.address,
        "result": "wants-certificate" if handshake.wants_certificate else handshake.result,
        "detail": handshake.detail,
        "problems": handshake.problems if security.checks else (),
        "until": handshake.until,
        "name": security.name,
        "expects": security.expects,
        "checked": security.checks,
        "shows": security.shows,
    }
    return Observation(Hop.LINK, "upstream-handshake", value, f"handshake:{upstream.address}")


def _judged(upstream: Upstream, answer: bytes) -> _Found:
    if not answer:
        return _Found("closes")
    if upstream.protocol == "fastcgi":
        return _Found("answers" if answer[:1] == b"\x01" else "other-protocol")
    if upstream.protocol == "http" and any(words in answer for words in _WANTS_TLS):
        return _Found("wants-tls")
    if (status := status_of(answer)) is not None:
        head, end, _ = answer.partition(b"\r\n\r\n")
        return _Found("answers", status, len(head) + len(end) if end else None)
    # HTTP by its first word, and no valid status line (RFC 9112, 4).
    return _Found("invalid-answer" if answer.startswith(b"HTTP/") else "other-protocol")


def _question(upstream: Upstream) -> bytes:
    if upstream.protocol in ("http", "https"):
        return request(upstream.host or upstream.site)
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
