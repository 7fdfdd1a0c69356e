"""The visitor's own surroundings: programs on his machine and router, redirection, neighbours."""

import itertools
from typing import TYPE_CHECKING

from badgateway.lab.ways import Heal

if TYPE_CHECKING:
    from badgateway.lab.lab import Lab

WAYS = ("run", "redirect", "neighbour", "unroute")

_numbers = itertools.count(1)


def run(lab: "Lab", server: str, **settings: object) -> Heal:
    """Start a server that does not run in the healthy lab, with these settings."""
    target = lab.server(server)
    before = dict(target.settings)
    if odd := set(settings) - set(before):
        raise TypeError(f"{server} has no setting {', '.join(sorted(odd))}")
    target.settings.update(settings)
    target.start()

    def heal() -> None:
        target.stop()
        target.settings.clear()
        target.settings.update(before)

    return heal


def redirect(lab: "Lab", hop: str, match: str, port: int) -> Heal:
    """Let a hop take connections that pass through it to a port of its own; `match` is nft's."""
    table = f"redirect{next(_numbers)}"
    machine = lab.network.hops[hop]
    rule = (
        f"table ip {table} {{ chain c {{ type nat hook prerouting priority -100; "
        f"{match} redirect to :{port}; }}; }}\n"
    )
    machine.run("nft", "-f", "-", stdin=rule)
    return lambda: machine.run("nft", "delete", "table", "ip", table)


def neighbour(lab: "Lab", hop: str, link: str, address: str, station: str) -> Heal:
    """Pin a wrong hardware address (`station`) to a neighbour."""
    machine = lab.network.hops[hop]
    words = (address, "lladdr", station, "dev", link, "nud", "permanent")
    machine.run("ip", "neigh", "replace", *words)
    return lambda: machine.run("ip", "neigh", "del", address, "dev", link)


def unroute(lab: "Lab", hop: str, families: tuple[str, ...] = ("-4", "-6")) -> Heal:
    """Take a hop's default routes away, of both families or of those given (`-4`, `-6`)."""
    machine = lab.network.hops[hop]
    routes = {
        family: machine.run("ip", family, "route", "show", "default").stdout.strip()
        for family in families
    }
    for family, route in routes.items():
        if route:
            machine.run("ip", family, "route", "del", *_plain(route))

    def heal() -> None:
        for family, route in routes.items():
            if route:
                machine.run("ip", family, "route", "add", *_plain(route))

    return heal


def _plain(route: str) -> list[str]:
    """A route as `ip route add` takes it, without what `ip route show` only remarks."""
    words = route.splitlines()[0].split()
    for remark in ("linkdown", "onlink"):
        if remark in words:
            words.remove(remark)
    if "pref" in words:
        place = words.index("pref")
        del words[place : place + 2]
    return words
