"""What configuration, state and logs say together: does what points somewhere meet what is there?

Where data would need an `if`, it stands here for the inside as it does in `compare` for the
outside. Each function looks at the evidence and states one joined observation.
"""

import ipaddress
import re
from collections.abc import Iterator

from badgateway.inference.settings import settled
from badgateway.model.hop import Hop
from badgateway.model.listening import Address, address_of
from badgateway.model.observation import Evidence, Observation, Value

_BACKENDS = ("backend", "backend-default")
_REFUSED = ("upstream-refused", "socket-not-found")
_SILENT = ("upstream-connect-timeout",)
_UNREACHED = ("refused", "no-route", "times-out", "socket-missing")


def wired(evidence: Evidence) -> Iterator[Observation]:
    """Every joined observation that the evidence allows."""
    for join in (
        _listeners,
        _asked,
        _queues,
        _pools,
        _timeouts,
        _keepalives,
        _databases,
        _stale,
        _renamed,
        _misnamed,
        _handshakes,
        _gone,
        _protocols,
        _changed,
        _selectors,
        _inside_container,
        _networks,
        _ports,
    ):
        yield from join(evidence)
    yield from settled(evidence)


def _wanted(evidence: Evidence) -> list[tuple[Observation, Address]]:
    """Where gateways send requests: by their configuration, and by their complaints."""
    found = []
    for observation in evidence.named("config-upstream", *_REFUSED, *_SILENT):
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


def _listeners(evidence: Evidence) -> Iterator[Observation]:
    """Upstreams that nothing listens on, or that something listens on in another way."""
    listening = listeners(evidence)
    if not listening:
        return
    seen: set[str] = set()
    for observation, wanted in _wanted(evidence):
        upstream = observation.text("upstream")
        if upstream in seen:
            continue
        seen.add(upstream)
        complete = _listed(wanted, listening)
        if any(_serves(a, wanted) for o, a in listening if not (complete and _declared(o))):
            continue
        other = _otherwise(observation, wanted, _free(listening, evidence, upstream))
        if other is not None:
            word, (found, address) = other
            yield joined(observation, word, found=_shown(address), process=_who(found))
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
            _same_path(there.path, other.path)
            if there.path or other.path
            else (there.host, there.port) == (other.host, other.port)
            for other in used
        )
    ]


def _asked(evidence: Evidence) -> Iterator[Observation]:
    """Upstreams that listen, by their own machine's word, and that do not take a connection."""
    listening = listeners(evidence)
    for observation in last_asked(evidence).values():
        wanted = address_of(observation.text("upstream"))
        result = observation.text("result")
        if wanted is None or wanted.loopback or result not in ("refused", "times-out", "no-route"):
            continue
        for found, there in listening:
            if _declared(found) or there.loopback or not _serves(there, wanted):
                continue
            backlog = found.number("backlog") or 0
            full = 0 < backlog <= (found.number("queue") or 0)
            if result == "times-out" and not full:
                yield joined(observation, "silent-though-listening", process=_who(found))
            elif result != "times-out":
                yield joined(observation, "rejected-though-listening", process=_who(found))
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


def _declared(observation: Observation) -> bool:
    """Whether it says where something is meant to listen, or once did, not that it does."""
    if observation.name == "config-pool" or observation.value.get("declared"):
        return True
    return observation.text("role") == "application" and not observation.value.get("complete")


def _serves(listener: Address, wanted: Address) -> bool:
    """Whether a connection to `wanted` reaches `listener`."""
    if wanted.path or listener.path:
        return _same_path(wanted.path, listener.path)
    if listener.port != wanted.port:
        return False
    if listener.everywhere:
        return not wanted.six or listener.host != "0.0.0.0"  # noqa: S104 - compared only
    if wanted.host == "localhost":
        return listener.loopback
    return listener.host == wanted.host or is_name(wanted.host)


def _same_path(one: str, other: str) -> bool:
    """/var/run is a link to /run on every current system (FHS 3.0, 5.13)."""
    return one.replace("/var/run/", "/run/", 1) == other.replace("/var/run/", "/run/", 1)


