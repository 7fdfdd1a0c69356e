"""Settings of an application as people write them down: `listen address: …`, `keepAliveTimeout: …`.

Covers Node's, gunicorn's, Puma's and other servers' own names of the same few things: where it
listens, how long it keeps idle connections, how many it queues; and where a proxy's form sends
requests.
"""

import re
from collections.abc import Iterator

from badgateway.model.hop import Hop
from badgateway.model.material import Material
from badgateway.model.observation import Observation, Value

KIND = "application-settings"

_SETTING = re.compile(
    r"(?i)^\s*(?:export\s+|const\s+|server\.|app\.|-+)?"
    r"(listen(?:ing)?(?: address| on)?|bind(?: address)?|host|address"
    r"|forward host(?:name)?|forward port"
    r"|keep-?_?alive_?-?(?:timeout)?|keepalivetimeout|persistent_timeout|timeout-keep-alive"
    r"|(?:load balancer |lb |proxy |idle )*idle timeout|headerstimeout|backlog|workers|timeout"
    r"|virtual_host|upstream|target|proxy host)\s*(?:[:=]| is )\s*(.*)$"
)
_BIND = re.compile(r"(?i)^\s*bind\s+['\"]?(unix:/{0,2}/\S+?|tcp://\S+?)['\"]?(?:\s|$)")
_ADDRESS = re.compile(r"(\[[0-9a-f:]+\]|[\w.-]+|\*)?:(\d+)$")
_SECONDS = re.compile(r"(?<![\d.])(\d{1,9}(?:\.\d{1,9})?)(?![\d.]) ?(ms|s|min|m)?\b")
_BACKEND = ("keep", "persistent", "timeout-keep")
_FRONT = ("load", "lb", "proxy", "idle")


def fits(head: str) -> float:
    """Short lines of names and values, one of which is known."""
    lines = [line for line in head.splitlines()[:60] if line.strip() and line.strip()[0] != "#"]
    known = sum(1 for line in lines if _SETTING.match(line) or _BIND.match(line))
    if not known or any(line.rstrip().endswith(("{", "}", ";")) for line in lines):
        return 0.0
    return 0.92 if known == len(lines) else 0.6 * known / len(lines)


def read(material: Material) -> Iterator[Observation]:
    """Addresses, times and queues."""
    host = ""
    for number, line in material.lines():
        found, bound = _SETTING.match(line), _BIND.match(line)
        if bound:
            address = re.sub(r"^unix:/*", "unix:/", bound[1]).removeprefix("tcp://")
            yield _listens(material, number, address)
            continue
        if found is None:
            continue
        name, text = found[1].lower(), found[2].strip().strip("\"'")
        if name.startswith("listen") and text.isdigit():
            text = f"*:{text}"  # "Listening on :8000"
        if name.startswith("forward host"):
            host = text
        elif name == "forward port" and text.isdigit():
            value: dict[str, Value] = {
                "upstream": f"{host or 'localhost'}:{text}",
                "protocol": "http",
                "sites": (),
                "path": "",
            }
            yield _say(material, number, Hop.GATEWAY, "config-upstream", value)
        elif name.startswith(("listen", "bind", "address")) and (a := _ADDRESS.search(text)):
            yield _listens(material, number, f"{a[1] or '*'}:{a[2]}")
        elif name.startswith((*_BACKEND, *_FRONT)) and (s := _seconds(text)) is not None:
            role = "backend" if name.startswith(_BACKEND) else "upstream"
            value = {"setting": found[1], "seconds": s, "role": role}
            yield _say(material, number, Hop.LINK, "config-keepalive", value)
        elif name == "virtual_host":
            value = {"setting": found[1], "value": text}
            yield _say(material, number, Hop.GATEWAY, "config-setting", value)


def _listens(material: Material, line: int, address: str) -> Observation:
    value: dict[str, Value] = {
        "address": address, "process": "the application", "queue": 0, "backlog": 0,
        "complete": False, "role": "application", "kind": "tcp",
    }  # fmt: skip
    source = f"{KIND}:{material.name}:{line}"
    return Observation(Hop.UPSTREAM, "listening", value, source)


def _say(
    material: Material, line: int, hop: Hop, word: str, value: dict[str, Value]
) -> Observation:
    value = {"by": "the application", "file": material.name, "line": line, **value}
    return Observation(hop, word, value, f"{KIND}:{material.name}:{line}")


def _seconds(text: str) -> float | None:
    found = _SECONDS.search(text)
    if found is None:
        return None
    number = float(found[1])
    unit = found[2] or ("ms" if number >= 1000 else "s")
    return number * {"ms": 0.001, "s": 1, "m": 60, "min": 60}[unit]
