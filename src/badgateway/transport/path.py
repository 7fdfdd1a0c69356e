"""How far a connection gets: TCP with a limited life time, and who reports its end.

A SYN that may pass only so many routers asks each of them in turn who it is, as `traceroute -T`
does. Since Linux 5.11 this needs no special right: the kernel keeps the ICMP message for the
socket (`IP_RECVERR`). Other systems report the failure and not who said so.
"""

import asyncio
import contextlib
import errno
import socket
import struct
import sys
from dataclasses import dataclass
from enum import StrEnum

from badgateway.transport import reach

_IP_RECVERR = 11
_IPV6_RECVERR = 25
_ORIGIN_LOCAL = 1
_EXPIRED = {4: (11, 0), 6: (3, 0)}
"""ICMP's "time exceeded in transit": type and code, by family (RFC 792, RFC 4443)."""
_ERROR = struct.Struct("=IBBBBII")
"""`struct sock_extended_err`: errno, origin, type, code, pad, info, data (ip(7))."""


class End(StrEnum):
    """How an attempt to connect ended."""

    CONNECTED = "connected"
    REFUSED = "refused"
    EXPIRED = "expired"
    REJECTED = "rejected"
    SILENT = "silent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Step:
    """What became of a SYN that could pass fewer than `limit` routers.

    Attributes:
        limit: its time to live.
        end: `expired` where a router reports that it ran out, `rejected` where one reports another
            obstacle.
        by: who reported it, by address; empty where nobody did or the system does not say.
    """

    limit: int
    end: End
    by: str = ""


async def step(address: str, port: int, limit: int, seconds: float) -> Step:
    """Try to connect with a time to live of `limit`, for so many seconds."""
    family = 6 if ":" in address else 4
    try:
        connection = socket.socket(socket.AF_INET6 if family == 6 else socket.AF_INET)
    except OSError:
        return Step(limit, End.FAILED)
    with connection:
        try:
            connection.setblocking(False)
            _prepare(connection, family, limit)
            async with asyncio.timeout(seconds):
                await reach.connect(connection, address, port)
        except TimeoutError:
            return Step(limit, End.SILENT)
        except reach.OutOfReachError:
            return Step(limit, End.FAILED)
        except ConnectionError:
            return Step(limit, End.REFUSED)
        except OSError as error:
            reported = _reported(connection, family)
            if reported is not None:
                end, by = reported
                return Step(limit, end, by)
            unreachable = error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH)
            return Step(limit, End.EXPIRED if unreachable and limit < 64 else End.FAILED)
        return Step(limit, End.CONNECTED)


def _prepare(connection: socket.socket, family: int, limit: int) -> None:
    if family == 6:
        connection.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, limit)
    else:
        connection.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, limit)
    if sys.platform.startswith("linux"):
        level, option = (41, _IPV6_RECVERR) if family == 6 else (0, _IP_RECVERR)
        connection.setsockopt(level, option, 1)


def _reported(connection: socket.socket, family: int) -> tuple[End, str] | None:
    """The ICMP message that ended the attempt, and who sent it; None where there is none."""
    if not sys.platform.startswith("linux"):
        return None
    wanted = (41, _IPV6_RECVERR) if family == 6 else (0, _IP_RECVERR)
    with contextlib.suppress(OSError, struct.error):
        _, ancillary, _, _ = connection.recvmsg(512, 512, socket.MSG_ERRQUEUE)
        for level, kind, data in ancillary:
            if (level, kind) != wanted:
                continue
            _, origin, icmp_type, code, *_ = _ERROR.unpack_from(data)
            if origin == _ORIGIN_LOCAL:
                return End.REJECTED, ""
            place = data[_ERROR.size :]
            by = (
                socket.inet_ntop(socket.AF_INET6, place[8:24])
                if family == 6
                else socket.inet_ntop(socket.AF_INET, place[4:8])
            )
            expired = (icmp_type, code) == _EXPIRED[family]
            return (End.EXPIRED if expired else End.REJECTED), by
    return None
