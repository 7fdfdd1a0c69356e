"""Does something listen where a gateway sends its requests?"""

import re
from collections.abc import Iterator

from badgateway.inference.wiring.evidence import (
    asked_with,
    declared,
    destinations,
    joined,
    last_asked,
    listeners,
    same_path,
    serves,
    shown,
    who,
)
from badgateway.model.hop import Hop
from badgateway.model.listening import Address, address_of
from badgateway.model.observation import Evidence, Observation, Value


def unmet(evidence: Evidence) -> Iterator[Observation]:
    """Upstreams that nothing listens on, or that something listens on in another way."""
    listening = listeners(evidence)
    if not listening:
        return
    seen: set[str] = set()
    for observation, wanted in destinations(evidence):
        upstream = observation.text("upstream")
        if upstream in seen:
            continue
        seen.add(upstream)
        complete = _listed(wanted, listening)
        if any(serves(a, wanted) for o, a in listening if not (complete and declared(o))):
            continue
        other = _otherwise(observation, wanted, _free(listening, evidence, upstream))
        if other is not None:
            word, (found, address) = other
            yield joined(observation, word, found=shown(address), process=who(found))
        elif complete:
            yield joined(observation, "no-listener")


def _free(
    listening: list[tuple[Observation, Address]], evidence: Evidence, upstream: str
) -> list[tuple[Observation, Address]]:
    """The listeners that no gateway sends requests to yet: what others use is not what is meant."""
    used = [
        address
        for o in evidence.named("config-upstream")
        if o.text("upstream") != upstream and (address := address_of(o.text("upstream")))
    ]
    return [
        (observation, there)
        for observation, there in listening
        if not any(
            same_path(there.path, other.path)
            if there.path or other.path
            else (there.host, there.port) == (other.host, other.port)
            for other in used
        )
    ]


def asked(evidence: Evidence) -> Iterator[Observation]:
    """Upstreams that listen, by their own machine's word, and that do not take a connection."""
    listening = listeners(evidence)
    for observation in last_asked(evidence).values():
        wanted = address_of(observation.text("upstream"))
        result = observation.text("result")
        if wanted is None or wanted.loopback or result not in ("refused", "times-out", "no-route"):
            continue
        for found, there in listening:
            if declared(found) or there.loopback or not serves(there, wanted):
                continue
            backlog = found.number("backlog") or 0
            full = 0 < backlog <= (found.number("queue") or 0)
            if result == "times-out" and not full:
                yield joined(observation, "silent-though-listening", process=who(found))
            elif result != "times-out":
                yield joined(observation, "rejected-though-listening", process=who(found))
            break


def _listed(wanted: Address, listening: list[tuple[Observation, Address]]) -> bool:
    """Whether a complete list of the machine is there on which `wanted` would stand."""
    kind = "unix" if wanted.path else "tcp"
    for observation, address in listening:
        if not observation.value.get("complete") or observation.text("kind") != kind:
            continue
        if wanted.path or wanted.loopback or address.host == wanted.host:
            return True
    return False


def _otherwise(
    observation: Observation, wanted: Address, listening: list[tuple[Observation, Address]]
) -> tuple[str, tuple[Observation, Address]] | None:
    """A listener that is probably meant, and what is different about it."""
    if wanted.path:
        family = _family(wanted.path)
        for pair in listening:
            if pair[1].path and family and _family(pair[1].path) == family:
                return "listens-elsewhere", pair
        return None
    same_port = [pair for pair in listening if pair[1].port == wanted.port and not pair[1].path]
    for pair in same_port:
        there = pair[1]
        if there.loopback and (wanted.loopback or wanted.host == ""):
            if there.six != wanted.six:
                return "listens-on-other-family", pair
        elif there.loopback and not wanted.loopback:
            return "listens-on-loopback-only", pair
        elif wanted.six and there.host == "0.0.0.0":  # noqa: S104 - compared only
            return "listens-on-other-family", pair
    if observation.text("protocol") == "fastcgi":
        for pair in listening:
            # A socket file is of this machine, so it can be meant by an address of loopback only.
            near = wanted.loopback if pair[1].path else _reachable(pair[1], wanted)
            if "php-fpm" in pair[0].text("process") and near:
                return "listens-elsewhere", pair
    return None


def _reachable(there: Address, wanted: Address) -> bool:
    return there.everywhere or there.host == wanted.host or (there.loopback and wanted.loopback)


_FAMILIES = re.compile(r"php|gunicorn|uwsgi|puma|unicorn|mysql|postgres", re.IGNORECASE)


def _family(path: str) -> str:
    found = _FAMILIES.search(path)
    return found[0].lower() if found else ""


def databases(evidence: Evidence) -> Iterator[Observation]:
    """A database that listens, but not where the application looks."""
    ports = {"3306", "5432", "6379"}
    there = [
        (o, a)
        for o, a in listeners(evidence)
        if (a.port in ports) or re.search(r"mysql|maria|postgres|redis", o.text("process"))
    ]
    for wish in evidence.named("config-database"):
        wanted = address_of(wish.text("database")) or address_of(f"{wish.text('database')}:3306")
        if wanted is None or not there:
            continue
        if any(serves(a, wanted) for _, a in there):
            continue
        found, address = there[0]
        yield joined(wish, "database-elsewhere", found=shown(address), process=who(found))


def gone(evidence: Evidence) -> Iterator[Observation]:
    """A socket whose file is not there, though its server runs and believes that it listens."""
    missing = asked_with(evidence, "socket-missing")
    missing |= {o.text("upstream") for o in evidence.named("socket-not-found")}
    seen: set[str] = set()
    for server in evidence.named("listening", "config-pool"):
        # A pool tells of a server that runs only where it was read for one.
        if server.name == "config-pool" and "place" not in server.value:
            continue
        address = server.text("address")
        for upstream in sorted(missing - seen):
            if address.startswith("unix:") and same_path(
                address.removeprefix("unix:"), upstream.removeprefix("unix:").rstrip(":")
            ):
                seen.add(upstream)
                value: dict[str, Value] = {"process": who(server), "upstream": upstream}
                yield Observation(
                    Hop.LINK, "socket-gone-though-running", value, server.source, server.at
                )
