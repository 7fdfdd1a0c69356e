"""Where an application listens: by its code, its command line, its settings, or its own word.

Covers Node's `listen(PORT, HOST)`, Flask's and uvicorn's `run(host=…, port=…)`, the flags of the
common servers, and a `host` beside a `port`.
"""

import re
from collections.abc import Iterator

from badgateway.model.hop import Hop
from badgateway.model.material import Material
from badgateway.model.observation import Observation, Value

KIND = "start-command"

_LIMIT = 20_000
_CALL = re.compile(r"\.listen\(\s*(?P<port>\d+)\s*,\s*['\"](?P<host>[\w.:]+)['\"]")
_RUN = re.compile(r"\.run\([^)\n]*\)")
_HOST = re.compile(r"\bhost\s*=\s*['\"]?([\w.:]+)")
_PORT = re.compile(r"\bport\s*=\s*(\d+)")
_FLAGS = re.compile(
    r"(?:uvicorn|hypercorn|vite|next|ng|nuxt|flask|webpack|jekyll|hugo|php|rails|http-server"
    r"|streamlit|daphne|manage\.py)\b[^\n]*"
)
_FLAG_HOST = re.compile(
    r"(?:--host(?:name)?|--server\.address|--bind|-H|-b|-a)[= ]['\"]?([\w.:]+|\[::1?\])"
)
_FLAG_PORT = re.compile(r"(?:--port|--server\.port|-p)[= ]['\"]?(\d+)")
_BIND = re.compile(
    r"\b(?:gunicorn|waitress-serve|uwsgi|php|hypercorn|daphne|manage\.py)\b[^\n]{0,200}?"
    r"(?:-b|--bind|--listen|--http-socket|--http|--socket|-S|runserver)[= ]['\"]?"
    r"(?P<address>(?:[\w.]+|\[::1?\]|\*)?:\d+)"
)
_PAIR_HOST = re.compile(
    r"(?mi)^\s*(?:export )?[\"']?(?:server_?|app_?)?host(?:name)?[\"']?\s*[:=]\s*[\"']?"
    r"(localhost|127\.0\.0\.1|0\.0\.0\.0|::1?)[\"']?\s*,?\s*$"
)
_PAIR_PORT = re.compile(
    r"(?mi)^\s*(?:export )?[\"']?(?:server_?|app_?)?port[\"']?\s*[:=]\s*[\"']?(\d+)[\"']?\s*,?\s*$"
)
_SAYS = re.compile(
    r"(?i)\b(?:listening|running|started|ready|serving|bound)\b[^\n:]{0,30}? (?:on|at|to)"
    r"(?: (?:address|tcp port|port\(s\)|port|url))?:? *(?:https?://|tcp://)?"
    r"(?P<host>localhost|\d+\.\d+\.\d+\.\d+|\[[0-9a-f:]+\]|\*)?:?(?P<port>\d{2,5})(?![\d.])"
)
"""What servers print once they are up; a host that is not named is every address."""


def fits(head: str) -> float:
    """A place to listen at, in one of these forms, in a short text."""
    text = head[:_LIMIT]
    return 0.85 if len(head) < _LIMIT and any(True for _ in _addresses(text)) else 0.0


def read(material: Material) -> Iterator[Observation]:
    """Where the application listens."""
    text = material.text(_LIMIT)
    for place, address in _addresses(text):
        value: dict[str, Value] = {
            "address": address, "process": "the application", "queue": 0, "backlog": 0,
            "complete": False, "role": "application", "kind": "tcp",
        }  # fmt: skip
        line = text.count("\n", 0, place) + material.first_line
        yield Observation(Hop.UPSTREAM, "listening", value, f"{KIND}:{material.name}:{line}")


def _addresses(text: str) -> Iterator[tuple[int, str]]:
    """Each address with the place where it stands."""
    for found in _CALL.finditer(text):
        yield found.start(), f"{found['host']}:{found['port']}"
    for found in _SAYS.finditer(text):
        yield found.start(), f"{found['host'] or '*'}:{found['port']}"
    for found in _RUN.finditer(text):
        host, port = _HOST.search(found[0]), _PORT.search(found[0])
        if host and port:
            yield found.start(), f"{host[1]}:{port[1]}"
    for found in _BIND.finditer(text):
        yield found.start(), found["address"]
    for found in _FLAGS.finditer(text):
        host, port = _FLAG_HOST.search(found[0]), _FLAG_PORT.search(found[0])
        if host and port:
            yield found.start(), f"{host[1]}:{port[1]}"
    host, port = _PAIR_HOST.search(text), _PAIR_PORT.search(text)
    if host and port:
        yield host.start(), f"{host[1]}:{port[1]}"
