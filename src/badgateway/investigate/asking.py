"""Asking what the evidence names: upstreams, databases, our own front doors, and who is at work.

Whom to ask stands in what was read; every answer is an observation like any other.
"""

import asyncio
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from badgateway.inference.meeting import own_addresses
from badgateway.model.hop import Hop
from badgateway.model.listening import Address, address_of
from badgateway.model.observation import Evidence, Observation, Value
from badgateway.state.ask import Upstream, ask, may_reach
from badgateway.state.busy import working
from badgateway.state.database import greeted
from badgateway.state.front import Door
from badgateway.state.handshake import Security
from badgateway.state.software import Software

MOST_UPSTREAMS = 64
MOST_DATABASES = 20
MOST_NAMES = 6
"""Sites that each front door is asked for."""
_NAME = re.compile(r"(?:[\w-]{1,63}\.)+[\w-]{1,63}", re.ASCII)
"""A name that a front door can be asked for: as it goes over the wire (RFC 1035, 2.3.4)."""


def upstreams_of(evidence: Evidence, site: str) -> list[Upstream]:
    """Every address that a gateway of this machine sends this site's requests to, once."""
    found: dict[str, Upstream] = {}
    for observation in evidence.named("config-upstream"):
        address = observation.text("upstream")
        elsewhere = observation.text("place") or observation.value.get("other_site")
        there = address_of(address)
        if there is None or not there.possible or "$" in address or elsewhere:
            continue
        protocol = {"h2c": "h2", "grpc": "h2"}.get(
            observation.text("protocol"), observation.text("protocol")
        )
        name = site or next(iter(map(str, observation.items("sites"))), "")
        security = _security(observation)
        host = observation.text("host")
        found.setdefault(address, Upstream(address, protocol, name, security, host))
    return list(found.values())[:MOST_UPSTREAMS]


def _security(upstream: Observation) -> Security | None:
    """How a gateway shakes hands with an upstream; None where its configuration does not say."""
    if upstream.text("protocol") != "https" or "server_name" not in upstream.value:
        return None
    authorities = upstream.text("authorities")
    return Security(
        name=upstream.text("server_name"),
        expects=upstream.text("expects"),
        checks=bool(upstream.value.get("checks")),
        authorities=Path(authorities) if authorities.startswith("/") else None,
        shows=bool(upstream.value.get("shows")),
    )


async def ask_upstreams(upstreams: list[Upstream], users: set[str]) -> list[Observation]:
    """What each upstream does, and what keeps a gateway's user from its socket."""
    asked = await asyncio.gather(*(ask(upstream) for upstream in upstreams))
    found = [observation for answers in asked for observation in answers]
    for upstream in upstreams:
        if upstream.address.startswith("unix:"):
            for user in sorted(users):
                found += may_reach(upstream.address.removeprefix("unix:"), user)
    return found


async def ask_databases(evidence: Evidence) -> list[Observation]:
    """Every database that an application's settings name, asked for its greeting.

    From here, which may be another machine than the application's: what answers here may be out
    of its reach all the same, and what does not may be within it.
    """
    asked: dict[str, tuple[Address, bool]] = {}
    for wish in evidence.named("config-database"):
        address = address_of(wish.text("database"))
        here = not wish.text("place")
        if address is None or not address.possible:
            continue
        if here or not (address.loopback or address.path):
            asked.setdefault(wish.text("database"), (address, here))
    found = await asyncio.gather(
        *(greeted(name, address) for name, (address, _) in list(asked.items())[:MOST_DATABASES])
    )
    return [
        o
        for o in found
        if asked[o.text("database")][1] or o.text("result") in ("answers", "too-many")
    ]


def at_work(applications: Sequence[Software]) -> list[Observation]:
    """Whether the applications work or wait; takes half a second."""
    found = []
    for software, share in working({each: each.pids for each in applications}).items():
        value: dict[str, Value] = {
            "process": software.product,
            "pids": software.pids[:64],
            "share": round(100 * share),
            "place": software.place.name,
        }
        source = f"proc:/proc/{software.pid}/task"
        found.append(Observation(Hop.UPSTREAM, "process-works", value, source))
    return found


def doors_of(evidence: Evidence, gateways: Sequence[Software]) -> Iterator[Door]:
    """Where gateways of this machine listen for sites, if visitors were answered elsewhere."""
    ours = own_addresses(evidence)
    pages = {o.text("address") for o in evidence.named("http-response")}
    if pages <= ours:
        return
    for software in gateways:
        # nginx's `.example.org` is that name and all below it (nginx.org, Server names).
        sites = {
            str(site).removeprefix(".")
            for o in evidence.named("config-upstream")
            if o.text("by") == software.product and not o.text("place")
            for site in o.items("sites")
        }
        names = sorted(filter(_NAME.fullmatch, sites))[:MOST_NAMES]
        for listener in evidence.named("listening"):
            there = address_of(listener.text("address"))
            mine = listener.value.get("pid") in software.pids and not listener.text("place")
            if there is None or not mine or there.port not in ("80", "443") or there.loopback:
                continue
            address = "127.0.0.1" if there.everywhere else there.host
            # Without a name there is nobody whom a server for TLS could be asked for.
            for name in names or ([address] if there.port == "80" else []):
                yield Door(address, int(there.port), name, software.product)
