"""What is asked beside the site: public resolvers, and the pages that tell a captive portal."""

from dataclasses import dataclass
from importlib.resources import files

from badgateway.knowledge.files import Table, table_of


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


@dataclass(frozen=True, slots=True)
class ResolverService:
    """A public resolver as somebody sets it on a machine.

    Attributes:
        label: whose it is.
        ipv4: its IPv4 addresses.
        ipv6: its IPv6 addresses.
    """

    label: str
    ipv4: tuple[str, ...]
    ipv6: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PortalPage:
    """A page by which systems find out whether a network wants a sign-in first.

    Attributes:
        url: plain HTTP.
        status: what it answers.
        body: text that its answer contains, empty for none.
    """

    url: str
    status: int
    body: str


def portal_checks() -> tuple[PortalPage, ...]:
    """All of them, in the order of the file."""
    return tuple(
        PortalPage(item.get("url", str), item.get("status", int), item.get("body", str, ""))
        for item in _table().tables("portal_check")
    )


def public_resolvers() -> tuple[PublicResolver, ...]:
    """All of them, in the order of the file."""
    found = []
    for item in _table().tables("resolver"):
        item.only("label", "addresses", "ipv6", "doh", "source")
        doh = item.get("doh", dict, {})
        for address in item.strings("addresses"):
            way = (str(doh["host"]), str(doh["path"])) if doh else None
            found.append(PublicResolver(item.get("label", str), address, way))
    return tuple(found)


def resolver_services() -> tuple[ResolverService, ...]:
    """All of them, in the order of the file."""
    return tuple(
        ResolverService(item.get("label", str), item.strings("addresses"), item.strings("ipv6"))
        for item in _table().tables("resolver")
    )


def _table() -> Table:
    name = "resolvers.toml"
    return table_of(name, files("badgateway.knowledge").joinpath(name).read_text("utf-8"))
