"""PHP-FPM's pools and php.ini (https://www.php.net/manual/en/install.fpm.configuration.php)."""

import re
from collections.abc import Iterator

from badgateway.model.hop import Hop
from badgateway.model.material import Material
from badgateway.model.observation import Observation, Value

KIND = "php-config"

_SETTING = re.compile(
    r"\s*;?\s*(listen(?:\.\w+)?|pm(?:\.\w+)?|request_terminate_timeout|request_slowlog_timeout|slowlog"
    r"|user|group|error_log|memory_limit|max_execution_time|php_(?:admin_)?(?:value|flag)\[[^\]]+\]"
    r"|opcache\.\w+|process\.max|pid|catch_workers_output|rlimit_\w+|default_socket_timeout)\s*=\s*(.*)$"
)
_LOGS = ("error_log", "slowlog", "php_value[error_log]", "php_admin_value[error_log]")


def fits(head: str) -> float:
    """Settings that only PHP has."""
    lines = [line for line in head.splitlines()[:400] if line.strip()]
    known = sum(1 for line in lines if _SETTING.match(line))
    other = sum(1 for line in lines if re.match(r"\s*(?:;|\[[\w.-]+\]\s*$|[\w.\[\]]+\s*=)", line))
    if not known or other < len(lines):
        return 0.0
    return 0.94


def read(material: Material) -> Iterator[Observation]:
    """Where the pool listens, how many workers it has, its times."""
    pool: dict[str, Value] = {"pool": "", "address": "", "most": "unknown", "line": 0}
    for number, line in material.lines():
        if found := re.match(r"\s*\[([\w.-]+)\]", line):
            yield from _pool(pool, material)
            pool = {"pool": found[1], "address": "", "most": "unknown", "line": number}
            continue
        setting = _SETTING.match(line)
        if setting is None or line.lstrip().startswith(";"):
            continue
        name, text = setting[1], setting[2].split(";")[0].strip().strip('"')
        if name == "listen":
            pool |= {"address": _address(text), "line": number}
        elif name == "pm.max_children" and text.isdigit():
            pool["most"] = int(text)
        elif name == "request_terminate_timeout" and (s := _seconds(text)):
            yield _say(material, number, "config-timeout", setting=name, seconds=s, role="worker")
        elif name in _LOGS and text.startswith("/"):
            kind = "slow" if name == "slowlog" else "error"
            # `$pool` stands for the pool's name, in every setting of a pool.
            path = text.replace("$pool", str(pool["pool"]))
            yield _say(material, number, "config-log", path=path, kind=kind)
        elif name in ("listen.mode", "listen.owner", "listen.group"):
            pool[name.removeprefix("listen.")] = text[:40]
        elif "memory_limit" in name or name == "user":
            yield _say(material, number, "config-setting", setting=name, value=text)
    yield from _pool(pool, material)


def _pool(pool: dict[str, Value], material: Material) -> Iterator[Observation]:
    if pool["address"]:
        line = pool["line"]
        value = {**pool, "by": "php-fpm", "file": material.name, "process": "php-fpm"}
        yield Observation(Hop.UPSTREAM, "config-pool", value, f"{KIND}:{material.name}:{line}")


def _address(text: str) -> str:
    if text.startswith("/"):
        return f"unix:{text}"
    return f"*:{text}" if text.isdigit() else text


def _seconds(text: str) -> float | None:
    found = re.fullmatch(r"(\d+)([smhd]?)", text)
    return (
        int(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}[found[2]]
        if found
        else None
    )


def _say(material: Material, line: int, word: str, **values: Value) -> Observation:
    value: dict[str, Value] = {"by": "php-fpm", "file": material.name, "line": line, **values}
    return Observation(Hop.UPSTREAM, word, value, f"{KIND}:{material.name}:{line}")
