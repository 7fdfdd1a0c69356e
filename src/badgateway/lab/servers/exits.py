"""Ways out for a visitor's traffic: a SOCKS proxy, and a WireGuard tunnel in user space."""

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from badgateway.lab.servers import Server

if TYPE_CHECKING:
    from badgateway.lab.lab import Lab

ORDER = 60

SOCKS_PORT = 1080
TUNNEL_PORT = 51820
_TUN = Path("/dev/net/tun")


class Microsocks(Server):
    """A SOCKS5 proxy at the exit."""

    def command(self) -> list[str]:
        """In the foreground."""
        return ["microsocks", "-i", self.hop.owns[0], "-p", str(SOCKS_PORT)]

    def ready(self) -> bool:
        """Whether it listens."""
        return self.listens(SOCKS_PORT)


class WireGuard(Server):
    """One end of a tunnel. The device has a name of its own: its control socket is shared by all.

    Settings:
        peer: the address of the other end; the exit waits for it where it is empty.
        through: networks whose traffic goes through the tunnel.
    """

    device: str
    inner: str
    keys: tuple[str, str]
    """Own private key, the other's public one."""

    def lacking(self) -> str | None:
        """The tunnel device of the kernel."""
        return None if os.access(_TUN, os.R_OK | os.W_OK) else f"access to {_TUN}"

    def command(self) -> list[str]:
        """In the foreground."""
        return ["wireguard-go", "--foreground", self.device]

    def start(self) -> None:
        """Start, give the device its keys and address, and lead traffic into it."""
        Path("/run/wireguard").mkdir(exist_ok=True)
        self.launch()
        self.wait(self.ready, "makes no device")
        private, public = self.keys
        key = self.folder / "key"
        key.write_text(private)
        peer = str(self.settings["peer"])
        words = ["peer", public, "allowed-ips", "0.0.0.0/0" if peer else "10.9.0.2/32"]
        if peer:
            words += ["endpoint", f"{peer}:{TUNNEL_PORT}"]
        run = self.hop.run
        run(
            "wg",
            "set",
            self.device,
            "private-key",
            str(key),
            "listen-port",
            str(TUNNEL_PORT),
            *words,
        )
        run("ip", "address", "add", f"{self.inner}/24", "dev", self.device)
        run("ip", "link", "set", self.device, "mtu", "1280", "up")
        through = self.settings["through"]
        for network in through if isinstance(through, list) else []:
            run("ip", "route", "add", str(network), "dev", self.device, "src", self.inner)
        if not peer:
            run("sysctl", "-q", "net.ipv4.ip_forward=1")
            table = (
                "table ip exit { chain post { type nat hook postrouting priority 100; "
                f"ip saddr 10.9.0.0/24 snat to {self.hop.owns[0]}; }}; }}\n"
            )
            run("nft", "-f", "-", stdin=table)

    def stop(self, how: int = 15) -> None:
        """Stop; the device and its routes go with the process."""
        was = self.running
        super().stop(how)
        if was and not self.settings["peer"]:
            self.hop.run("nft", "delete", "table", "ip", "exit", check=False)

    def ready(self) -> bool:
        """Whether its device is there."""
        return self.device in self.hop.run("wg", "show", "interfaces", check=False).stdout


def _pair() -> tuple[str, str]:
    private = subprocess.run(["wg", "genkey"], capture_output=True, text=True, check=True).stdout
    public = subprocess.run(
        ["wg", "pubkey"], input=private, capture_output=True, text=True, check=True
    ).stdout
    return private, public.strip()


def servers(lab: "Lab") -> list[Server]:
    """`microsocks` always; `wireguard-exit` and `wireguard-client` on demand."""
    hops = lab.network.hops
    found: list[Server] = [Microsocks("microsocks", hops["exit"], ("microsocks",))]
    programs = ("wireguard-go", "wg")
    exit_ = WireGuard(
        *("wireguard-exit", hops["exit"], programs), {"peer": "", "through": []}, on_demand=True
    )
    client = WireGuard(
        *("wireguard-client", hops["client"], programs),
        {"peer": hops["exit"].owns[0], "through": ["192.0.2.0/24", "203.0.113.0/25"]},
        on_demand=True,
    )
    exit_.device, exit_.inner = "wgexit", "10.9.0.1"
    client.device, client.inner = "wgclient", "10.9.0.2"
    try:
        mine, theirs = _pair(), _pair()
    except OSError:
        mine = theirs = ("", "")  # not installed: these two are left out
    exit_.keys, client.keys = (mine[0], theirs[1]), (theirs[0], mine[1])
    return [*found, exit_, client]
