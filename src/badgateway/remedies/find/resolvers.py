"""Whom this machine asks for names: another resolver, where the one it asks is to blame."""

from collections.abc import Iterator

from badgateway.remedies.edit import EditError
from badgateway.remedies.facts import Facts
from badgateway.remedies.find import Binding

FINDERS = ("other_resolver",)

_READ = 3
"""Servers that the C library reads of `/etc/resolv.conf` (resolv.conf(5), MAXNS)."""


def other_resolver(facts: Facts) -> Iterator[Binding]:
    """The first resolver that leads to a page that works, in the place of those asked now."""
    naming = facts.naming
    if naming is None or facts.others is None:
        return
    if not facts.others:
        raise EditError("no other resolver that was asked leads to a page that works")
    if naming.locked is not None:
        raise EditError(naming.locked.says, **naming.locked.values)
    other = facts.others[0]
    together = (*other.ipv4, *other.ipv6)
    if set(naming.servers) == set(together):
        raise EditError("this machine asks {label} already", label=other.label)
    few = together if len(together) <= _READ else (*other.ipv4[:2], *other.ipv6[:1])
    yield {
        "by": naming.by,
        "label": other.label,
        "servers": ",".join(together),
        "few": ",".join(few),
        "ipv4": ",".join(other.ipv4),
        "ipv6": ",".join(other.ipv6),
        **naming.values,
    }
