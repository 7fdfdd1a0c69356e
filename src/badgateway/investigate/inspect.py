"""On the server: find what serves the site, follow a request's way, read what stands along it."""

import asyncio
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from badgateway.inference.judge import judge_material
from badgateway.inference.wiring.evidence import asked_with
from badgateway.investigate.asking import (
    ask_databases,
    ask_upstreams,
    at_work,
    doors_of,
    upstreams_of,
)
from badgateway.investigate.check import check_url
from badgateway.investigate.configured import (
    config,
    copied_tree,
    wordpress,
)
from badgateway.investigate.logged import edges_among_clients, logs, of_kernel
from badgateway.investigate.search import RECENT, Request, Search, add, recall
from badgateway.investigate.serving import serving
from badgateway.investigate.sort import read_sorted
from badgateway.knowledge.base import knowledge
from badgateway.model.hop import Hop
from badgateway.model.listening import address_of
from badgateway.model.material import Material
from badgateway.model.observation import Observation, Value
from badgateway.model.target import Wishes
from badgateway.model.verdict import Verdict
from badgateway.model.vocabulary import vocabulary
from badgateway.remedies import steps_for
from badgateway.state import host, packet_filter, sockets
from badgateway.state.ask import is_root
from badgateway.state.front import ask_doors
from badgateway.state.place import Place, places
from badgateway.state.software import APPLICATIONS, GATEWAYS, Software, software_of
from badgateway.state.varnish import shared_log

DEEPEST = 4
"""Places a request is followed through: gateway, application, database, and one more."""
YOUNG = 60.0
"""Seconds within which a process that began may still be starting."""


async def inspect_machine(request: Request, wishes: Wishes | None = None) -> Verdict:
    """Everything that this machine shows about the site, and one verdict."""
    started = time.monotonic()
    search = Search(request)
    outside = None
    if request.target is not None and not any(_is_visit(m) for m in request.more):
        outside = asyncio.ensure_future(check_url(request.target, wishes or Wishes()))
    for material in request.more:
        add(search, read_sorted(replace(material, since=request.since)))
    if request.root is not None:
        copied_tree(search, request.root)
    else:
        await _machine(search)
    if outside is not None:
        add(search, _seen_only((await outside).observations))
    recall(search)
    add(search, await asyncio.to_thread(list, edges_among_clients(search)))
    known = knowledge()
    subject = request.target.url if request.target else request.site or "this machine"
    verdict = judge_material(search.evidence, subject, known)
    verdict = replace(verdict, steps=steps_for(verdict, known))
    return replace(verdict, elapsed_s=round(time.monotonic() - started, 3))


def _is_visit(material: Material) -> bool:
    """Whether it is a verdict of the visitor's side."""
    return '"badgateway.verdict/' in material.head[:4_096] and '"asked"' in material.head


def _seen_only(observations: Iterable[Observation]) -> Iterator[Observation]:
    words = vocabulary().observations
    return (replace(o, id="") for o in observations if not words[o.name].derived)


async def _machine(search: Search) -> None:
    """What is seen in every place on the way, and which queues overflow while we look."""
    everywhere = await asyncio.to_thread(places)
    before = {place: host.overflows(place) for place in everywhere}
    for place in await _follow(search, everywhere):
        add(search, host.overflowing(place, before[place]))
    # What took no connection when we began may do so now: an application that just started.
    failed = asked_with(search.evidence, "refused", "no-route")
    again = [u for u in upstreams_of(search.evidence, search.request.site) if u.address in failed]
    add(search, await ask_upstreams(again, search.users))
    add(search, await ask_databases(search.evidence))
    if asked_with(search.evidence, "silent"):
        add(search, await asyncio.to_thread(at_work, search.applications))
    if search.evidence.first("http-response"):
        add(search, await ask_doors(doors_of(search.evidence, search.gateways)))


async def _follow(search: Search, everywhere: tuple[Place, ...]) -> list[Place]:
    """Our own place first; then each place that an upstream's address leads into."""
    ahead, seen = [everywhere[0]], list[Place]()
    for depth in range(DEEPEST):
        for place in ahead:
            seen.append(place)
            await asyncio.to_thread(_place, search, place, depth)
        upstreams = upstreams_of(search.evidence, search.request.site)
        if depth == 0:
            add(search, await ask_upstreams(upstreams, search.users))
        hosts = {a.host for u in upstreams if (a := address_of(u.address)) and not a.path}
        hosts |= {
            a.host
            for o in search.evidence.named("config-database")
            if (a := address_of(o.text("database"))) is not None
        }
        inside = hosts - {"127.0.0.1", "::1"}
        ahead = [p for p in everywhere if p not in seen and inside & p.addresses]
        if not ahead:
            break
    return seen


def _place(search: Search, place: Place, depth: int) -> None:
    found, listening = list(software_of(place)), list(sockets.look(place))
    if depth == 0:
        found = serving(search, found, listening)
    for software in found:
        if software.product in APPLICATIONS:
            search.applications.append(software)
            add(search, _young(software))
        if software.product in GATEWAYS:
            search.users.add(software.user)
            if not place.name:
                search.gateways.append(software)
        if software.config:
            config(search, software)
        if software.product == "varnish":
            begin = search.request.since or datetime.now(UTC) - timedelta(seconds=RECENT)
            for material in shared_log(software, begin.timestamp()):
                add(search, read_sorted(replace(material, since=search.request.since)))
    add(search, listening)
    add(search, host.look(place))
    if (filters := packet_filter.rules(place)) is not None:
        listed: dict[str, Value] = {"place": place.name}
        add(search, [Observation(Hop.HOST, "filter-listed", listed, filters.name)])
        if filters.head.strip():
            add(search, read_sorted(filters))
    wordpress(search, place.root, place.name)
    logs(search, found)
    if not place.name:
        add(search, of_kernel(search))
        if not is_root():
            value = {
                "what": "sockets and logs of other users",
                "detail": "run it as root to see them",
            }
            add(search, [Observation(Hop.HOST, "permission-lacking", value, "inspect")])


def _young(software: Software) -> Iterator[Observation]:
    """That an application began moments ago."""
    if software.age < YOUNG:
        value: dict[str, Value] = {
            "process": software.product,
            "pids": software.pids[:64],
            "seconds": round(software.age, 1),
            "place": software.place.name,
        }
        source = f"proc:/proc/{software.pid}/stat"
        yield Observation(Hop.UPSTREAM, "process-young", value, source)
