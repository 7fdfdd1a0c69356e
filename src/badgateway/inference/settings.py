"""Settings of several files, held together: what is written there and cannot work.

Each function looks at one such pair: a proxy and a service that share no network, a limit and what
it has to hold, a socket and the user who has to open it.
"""

import re
from collections.abc import Iterator, Mapping

from badgateway.model.hop import Hop
from badgateway.model.listening import address_of
from badgateway.model.observation import Evidence, Observation, Value

_TRUE = ("true", "yes", "on", "1")


def settled(evidence: Evidence) -> Iterator[Observation]:
    """Everything that the settings say together."""
    for join in (
        _composed,
        _target_ports,
        _private_tmp,
        _socket_rights,
        _open_files,
        _pool_memory,
    ):
        yield from join(evidence)


def _composed(evidence: Evidence) -> Iterator[Observation]:
    """Upstreams of a proxy in a compose file that can lead nowhere: no such service, or itself."""
    services = [o for o in evidence.named("config-backend") if o.text("by") == "compose"]
    gateways = [o for o in services if o.text("role") == "gateway"]
    if not gateways:
        return
    names = {o.text(key) for o in services for key in ("name", "service")}
    for upstream in evidence.named("config-upstream"):
        address = address_of(upstream.text("upstream"))
        if address is None or address.path or upstream.text("by") == "compose":
            continue
        if address.loopback:
            detail = f"{address.host} is the container of {gateways[0].text('name')} itself"
            yield _flaw(upstream, "localhost-in-container", detail)
        elif address.host not in names and re.fullmatch(r"[a-zA-Z][\w-]*", address.host):
            detail = f"no service of the compose file is called {address.host}"
            yield _flaw(upstream, "upstream-undefined", detail)


def _target_ports(evidence: Evidence) -> Iterator[Observation]:
    """A Kubernetes Service whose target port no container names; an Ingress likewise."""
    services = {o.text("name"): o for o in evidence.named("config-selector") if o.items("ports")}
    pods = [o for o in evidence.named("config-backend") if o.items("labels")]
    for service in services.values():
        wanted = set(service.items("selector"))
        chosen = [pod for pod in pods if wanted and wanted <= set(pod.items("labels"))]
        for pod in chosen:
            yield from _one_service(service, pod)
    for upstream in evidence.named("config-upstream"):
        target = services.get(upstream.text("service"))
        ports = target.items("ports") if target else ()
        offered = {str(p[key]) for p in ports if isinstance(p, Mapping) for key in ("port", "name")}
        if target is not None and upstream.text("port") not in offered:
            value: dict[str, Value] = {
                **_place(upstream),
                "wanted": upstream.text("port"),
                "name": f"the Service {target.text('name')}",
                "found": ", ".join(sorted(offered - {""})),
            }
            yield Observation(Hop.GATEWAY, "port-mismatch", value, upstream.source)


def _one_service(service: Observation, pod: Observation) -> Iterator[Observation]:
    numbers = {str(port) for port in pod.items("ports")}
    names = {str(name) for name in pod.items("port_names")}
    for port in service.items("ports"):
        target = str(port.get("target", "")) if isinstance(port, Mapping) else ""
        if target.isdigit() and numbers and target not in numbers:
            detail = f"it sends to port {target}, {pod.text('name')} names {', '.join(numbers)}"
            yield _flaw(service, "target-port", detail)
        elif target and not target.isdigit() and target not in names:
            detail = f"it sends to the port {target}, which {pod.text('name')} does not name"
            yield _flaw(service, "port-name", detail)


def _private_tmp(evidence: Evidence) -> Iterator[Observation]:
    """A unix socket below /tmp between units, one of which has a /tmp of its own."""
    private = [
        o
        for o in evidence.named("config-setting")
        if o.text("setting") == "PrivateTmp" and o.text("value").lower() in _TRUE
    ]
    for upstream in evidence.named("config-upstream") if private else ():
        path = upstream.text("upstream").removeprefix("unix:")
        if path.startswith(("/tmp/", "/var/tmp/")):  # noqa: S108 - compared only
            unit = private[0].text("unit")
            detail = f"{path} cannot be seen: {unit} has a /tmp of its own (PrivateTmp)"
            yield _flaw(upstream, "socket-in-private-tmp", detail)


