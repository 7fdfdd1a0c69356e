"""Compose files: services, the ports they listen on, the networks they share.

https://github.com/compose-spec/compose-spec/blob/main/spec.md: services that name no network are
on `default`; a published port (`8080:80`) is the host's, services reach each other by the port
behind it.
"""

import re
from collections.abc import Iterator

from badgateway.knowledge.started import started
from badgateway.knowledge.yaml_text import Table, documents
from badgateway.model.hop import Hop
from badgateway.model.material import Material
from badgateway.model.observation import Observation, Value

KIND = "compose-config"

_SERVICES = re.compile(r"(?m)^services:[ \t]*(?:#[^\n]*)?$")
_KEYS = re.compile(
    r"(?m)^[ ]{1,8}(?:image|build|ports|depends_on|networks|volumes|environment|restart|command"
    r"|expose|container_name|network_mode|healthcheck):"
)
_GATEWAY = re.compile(r"(?i)nginx|caddy|traefik|haproxy|httpd|apache|envoy|openresty|varnish")
_PORT = re.compile(
    r"(?:(?:[\d.]{7,15}|\[[^\]]{2,45}\]):)?(?:(\d{1,5})(?:-\d{1,5})?:)?(\d{1,5})(?:/\w+)?"
)


def fits(head: str) -> float:
    """Services with keys that only compose files have."""
    return 0.97 if _SERVICES.search(head) and _KEYS.search(head) else 0.0


def read(material: Material) -> Iterator[Observation]:
    """Each service: its networks, its ports, what it runs."""
    for document in documents(material.text()):
        services = document.table("services")
        for name in list(services)[:500]:
            service = services.table(name)
            line = services.line_of(name) + material.first_line - 1
            place: dict[str, Value] = {"by": name, "file": material.name, "line": line}
            for word, value in _service(name, service):
                source = f"{KIND}:{material.name}:{line}"
                yield Observation(Hop.UPSTREAM, word, {**place, **value}, source)


def _service(name: str, service: Table) -> Iterator[tuple[str, dict[str, Value]]]:
    image = service.text("image")
    published, inside = _ports(service)
    mode = service.text("network_mode")
    what = f"{image.rsplit('/', 1)[-1]} {name}"
    backend: dict[str, Value] = {
        "name": name,
        "names": (name, *_aliases(service)),
        "networks": _networks(service) if not mode else (f"mode {mode}",),
        "ports": inside,
        "published": published,
        "compose": True,
        "host_network": mode == "host",
        "gateway": _GATEWAY.search(what) is not None,
    }
    yield "config-backend", backend
    for word, value in started(_command(service)):
        yield word, {**value, "place": f"container {name}"}
    limit = service.text("mem_limit") or service.table("deploy").table("resources").table(
        "limits"
    ).text("memory")
    if limit:
        yield "config-limit", {"setting": "memory", "most": limit[:40]}
    if restart := service.text("restart"):
        yield "config-setting", {"setting": "restart", "value": restart[:40]}


def _networks(service: Table) -> tuple[str, ...]:
    found = service.get("networks")
    names = (
        list(found) if isinstance(found, Table) else [n for n in found or () if isinstance(n, str)]
    )
    return tuple(sorted(names)) or ("default",)


def _aliases(service: Table) -> tuple[str, ...]:
    """Further names by which other services find it."""
    networks = service.table("networks")
    aliases = [a for n in networks for a in networks.table(n).items_of("aliases")]
    names = [service.text("container_name"), service.text("hostname"), *aliases]
    return tuple(name for name in names if isinstance(name, str) and name)


def _ports(service: Table) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Ports published on the host, and those that the service itself listens on."""
    published, inside = list[str](), list[str]()
    for item in service.items_of("ports"):
        if isinstance(item, Table):
            published.append(item.text("published"))
            inside.append(item.text("target"))
        elif isinstance(item, str) and (found := _PORT.fullmatch(item)):
            published.append(found[1] or "")
            inside.append(found[2])
    inside += [item.split("/")[0] for item in service.items_of("expose") if isinstance(item, str)]
    return tuple(p for p in published if p), tuple(dict.fromkeys(p for p in inside if p))


def _command(service: Table) -> str:
    found = service.get("command")
    if isinstance(found, list):
        return " ".join(item for item in found if isinstance(item, str))
    return found if isinstance(found, str) else ""
