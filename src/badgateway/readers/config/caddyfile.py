"""A Caddyfile: sites and where they send requests (https://caddyserver.com/docs/caddyfile)."""

import re
from collections.abc import Iterator

from badgateway.model.hop import Hop
from badgateway.model.material import Material
from badgateway.model.observation import Observation, Value

KIND = "caddyfile"

_PROXY = re.compile(r"(?m)^[ \t]*(?:reverse_proxy|php_fastcgi|proxy)[ \t]+\S")
_SITE = re.compile(r"(?m)^(?:https?://)?[\w.*-]*(?::\d{1,5})?(?:, \S+)*[ \t]*\{[ \t\r]*$")
_SERVES = re.compile(
    r"(?m)^[ \t]+(?:file_server|root \*|encode (?:gzip|zstd)|php_fastcgi|respond|tls|handle"
    r"|route)\b"
)
_TIMEOUTS = {"dial_timeout": "connect", "response_header_timeout": "read", "read_timeout": "read"}
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}


def fits(head: str) -> float:
    """A directive that only Caddy has, without semicolons."""
    if re.search(r"(?m)^[^#\n]*;[ \t\r]*$", head):
        return 0.0
    served = _SITE.search(head) and _SERVES.search(head)
    return 0.95 if _PROXY.search(head) or served else 0.0


def read(material: Material) -> Iterator[Observation]:
    """Upstreams, times, and what every request is answered."""
    site, depth = "", 0
    for number, line in material.lines():
        words = line.split("#", 1)[0].split()
        if not words:
            continue
        if depth == 0 and words[-1] == "{":
            site = " ".join(words[:-1])
        for word, value in _line(words, site):
            value |= {"by": "caddy", "file": material.name, "line": number}
            yield Observation(Hop.GATEWAY, word, value, f"{KIND}:{material.name}:{number}")
        depth += words.count("{") - words.count("}")


def _line(words: list[str], site: str) -> Iterator[tuple[str, dict[str, Value]]]:
    sites = tuple(name.rstrip(",") for name in site.split())
    if words[0] in ("reverse_proxy", "php_fastcgi", "to", "proxy"):
        protocol = "fastcgi" if words[0] == "php_fastcgi" else "http"
        for target in words[1:]:
            if target in ("{", "/*", "*") or target.startswith(("@", "/")):
                continue
            address, scheme = _address(target, protocol)
            if address is None:
                continue
            value: dict[str, Value] = {"upstream": address, "protocol": scheme, "path": ""}
            yield "config-upstream", {**value, "sites": sites}
            if address.startswith("localhost:"):
                detail = "localhost is 127.0.0.1 and ::1; the application may listen on one only"
                yield "config-flaw", {"flaw": "localhost-ambiguous", "detail": detail}
    elif words[0] in _TIMEOUTS and len(words) > 1 and (s := _seconds(words[1])) is not None:
        yield "config-timeout", {"setting": words[0], "seconds": s, "role": _TIMEOUTS[words[0]]}
    elif words[0] == "respond" and "503" in words:
        yield "maintenance-on", {"detail": "every request is answered 503 by rule"}
    elif words[:2] == ["output", "file"] and len(words) > 2:
        yield "config-log", {"path": words[2], "kind": "access"}


def _address(target: str, protocol: str) -> tuple[str | None, str]:
    scheme, _, rest = target.rpartition("://")
    scheme, rest = scheme or protocol, rest.rpartition("@")[2]
    if rest.startswith("unix/"):
        return f"unix:{rest.removeprefix('unix/')}", scheme
    if not re.fullmatch(r"[\w.\-\[\]:<>${}]*", rest):
        return None, scheme
    if not re.search(r":(\d+|<\w+>)$", rest):
        rest = f"{rest}:{443 if scheme == 'https' else 80}"
    return rest, scheme


def _seconds(text: str) -> float | None:
    found = re.fullmatch(r"(\d+)(ms|[smh])", text)
    return int(found[1]) * _UNITS[found[2]] if found else None