def _socket_rights(evidence: Evidence) -> Iterator[Observation]:
    """A pool's socket that its owner, group and mode close to the gateway's user."""
    users = [o for o in evidence.named("config-setting") if o.text("setting") == "user"]
    gateway = next((o for o in users if o.text("by") in ("nginx", "apache")), None)
    if gateway is None:
        return
    words = gateway.text("value").split()
    user, group = words[0], words[-1]
    for pool in evidence.named("config-pool"):
        path, mode = pool.text("address"), pool.text("mode") or "0660"
        told = pool.text("owner") or pool.text("group")
        if (
            not told
            or not path.startswith("unix:")
            or user == "root"
            or not re.fullmatch(r"0?[0-7]{3}", mode)
        ):
            continue
        owner, group_there = pool.text("owner") or "root", pool.text("group") or "root"
        bits = int(mode, 8)
        shift = 6 if user == owner else 3 if group == group_there else 0
        if not bits >> shift & 2:
            detail = (
                f"the pool {pool.text('pool')} gives its socket to {owner}:{group_there}, mode "
                f"{mode}; {gateway.text('by')} runs as {user}"
            )
            yield _flaw(pool, "socket-mode", detail)


def _open_files(evidence: Evidence) -> Iterator[Observation]:
    """More connections for each worker of nginx than it may open files."""
    limits = evidence.named("config-limit")
    wanted = [o for o in limits if o.text("setting") == "worker_connections"]
    own = [o for o in limits if o.text("setting") == "worker_rlimit_nofile"]
    unit = [
        o for o in limits
        if o.text("setting").startswith("LimitNOFILE") and "nginx" in o.text("unit")
    ]  # fmt: skip
    most = next((_whole(o) for o in (*own, *unit) if _whole(o) is not None), None)
    need = next((_whole(o) for o in wanted if _whole(o) is not None), None)
    if most is None or need is None or need <= most:
        return
    value: dict[str, Value] = {
        **_place(wanted[0]),
        "most": f"the limit of {most} open files",
        "need": f"{need} connections for each worker",
        "what": "files",
    }
    yield Observation(Hop.GATEWAY, "limit-below-need", value, wanted[0].source)


def _pool_memory(evidence: Evidence) -> Iterator[Observation]:
    """More workers, each with its memory limit, than there is memory."""
    total = next((o.number("total") for o in evidence.named("memory")), None)
    settings = evidence.named("config-setting")
    limit = next((_megabytes(o.text("value")) for o in settings if "memory_limit" in
                  o.text("setting")), None)  # fmt: skip
    for pool in evidence.named("config-pool"):
        workers = pool.number("most")
        if not total or not limit or not workers or workers * limit <= total:
            continue
        value: dict[str, Value] = {
            **_place(pool),
            "most": f"{total:.0f} MB of memory",
            "need": f"{workers:.0f} workers of up to {limit:.0f} MB each",
            "what": "memory",
        }
        yield Observation(Hop.HOST, "limit-below-need", value, pool.source)


def _whole(observation: Observation) -> int | None:
    text = observation.text("most")
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _megabytes(text: str) -> float | None:
    found = re.fullmatch(r"(\d{1,9})([KMG]?)", text.strip().upper())
    return int(found[1]) * {"": 1e-6, "K": 1e-3, "M": 1.0, "G": 1024.0}[found[2]] if found else None


def _place(observation: Observation) -> dict[str, Value]:
    return {key: observation.value.get(key) for key in ("by", "upstream", "file", "line")}


def _flaw(observation: Observation, flaw: str, detail: str) -> Observation:
    value: dict[str, Value] = {**_place(observation), "flaw": flaw, "detail": detail}
    return Observation(Hop.GATEWAY, "config-flaw", value, observation.source)
