"""Where the two sides meet: what visitors saw, what an edge says, and what this machine is.

A visitor's failure looks different once it is known that the address he was sent to is not this
machine's; and a complaint about an upstream is an edge's where that upstream is our own gateway.
"""

import ipaddress
from collections.abc import Iterator

from badgateway.inference.compare.evidence import of_this_network
from badgateway.model.failure import CONNECTING, SECURING
from badgateway.model.hop import Hop
from badgateway.model.listening import Address, address_of
from badgateway.model.observation import Evidence, Observation, Value

FRONT = frozenset(
    {"nginx", "openresty", "apache2", "httpd", "haproxy", "caddy", "traefik", "envoy", "varnishd"}
    | {"lighttpd", "hitch", "squid", "[TS_MAIN]", "traffic_server", "litespeed", "pound", "h2o"}
)
"""Names of processes of servers that stand in front of applications."""
_WEB_PORTS = ("80", "443")
_EVERYWHERE = ("0.0.0.0", "::", "*")  # noqa: S104 - compared only
_KINDS = {
    "upstream-refused": "refused",
    **dict.fromkeys(("upstream-connect-timeout", "upstream-unroutable"), "times out"),
    "upstream-connect-denied": "refused",
    "upstream-tls-failed": "tls",
    "upstream-tls-closed": "tls",
    "upstream-tls-timeout": "tls",
    "upstream-not-tls": "tls",
    "upstream-certificate-rejected": "certificate",
    "upstream-certificate-name": "certificate",
}
"""What an edge can complain of, by the word of its complaint."""


def met(evidence: Evidence) -> Iterator[Observation]:
    """Every joined observation that the evidence allows."""
    here = _front_doors(evidence)
    if here:
        yield from _edges(evidence, here)
        yield from _plain(evidence, here)
    yield from _visitors(evidence, here)
    yield from _refusals(evidence)


def superseded(evidence: Evidence) -> frozenset[str]:
    """Ids of observations that a joined one says better."""
    return frozenset(str(o.value["supersedes"]) for o in evidence if "supersedes" in o.value)


def _front_doors(evidence: Evidence) -> dict[tuple[str, str], Observation]:
    """Addresses and ports on which a gateway of this machine listens."""
    found: dict[tuple[str, str], Observation] = {}
    for observation in evidence.named("listening"):
        address = address_of(observation.text("address"))
        if address is None or address.path or observation.text("place"):
            continue
        if observation.text("process") in FRONT and not address.loopback:
            found[address.host, address.port] = observation
    return found


def _edges(evidence: Evidence, here: dict[tuple[str, str], Observation]) -> Iterator[Observation]:
    """Complaints whose upstream is the gateway of this machine, or another on its web ports."""
    for observation in evidence.named(*_KINDS):
        upstream = address_of(observation.text("upstream"))
        if upstream is None and _named_elsewhere(observation, evidence):
            yield _complaint(observation, _KINDS[observation.name], "unknown")
        if upstream is None or upstream.path:
            continue
        kind, door = _KINDS[observation.name], here.get((upstream.host, upstream.port))
        if door is not None:
            yield _complaint(observation, kind, "here")
        elif _other_machine(upstream, here) and not _configured_here(observation, evidence):
            yield _complaint(observation, kind, "elsewhere")


def _plain(evidence: Evidence, here: dict[tuple[str, str], Observation]) -> Iterator[Observation]:
    """An edge that is set to speak plain HTTP to a port of ours for TLS."""
    for observation in evidence.named("upstream-asked"):
        upstream = address_of(observation.text("upstream"))
        if observation.text("result") != "wants-tls" or upstream is None:
            continue
        if (upstream.host, upstream.port) in here:
            yield _complaint(observation, "plain", "here")


def _other_machine(upstream: Address, here: dict[tuple[str, str], Observation]) -> bool:
    """Whether it is a public address that this machine, which has such ones, does not have."""
    ours = {host for host, _ in here}
    return (
        upstream.port in _WEB_PORTS
        and upstream.host not in ours
        and public(upstream.host)
        and any(public(host) for host in ours)
    )


