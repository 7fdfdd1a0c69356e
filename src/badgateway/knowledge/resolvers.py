"""The public resolvers that are worth asking."""

from dataclasses import dataclass
from importlib.resources import files

from badgateway.knowledge.files import table_of


@dataclass(frozen=True, slots=True)
class PublicResolver:
    """One address of a public resolver.

    Attributes:
        label: whose it is.
        address: literal address.
        doh: host name and path of its DoH service at that address, None without one.
    """

    label: str
    address: str
    doh: tuple[str, str] | None


def public_resolvers() -> tuple[PublicResolver, ...]:
    """All of them, in the order of the file."""
    name = "resolvers.toml"
    table = table_of(name, files("badgateway.knowledge").joinpath(name).read_text("utf-8"))
    found = []
    for item in table.tables("resolver"):
        item.only("label", "addresses", "doh", "source")
        doh = item.get("doh", dict, {})
        for address in item.strings("addresses"):
            way = (str(doh["host"]), str(doh["path"])) if doh else None
            found.append(PublicResolver(item.get("label", str), address, way))
    return tuple(found)
