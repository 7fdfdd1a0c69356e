"""What runs, what does not, and what keeps it from being reached."""

import re
from collections.abc import Iterator

from badgateway.model.listening import Address, address_of
from badgateway.model.machine import Rule, Service
from badgateway.remedies.facts import Facts
from badgateway.remedies.find import Binding
from badgateway.remedies.find.here import at, failing, once, pools, upstreams, where

FINDERS = (
    *("stopped_process", "upstream_service", "site_service", "database_service"),
    *("name_changed", "link_rule", "front_rule", "socket_rights"),
    *("stale_pid", "socket_gone", "refused_peer", "resolver_service", "dns_cache"),
)


def stopped_process(facts: Facts) -> Iterator[Binding]:
    """Processes that somebody stopped with a signal, and that hold the socket that is asked."""
    for pid in facts.stopped:
        yield {"pid": pid}


def upstream_service(facts: Facts) -> Iterator[Binding]:
    """The one service that would listen where nothing does."""
    wanted = [a for o in failing(facts) if (a := address_of(o.text("upstream"))) is not None]
    told = list(_one([s for s in facts.services if any(_would_serve(facts, s, a) for a in wanted)]))
    if told or not facts.evidence.named("no-listener"):
        yield from told
        return
    # Nothing says where it would listen: then the only one of its machine that does not run.
    # Of systemd's units and of containers many rest by intention; of a server's scripts few.
    silent = [s for s in facts.services if s.manager == "init" and not s.addresses]
    yield from _one([s for s in silent if not s.config])


def database_service(facts: Facts) -> Iterator[Binding]:
    """The one database service that does not run."""
    pattern = re.compile(r"maria|mysql|postgres|redis|valkey")
    yield from _one([s for s in facts.services if pattern.search(s.name)])


def site_service(facts: Facts) -> Iterator[Binding]:
    """The one gateway whose configuration names the site and that does not run."""
    site = facts.stated.get("site", "")
    yield from _one(
        [s for s in facts.services if site and s.config and site in (facts.text(s.config) or "")]
    )


def _one(found: list[Service]) -> Iterator[Binding]:
    yield from _meant([service for service in found if not service.running])


def _meant(found: list[Service]) -> Iterator[Binding]:
    # Of several nobody can tell which one is meant; a wrong one is worse than none.
    if len({service.name for service in found}) == 1:
        service = found[0]
        yield {
            "by": service.manager, "service": service.name,
            **({"holder": service.holder} if service.holder else {}),
        }  # fmt: skip


def _would_serve(facts: Facts, service: Service, wanted: Address) -> bool:
    addresses = list(service.addresses)
    if service.config and (text := facts.text(service.config)):
        addresses += re.findall(r"(?m)^\s*listen\s*=\s*(\S+)", text)
    for text in addresses:
        there = address_of(text)
        if there is None:
            continue
        if wanted.path or there.path:
            if wanted.path == there.path:
                return True
        elif there.port == wanted.port and (there.everywhere or there.host == wanted.host):
            return True
    return False


def name_changed(facts: Facts) -> Iterator[Binding]:
    """A gateway that has not noticed that its upstream moved."""
    words = ("address-changed", "name-answers-now")
    named = {o.text("by") for o in facts.evidence.named(*words)}
    for line in once(upstreams(facts)):
        if line.text("by") in named:
            yield {"by": line.text("by"), "file": line.text("file")}


def link_rule(facts: Facts) -> Iterator[Binding]:
    """A rule that keeps this machine from an upstream that its own configuration names."""
    databases = facts.evidence.named("config-database")
    texts = [line.text("upstream") for line in failing(facts)]
    texts += [wish.text("database") for wish in databases]
    asked = [f"{own}:53" for own in facts.nginx_resolvers]
    for text in dict.fromkeys((*texts, *asked)):
        wanted = address_of(text) or address_of(f"{text}:3306")
        if wanted is None or wanted.path or not wanted.port.isdigit():
            continue
        for rule in facts.rules:
            if _touches(rule, wanted.host, int(wanted.port)) and (
                rule.hook == "output" or (rule.hook == "input" and rule.holder)
            ):
                yield _opening(rule, wanted.host, int(wanted.port), "")


