"""dnsmasq: the DNS forwarder of the visitor's router, and a DNS cache on the visitor's machine."""

from typing import TYPE_CHECKING, cast

from badgateway.lab.servers import Server

if TYPE_CHECKING:
    from badgateway.lab.lab import Lab

ORDER = 10


class Dnsmasq(Server):
    """One dnsmasq.

    Settings:
        address: where it listens.
        asks: the resolver that it asks.
        cache: answers that it keeps.
        answers: what it says by itself, an address by domain; the domain `#` is every name.
        only_ipv4: whether it finds no IPv6 address for any name.
    """

    def write(self) -> None:
        """Write its configuration."""
        lines = [
            "no-resolv",
            "no-hosts",
            "bind-interfaces",
            "user=root",
            "pid-file=",
            "log-facility=-",
            f"listen-address={self.settings['address']}",
            f"server={self.settings['asks']}",
            f"cache-size={self.settings['cache']}",
            "no-negcache",
        ]
        answers = cast("dict[str, str]", self.settings["answers"])
        lines += [f"address=/{domain}/{address}" for domain, address in answers.items()]
        if self.settings["only_ipv4"]:
            lines.append("filter-AAAA")
        (self.folder / "dnsmasq.conf").write_text("\n".join(lines) + "\n")

    def command(self) -> list[str]:
        """In the foreground."""
        return ["dnsmasq", "--keep-in-foreground", f"--conf-file={self.folder}/dnsmasq.conf"]

    def ready(self) -> bool:
        """Whether it listens."""
        return self.listens(53, "-lun")


def servers(lab: "Lab") -> list[Server]:
    """`home-dns` always, `client-cache` on demand."""
    hops = lab.network.hops
    home = Dnsmasq(
        *("home-dns", hops["home"], ("dnsmasq",)),
        {
            "address": "192.168.1.1",
            "asks": "198.51.100.53",
            "cache": 0,
            "answers": {},
            "only_ipv4": False,
        },
    )
    client = Dnsmasq(
        *("client-cache", hops["client"], ("dnsmasq",)),
        {
            "address": "127.0.0.1",
            "asks": "192.168.1.1",
            "cache": 1000,
            "answers": {},
            "only_ipv4": False,
        },
        on_demand=True,
    )
    return [home, client]
