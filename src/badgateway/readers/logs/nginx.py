"""nginx's error log, and that of what is built from nginx.

The line's shape stands in src/core/ngx_log.c and src/http/ngx_http_request.c
(ngx_http_log_error_handler): `TIME [LEVEL] PID#TID: *CONNECTION MESSAGE, client: …, upstream: …`.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from badgateway.knowledge.dialect import local_time, share_of_lines
from badgateway.knowledge.scan import Entry, scan
from badgateway.model.material import Material
from badgateway.model.observation import Observation, Value

KIND = "nginx-error-log"

_LINE = re.compile(r"(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[(\w+)\] (\d+)#\d+: (?:\*\d+ )?(.*)")
_FIELD = re.compile(r', (server|request|upstream|host): (?:"((?:[^"\\]|\\.)*)"|([^,]*))')
_PEER = re.compile(r"\w+://(unix:[^:]*|[^/]*)")


def fits(head: str) -> float:
    """Lines with nginx's time, level and process."""
    return 0.97 * share_of_lines(head, _LINE)


def read(material: Material) -> Iterator[Observation]:
    """What nginx says of its upstreams and of itself."""
    return scan(material, KIND, ["nginx", "php", "php-fpm"], _entry)


def _entry(line: str) -> Entry | None:
    found = _LINE.match(line)
    if found is None:
        return None

    def at() -> datetime | None:
        return local_time(found[1], "%Y/%m/%d %H:%M:%S")

    def values() -> Mapping[str, Value]:
        fields = {name: quoted or plain for name, quoted, plain in _FIELD.findall(found[4])}
        peer = _PEER.match(fields.get("upstream", ""))
        return {
            "level": found[2],
            "pid": int(found[3]),
            "server": fields.get("server"),
            "request": fields.get("request"),
            "upstream": peer[1] if peer else None,
        }

    return Entry(found[4], at, values)