def _named_elsewhere(observation: Observation, evidence: Evidence) -> bool:
    """Whether HAProxy names a backend and server that the HAProxy of this machine has not.

    Its log has `BACKEND/SERVER` in place of an address (docs.haproxy.org, 8.2.3).
    """
    name = observation.text("upstream")
    ours = [o for o in evidence.named("config-upstream") if o.text("by") == "haproxy"]
    own = {o.text("server") for o in ours if "place" in o.value}
    return observation.text("by") == "haproxy" and "/" in name and bool(own) and name not in own


def _configured_here(observation: Observation, evidence: Evidence) -> bool:
    """Whether a server of this machine is set to send requests there, so that no edge complains."""
    return any(
        o.text("upstream") == observation.text("upstream") and "place" in o.value
        for o in evidence.named("config-upstream")
    )


def _complaint(observation: Observation, kind: str, where: str) -> Observation:
    return Observation(
        Hop.EDGE,
        "edge-complains",
        {
            "edge": observation.text("by"),
            "upstream": observation.text("upstream"),
            "kind": kind,
            "where": where,
            "supersedes": observation.id,
        },
        observation.source,
        observation.at,
    )


def _visitors(
    evidence: Evidence, here: dict[tuple[str, str], Observation]
) -> Iterator[Observation]:
    """Failures to connect, at an address that is ours or that is not."""
    ours = {host for host, _ in here} | own_addresses(evidence)
    everywhere = {port for host, port in here if host in _EVERYWHERE}
    edges = {o.text("address"): bool(o.value.get("same")) for o in _edges_before(evidence)}
    seen: set[str] = set()
    for observation in evidence.named(*CONNECTING, *SECURING):
        address, port = observation.text("address"), observation.text("port")
        if address in seen or not address:
            continue
        seen.add(address)
        if address in edges:
            edge: dict[str, Value] = {"address": address, "same": edges[address]}
            yield Observation(
                Hop.EDGE, "edge-unreachable", edge, observation.source, observation.at
            )
        if edges.get(address) or observation.name in SECURING:
            continue
        shown = f"[{address}]" if ":" in address else address
        if door := here.get((address, port)) or here.get((shown.strip("[]"), port)):
            yield Observation(
                Hop.NETWORK,
                "gateway-answers-here",
                {"process": door.text("process"), "address": address, "port": port},
                door.source,
            )
        elif address in ours and port not in everywhere:
            yield Observation(
                Hop.GATEWAY,
                "nothing-listens-here",
                {"address": address, "port": port},
                observation.source,
                observation.at,
            )
        elif public(address) and any(public(host) for host in ours) and address not in ours:
            yield Observation(
                Hop.ZONE,
                "visitor-sent-elsewhere",
                {"address": address, "here": ", ".join(sorted(h for h in ours if public(h)))},
                observation.source,
                observation.at,
            )


def _edges_before(evidence: Evidence) -> list[Observation]:
    """Edges that fetch from us, as far as their address is the one that everybody is sent to."""
    answers = evidence.named("resolver-answer", "zone-answer")
    published = {address for o in answers for address in o.items("addresses")}
    edges = evidence.named("edge-among-clients")
    return [o for o in edges if not answers or o.text("address") in published]


def _refusals(evidence: Evidence) -> Iterator[Observation]:
    """An upstream that refuses us as visitors are refused: no filter before it did that."""
    refused = {o.number("status") for o in evidence.named("http-response")} & {403.0, 429.0}
    for asked in evidence.named("upstream-asked"):
        status = asked.number("status")
        if asked.text("result") == "answers" and status in refused:
            value = {"upstream": asked.text("upstream"), "status": asked.value.get("status")}
            yield Observation(Hop.UPSTREAM, "refuses-us-too", value, asked.source)
            return
    ours = own_addresses(evidence)
    for line in evidence.named("access-forbidden"):
        # A server behind us took our address, which every visitor has there, for a stranger's.
        if 403.0 in refused and line.text("client") in ours:
            value = {"upstream": line.text("by"), "status": 403}
            yield Observation(Hop.UPSTREAM, "refuses-us-too", value, line.source, line.at)
            return


def own_addresses(evidence: Evidence) -> set[str]:
    """The addresses of this machine, without those of loopback."""
    return {o.text("address") for o in evidence.named("interface")}


def public(host: str) -> bool:
    """Whether it is an address of the internet rather than of a private network."""
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return False
    return not (found.is_loopback or found.is_unspecified or of_this_network(host))
