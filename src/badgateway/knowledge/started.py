"""What the command line of an application server says: where it listens, its times and workers.

Options and defaults from gunicorn's settings page, uvicorn's settings page, `puma --help` and
`uwsgi --help`; seen in units, in compose files and in lists of processes.
"""

import re
import shlex
from collections.abc import Iterator, Mapping

from badgateway.model.observation import Value

_SERVER = re.compile(r"(?:^|[/\s])(gunicorn|uvicorn|hypercorn|daphne|puma|uwsgi|php-fpm[\d.]*)\b")
_OPTIONS: Mapping[str, Mapping[str, str]] = {
    "gunicorn": {
        **dict.fromkeys(("-b", "--bind"), "bind"),
        **dict.fromkeys(("-t", "--timeout"), "worker"),
        "--keep-alive": "keep",
        **dict.fromkeys(("-w", "--workers"), "workers"),
    },
    "uvicorn": {
        "--host": "host",
        "--port": "port",
        "--uds": "uds",
        "--timeout-keep-alive": "keep",
        "--workers": "workers",
    },
    "puma": {**dict.fromkeys(("-b", "--bind"), "bind"), **dict.fromkeys(("-p", "--port"), "port")},
    "uwsgi": {
        **dict.fromkeys(("-s", "--socket", "--http-socket", "--http"), "bind"),
        "--harakiri": "worker",
    },
}
_DEFAULTS: Mapping[str, Mapping[str, str]] = {
    "uvicorn": {"host": "127.0.0.1", "keep": "5"},
    "puma": {"host": "0.0.0.0"},  # noqa: S104 - what it says of itself
}
"""Defaults that no file of settings or variable of the environment may have changed unseen."""


def started(command: str) -> Iterator[tuple[str, dict[str, Value]]]:
    """The observations' words and values that a command line gives; nothing for other programs."""
    found = _SERVER.search(command[:4_000])
    options = _OPTIONS.get(found[1]) if found else None
    if found is None or options is None:
        return
    server = found[1]
    given = dict(_given(command[found.end() : 4_000], options))
    defaults = _DEFAULTS.get(server, {})
    both = {**defaults, **given}
    address = _address(both)
    if address:
        value: dict[str, Value] = {
            "address": address, "process": server, "queue": 0, "backlog": 0,
            "complete": False, "role": "application", "declared": True,
            "kind": "unix" if address.startswith("unix:") else "tcp",
        }  # fmt: skip
        yield "listening", value
    if (seconds := _number(both.get("worker"))) is not None:
        yield "config-timeout", {"setting": "timeout", "seconds": seconds, "role": "worker"}
    if (seconds := _number(both.get("keep"))) is not None:
        role = "backend" if "keep" in given else "backend-default"
        yield "config-keepalive", {"setting": "keep-alive", "seconds": seconds, "role": role}
    if (workers := _number(given.get("workers"))) is not None:
        yield "config-limit", {"setting": "workers", "most": workers}


def _given(rest: str, options: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    try:
        words = shlex.split(rest)
    except ValueError:
        words = rest.split()
    for place, word in enumerate(words):
        name, sign, value = word.partition("=")
        if name in options:
            follows = value if sign else words[place + 1] if place + 1 < len(words) else ""
            yield options[name], follows
        elif word[:2] in options and len(word) > 2 and not word.startswith("--"):
            yield options[word[:2]], word[2:]


def _address(both: Mapping[str, str]) -> str:
    if both.get("uds"):
        return f"unix:{both['uds']}"
    bind = re.sub(r"^(?:tcp|http)://", "", both.get("bind", ""))
    if bind.startswith(("unix:", "/")):
        path = re.sub(r"^unix:/*", "/", bind).split("?", 1)[0]
        return f"unix:{path}"
    if "port" in both:
        return f"{both.get('host', '*')}:{both['port']}"
    if bind.isdigit():
        return f"*:{bind}"
    return bind if re.fullmatch(r"\S{0,253}:\d{1,5}", bind) else ""


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and text.isascii() and len(text) < 7 else None
