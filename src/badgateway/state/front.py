"""Our own front doors, asked from here as an edge before them would ask: what would it get?

Behind an edge the visitor's page tells little of the site's own gateway; the gateway does.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from badgateway.model.hop import Hop
from badgateway.model.observation import Observation, Value
from badgateway.state.handshake import Security, shake
from badgateway.state.request import opened, request, status_of
from badgateway.transport.failures import TransportError

SECONDS = 2.0
"""How long a door gets for each step."""
MOST = 40
"""Doors and names that are asked."""


@dataclass(frozen=True, slots=True)
class Door:
    """Where a gateway of ours listens, and a site that it serves there.

    Attributes:
        address: a literal one of this machine's.
        port: 443 is asked over TLS, others in plain HTTP.
        name: the site's name.
        product: the gateway.
    """

    address: str
    port: int
    name: str
    product: str


async def ask_doors(doors: Iterable[Door]) -> list[Observation]:
    """What each door answers, and what is wrong with the certificate that it shows."""
    return list(await asyncio.gather(*(_asked(door) for door in list(doors)[:MOST])))


async def _asked(door: Door) -> Observation:
    value: dict[str, Value] = {
        "address": door.address,
        "port": door.port,
        "name": door.name,
        "by": door.product,
        "problems": (),
        "status": None,
    }
    question = request(door.name)
    try:
        if door.port == 443:
            security = Security(name=door.name, expects=door.name)
            shaken = await shake(door.address, door.port, security, SECONDS, question)
            value["problems"], answer = shaken.problems, shaken.answer
        else:
            answer = await asyncio.wait_for(_plain(door, question), SECONDS)
        status = status_of(answer)
        value |= {"status": status, "result": "answers" if status else "silent"}
    except (TransportError, TimeoutError, OSError):
        value["result"] = "fails"
    source = f"connect:{door.address}:{door.port}"
    return Observation(Hop.GATEWAY, "front-asked", value, source)


async def _plain(door: Door, question: bytes) -> bytes:
    reader, writer = await opened(f"{door.address}:{door.port}")
    try:
        writer.write(question)
        await writer.drain()
        return await reader.read(2_048)
    finally:
        writer.close()
