"""Packets: dropped, rejected or lost by a firewall on a hop, links that go down."""

import itertools
from typing import TYPE_CHECKING

from badgateway.lab.ways import Heal

if TYPE_CHECKING:
    from badgateway.lab.lab import Lab

WAYS = ("firewall", "link_down")

_numbers = itertools.count(1)


def firewall(
    lab: "Lab", hop: str, match: str, verdict: str = "drop", chain: str = "output"
) -> Heal:
    """Let a hop's firewall act on packets: `match` and `verdict` in nft's words.

    `chain` is input, output or forward.
    """
    table = f"fault{next(_numbers)}"
    rule = (
        f"table inet {table} {{ chain c {{ type filter hook {chain} priority -10; "
        f"{match} {verdict}; }}; }}\n"
    )
    machine = lab.network.hops[hop]
    machine.run("nft", "-f", "-", stdin=rule)
    return lambda: machine.run("nft", "delete", "table", "inet", table)


def link_down(lab: "Lab", hop: str, link: str) -> Heal:
    """Pull a cable."""
    machine = lab.network.hops[hop]
    families = ("-4", "-6")
    routes = {
        family: machine.run("ip", family, "route", "show", "dev", link).stdout.splitlines()
        for family in families
    }
    # The kernel takes IPv6 addresses off a link that goes down.
    shown = machine.run("ip", "-6", "-o", "address", "show", "dev", link, "scope", "global").stdout
    addresses = [line.split()[3] for line in shown.splitlines()]
    machine.run("ip", "link", "set", link, "down")

    def heal() -> None:
        machine.run("ip", "link", "set", link, "up")
        for address in addresses:
            machine.run("ip", "-6", "address", "replace", address, "dev", link, "nodad")
        for family in families:
            for line in routes[family]:
                words = tuple(line.replace(" linkdown", "").split())
                machine.run("ip", family, "route", "replace", *words, "dev", link, check=False)

    return heal
