"""wp-config.php: where WordPress looks for its database. The password is never taken over."""

import re
from collections.abc import Iterator

from badgateway.model.hop import Hop
from badgateway.model.material import Material
from badgateway.model.observation import Observation

KIND = "wp-config"

_DEFINE = re.compile(r"define\(\s*['\"](\w+)['\"]\s*,\s*(?:['\"]([^'\"]*)['\"]|(\w+))\s*\)")


def fits(head: str) -> float:
    """PHP that defines DB_NAME or DB_HOST."""
    return 0.98 if re.search(r"define\(\s*['\"]DB_(?:NAME|HOST|USER)['\"]", head) else 0.0


def read(material: Material) -> Iterator[Observation]:
    """The database's address, name and user."""
    host, name, line = "localhost", "", 0
    for number, text in material.lines():
        for constant, quoted, bare in _DEFINE.findall(text):
            if constant == "DB_HOST":
                host, line = quoted, number
            elif constant == "DB_NAME":
                name, line = quoted, line or number
            elif constant in ("WP_DEBUG", "WP_DEBUG_LOG", "DISABLE_WP_CRON", "WP_MEMORY_LIMIT"):
                value = {
                    "by": "wordpress",
                    "file": material.name,
                    "line": number,
                    "setting": constant,
                    "value": quoted or bare,
                }
                source = f"{KIND}:{material.name}:{number}"
                yield Observation(Hop.UPSTREAM, "config-setting", value, source)
    if host.startswith("localhost:/"):
        host = f"unix:{host.removeprefix('localhost:')}"
    value = {
        "by": "wordpress",
        "file": material.name,
        "line": line,
        "database": host if ":" in host else f"{host}:3306",
        "name": name,
    }
    yield Observation(Hop.DATABASE, "config-database", value, f"{KIND}:{material.name}:{line}")
