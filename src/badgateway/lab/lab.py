"""The running lab: a network, an authority, the sites and the servers, started and looked after."""

import pkgutil
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

from badgateway.lab import servers as server_folder
from badgateway.lab.authority import Authority
from badgateway.lab.box import LabError
from badgateway.lab.network import Hop, Network
from badgateway.lab.servers import Server
from badgateway.lab.sites import Site, load_sites

_TRUST = Path("/etc/ssl/certs/ca-certificates.crt")
"""Where Debian's software looks for the authorities that it trusts."""
_SIDE_BY_SIDE = 6


class Lab:
    """The whole lab, in the folder that `box.enter` returned.

    Attributes:
        folder: everything of the lab is in it.
        ca: the authority that the lab trusts.
        network: its hops.
        sites: what `sites.toml` says, by name.
        servers: what runs, by name; software that is not installed is not among it.
        missing: servers that were left out, each with the program that is not installed.
    """

    def __init__(self, folder: Path) -> None:
        """Build authority and network, and plan the servers; nothing is started yet."""
        self.folder = folder
        self.ca = Authority(folder / "ca")
        if _TRUST.exists():
            subprocess.run(["mount", "--bind", str(self.ca.file), str(_TRUST)], check=True)
        self.network = Network(folder)
        self.sites: dict[str, Site] = load_sites()
        self.servers: dict[str, Server] = {}
        self.missing: dict[str, str] = {}
        self._order: list[list[str]] = []
        self._settled: dict[str, list[str]] = {}
        self._name_servers()
        self._plan()

    def _plan(self) -> None:
        by_order: dict[int, list[Server]] = {}
        for item in pkgutil.iter_modules(server_folder.__path__):
            module = import_module(f"{server_folder.__name__}.{item.name}")
            if hasattr(module, "servers"):
                by_order.setdefault(module.ORDER, []).extend(module.servers(self))
        for _, planned in sorted(by_order.items()):
            group = []
            for server in planned:
                if program := next((p for p in server.programs if _where(p) is None), None):
                    self.missing[server.name] = program
                elif why := server.lacking():
                    self.missing[server.name] = why
                else:
                    self.servers[server.name] = server
                    group.append(server.name)
            self._order.append(group)

    def _name_servers(self) -> None:
        """The visitor asks his router, everybody else the provider; DNS servers ask nobody."""
        provider = self.network.hops["isp"].owns[0]
        for name, hop in self.network.hops.items():
            if name in ("root", "auth", "public", "isp"):
                continue
            asks = "192.168.1.1" if name == "client" and _where("dnsmasq") else provider
            (hop.folder / "resolv.conf").write_text(f"nameserver {asks}\n")

    def server(self, name: str) -> Server:
        """The server of that name.

        Raises:
            LabError: there is none, or its software is not installed.
        """
        if name in self.missing:
            raise LabError(f"{name} is left out: {self.missing[name]} is missing")
        if name not in self.servers:
            raise LabError(
                f"no server is called '{name}'; known: {', '.join(sorted(self.servers))}"
            )
        return self.servers[name]

    def start(self) -> None:
        """Start all servers that always run: group by group, those of a group side by side.

        Raises:
            LabError: one does not come up.
        """
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            for group in self._order:
                always = [self.servers[name] for name in group if not self.servers[name].on_demand]
                for _ in pool.map(lambda server: server.start(), always):
                    pass
        self._settled = self._state()

    def healthy(self) -> list[str]:
        """What is not well, one line each; an empty list is a healthy lab.

        Servers are alive and answer; every hop has the addresses, routes, firewall, hosts file and
        resolvers that it had at the start; and the visitor's machine finds every site by name and
        gets an answer below 500 at each of its families' addresses.
        """
        # A server behind a site that answers is ready; only the others are asked.
        seen = {name for site in self.sites.values() if site.checked for name in site.needs}

        def ill(server: Server) -> str | None:
            if server.on_demand:
                return f"{server.name} still runs" if server.running else None
            if not server.running:
                return f"{server.name} on {server.hop.name} has ended"
            if server.name in seen or server.ready():
                return None
            return f"{server.name} on {server.hop.name} does not answer"

        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            sick = [line for line in pool.map(ill, self.servers.values()) if line]
        sick += [
            f"{hop} is not as it was: {' '.join(sorted(set(was) ^ set(now)))[:200]}"
            for (hop, was), now in zip(self._settled.items(), self._state().values(), strict=True)
            if was != now
        ]
        return sick + self._unanswering()

    def _state(self) -> dict[str, list[str]]:
        """What each hop's network and names are set to, as lines."""

        def told(hop: Hop) -> list[str]:
            # Routes of all tables hold the addresses as well, and both families.
            said = hop.run("sh", "-c", "nft list tables; ip route show table all", check=False)
            # Link-local ones come when the kernel likes, after the start and after a cable.
            late = ("fe80", "multicast", "anycast")
            lines = [x for x in said.stdout.splitlines() if not any(word in x for word in late)]
            files = [hop.folder / name for name in ("hosts", "resolv.conf")]
            return sorted(lines) + [file.read_text() for file in files]

        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            found = pool.map(told, self.network.hops.values())
            return dict(zip(self.network.hops, found, strict=True))

    def _unanswering(self) -> list[str]:
        """The sites that do not answer the visitor as they should."""
        asked: list[str] = []
        words: list[str] = []
        for site in self.sites.values():
            if not site.checked or set(site.needs) - set(self.servers):
                continue
            for family, addresses in (("-4", site.a), ("-6", site.aaaa)):
                if addresses:
                    asked.append(f"{site.url} {family}")
                    words += ["--next", "--silent", "--max-time", "8", "--output", "/dev/null"]
                    words += ["--write-out", f"%{{http_code}} {asked[-1]}\\n", family, site.url]
        said = self.network.hops["client"].run("curl", "-Z", *words[1:], check=False).stdout
        answers: dict[str, str] = {}
        for line in said.splitlines():
            status, _, what = line.partition(" ")
            answers[what] = status
        return [
            f"{what} answers {answers.get(what, 'nothing')}"
            for what in asked
            if not "100" <= answers.get(what, "000") < "500"
        ]

    def stop(self) -> None:
        """End everything that was started, and the network; the folder is emptied."""
        for server in reversed(self.servers.values()):
            server.stop()
        self.network.close()
        subprocess.run(["umount", str(_TRUST)], check=False, stderr=subprocess.DEVNULL)
        for item in self.folder.iterdir():
            if item.is_dir():
                shutil.rmtree(item, ignore_errors=True)
            else:
                item.unlink()


def _where(program: str) -> str | None:
    return shutil.which(
        program, path="/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
    )
