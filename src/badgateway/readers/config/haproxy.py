"""HAProxy's configuration: sections of one keyword a line (doc/configuration.txt)."""

import itertools
import re
from collections.abc import Iterator

from badgateway.model.hop import Hop
from badgateway.model.material import Material
from badgateway.model.observation import Observation, Value

KIND = "haproxy-config"

_SECTION = re.compile(
    r"(global|defaults|frontend|backend|listen|resolvers|peers|userlist)\b\s*(\S*)"
)
_NAME = re.compile(r"(?=[^:/]*[A-Za-z])[A-Za-z0-9_](?:[\w.-]{0,252}\w)?")
_UNITS = {"us": 1e-6, "ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_ROLES = {
    "connect": "connect",
    "server": "read",
    "client": "client",
    "queue": "queue",
    "check": "check",
    "http-keep-alive": "idle",
    "tunnel": "tunnel",
}


def fits(head: str) -> float:
    """A section's head, and keywords under it."""
    sections = re.findall(r"(?m)^(?:global|defaults|frontend|backend|listen)\b", head)
    keywords = re.findall(
        r"(?m)^[ \t]+(?:server|bind|mode|timeout|balance|option|default_backend)\s", head
    )
    if not sections or ";" in head.split("#", maxsplit=1)[0][:2_000].replace("; ", ""):
        return 0.0
    return 0.97 if keywords else 0.0


def read(material: Material) -> Iterator[Observation]:
    """Servers, addresses, times and limits."""
    section = name = ""
    for number, line in material.lines():
        words = re.split(r"(?<!\\)#", line, maxsplit=1)[0].split()
        if not words:
            continue
        if not line[0].isspace() and (found := _SECTION.match(line)):
            section, name = found[1], found[2]
            continue
        for word, value in _line(words, section, name):
            value |= {"by": "haproxy", "file": material.name, "line": number}
            yield Observation(Hop.GATEWAY, word, value, f"{KIND}:{material.name}:{number}")


def _line(words: list[str], section: str, name: str) -> Iterator[tuple[str, dict[str, Value]]]:
    match words:
        case ["server", server, address, *options]:
            port = re.search(r"\bport\s+(\d+)", " ".join(options))
            yield (
                "config-upstream",
                {
                    "upstream": _plain(address)
                    if ":" in address
                    else f"{address}:{port[1] if port else 80}",
                    "server": f"{name}/{server}",
                    "sites": (),
                    "path": "",
                    "protocol": "https" if "ssl" in options else "http",
                    "check": "check" in options,
                    **(_security(options) if "ssl" in options else {}),
                },
            )
            if address.split(":")[0] == "localhost":
                detail = "localhost is 127.0.0.1 and ::1; the application may listen on one only"
                yield "config-flaw", {"flaw": "localhost-ambiguous", "detail": detail}
            name = _plain(address).rsplit(":", 1)[0]
            if _NAME.fullmatch(name) and name != "localhost" and "resolvers" not in options:
                detail = f"the name {name} is looked up once, when HAProxy starts"
                yield "config-flaw", {"flaw": "name-resolved-once", "detail": detail}
            if "ssl" in options and "sni" not in options:
                detail = "no server name is sent to the upstream (no `sni` on the server line)"
                yield "config-flaw", {"flaw": "sni-missing", "detail": detail}
        case ["bind", address, *_]:
            yield "config-listen", {"address": _plain(address), "sites": ()}
        case ["timeout", which, time, *_] if which in _ROLES and (s := _seconds(time)) is not None:
            role = _ROLES[which]
            yield "config-timeout", {"setting": f"timeout {which}", "seconds": s, "role": role}
        case ["maxconn", most, *_]:
            yield "config-limit", {"setting": f"maxconn ({section})", "most": most}
        case ["http-request", "return", "status", "503", *rest] if not _conditional(rest):
            yield "maintenance-on", {"detail": "every request is answered 503 by rule"}
        case ["http-request", "deny", "deny_status", "503", *rest] if not _conditional(rest):
            yield "maintenance-on", {"detail": "every request is answered 503 by rule"}
        case ["http-request", "deny", *rest]:
            yield "config-setting", {"setting": "http-request deny", "value": " ".join(rest)[:200]}


def _security(options: list[str]) -> dict[str, Value]:
    """How it shakes hands (doc/configuration.txt, 5.2): it checks unless it is told not to.

    A certificate must be good for `verifyhost`, or else for the name that is sent.
    """
    told = dict(itertools.pairwise(options))
    sni = re.fullmatch(r"str\(([^)]*)\)", told.get("sni", ""))
    name = sni[1] if sni else ""
    if "sni" in told and not sni:
        # Taken from the request: which name that is, nobody can say here.
        return {}
    return {
        "server_name": name,
        "expects": told.get("verifyhost", name),
        "checks": told.get("verify") != "none",
        "authorities": told.get("ca-file", ""),
        "shows": "crt" in told,
    }


def _conditional(words: list[str]) -> bool:
    """Whether a rule holds for some requests only."""
    return "if" in words or "unless" in words


def _plain(address: str) -> str:
    """`ipv4@1.2.3.4:80`, `unix@/path`, `/path` as an address."""
    address = re.sub(r"^(?:ipv4|ipv6|tcp4?|tcp6)@", "", address)
    if address.startswith(("/", "unix@")):
        return f"unix:{address.removeprefix('unix@')}"
    return address


def _seconds(text: str) -> float | None:
    found = re.fullmatch(r"(\d+)(us|ms|[smhd])?", text)
    return int(found[1]) * _UNITS[found[2] or "ms"] if found else None
