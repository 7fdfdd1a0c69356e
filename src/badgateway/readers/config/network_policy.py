"""Kubernetes network policies: which traffic pods take is an allow-list as soon as one is there.

https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

import re
from collections.abc import Iterator

from badgateway.model.hop import Hop
from badgateway.model.material import Material
from badgateway.model.observation import Observation, Value

KIND = "network-policy"

_KIND = re.compile(r"(?m)^kind:\s*(?:Cilium|Global)?NetworkPolicy\b")
_NAME = re.compile(r"(?m)^\s+name:\s*(\S+)")
_INGRESS = re.compile(r"(?m)^\s+(?:-\s*)?(?:ingress:|-?\s*Ingress\b)")
_EVERYBODY = re.compile(r"(?m)^\s+ingress:\s*\n\s*-\s*\{\}")


def fits(head: str) -> float:
    """Its kind."""
    return 0.97 if _KIND.search(head[:65_536]) else 0.0


def read(material: Material) -> Iterator[Observation]:
    """That traffic to pods is restricted, unless everybody is let in."""
    text = material.text(1 << 20)
    source = f"{KIND}:{material.name}"
    for document in re.split(r"(?m)^---\s*$", text):
        if not _KIND.search(document) or not _INGRESS.search(document):
            continue
        if _EVERYBODY.search(document):
            continue
        name = _NAME.search(document)
        rule: dict[str, Value] = {
            "action": "restricts", "address": "the pods it selects", "port": "any",
            "rule": name[1] if name else "a network policy",
        }  # fmt: skip
        yield Observation(Hop.LINK, "firewall-rule", rule, source)
