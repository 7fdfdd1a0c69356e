"""Docker Compose files, whole or pieces (https://docs.docker.com/reference/compose-file/).

No YAML is loaded: of a file that others wrote only names, lists and short values are read, by
their indentation, so that a piece of a file and one with a mistake in it read as well.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from badgateway.model.hop import Hop
from badgateway.model.material import Material
from badgateway.model.observation import Observation, Value

KIND = "compose-file"

_MOST_LINES = 5_000
_KEY = re.compile(r"^(\s*)(?:- )?[\"']?([\w.-]+)[\"']?:(?:\s+(.*))?$")
_ITEM = re.compile(r"^(\s*)- +(.*)$")
_KEYS = ("image", "build", "ports", "expose", "networks", "depends_on", "container_name")
_SERVICE = re.compile(r"(?m)^[ \t]*[\w.-]+:[ \t]*$")
_GATEWAY = re.compile(
    r"(?:^|[/-])(?:nginx|traefik|caddy|haproxy|envoy|httpd|swag|cloudflared|openresty|angie"
    r"|nginx-proxy[\w-]*|https-portal)(?:[:@/-]|$)"
)
_HERE = re.compile(r"(?:https?://)?(?:localhost|127\.0\.0\.1):\d+")
_TRAEFIK_PORT = re.compile(r"traefik\.(?:http\.services\.[^=:]*loadbalancer\.server\.)?port$")
_TRAEFIK_NETWORK = re.compile(r"traefik\.(?:docker|swarm)\.network$")
_IN_FRONT = re.compile(r"traefik\.(?:enable|http|frontend|backend|tcp)")


@dataclass(slots=True)
class _Service:
    name: str
    line: int
    values: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)

    @property
    def image(self) -> str:
        return self.values.get("image", "")

    @property
    def networks(self) -> tuple[str, ...]:
        if mode := self.values.get("network_mode"):
            return (f"mode:{mode}",)
        return tuple(self.lists.get("networks", ())) or ("default",)

    def settings(self, key: str) -> dict[str, str]:
        """`environment` or `labels`, whichever of its two forms was written."""
        pairs = (re.split(r"[=:]\s*", item, maxsplit=1) for item in self.lists.get(key, ()))
        return {pair[0].strip(): pair[-1].strip(" \"'") for pair in pairs if len(pair) == 2}


def fits(head: str) -> float:
    """`services:`, or a service with keys that only Compose has side by side."""
    if re.search(r"(?m)^(?:kind|apiVersion):", head):
        return 0.0
    known = sum(1 for key in _KEYS if re.search(rf"(?m)^[ \t]+{key}:", head))
    if re.search(r"(?m)^services:\s*$", head) and known:
        return 0.95
    return 0.91 if known >= 2 and _SERVICE.search(head) else 0.0


def read(material: Material) -> Iterator[Observation]:
    """Each service with its networks and ports, where gateways send requests, and flaws."""
    services = _services(material)
    for service in services:
        value: dict[str, Value] = {
            "name": service.values.get("container_name", "") or service.name,
            "service": service.name,
            "image": service.image,
            "networks": service.networks,
            "ports": (*service.lists.get("expose", ()), *service.lists.get("ports", ())),
            "role": "gateway" if _GATEWAY.search(service.image) else "application",
        }
        yield _say(material, service.line, Hop.UPSTREAM, "config-backend", value)
        yield from _sends(material, service)
        yield from _flaws(material, service)


def _sends(material: Material, service: _Service) -> Iterator[Observation]:
    """Ports that a gateway which watches Docker is told by labels or variables."""
    environment, labels = service.settings("environment"), service.settings("labels")
    told = [("nginx-proxy", environment.get("VIRTUAL_PORT", ""))]
    told += [("traefik", port) for key, port in labels.items() if _TRAEFIK_PORT.search(key)]
    for by, port in told:
        if port.isdigit():
            value: dict[str, Value] = {
                "upstream": f"{service.name}:{port}", "protocol": "http", "sites": (), "path": "",
                "by": by,
            }  # fmt: skip
            yield _say(material, service.line, Hop.GATEWAY, "config-upstream", value)
    if site := environment.get("VIRTUAL_HOST"):
        name: dict[str, Value] = {"setting": "VIRTUAL_HOST", "value": site}
        yield _say(material, service.line, Hop.GATEWAY, "config-setting", name)


def _flaws(material: Material, service: _Service) -> Iterator[Observation]:
    environment, labels = service.settings("environment"), service.settings("labels")
    behind_traefik = any(_IN_FRONT.match(key) for key in labels)
    told = any(_TRAEFIK_NETWORK.match(key) for key in labels)
    if behind_traefik and len(service.networks) > 1 and not told:
        detail = f"{service.name} is on several networks and no label says which Traefik shall use"
        flaw: dict[str, Value] = {"flaw": "network-ambiguous", "detail": detail}
        yield _say(material, service.line, Hop.LINK, "config-flaw", flaw)
    fastcgi = re.search(r"(?:^|[:-])[\w.]*fpm", service.image)
    if (
        fastcgi
        and environment.get("VIRTUAL_HOST")
        and "fastcgi" not in environment.get("VIRTUAL_PROTO", "")
    ):
        detail = f"{service.name} speaks FastCGI, VIRTUAL_PROTO does not say so"
        flaw = {"flaw": "fastcgi-as-http", "detail": detail}
        yield _say(material, service.line, Hop.GATEWAY, "config-flaw", flaw)
    if _GATEWAY.search(service.image) and service.values.get("network_mode") != "host":
        for text in (*environment.values(), *service.lists.get("command", ())):
            if _HERE.search(text):
                detail = f"{service.name} is told {text}, which is its own container"
                flaw = {"flaw": "localhost-in-container", "detail": detail}
                yield _say(material, service.line, Hop.GATEWAY, "config-flaw", flaw)
                break


def _services(material: Material) -> list[_Service]:
    """The services in the order of the file; what stands outside of them is left out."""
    found: list[_Service] = []
    depth: int | None = None  # how far services are indented
    within, key, inside, nested = True, "", 0, 0
    for number, line in material.lines():
        if number > _MOST_LINES:
            break
        text = re.sub(r"(?:^|\s)#.*$", "", line.rstrip()).rstrip()
        if not text.strip():
            continue
        indent = len(text) - len(text.lstrip())
        pair, item = _KEY.match(text), _ITEM.match(text)
        if indent == 0 and pair and not item:
            within = pair[2] == "services" or (pair[2] not in ("networks", "volumes", "version",
                "configs", "secrets", "name") and not pair[3])  # fmt: skip
            depth = None if pair[2] == "services" else 0
            if within and depth == 0:
                found.append(_Service(pair[2], number))
            continue
        if not within:
            continue
        if depth is None and pair and not item:
            depth = indent
        if pair and not item and indent == depth:
            found.append(_Service(pair[2], number))
            key = ""
        elif found and pair and not item and (not key or indent <= inside):
            key, inside, nested = pair[2], indent, 0
            value = (pair[3] or "").strip("\"'")
            if value.startswith("["):
                found[-1].lists[key] = [v.strip(" \"'") for v in value.strip("[]").split(",")]
            elif value:
                found[-1].values[key] = value
        elif found and key and item:
            found[-1].lists.setdefault(key, []).append(item[2].strip("\"'"))
        elif found and key and pair and indent <= (nested or indent):
            nested = nested or indent
            entry = f"{pair[2]}={(pair[3] or '').strip(chr(34))}" if pair[3] else pair[2]
            found[-1].lists.setdefault(key, []).append(entry)
    return found


def _say(
    material: Material, line: int, hop: Hop, word: str, value: dict[str, Value]
) -> Observation:
    value = {"by": "compose", "file": material.name, "line": line, **value}
    return Observation(hop, word, value, f"{KIND}:{material.name}:{line}")
