"""Logs on this machine: those that servers have open or name, and the kernel's."""

import ipaddress
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from badgateway.inference.meeting import own_addresses, public
from badgateway.investigate.configured import under
from badgateway.investigate.search import RECENT, TAIL, Search, add, said_in
from badgateway.investigate.sort import MOST_FORMATS, read_sorted
from badgateway.model.failure import CONNECTING, SECURING
from badgateway.model.hop import Hop
from badgateway.model.listening import address_of
from badgateway.model.material import Material
from badgateway.model.observation import Observation, Value
from badgateway.state.kernel import kernel_log
from badgateway.state.place import Place
from badgateway.state.software import Software
from badgateway.transport.files import material_at

REQUESTS = 2 * 1024 * 1024
"""Bytes at the end of an access log that are read."""
_OF_NOW = ("listening",)
"""What the machine itself tells better than a log, which tells of what was."""


def logs(search: Search, found: list[Software]) -> None:
    """The logs that the servers have open, and those that their configuration names."""
    paths: dict[str, Place] = {}
    for software in found:
        for path in software.logs:
            paths.setdefault(path, software.place)
    own = found[0].place if found else None
    for observation in search.evidence.named("config-log"):
        if own is not None and observation.text("place") == own.name:
            paths.setdefault(observation.text("path"), own)
    for path, place in paths.items():
        key = f"{place.name}:{path}"
        if key in search.files:
            continue
        search.files.add(key)
        try:
            material = material_at(under(place.root, path), path)
        except OSError:
            continue
        if not material.head.strip():
            continue
        if not place.name:
            search.logs.append(material)
        if "access" in path:
            add(search, _requests(search, material))
            continue
        dated = replace(material, since=search.request.since, dated_only=True)
        add(search, (o for o in said_in(dated.tail(TAIL)) if o.name not in _OF_NOW))


def _requests(search: Search, material: Material) -> Iterator[Observation]:
    """What an access log says of the last hour, or of the time that is asked about."""
    formats = tuple(o.text("format") for o in search.evidence.named("config-log-format"))
    begin = search.request.since or datetime.now(UTC) - timedelta(seconds=RECENT)
    recent = replace(material, since=begin, dated_only=True, formats=formats[:MOST_FORMATS])
    yield from read_sorted(recent.tail(REQUESTS))


def edges_among_clients(search: Search) -> Iterator[Observation]:
    """Whether visitors are sent to a network from which requests come to us: then an edge is there.

    Who fetches from us is no matter of the time that is asked about, and no more is told of it
    than that. An edge asks from other addresses than those at which it answers, so that one of
    the same network (/24, or /48 of IPv6) counts.
    """
    ours = own_addresses(search.evidence)
    places = (*CONNECTING, *SECURING, "http-response")
    visited = {o.text("address") for o in search.evidence.named(*places)} - ours
    asked = {
        there.host
        for o in search.evidence.named("config-upstream")
        if (there := address_of(o.text("upstream"))) is not None
    }
    for address in sorted(visited - asked):
        if not public(address):
            continue
        like = _of_its_network(address)
        for log in search.logs:
            found: Counter[str] = Counter()
            with suppress(OSError):
                for _, line in log.tail(REQUESTS).lines():
                    found.update(like.findall(line[:2_000])[:1])
            if found:
                value: dict[str, Value] = {
                    "address": address,
                    "same": address in found,
                    "count": found.total(),
                    "log": log.name,
                }
                yield Observation(Hop.EDGE, "edge-among-clients", value, f"log:{log.name}")
                break


def _of_its_network(address: str) -> re.Pattern[str]:
    """Finds an address of the same network in a line."""
    there = ipaddress.ip_address(address)
    if there.version == 4:
        return re.compile(rf"(?<![\d.]){re.escape(address.rpartition('.')[0])}\.\d{{1,3}}(?![\d.])")
    network = ipaddress.ip_network((int(there), 48), strict=False)
    start = str(network.network_address).removesuffix("::")
    return re.compile(rf"(?<![\w:]){re.escape(start)}:[\da-f:]*", re.IGNORECASE)


def of_kernel(search: Search) -> Iterator[Observation]:
    """What the kernel says of the time that is asked about, or of the last day."""
    material = kernel_log()
    if material is not None:
        since = search.request.since or datetime.now(UTC) - timedelta(days=1)
        yield from read_sorted(replace(material, since=since))
