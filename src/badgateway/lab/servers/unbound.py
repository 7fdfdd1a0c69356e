"""Unbound: the provider's resolver, and the public ones at their real addresses.

One process for each operator, so that each has a cache of its own. UDP, TCP, DoT and DoH.
"""

import socket
from typing import TYPE_CHECKING

from badgateway.lab.box import LabError
from badgateway.lab.servers import Server
from badgateway.lab.servers.knot import ROOT_SERVER

if TYPE_CHECKING:
    from badgateway.lab.lab import Lab

ORDER = 10

OPERATORS = {
    "unbound-google": (("8.8.8.8", "8.8.4.4"), "dns.google"),
    "unbound-cloudflare": (("1.1.1.1", "1.0.0.1"), "cloudflare-dns.com"),
    "unbound-quad9": (("9.9.9.9",), "dns.quad9.net"),
    "unbound-opendns": (("208.67.222.222", "208.67.220.220"), "dns.opendns.com"),
}


class Unbound(Server):
    """A resolver that asks from the root downwards.

    Settings:
        validate: whether it checks DNSSEC.
        encrypted: whether it offers DoT and DoH.
    """

    lab: "Lab"
    addresses: tuple[str, ...]
    host: str

    def write(self) -> None:
        """Write its configuration and the root hints."""
        (self.folder / "hints").write_text(
            f". 3600000 NS a.root-servers.net.\na.root-servers.net. 3600000 A {ROOT_SERVER}\n"
        )
        ports = [53, 853, 443] if self.settings["encrypted"] else [53]
        modules = "validator iterator" if self.settings["validate"] else "iterator"
        lines = [
            "server:",
            f"  directory: {self.folder}",
            '  chroot: ""',
            '  username: ""',
            '  pidfile: ""',
            "  use-syslog: no",
            "  verbosity: 1",
            "  num-threads: 1",
            *(f"  interface: {a}@{port}" for a in self.addresses for port in ports),
            "  access-control: 0.0.0.0/0 allow",
            "  access-control: ::/0 allow",
            f"  root-hints: {self.folder}/hints",
            f'  module-config: "{modules}"',
            "  ede: yes",
            "  val-log-level: 2",
            "  prefer-ip4: yes",
            "  minimal-responses: yes",
            # A name server that was down must be asked again as soon as it is back.
            "  infra-host-ttl: 1",
            "  cache-max-negative-ttl: 60",
            "  val-bogus-ttl: 1",
            "  local-zone: 2.0.192.in-addr.arpa. nodefault",
            "  local-zone: 100.51.198.in-addr.arpa. nodefault",
            "  local-zone: 113.0.203.in-addr.arpa. nodefault",
        ]
        if self.settings["validate"]:
            lines.append(f"  trust-anchor-file: {self.lab.folder}/trust-anchor")
        if self.settings["encrypted"]:
            own = self.lab.ca.issue(self.host, *self.addresses)
            lines += [
                f"  tls-service-key: {own.key}",
                f"  tls-service-pem: {own.cert}",
                "  tls-port: 853",
                "  https-port: 443",
                '  http-endpoint: "/dns-query"',
            ]
        lines += [
            "remote-control:",
            "  control-enable: yes",
            f"  control-interface: {self.folder}/control",
            "  control-use-cert: no",
        ]
        (self.folder / "unbound.conf").write_text("\n".join(lines) + "\n")

    def command(self) -> list[str]:
        """In the foreground."""
        return ["unbound", "-d", "-p", "-c", f"{self.folder}/unbound.conf"]

    def ready(self) -> bool:
        """Whether it answers on its control socket, which it opens last."""
        try:
            return "is running" in self.control("status")
        except LabError:
            return False

    def control(self, command: str) -> str:
        """What `unbound-control COMMAND` says, without the cost of a process.

        Raises:
            LabError: it does not answer, or says that the command failed.
        """
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(5)
                connection.connect(f"{self.folder}/control")
                connection.sendall(f"UBCT1 {command}\n".encode())
                said = b"".join(iter(lambda: connection.recv(65_536), b""))
        except OSError as error:
            raise LabError(f"{self.name}: control {command}: {error}") from None
        text = said.decode("utf-8", "replace")
        if text.startswith("error"):
            raise LabError(f"{self.name}: control {command}: {text.strip()}")
        return text

    def flush(self) -> None:
        """Forget everything, answers, keys and what is known about name servers.

        Questions that wait for a server that was broken are dropped: whoever asks next would wait
        with them (unbound-control(8), flush_requestlist).
        """
        self.control("flush_requestlist")
        for zone in (".", "com", "net", "org"):
            self.control(f"flush_zone {zone}")
        self.control("flush_infra all")


def resolvers(lab: "Lab") -> list[Unbound]:
    """All of them that run."""
    return [server for server in lab.servers.values() if isinstance(server, Unbound)]


def flush_all(lab: "Lab", but: tuple[str, ...] = ()) -> None:
    """Make every resolver forget, but those named."""
    for resolver in resolvers(lab):
        if resolver.running and resolver.name not in but:
            resolver.flush()


def servers(lab: "Lab") -> list[Server]:
    """`unbound-isp` and one for each public operator."""
    hops = lab.network.hops
    found = []
    plans = {"unbound-isp": (hops["isp"].owns, "resolver.isp.example.net"), **OPERATORS}
    for name, (addresses, host) in plans.items():
        hop = hops["isp" if name == "unbound-isp" else "public"]
        server = Unbound(
            *(name, hop, ("unbound",)),
            {"validate": True, "encrypted": name != "unbound-isp"},
        )
        server.lab, server.host = lab, host
        server.addresses = addresses
        found.append(server)
    return list(found)
