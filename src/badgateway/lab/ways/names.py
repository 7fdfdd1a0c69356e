"""Names: what resolvers, zones, caches and the hosts file say."""

from typing import TYPE_CHECKING, cast

from badgateway.lab.servers.knot import Knot
from badgateway.lab.servers.unbound import Unbound, flush_all
from badgateway.lab.ways import Heal

if TYPE_CHECKING:
    from badgateway.lab.lab import Lab

WAYS = (
    "resolver_says", "records", "delegation", "dnssec", "zone_absent", "stale", "forget",
    "hosts_entry", "resolv_conf",
)  # fmt: skip

_ZONE_TYPES = {
    "nxdomain": "always_nxdomain",
    "refused": "always_refuse",
    "nodata": "always_nodata",
    "silent": "always_deny",
    "null": "always_null",
}


def resolver_says(
    lab: "Lab", resolvers: list[str], name: str, how: str = "lie", address: str = ""
) -> Heal:
    """Let resolvers answer by themselves for a name and all below it.

    `how` is lie (with `address`), nxdomain, refused, nodata, silent, null (0.0.0.0) or servfail.
    """
    servers = [_resolver(lab, each) for each in resolvers]
    for server in servers:
        if how == "lie":
            server.control(f"local_zone {name}. redirect")
            server.control(f"local_data {name}. 300 IN A {address}")
        elif how == "servfail":
            # Its own way to the answer is broken: an address where no name server listens.
            server.control(f"flush_zone {name}.")
            server.control(f"forward_add {name}. 100.64.0.1@5")
        else:
            server.control(f"local_zone {name}. {_ZONE_TYPES[how]}")

    def heal() -> None:
        for server in servers:
            if not server.running:
                continue
            if how == "servfail":
                server.control(f"forward_remove {name}.")
            else:
                server.control(f"local_zone_remove {name}.")
            server.flush()

    return heal


def records(lab: "Lab", name: str, values: dict[str, list[str]], ttl: int = 300) -> Heal:
    """Change records of a name in its zone: by type, the values; an empty list removes them.

    Every resolver has forgotten the old ones.
    """
    return _changed(lab, "knot-auth", {"records": {name: values}, "ttl": {name: ttl}})


def delegation(lab: "Lab", zone: str, to: list[str]) -> Heal:
    """Delegate a zone to other addresses; an empty list takes the zone out of the one above."""
    if to:
        return _changed(lab, "knot-root", {"name_servers": {zone: to}})
    return _changed(lab, "knot-root", {"gone": [zone]})


def dnssec(lab: "Lab", zone: str, how: str, keep: tuple[str, ...] = ()) -> Heal:
    """Sign a zone badly: expired, not-yet, wrong-key, unsigned; or wrong-ds in the zone above.

    The resolvers that are named in `keep` have not forgotten what they know.
    """
    if how == "wrong-ds":
        return _changed(lab, "knot-root", {"ds": {zone: "wrong"}}, keep)
    return _changed(lab, "knot-auth", {"signing": {zone: how}}, keep)


def zone_absent(lab: "Lab", zone: str) -> Heal:
    """Take a zone from the name servers that it is delegated to (a lame delegation)."""
    return _changed(lab, "knot-auth", {"absent": [zone]})


def stale(
    lab: "Lab", name: str, values: dict[str, list[str]], holders: list[str], ttl: int = 86_400
) -> Heal:
    """Change a name's records from `values` to what they are now; `holders` still have the old."""
    auth = cast("Knot", lab.server("knot-auth"))
    undo = _changed(lab, "knot-auth", {"records": {name: values}, "ttl": {name: ttl}})
    for holder in holders:
        server = lab.server(holder)
        where = server.addresses[0] if isinstance(server, Unbound) else server.settings["address"]
        for kind in values:
            server.hop.run("kdig", f"@{where}", "+timeout=2", kind, f"{name}.")
    auth.settings.update(_before(auth, undo))
    auth.apply()
    flush_all(lab, but=tuple(holders))
    return lambda: flush_all(lab)


def forget(lab: "Lab") -> Heal:
    """Empty the caches of all resolvers, before something else is broken and after it is healed."""
    flush_all(lab)
    return lambda: flush_all(lab)


def hosts_entry(lab: "Lab", name: str, address: str, hop: str = "client") -> Heal:
    """Write a line into a hop's hosts file."""
    path = lab.network.hops[hop].folder / "hosts"
    before = path.read_text()
    path.write_text(f"{before}{address} {name}\n")
    return lambda: path.write_text(before)


def resolv_conf(lab: "Lab", servers: list[str], hop: str = "client") -> Heal:
    """Let a hop ask other name servers."""
    path = lab.network.hops[hop].folder / "resolv.conf"
    before = path.read_text()
    path.write_text("".join(f"nameserver {server}\n" for server in servers))
    return lambda: path.write_text(before)


def _resolver(lab: "Lab", name: str) -> Unbound:
    server = lab.server(name)
    if not isinstance(server, Unbound):
        raise TypeError(f"{name} is no resolver")
    return server


class _Undo:
    """Sets a name server's settings back, serves its zones anew and empties the caches."""

    def __init__(self, lab: "Lab", server: Knot, before: dict[str, object]) -> None:
        self.lab, self.server, self.before = lab, server, before

    def __call__(self) -> None:
        self.server.settings.update(self.before)
        if self.server.running:
            self.server.apply()
        flush_all(self.lab)


def _before(server: Knot, undo: Heal) -> dict[str, object]:
    assert isinstance(undo, _Undo)
    assert undo.server is server
    return undo.before


def _changed(
    lab: "Lab", name: str, changes: dict[str, object], keep: tuple[str, ...] = ()
) -> _Undo:
    """Lay changes over a name server's settings and serve its zones so.

    All resolvers forget what they know, but those of `keep`.
    """
    server = cast("Knot", lab.server(name))
    before = {key: server.settings[key] for key in changes}
    for key, change in changes.items():
        old = server.settings[key]
        if isinstance(old, dict) and isinstance(change, dict):
            server.settings[key] = {**old, **change}
        elif isinstance(old, list) and isinstance(change, list):
            server.settings[key] = [*old, *change]
    server.apply()
    flush_all(lab, but=tuple(keep))
    return _Undo(lab, server, before)
