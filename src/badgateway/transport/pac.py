"""Proxy scripts (PAC): which proxy a script chooses for a URL.

A script is a program of somebody else's, so it runs in QuickJS with a limit on time, memory and
stack and with no way to the network or the disk. Names that it asks about are looked up outside of
it, a few at most, and it runs again with the answers.
"""

import json
import socket
from collections.abc import Callable
from functools import cache
from importlib.resources import files

from badgateway.model.failure import Failure
from badgateway.transport.failures import TransportError

SCRIPT_LIMIT = 262_144
"""Characters of a script that are run; Chromium stops at 1 MiB, real ones have some ten KiB."""
_SECONDS = 1
_MEMORY = 32 * 1024 * 1024
_STACK = 256 * 1024
_ROUNDS = 4
_NAMES = 12
"""Names that one script may have looked up."""
_WORDS = {"PROXY": "http", "HTTP": "http", "SOCKS": "socks5", "SOCKS5": "socks5"}
"""What our own proxy code speaks; `HTTPS` and `SOCKS4` are passed over for the next choice."""


@cache
def _helpers() -> str:
    return files("badgateway.transport").joinpath("pac.js").read_text("utf-8")


def chosen(
    script: str, url: str, host: str, mine: str, look_up: Callable[[str], str | None]
) -> str | None:
    """The URL of the first proxy that a script chooses; None for the direct way. Blocks.

    Args:
        script: its text.
        url: what it is asked about; browsers give https URLs without their path.
        host: the URL's host.
        mine: this machine's own address.
        look_up: finds the IPv4 address of a name; None where it has none.

    Raises:
        ImportError: the extra `pac` is not installed.
        TransportError: the script is broken, or takes too long.
    """
    known: dict[str, str | None] = {}
    for _ in range(_ROUNDS):
        answer, asked = _run(script[:SCRIPT_LIMIT], url, host, mine, known)
        names = [name for name in asked if name not in known][: _NAMES - len(known)]
        if not names:
            return _first(answer)
        known |= {name: look_up(name) for name in names}
    return _first(answer)


def address_of_name(name: str) -> str | None:
    """The IPv4 address that this machine finds for a name; None for none. Blocks."""
    try:
        found = socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return None
    return str(found[0][4][0]) if found else None


def _run(
    script: str, url: str, host: str, mine: str, known: dict[str, str | None]
) -> tuple[str, list[str]]:
    """The script's answer, and the names that it asked about and that are not known."""
    import quickjs  # noqa: PLC0415 - an extra, which only a script is worth

    context = quickjs.Context()
    context.set_memory_limit(_MEMORY)
    context.set_max_stack_size(_STACK)
    context.set_time_limit(_SECONDS)
    given = {"known": known, "mine": mine}
    start = "".join(f"var {name} = {json.dumps(value)};\n" for name, value in given.items())
    arguments = f"{json.dumps(url)}, {json.dumps(host)}"
    call = f"JSON.stringify([String(FindProxyForURL({arguments})), asked])"
    try:
        context.eval(start + _helpers())
        context.eval(script)
        told = json.loads(context.eval(call))
    except quickjs.JSException as error:
        said = " ".join(str(error).split())[:200]
        raise TransportError(Failure.UNKNOWN, f"the proxy script fails: {said}") from error
    except (ValueError, TypeError) as error:
        raise TransportError(Failure.UNKNOWN, "the proxy script gives no answer") from error
    answer, asked = told
    return str(answer)[:2_000], [str(name)[:253] for name in asked][:_NAMES]


def _first(answer: str) -> str | None:
    for choice in answer.split(";"):
        word, _, place = choice.strip().partition(" ")
        if word.upper() == "DIRECT":
            return None
        if scheme := _WORDS.get(word.upper()):
            return f"{scheme}://{place.strip()}"
    return None
