"""Whose an address is: of a network of somebody's own, or of the internet."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_DOCUMENTATION = tuple(
    ip_network(network)
    for network in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
)
"""Examples stand for addresses of the internet (RFC 5737, RFC 3849)."""
_SHARED = ip_network("100.64.0.0/10")
"""Between a provider and its customers (RFC 6598)."""


def public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is one of the internet; those of examples count as such."""
    return not address.is_private or any(address in network for network in _DOCUMENTATION)


def inside(text: str) -> bool:
    """Whether an address, zone and all, is one that no public name should lead to.

    Private, loopback, link-local, unspecified, or shared with a provider; False for what is no
    address.
    """
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return not public(address) or address in _SHARED
