"""The Proxy-Status header (RFC 9209): parsed leniently, and what its error types mean."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from badgateway.knowledge.emitter import Meaning, shares_of
from badgateway.knowledge.files import table_of
from badgateway.model.hop import Hop

_PIECE = re.compile(r'"(?:[^"\\]|\\.){0,500}"|[^",;]{1,500}|[,;]|"')
"""A quoted string, a run of anything else, or a separator: in that order, so that a separator or
a parameter inside quotes stays text."""


@dataclass(frozen=True, slots=True)
class ProxyStatus:
    """One member of the header: an intermediary and the error type it states, empty for none."""

    name: str
    error: str


def parse_proxy_status(header: str) -> tuple[ProxyStatus, ...]:
    """The intermediaries that the header names, the one closest to the origin first."""
    members: list[ProxyStatus] = []
    name, error, first = "", "", True
    for piece in [*_PIECE.findall(header[:4_096]), ","]:
        if piece == ",":
            if name:
                members.append(ProxyStatus(name, error))
            name, error, first = "", "", True
        elif piece == ";":
            first = False
        elif first:
            name = name or piece.strip().strip('"')
        else:
            key, _, value = piece.partition("=")
            if key.strip() == "error" and not error:
                error = value.strip()
    return tuple(members)


def load_proxy_status() -> Mapping[str, Meaning]:
    """What each error type means, by its name."""
    file = "proxy_status.toml"
    table = table_of(file, files("badgateway.knowledge").joinpath(file).read_text("utf-8"))
    meanings: dict[str, Meaning] = {}
    for item in table.tables("type"):
        item.only("names", "says", "hop", "causes")
        meaning = Meaning(
            status=frozenset(),
            mark="",
            variant="",
            says=item.get("says", str),
            hop=Hop(item.get("hop", str)),
            causes=shares_of(item),
            source="https://www.rfc-editor.org/rfc/rfc9209#section-2.3",
        )
        meanings.update((name, meaning) for name in item.strings("names"))
    return meanings
