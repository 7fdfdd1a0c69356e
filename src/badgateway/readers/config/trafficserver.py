"""Traffic Server's remap.config: which origin each site is fetched from.

https://docs.trafficserver.apache.org/en/latest/admin-guide/files/remap.config.en.html
"""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from badgateway.model.hop import Hop
from badgateway.model.material import Material
from badgateway.model.observation import Observation, Value

KIND = "trafficserver-remap"

_MAP = re.compile(r"\s*(?:regex_)?map\s+(https?://\S+)\s+(https?://\S+)")
_PORTS = {"http": 80, "https": 443}


def fits(head: str) -> float:
    """Lines that map one URL to another."""
    return 0.96 if any(_MAP.match(line) for line in head.splitlines()[:500]) else 0.0


def read(material: Material) -> Iterator[Observation]:
    """One upstream for each mapping."""
    for number, line in material.lines():
        found = _MAP.match(line)
        if found is None:
            continue
        try:
            site, origin = urlsplit(found[1]), urlsplit(found[2])
            port = origin.port or _PORTS[origin.scheme]
        except ValueError:
            continue
        host = origin.hostname or ""
        value: dict[str, Value] = {
            "by": "trafficserver",
            "upstream": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            "protocol": origin.scheme,
            "sites": (site.hostname or "",),
            "path": site.path,
            "file": material.name,
            "line": number,
        }
        source = f"{KIND}:{material.name}:{number}"
        yield Observation(Hop.GATEWAY, "config-upstream", value, source)
