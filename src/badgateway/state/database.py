"""Asking a database for its greeting, which MySQL and MariaDB send before anybody signs in.

The first packet is the greeting, or an error with its number in place of it: 1040 where no
connection is left, 1129 and 1130 where this machine may not connect (dev.mysql.com, Connection
Phase; Server Error Message Reference). No name and no password is ever sent.
"""

import asyncio
import errno

from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, Value

SECONDS = 2.0
_ERRORS = {1040: "too-many", 1129: "blocks-us", 1130: "blocks-us"}
_RESULTS = {
    errno.ECONNREFUSED: "refused",
    errno.EHOSTUNREACH: "no-route",
    errno.ENETUNREACH: "no-route",
    errno.ENOENT: "socket-missing",
}


async def greeted(database: str, host: str, port: int, path: str = "") -> Observation:
    """What a database does when it is connected to.

    Args:
        database: its address as the application's configuration has it.
        host: the host of it.
        port: the port of it.
        path: the path of its unix socket, in place of both.
    """
    result = await _greeting(host, port, path)
    value: dict[str, Value] = {
        "database": database,
        "result": result,
        # Only here the way to it is the application's own.
        "local": bool(path) or host.startswith(("127.", "::1", "localhost")),
    }
    return Observation(Hop.DATABASE, "database-asked", value, f"connect:{database}")


async def _greeting(host: str, port: int, path: str) -> str:
    opening = asyncio.open_unix_connection(path) if path else asyncio.open_connection(host, port)
    try:
        reader, writer = await asyncio.wait_for(opening, SECONDS)
    except TimeoutError:
        return "times-out"
    except OSError as error:
        return _RESULTS.get(error.errno or 0, "fails")
    try:
        packet = await asyncio.wait_for(reader.read(512), SECONDS)
    except TimeoutError:
        return "silent"
    except OSError:
        return "closes"
    finally:
        writer.close()
    if len(packet) > 6 and packet[4] == 0xFF:
        return _ERRORS.get(int.from_bytes(packet[5:7], "little"), "refuses")
    return "answers" if packet else "closes"
