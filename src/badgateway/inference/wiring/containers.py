"""Containers and clusters: networks, ports and labels that have to fit."""

from collections.abc import Iterator

from badgateway.inference.wiring.evidence import destinations, joined, listeners
from badgateway.model.hop import Hop
from badgateway.model.listening import address_of
from badgateway.model.observation import Evidence, Observation


def selectors(evidence: Evidence) -> Iterator[Observation]:
    """A Kubernetes Service whose selector no pod template carries."""
    labels = [
        {str(item) for item in o.items("labels")}
        for o in evidence.named("config-backend")
        if o.items("labels")
    ]
    for service in evidence.named("config-selector"):
        wanted = {str(item) for item in service.items("selector")}
        if wanted and labels and not any(wanted <= there for there in labels):
            yield Observation(
                Hop.GATEWAY,
                "selector-matches-nothing",
                {"name": service.text("name"), "selector": tuple(sorted(wanted))},
                service.source,
            )


def inside_container(evidence: Evidence) -> Iterator[Observation]:
    """`localhost` as upstream of a gateway in a container is the container itself."""
    if not any(o.text("fact") == "in-container" for o in evidence.named("reported")):
        return
    for observation, wanted in destinations(evidence):
        if observation.name == "config-upstream" and wanted.loopback:
            yield joined(
                observation,
                "config-flaw",
                flaw="localhost-in-container",
                detail="localhost is the gateway's own container",
            )
            return


def networks(evidence: Evidence) -> Iterator[Observation]:
    """A gateway and an application of Compose files that have no network in common."""
    services = [o for o in evidence.named("config-backend") if o.text("by") == "compose"]
    gateways = [o for o in services if o.text("role") == "gateway"]
    for sending, wanted in destinations(evidence):
        if sending.name != "config-upstream":
            continue
        for service in services:
            if wanted.host not in (service.text("name"), service.text("service")):
                continue
            if service.text("role") == "gateway":
                continue
            if not gateways and sending.text("by") != "compose" and _alone(service):
                yield joined(
                    sending,
                    "config-flaw",
                    flaw="gateway-outside-compose",
                    detail=f"{wanted.host} is on its own Compose file's network",
                )
                return
            for gateway in gateways:
                if not _attached(gateway) & _attached(service):
                    yield joined(
                        sending,
                        "networks-differ",
                        gateway=gateway.text("name"),
                        name=service.text("name"),
                    )
                    return


def _attached(service: Observation) -> set[str]:
    """Its networks; the default one is another in every Compose file."""
    names = {str(item) for item in service.items("networks")}
    return {f"{service.text('file')}:{name}" if name == "default" else name for name in names}


def _alone(service: Observation) -> bool:
    return tuple(service.items("networks")) == ("default",)


def ports(evidence: Evidence) -> Iterator[Observation]:
    """A port that the gateway uses and that is not the one on which the application listens."""
    published: dict[str, tuple[str, str]] = {}
    for service in evidence.named("config-backend"):
        for item in service.items("ports"):
            outer, _, inner = str(item).partition("/")[0].rpartition(":")
            outer = outer.rpartition(":")[2]
            if outer.isdigit() and inner.isdigit() and outer != inner:
                published[service.text("name")] = published[service.text("service")] = outer, inner
    own = {a.port for o, a in listeners(evidence) if o.text("role") == "application" and not a.path}
    # A port that somebody sends requests to already is another application's.
    own -= {
        a.port
        for o in evidence.named("config-upstream")
        if (a := address_of(o.text("upstream"))) is not None and not a.path
    }
    for sending, wanted in destinations(evidence):
        if wanted.path:
            continue
        outer, inner = published.get(wanted.host, ("", ""))
        found = inner if wanted.port == outer else ""
        if not found and len(own) == 1 and sending.name == "upstream-refused":
            found = next(iter(own - {wanted.port}), "")
        if found:
            yield joined(
                sending, "port-mismatch", wanted=wanted.port, name=wanted.host, found=found
            )
            return