def is_name(host: str) -> bool:
    """Whether a host is a name rather than an address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return bool(host)
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


def _queues(evidence: Evidence) -> Iterator[Observation]:
    """Listen queues that are full, or in which connections wait."""
    for observation in evidence.named("listening"):
        queue, backlog = observation.number("queue"), observation.number("backlog")
        if queue is None or queue < 1:
            continue
        full = backlog is not None and queue >= backlog > 0
        yield Observation(
            Hop.UPSTREAM,
            "listen-queue-full" if full else "queue-waiting",
            dict(observation.value),
            observation.source,
            observation.at,
        )


def _pools(evidence: Evidence) -> Iterator[Observation]:
    """A pool in which as many connections are open as it has workers: each serves one."""
    for pool in evidence.named("config-pool"):
        most, wanted = pool.number("most"), address_of(pool.text("address"))
        for observation, there in listeners(evidence):
            taken = observation.number("accepted")
            if observation.name != "listening" or not most or taken is None or wanted is None:
                continue
            waiting = observation.number("queue") or 0
            if _serves(there, wanted) and taken >= most:
                value: dict[str, Value] = {
                    "pool": pool.text("pool"),
                    "active": most,
                    "idle": 0,
                    "queue": waiting,
                    "reached": "unknown",
                    "full": True,
                }
                yield Observation(Hop.UPSTREAM, "pool-status", value, observation.source)
                break


def _timeouts(evidence: Evidence) -> Iterator[Observation]:
    """A worker that is killed before the gateway would give up."""
    gateways = [o for o in evidence.named("config-timeout") if o.text("role") == "read"]
    gateways = gateways or list(_default_timeouts(evidence))
    workers = [o for o in evidence.named("config-timeout") if o.text("role") == "worker"]
    for worker in workers:
        kept = worker.number("seconds")
        for gateway in gateways:
            waits = gateway.number("seconds")
            if kept and waits and kept > waits:
                yield Observation(
                    Hop.GATEWAY,
                    "timeouts-out-of-order",
                    {
                        "outer": gateway.text("by"),
                        "outer_seconds": waits,
                        "inner": worker.text("by"),
                        "inner_seconds": kept,
                    },
                    gateway.source,
                )
                break


_READ_DEFAULTS = {"nginx": 60.0}
"""Seconds: proxy_read_timeout and its kin."""


def _default_timeouts(evidence: Evidence) -> Iterator[Observation]:
    """How long a gateway waits whose whole configuration is there and says nothing about it."""
    for observation in evidence.named("config-upstream"):
        seconds = _READ_DEFAULTS.get(observation.text("by"))
        if seconds is not None and observation.value.get("whole"):
            value = {**observation.value, "seconds": seconds, "role": "read"}
            yield Observation(Hop.GATEWAY, "config-timeout", value, observation.source)
            return


def _keepalives(evidence: Evidence) -> Iterator[Observation]:
    """An application that closes idle connections before the gateway stops reusing them."""
    reuse = [o for o in evidence.named("config-keepalive") if o.text("role") == "upstream"]
    close = [o for o in evidence.named("config-keepalive") if o.text("role") in _BACKENDS]
    for outer in reuse:
        for inner in close:
            longer, shorter = outer.number("seconds"), inner.number("seconds")
            if longer is not None and shorter is not None and 0 < shorter <= longer:
                yield Observation(
                    Hop.LINK,
                    "keepalive-out-of-order",
                    {
                        "outer": outer.text("by"),
                        "outer_seconds": longer,
                        "inner": inner.text("by"),
                        "inner_seconds": shorter,
                    },
                    outer.source,
                )


def _databases(evidence: Evidence) -> Iterator[Observation]:
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
        if any(_serves(a, wanted) for _, a in there):
            continue
        found, address = there[0]
        yield joined(wish, "database-elsewhere", found=_shown(address), process=_who(found))


def _stale(evidence: Evidence) -> Iterator[Observation]:
    """A gateway that still uses an address that its upstream's name no longer has."""
    used = {
        (a.host, o.text("upstream"))
        for o, a in _wanted(evidence)
        if o.name != "config-upstream" and not a.path and not is_name(a.host)
    }
    names = {
        a.host: o
        for o, a in _wanted(evidence)
        if o.name == "config-upstream" and not a.path and is_name(a.host)
    }
    for answer in evidence.named("name-answer", "container-network"):
        name = answer.text("name")
        addresses = {str(item) for item in answer.items("addresses")} or {answer.text("address")}
        if name not in names or "" in addresses:
            continue
        for host, upstream in sorted(used):
            if host not in addresses and not host.startswith("127."):
                yield joined(
                    names[name],
                    "address-changed",
                    upstream=upstream,
                    name=name,
                    found=", ".join(sorted(addresses)),
                )
                return


def _gone(evidence: Evidence) -> Iterator[Observation]:
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
            if address.startswith("unix:") and _same_path(
                address.removeprefix("unix:"), upstream.removeprefix("unix:").rstrip(":")
            ):
                seen.add(upstream)
                value: dict[str, Value] = {"process": _who(server), "upstream": upstream}
                yield Observation(
                    Hop.LINK, "socket-gone-though-running", value, server.source, server.at
                )


_SPEAKS = (("fastcgi", re.compile("php-fpm")), ("http", re.compile(r"^(?:node|gunicorn|nginx)\b")))
"""Protocols that servers speak whatever they are told, by their process."""


def _protocols(evidence: Evidence) -> Iterator[Observation]:
    """A gateway that speaks HTTP to a FastCGI server, or the other way round."""
    seen: set[str] = set()
    for wish, wanted in _wanted(evidence):
        spoken = wish.text("protocol")
        if wish.name != "config-upstream" or spoken not in ("http", "https", "fastcgi"):
            continue
        for server, there in listeners(evidence):
            if server.name != "listening" or not _serves(there, wanted):
                continue
            if not wanted.path and is_name(wanted.host) and not wanted.loopback:
                continue
            process = server.text("process")
            found = next((name for name, own in _SPEAKS if own.search(process)), spoken)
            if (found == "fastcgi") != (spoken == "fastcgi") and wish.text("upstream") not in seen:
                seen.add(wish.text("upstream"))
                yield joined(
                    wish, "speaks-other-protocol", found=found, protocol=spoken, process=process
                )


