"""The site's own name server, for names of the upstreams: dnsmasq on the hop `app`."""

from typing import TYPE_CHECKING

from badgateway.lab.servers import Server

if TYPE_CHECKING:
    from badgateway.lab.lab import Lab

ORDER = 10


class InternalDns(Server):
    """Answers for `app.internal`; the gateway's resolver, which it becomes as it starts.

    Settings: `address` is what app.internal resolves to (empty: the name does not exist).
    """

    def __init__(self, lab: "Lab") -> None:
        hops = lab.network.hops
        super().__init__("internal-dns", hops["app"], ("dnsmasq",), {"address": "10.0.0.2"})
        self.asked_by = hops["gateway"].folder
        self.provider = hops["isp"].owns[0]

    def write(self) -> None:
        self.asked_by.joinpath("resolv.conf").write_text(
            "nameserver 10.0.0.2\noptions timeout:1 attempts:1\n"
        )
        address = self.settings["address"]
        lines = [f"host-record=app.internal,{address}"] if address else []
        (self.folder / "dnsmasq.conf").write_text("\n".join(lines) + "\n")

    def command(self) -> list[str]:
        return [
            "dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts", "--local=/internal/",
            # The owner looks at his site from there by its public name.
            f"--server={self.provider}",
            "--listen-address=10.0.0.2", "--bind-interfaces", "--user=nobody", "--log-facility=-",
            "--log-queries", f"--pid-file={self.folder}/pid",
            f"--conf-file={self.folder}/dnsmasq.conf",
        ]  # fmt: skip

    def ready(self) -> bool:
        return "10.0.0.2:53 " in self.hop.run("ss", "-lun", check=False).stdout


def servers(lab: "Lab") -> list[Server]:
    """The one."""
    return [InternalDns(lab)]
