"""Kubernetes manifests: Ingress, Service and what runs the pods, as written or as `get -o yaml`.

https://kubernetes.io/docs/reference/kubernetes-api/: a Service finds pods by labels and sends to
`targetPort`, a number or the name of a container's port.
"""

import re
from collections.abc import Iterator

from badgateway.knowledge.started import started
from badgateway.knowledge.yaml_text import Table, documents
from badgateway.model.hop import Hop
from badgateway.model.material import Material
from badgateway.model.observation import Observation, Value

KIND = "kubernetes-config"

_KIND = re.compile(
    r"(?m)^[ ]{0,4}(?:- )?kind:[ \t]*(?:Ingress|Service|Deployment|StatefulSet|DaemonSet|Pod|List"
    r"|ReplicaSet|HTTPRoute|EndpointSlice|Endpoints)[ \t\r]*$"
)
_VERSION = re.compile(r"(?m)^[ ]{0,4}(?:- )?apiVersion:[ \t]*\S")
_RUNNING = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Pod")


def fits(head: str) -> float:
    """An API version and a kind that is known."""
    return 0.96 if _KIND.search(head) and _VERSION.search(head) else 0.0


def read(material: Material) -> Iterator[Observation]:
    """Where an Ingress sends requests, what a Service selects, what pods offer."""
    for document in documents(material.text()):
        items = document.tables("items") if document.text("kind") == "List" else [document]
        for item in items[:500]:
            line = item.line + material.first_line - 1
            place: dict[str, Value] = {"file": material.name, "line": line}
            for hop, word, value in _object(item):
                yield Observation(hop, word, {**place, **value}, f"{KIND}:{material.name}:{line}")


def _object(item: Table) -> Iterator[tuple[Hop, str, dict[str, Value]]]:
    kind, name = item.text("kind"), item.table("metadata").text("name")
    spec = item.table("spec")
    if kind == "Service":
        yield Hop.GATEWAY, "config-selector", _service(name, spec)
    elif kind == "Ingress":
        for value in _ingress(spec):
            yield Hop.GATEWAY, "config-upstream", {"by": f"the Ingress {name}", **value}
    elif kind in _RUNNING:
        pod = spec if kind == "Pod" else spec.table("template").table("spec")
        about = item if kind == "Pod" else spec.table("template")
        yield from _pod(name, about.table("metadata").table("labels"), pod, spec.text("replicas"))


def _service(name: str, spec: Table) -> dict[str, Value]:
    ports: list[Value] = []
    for port in spec.tables("ports"):
        number = port.text("port")
        ports.append({"port": number, "name": port.text("name"),
                      "target": port.text("targetPort") or number})  # fmt: skip
    return {
        "by": f"the Service {name}",
        "name": name,
        "selector": _pairs(spec.table("selector")),
        "ports": tuple(ports),
    }


def _ingress(spec: Table) -> Iterator[dict[str, Value]]:
    backends = [("", "", spec.table("defaultBackend"))]
    backends += [
        (rule.text("host"), item.text("path"), item.table("backend"))
        for rule in spec.tables("rules")
        for item in rule.table("http").tables("paths")
    ]
    for host, path, backend in backends[:500]:
        service = backend.table("service")
        name = service.text("name") or backend.text("serviceName")
        port = service.table("port")
        number = port.text("number") or port.text("name") or backend.text("servicePort")
        if name:
            yield {
                "upstream": f"{name}:{number}", "sites": (host,) if host else (), "path": path,
                "protocol": "http", "service": name, "port": number,
            }  # fmt: skip


def _pod(
    name: str, labels: Table, pod: Table, replicas: str
) -> Iterator[tuple[Hop, str, dict[str, Value]]]:
    ports, names = list[str](), list[str]()
    for container in pod.tables("containers"):
        for port in container.tables("ports"):
            ports.append(port.text("containerPort"))
            names.append(port.text("name"))
        command = " ".join(
            word for key in ("command", "args") for word in container.items_of(key)
            if isinstance(word, str)
        )  # fmt: skip
        for word, value in started(command):
            by = {"by": name, "place": f"pod {name}"}
            yield Hop.UPSTREAM, word, {**value, **by}
        memory = container.table("resources").table("limits").text("memory")
        if memory:
            limit: dict[str, Value] = {"by": name, "setting": "memory", "most": memory[:40]}
            yield Hop.UPSTREAM, "config-limit", limit
        yield from _probes(name, container, ports, names)
    backend: dict[str, Value] = {
        "by": name, "name": name, "labels": _pairs(labels), "networks": "",
        "ports": tuple(dict.fromkeys(port for port in ports if port)),
        "port_names": tuple(dict.fromkeys(port for port in names if port)),
        "replicas": replicas,
    }  # fmt: skip
    yield Hop.UPSTREAM, "config-backend", backend
    if replicas == "0":
        flaw: dict[str, Value] = {
            "by": name, "flaw": "no-replicas", "detail": "it is scaled to 0 pods",
        }  # fmt: skip
        yield Hop.UPSTREAM, "config-flaw", flaw


def _probes(
    name: str, container: Table, ports: list[str], names: list[str]
) -> Iterator[tuple[Hop, str, dict[str, Value]]]:
    """A readiness probe that asks a port which the container does not name."""
    probe = container.table("readinessProbe")
    port = probe.table("httpGet").text("port") or probe.table("tcpSocket").text("port")
    if port and ports and port not in (*ports, *names):
        detail = f"its readiness probe asks port {port}, the container names {', '.join(ports)}"
        flaw: dict[str, Value] = {"by": name, "flaw": "probe-port", "detail": detail}
        yield Hop.UPSTREAM, "config-flaw", flaw


def _pairs(table: Table) -> tuple[str, ...]:
    return tuple(sorted(f"{key}={value}" for key, value in table.items() if isinstance(value, str)))
