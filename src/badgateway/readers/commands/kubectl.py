"""What `kubectl get` prints as a table: pods, endpoints, events; and pieces of manifests."""

import re
from collections.abc import Iterator

from badgateway.model.hop import Hop
from badgateway.model.material import Material
from badgateway.model.observation import Observation, Value

KIND = "kubectl"

_POD = re.compile(
    r"(?m)^(?:\S+[ \t]+)?(\S+)[ \t]+(\d+)/(\d+)[ \t]+([A-Z]\w+(?::\w+)*)[ \t]+(\d+)"
    r"(?:[ \t]+\([^)]*\))?[ \t]+\S+"
)
_ENDPOINTS = re.compile(
    r"(?m)^(?:\S+[ \t]+)?(\S+)[ \t]+(<none>|\d+\.\d+\.\d+\.\d+:\d+\S*)[ \t]+\d+\w+[ \t\r]*$"
)
_REASON = re.compile(
    r"(?m)^[ \t]*Reason:[ \t]+"
    r"(OOMKilled|Error|CrashLoopBackOff|Completed|ContainerCannotRun)[ \t\r]*$"
)
_PROBE = re.compile(r"(Readiness|Liveness|Startup) probe failed: (.*)")
_NO_ENDPOINTS = re.compile(
    r"(?m)^\s*Endpoints:\s*(?:<none>)?[ \t]*$|^\s*subsets: \[\]|<error: endpoints \"|\(<none>\)"
)
"""`kubectl describe` of a Service or an Ingress, and the object itself."""
_SELECTOR = re.compile(
    r"(?mi)^#?[ \t]*(?:service )?selector[ \t]*:?[ \t\r]*$\n"
    r"((?:^[ \t]*[\w./-]+:[ \t]*\S+[ \t\r]*$\n?)+)"
)
_LABELS = re.compile(
    r"(?mi)^#?[ \t]*(?:pod )?labels?[ \t]*:?[ \t\r]*$\n"
    r"((?:^[ \t]*[\w./-]+:[ \t]*\S+[ \t\r]*$\n?)+)"
)


def fits(head: str) -> float:
    """The headings of its tables, or labels and selectors of a manifest."""
    if re.search(r"(?m)^(?:NAMESPACE[ \t]+)?NAME[ \t]+(?:READY|ENDPOINTS|TYPE|CLASS)\b", head):
        return 0.97
    if re.search(r"(?m)^LAST SEEN[ \t]+TYPE[ \t]+REASON", head) or _PROBE.search(head):
        return 0.95
    if _REASON.search(head) or (_NO_ENDPOINTS.search(head) and "ndpoints" in head):
        return 0.93
    if _SELECTOR.search(head) or re.search(
        r"(?m)^kind: (?:Service|Deployment|Ingress|Pod)\b", head
    ):
        return 0.92
    return 0.0


def read(material: Material) -> Iterator[Observation]:
    """Pods, endpoints, failed probes, what a Service selects."""
    text, source = material.text(1 << 22), f"{KIND}:{material.name}"
    for found in _POD.finditer(text):
        ready, wanted = int(found[2]), int(found[3])
        pod: dict[str, Value] = {
            "name": found[1],
            "state": found[4],
            "ready": f"{ready}/{wanted}",
            "restarts": int(found[5]),
            "unready": ready < wanted and found[4] == "Running",
        }
        yield Observation(Hop.UPSTREAM, "pod", pod, source)
    if "ENDPOINTS" in text:
        for found in _ENDPOINTS.finditer(text):
            count = 0 if found[2] == "<none>" else found[2].count(",") + 1
            ends: dict[str, Value] = {"name": found[1], "count": count}
            yield Observation(Hop.GATEWAY, "endpoints", ends, source)
    if _NO_ENDPOINTS.search(text) and "ndpoints" in text:
        none: dict[str, Value] = {"name": "the service", "count": 0}
        yield Observation(Hop.GATEWAY, "endpoints", none, source)
    for found in _PROBE.finditer(text):
        value: dict[str, Value] = {
            "kind": found[1],
            "name": "a pod",
            "detail": found[2][:200],
            "count": 1,
        }
        yield Observation(Hop.UPSTREAM, "probe-failed", value, source)
    for found in _REASON.finditer(text):
        reason: dict[str, Value] = {"name": "a pod", "reason": found[1], "detail": ""}
        yield Observation(Hop.UPSTREAM, "pod-condition", reason, source)
    for found in _LABELS.finditer(text):
        backend: dict[str, Value] = {
            "name": "a pod", "labels": _pairs(found[1]), "networks": "", "ports": "",
            "file": material.name, "line": text.count("\n", 0, found.start()) + 1,
        }  # fmt: skip
        yield Observation(Hop.UPSTREAM, "config-backend", backend, source)
    for found in _SELECTOR.finditer(text):
        chosen: dict[str, Value] = {
            "name": "the service", "selector": _pairs(found[1]),
            "file": material.name, "line": text.count("\n", 0, found.start()) + 1,
        }  # fmt: skip
        yield Observation(Hop.GATEWAY, "config-selector", chosen, source)


def _pairs(text: str) -> tuple[str, ...]:
    found = re.findall(r"([\w./-]+):[ \t]*(\S+)", text)
    return tuple(sorted(f"{key}={value}" for key, value in found))
