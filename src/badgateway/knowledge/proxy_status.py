"""The Proxy-Status header (RFC 9209): parsed leniently, and what its error types mean."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from badgateway.knowledge.emitter import Meaning, shares_of
from badgateway.knowledge.files import table_of
from badgateway.model.hop import Hop

_MEMBER = re.compile(
    r'\s*("(?:[^"\\]|\\.){0,200}"|[^,;"\s]{1,200})((?:\s*;\s*[^,";]{1,200}(?:"[^"]{0,500}")?[^,";]{0,200}){0,20})'
)
_ERROR = re.compile(r";\s*error\s*=\s*([a-z_]{1,60})")


@dataclass(frozen=True, slots=True)
class ProxyStatus:
    """One member of the header: an intermediary and the error type it states, empty for none."""

    name: str
    error: str


def parse_proxy_status(header: str) -> tuple[ProxyStatus, ...]:
    """The intermediaries that the header names, the one closest to the origin first."""
    return tuple(
        ProxyStatus(found[1].strip('"'), error[1] if (error := _ERROR.search(found[2])) else "")
        for found in _MEMBER.finditer(header[:4_096])
    )


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
