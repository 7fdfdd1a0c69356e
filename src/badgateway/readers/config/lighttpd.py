"""lighttpd's configuration: where mod_proxy and mod_fastcgi send requests.

https://redmine.lighttpd.net/projects/lighttpd/wiki/Mod_proxy
"""

import re
from collections.abc import Iterator

from badgateway.model.hop import Hop
from badgateway.model.material import Material
from badgateway.model.observation import Observation, Value

KIND = "lighttpd-config"

_OWN = re.compile(
    r"(?m)^\s*(?:server\.(?:modules|document-root|port|errorlog)|proxy\.server|fastcgi\.server)"
    r"\s*\+?=\s*[\"(\d]"
)
_SERVERS = re.compile(r"(?m)^\s*(proxy|fastcgi|scgi)\.server\s*\+?=")
_ENTRY = re.compile(r"\"(host|port|socket)\"\s*=>\s*\"?([^\",)\s]+)")
_LOG = re.compile(r"(?m)^\s*server\.errorlog\s*=\s*\"([^\"\n]+)\"")


def fits(head: str) -> float:
    """Settings that only lighttpd has."""
    return 0.96 if _OWN.search(head) else 0.0


def read(material: Material) -> Iterator[Observation]:
    """Upstreams and the error log."""
    text = material.text(1 << 22)
    for found in _SERVERS.finditer(text):
        following = _SERVERS.search(text, found.end())
        block = text[found.end() : following.start() if following else len(text)][:20_000]
        line = material.first_line + text.count("\n", 0, found.start())
        protocol = "http" if found[1] == "proxy" else found[1]
        for address in _addresses(block):
            value: dict[str, Value] = {
                "by": "lighttpd",
                "upstream": address,
                "protocol": protocol,
                "sites": (),
                "path": "",
                "file": material.name,
                "line": line,
            }
            source = f"{KIND}:{material.name}:{line}"
            yield Observation(Hop.GATEWAY, "config-upstream", value, source)
    for found in _LOG.finditer(text):
        log: dict[str, Value] = {"by": "lighttpd", "path": found[1]}
        yield Observation(Hop.GATEWAY, "config-log", log, f"{KIND}:{material.name}")


def _addresses(block: str) -> Iterator[str]:
    """`host` and `port` belong together in the order they stand; a socket stands alone."""
    host = ""
    for found in _ENTRY.finditer(block):
        if found[1] == "socket":
            yield f"unix:{found[2]}"
        elif found[1] == "host":
            host = found[2]
        elif host:
            yield f"[{host}]:{found[2]}" if ":" in host else f"{host}:{found[2]}"
            host = ""
