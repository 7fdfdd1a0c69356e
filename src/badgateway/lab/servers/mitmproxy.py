"""mitmproxy: TLS inspection on the visitor's machine, as antivirus software does it."""

from typing import TYPE_CHECKING

from badgateway.lab.authority import Authority
from badgateway.lab.servers import Server

if TYPE_CHECKING:
    from badgateway.lab.lab import Lab

ORDER = 60

PORT = 8081
USER = 65_534
"""The user that it runs as; its own connections are told by that from the visitor's."""


class Mitmproxy(Server):
    """A transparent interceptor of the machine's own HTTP and HTTPS over IPv4.

    Settings:
        known: whether it signs with the authority of `trusted.pem` in its folder, for a visitor who
            trusts that file; else with one that it makes itself and that nobody trusts.
        verify: whether it trusts the lab's authority when it connects to a site.
    """

    lab: "Lab"

    def write(self) -> None:
        """Give it an authority to sign with."""
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        home.chmod(0o777)
        own = home / "mitmproxy-ca.pem"
        if self.settings["known"]:
            authority = Authority(self.folder / "authority", "Example Endpoint Security CA")
            own.write_bytes(authority.with_key.read_bytes())
            own.chmod(0o644)
            trusted = authority.file.read_bytes() + self.lab.ca.file.read_bytes()
            (self.folder / "trusted.pem").write_bytes(trusted)
        else:
            own.unlink(missing_ok=True)

    def command(self) -> list[str]:
        """In the foreground, as a user of its own."""
        words = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "mitmdump"]
        words += ["--mode", "transparent", "--listen-port", str(PORT), "--flow-detail", "0"]
        words += ["--set", f"confdir={self.folder}/home", "--set", "connection_strategy=lazy"]
        if self.settings["verify"]:
            words += ["--set", f"ssl_verify_upstream_trusted_ca={self.lab.ca.file}"]
        else:
            words += ["--set", "ssl_verify_upstream_trusted_ca=" + str(self._strangers())]
        return words

    def _strangers(self) -> str:
        """An authority that signed none of the sites."""
        stranger = self.lab.ca.issue("stranger.example.net", self_signed=True)
        return str(stranger.cert)

    def start(self) -> None:
        """Start, then lead the machine's own traffic into it."""
        super().start()
        rule = (
            "table inet interception { chain out { type nat hook output priority -100; "
            f"meta skuid != {USER} ip daddr != 127.0.0.0/8 tcp dport {{ 80, 443 }} "
            f"redirect to :{PORT}; }}; "
            # Over IPv6 it would be walked around, so it closes that way as such products do.
            "chain six { type filter hook output priority 0; "
            f"meta skuid != {USER} meta nfproto ipv6 tcp dport {{ 80, 443 }} "
            "reject with tcp reset; }; }\n"
        )
        self.hop.run("nft", "-f", "-", stdin=rule)

    def stop(self, how: int = 15) -> None:
        """Let the traffic go its own way again, then stop."""
        self.hop.run("nft", "delete", "table", "inet", "interception", check=False)
        super().stop(how)

    def ready(self) -> bool:
        """Whether it listens."""
        return self.listens(PORT)


def servers(lab: "Lab") -> list[Server]:
    """`mitmproxy` on demand."""
    settings: dict[str, object] = {"known": False, "verify": True}
    server = Mitmproxy(
        *("mitmproxy", lab.network.hops["client"], ("mitmdump", "setpriv")),
        settings,
        on_demand=True,
    )
    server.lab = lab
    return [server]