def _handshakes(evidence: Evidence) -> Iterator[Observation]:
    """HAProxy says that a server for TLS refuses or aborts, and the server takes connections.

    Its state SC stands for both (docs.haproxy.org, 8.5), so it is the handshake that fails.
    """
    accepts = asked_with(evidence, "accepts")
    refused = {o.text("upstream"): o for o in evidence.named("upstream-refused")}
    for wish in evidence.named("config-upstream"):
        complaint = refused.get(wish.text("server"))
        if wish.text("by") != "haproxy" or complaint is None:
            continue
        if wish.text("protocol") == "https" and wish.text("upstream") in accepts:
            yield joined(wish, "handshake-fails", supersedes=complaint.id)


def _renamed(evidence: Evidence) -> Iterator[Observation]:
    """A gateway that fails at an upstream whose name, looked up anew, leads to one that answers."""
    answers = asked_with(evidence, "answers")
    failing = evidence.named(*_REFUSED, *_SILENT, "upstream-unroutable", "upstream-marked-down")
    for wish in evidence.named("config-upstream"):
        wanted = address_of(wish.text("upstream"))
        if wanted is None or wanted.path or not is_name(wanted.host):
            continue
        # HAProxy names its servers, which may be called anything; others write the address.
        mine = [
            o for o in failing if o.text("upstream") in (wish.text("server"), wish.text("upstream"))
        ]
        if mine and wish.text("upstream") in answers and not wish.value.get("other_site"):
            yield joined(wish, "name-answers-now")
            return


def _misnamed(evidence: Evidence) -> Iterator[Observation]:
    """An upstream that fails for the host that the gateway sends, and answers for the site's own.

    What a server does with a host that it does not have is its own choice: it may close the
    connection (nginx's status 444), or refuse.
    """
    asked = last_asked(evidence)
    fine = {
        o.text("upstream"): o.text("site")
        for o in evidence.named("asked-as-site")
        if o.text("result") == "answers" and (o.number("status") or 500) < 400
    }
    for wish in evidence.named("config-upstream"):
        host, upstream = wish.text("host"), wish.text("upstream")
        if not host or upstream not in fine or upstream not in asked:
            continue
        result, status = asked[upstream].text("result"), asked[upstream].number("status") or 0
        if result in ("closes", "resets", "silent") or (result == "answers" and status >= 400):
            detail = f"{upstream} is asked for {host}, and answers when asked for {fine[upstream]}"
            yield joined(wish, "config-flaw", flaw="host-name", detail=detail)
            return


def _changed(evidence: Evidence) -> Iterator[Observation]:
    """The file in which an upstream that fails is written, changed shortly before."""
    changed = {o.text("path"): o for o in evidence.named("file-changed")}
    asked = {upstream: o.text("result") for upstream, o in last_asked(evidence).items()}
    failing = {
        o.text("upstream") for o in evidence.named(*_REFUSED, *_SILENT, "upstream-unroutable")
    } | {upstream for upstream, result in asked.items() if result in _UNREACHED}
    serving = [there for o, there in listeners(evidence) if not _declared(o)]
    seen: set[str] = set()
    for wish in evidence.named("config-upstream"):
        change, upstream = changed.get(wish.text("file")), wish.text("upstream")
        if change is None or wish.value.get("other_site") or upstream in seen:
            continue
        result = asked.get(upstream, "refused")
        wanted = address_of(upstream)
        if wanted is None or any(_serves(there, wanted) for there in serving):
            # Something listens there, so that the address is no mistake.
            continue
        if result in _UNREACHED and (upstream in failing or wish.text("server") in failing):
            seen.add(upstream)
            minutes = change.value.get("minutes")
            alone = not wish.text("group")
            yield joined(
                wish, "upstream-setting-changed", minutes=minutes, result=result, alone=alone
            )


def _selectors(evidence: Evidence) -> Iterator[Observation]:
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


def _inside_container(evidence: Evidence) -> Iterator[Observation]:
    """`localhost` as upstream of a gateway in a container is the container itself."""
    if not any(o.text("fact") == "in-container" for o in evidence.named("reported")):
        return
    for observation, wanted in _wanted(evidence):
        if observation.name == "config-upstream" and wanted.loopback:
            yield joined(
                observation,
                "config-flaw",
                flaw="localhost-in-container",
                detail="localhost is the gateway's own container",
            )
            return


def _networks(evidence: Evidence) -> Iterator[Observation]:
    """A gateway and an application of Compose files that have no network in common."""
    services = [o for o in evidence.named("config-backend") if o.text("by") == "compose"]
    gateways = [o for o in services if o.text("role") == "gateway"]
    for sending, wanted in _wanted(evidence):
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


def _ports(evidence: Evidence) -> Iterator[Observation]:
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
    for sending, wanted in _wanted(evidence):
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


def _who(observation: Observation) -> str:
    return observation.text("process") or observation.text("pool") or observation.text("by")


def _shown(address: Address) -> str:
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
