"""What the joins of the inside ask of the evidence: who is asked, who listens, what came of it."""

import ipaddress

from badgateway.model.hop import Hop
from badgateway.model.listening import Address, address_of
from badgateway.model.observation import Evidence, Observation, Value

REFUSED = ("upstream-refused", "socket-not-found")
SILENT = ("upstream-connect-timeout",)


def destinations(evidence: Evidence) -> list[tuple[Observation, Address]]:
    """Where gateways send requests: by their configuration, and by their complaints."""
    found = []
    for observation in evidence.named("config-upstream", *REFUSED, *SILENT):
        address = address_of(observation.text("upstream"))
        if address is not None and not observation.value.get("other_site"):
            found.append((observation, address))
    return found


def listeners(evidence: Evidence) -> list[tuple[Observation, Address]]:
    """Where something listens, or is said to, with the address taken apart."""
    found = []
    for observation in evidence.named("listening", "config-pool"):
        address = address_of(observation.text("address"))
        if address is not None:
            found.append((observation, address))
    return found


def last_asked(evidence: Evidence) -> dict[str, Observation]:
    """What each upstream did when it was asked last, which is what the list of sockets fits."""
    return {o.text("upstream"): o for o in evidence.named("upstream-asked")}


def asked_with(evidence: Evidence, *results: str) -> set[str]:
    """The upstreams that did one of these when they were asked, be it once of several times."""
    asked = evidence.named("upstream-asked")
    return {o.text("upstream") for o in asked if o.text("result") in results}


def declared(observation: Observation) -> bool:
    """Whether it says where something is meant to listen, or once did, not that it does."""
    if observation.name == "config-pool" or observation.value.get("declared"):
        return True
    return observation.text("role") == "application" and not observation.value.get("complete")


def serves(listener: Address, wanted: Address) -> bool:
    """Whether a connection to `wanted` reaches `listener`."""
    if wanted.path or listener.path:
        return same_path(wanted.path, listener.path)
    if listener.port != wanted.port:
        return False
    if listener.everywhere:
        return not wanted.six or listener.host != "0.0.0.0"  # noqa: S104 - compared only
    if wanted.host == "localhost":
        return listener.loopback
    return listener.host == wanted.host or is_name(wanted.host)


def same_path(one: str, other: str) -> bool:
    """/var/run is a link to /run on every current system (FHS 3.0, 5.13)."""
    return one.replace("/var/run/", "/run/", 1) == other.replace("/var/run/", "/run/", 1)


def is_name(host: str) -> bool:
    """Whether a host is a name rather than an address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return bool(host)
    return False


def who(observation: Observation) -> str:
    """Who listens there, by the best name that is known."""
    return observation.text("process") or observation.text("pool") or observation.text("by")


def shown(address: Address) -> str:
    """An address as it is written."""
    if address.path:
        return f"unix:{address.path}"
    return f"[{address.host}]:{address.port}" if address.six else f"{address.host}:{address.port}"


def joined(observation: Observation, word: str, **more: Value) -> Observation:
    """A joined observation of `word`, about the same upstream and place of the configuration."""
    value: dict[str, Value] = {
        "by": observation.text("by"),
        "upstream": observation.text("upstream"),
        "file": observation.text("file"),
        "line": observation.value.get("line"),
        **more,
    }
    return Observation(Hop.LINK, word, value, observation.source, observation.at)
