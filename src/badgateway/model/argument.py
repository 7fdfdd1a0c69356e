"""Typed values: what may stand in an argument of a command or in a directive.

What was read from a site, a log or a file becomes part of a change only through one of these
types. Each admits exactly what the word means and nothing that a configuration or a program could
take for something else.
"""

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping

from badgateway.model.message import SpokenError, sentence
from badgateway.model.observation import Value

_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\Z")
_PATH = re.compile(r"/[A-Za-z0-9._/@+,:=-]{1,4000}\Z")
_WORD = re.compile(r"(?!.*[.][.])[A-Za-z0-9_][A-Za-z0-9_.@-]{0,127}\Z")
_SCOPE = re.compile(r"[A-Za-z0-9_.-]{1,15}\Z")
"""An interface's name or number behind an IPv6 address (RFC 4007): `ipaddress` takes any text."""
_ARGUMENT = re.compile(r"(?!-)[^\x00-\x1f\x7f]{1,128}\Z")
_SIZE = re.compile(r"[1-9]\d{0,8}[kKmMgG]?\Z")


class ArgumentError(SpokenError, ValueError):
    """A value that is not what its place wants."""


def _literal(text: str) -> str:
    """An address in its own form.

    Raises:
        ValueError: it is none.
    """
    found = ipaddress.ip_address(text.strip("[]"))
    scope = getattr(found, "scope_id", None)
    if scope is not None and not _SCOPE.match(scope):
        raise ValueError(scope)
    return str(found)


def _host(text: str) -> str:
    try:
        return _literal(text)
    except ValueError:
        labels = text.split(".")
        named = len(text) < 254 and all(_LABEL.match(label) for label in labels)
        if named and not labels[-1].isdigit():
            return text
    raise ArgumentError("'{text}' is no address and no host name", text=text[:60])


def _ip(text: str) -> str:
    try:
        return _literal(text)
    except ValueError:
        raise ArgumentError("'{text}' is no IP address", text=text[:60]) from None


def _port(text: str) -> str:
    if re.fullmatch(r"[1-9]\d{0,4}", text) and int(text) < 65_536:
        return text
    raise ArgumentError("'{text}' is no port", text=text[:60])


def _address(text: str) -> str:
    """`HOST:PORT` or `unix:/PATH`."""
    if text.startswith("unix:"):
        return "unix:" + _path(text.removeprefix("unix:"))
    host, _, port = text.rpartition(":")
    host = _host(host)
    return f"[{host}]:{_port(port)}" if ":" in host else f"{host}:{_port(port)}"


def _ips(text: str) -> str:
    """Addresses with commas between them."""
    return ",".join(_ip(part) for part in text.split(","))


def _maybe_ips(text: str) -> str:
    """Addresses with commas between them, or nothing."""
    return _ips(text) if text else ""


def _spaced_ips(text: str) -> str:
    """Addresses, given with commas between them, with spaces between them."""
    return _ips(text).replace(",", " ")


def _path(text: str) -> str:
    if _PATH.match(text) and "/../" not in f"{text}/":
        return text
    raise ArgumentError("'{text}' is no plain absolute path", text=text[:60])


def _matching(pattern: re.Pattern[str], says: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if pattern.match(text):
            return text
        raise ArgumentError(says, text=text[:60])

    return check


TYPES: Mapping[str, Callable[[str], str]] = {
    "address": _address,
    "host": _host,
    "ip": _ip,
    "ips": _ips,
    "port": _port,
    "path": _path,
    "pid": _matching(re.compile(r"[1-9]\d{0,9}\Z"), sentence("'{text}' is no process")),
    "count": _matching(re.compile(r"\d{1,9}\Z"), sentence("'{text}' is no number")),
    "seconds": _matching(
        re.compile(r"[1-9]\d{0,5}\Z"), sentence("'{text}' is no number of seconds")
    ),
    "size": _matching(_SIZE, sentence("'{text}' is no size")),
    "word": _matching(_WORD, sentence("'{text}' is no plain word")),
}
"""Each type with what returns the value in its own form, or raises `ArgumentError`."""

WHOLE: Mapping[str, Callable[[str], str]] = {
    "argument": _matching(_ARGUMENT, sentence("'{text}' is no plain name")),
    "each_ip": _spaced_ips,
    "maybe_ips": _maybe_ips,
    "spaced_ips": _spaced_ips,
}
"""Types for what stands alone: a whole word of a command (whatever people call a thing; a word for
each address; addresses or nothing), or the rest of a line in a file of our own. Never in a
directive of a server."""

PLACE = re.compile(r"\{(\w+):(\w+)\}")
"""How a place for a value is written: `{found:address}`."""


def filled(template: str, values: Mapping[str, Value]) -> str:
    """`template` with its places filled, each value checked by the type that the place names.

    Raises:
        ArgumentError: a value is missing or is not of its type.
    """

    def one(found: re.Match[str]) -> str:
        name, kind = found[1], found[2]
        value = values.get(name)
        if value is None or isinstance(value, bool | tuple | Mapping):
            raise ArgumentError("nothing is known for '{name}'", name=name)
        text = str(int(value)) if isinstance(value, float) else value
        return (TYPES.get(kind) or WHOLE[kind])(str(text))

    return PLACE.sub(one, template)


def words_of(templates: Iterable[str], values: Mapping[str, Value]) -> tuple[str, ...]:
    """A command's words, filled in; a place of type `each_ip` becomes a word for each address.

    Raises:
        ArgumentError: a value is missing or is not of its type.
    """
    words: list[str] = []
    for template in templates:
        text, place = filled(template, values), PLACE.fullmatch(template)
        words += text.split() if place is not None and place[2] == "each_ip" else [text]
    return tuple(words)