def front_rule(facts: Facts) -> Iterator[Binding]:
    """A rule that keeps visitors, or the edge, from the port of the web on this machine."""
    heard = {
        (a.host, int(a.port))
        for o in facts.evidence.named("listening")
        if not o.text("place")
        and (a := address_of(o.text("address"))) is not None
        and a.port in ("80", "443")
    }
    for rule in facts.rules:
        if rule.hook != "input" or rule.holder:
            continue
        for host, port in sorted(heard):
            if ":" not in host and _touches(rule, host, port) and rule.daddr:
                yield _opening(rule, rule.daddr, port, rule.saddr)


def _touches(rule: Rule, host: str, port: int) -> bool:
    if rule.more or rule.family not in ("inet", "ip"):
        return False
    if rule.daddr and rule.daddr != host and host not in ("0.0.0.0", "*"):  # noqa: S104
        return False
    # What names neither an address nor a port is a policy of the whole machine, meant so.
    if not rule.daddr and not rule.ports:
        return False
    return not rule.ports or port in rule.ports


def _opening(rule: Rule, host: str, port: int, saddr: str) -> Binding:
    return {
        "by": "nft", "family": rule.family, "table": rule.table, "chain": rule.chain,
        "host": host, "port": port, "protocol": rule.protocol or "tcp",
        **({"from": saddr} if saddr else {}),
        **({"holder": rule.holder} if rule.holder else {}),
    }  # fmt: skip


def socket_rights(facts: Facts) -> Iterator[Binding]:
    """A pool that closes its socket to the gateway: the gateway's group gets the right."""
    flaws = [o for o in facts.evidence.named("config-flaw") if o.text("flaw") == "socket-mode"]
    users = [
        one.user for one in facts.running if one.product in ("nginx", "apache", "haproxy", "caddy")
    ]
    for flaw in once(flaws):
        told = facts.evidence.named("config-pool")
        pool = next((o for o in told if where(o) == where(flaw)), None)
        path = pool.text("address").removeprefix("unix:") if pool else ""
        if path and users and users[0] != "root":
            yield at(flaw, by="php-fpm", group=users[0], path=path)


def stale_pid(facts: Facts) -> Iterator[Binding]:
    """A service that does not run, and the file that says that it does."""
    for service in facts.services:
        if not service.running and service.pid_file and facts.text(service.pid_file) is not None:
            for one in _one([service]):
                yield {**one, "path": service.pid_file}


def socket_gone(facts: Facts) -> Iterator[Binding]:
    """The one service that runs and whose socket's file is gone: it makes it when it starts."""
    gone = [
        a
        for o in facts.evidence.named("socket-gone-though-running")
        if (a := address_of(o.text("upstream"))) is not None
    ]
    yield from _meant([s for s in facts.services if any(_would_serve(facts, s, a) for a in gone)])


def refused_peer(facts: Facts) -> Iterator[Binding]:
    """A pool that does not take requests from this machine's own address."""
    own = {o.text("address") for o in facts.evidence.named("interface")}
    refused = [
        o.text("address")
        for o in facts.evidence.named("peer-disallowed")
        if o.text("address") in own
    ]
    for pool in once(pools(facts)) if refused else ():
        text = facts.text(pool.text("file")) or ""
        found = re.search(r"(?m)^\s*listen\.allowed_clients\s*=\s*([\w.:, ]+?)\s*$", text)
        if found:
            allowed = [part.strip() for part in found[1].split(",")]
            together = ",".join(dict.fromkeys((*allowed, *refused)))
            yield at(pool, by="php-fpm", allowed=together)


def resolver_service(facts: Facts) -> Iterator[Binding]:
    """The one name server that the gateway asks and that does not run."""
    if facts.nginx_resolvers:
        yield from _one([s for s in facts.services if re.search(r"dns|unbound|named|bind", s.name)])


def dns_cache(facts: Facts) -> Iterator[Binding]:
    """Every program of this machine that keeps answers of DNS."""
    for cache in facts.caches:
        yield {"by": cache.product, "pid": cache.pid, "site": facts.stated.get("site") or None}
