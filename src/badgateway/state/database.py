"""Asking a database for its greeting, which MySQL and MariaDB send before anybody signs in.

The first packet is the greeting, or an error with its number in place of it: 1040 where no
connection is left, 1129 and 1130 where this machine may not connect (dev.mysql.com, Connection
Phase; Server Error Message Reference). No name and no password is ever sent.
"""

import asyncio
import errno

from badgateway.model.hop import Hop
from badgateway.model.listening import Address
from badgateway.model.observation import Observation, Value

SECONDS = 2.0
_ERRORS = {1040: "too-many", 1129: "blocks-us", 1130: "blocks-us"}
_RESULTS = {
    errno.ECONNREFUSED: "refused",
    errno.EHOSTUNREACH: "no-route",
    errno.ENETUNREACH: "no-route",
    errno.ENOENT: "socket-missing",
}


async def greeted(database: str, address: Address) -> Observation:
    """What a database does when it is connected to.

    Args:
        database: its address as the application's configuration has it.
        address: the same, taken apart.
    """
    result = await _greeting(address)
    value: dict[str, Value] = {
        "database": database,
        "result": result,
        # Only here the way to it is the application's own.
        "local": bool(address.path) or address.loopback,
    }
    return Observation(Hop.DATABASE, "database-asked", value, f"connect:{database}")


async def _greeting(address: Address) -> str:
    if address.path:
        opening = asyncio.open_unix_connection(address.path)
    else:
        opening = asyncio.open_connection(address.host, int(address.port))
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
