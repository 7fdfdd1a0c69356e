"""Knot DNS: the root zone and the top-level domains on one hop, the sites' zones on another.

Zones are written and signed here, with dnspython, because a fault wants signatures that no
signer would make: expired ones, none at all, or those of a key that nobody announced.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

import dns.dnssec
import dns.name
import dns.rdataset
import dns.rdatatype
import dns.zone
from cryptography.hazmat.primitives.asymmetric import ec
from dns.dnssectypes import Algorithm
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.DS import DS

from badgateway.lab.servers import Server
from badgateway.lab.sites import ZONES

if TYPE_CHECKING:
    from badgateway.lab.lab import Lab

ORDER = 10

SIGNED = (".", "org", "example.org")
"""The one chain of trust; everything else is provably unsigned."""
TOP_LEVEL = ("com", "net", "org")
NAME_SERVERS = ("192.0.2.53", "192.0.2.54")
ROOT_SERVER = "198.41.0.4"
_TTL = 300


class Key:
    """A zone's one key, which signs everything in it."""

    def __init__(self, zone: str) -> None:
        self.zone = dns.name.from_text(zone)
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.public: DNSKEY = dns.dnssec.make_dnskey(
            self.private.public_key(), Algorithm.ECDSAP256SHA256, flags=257
        )

    @property
    def ds(self) -> DS:
        """What the zone above says about it."""
        return dns.dnssec.make_ds(self.zone, self.public, "SHA256")


class Knot(Server):
    """One Knot server with some zones.

    What faults may set is in the subclasses.
    """

    keys: dict[str, Key]
    serial: int = 0

    def zones(self) -> dict[str, list[str]]:
        """The lines of every zone, without its SOA record."""
        raise NotImplementedError

    def signing(self, zone: str) -> str:
        """How a zone is signed: good, unsigned, expired, not-yet or wrong-key."""
        return "good" if zone in SIGNED else "unsigned"

    def write(self) -> None:
        """Write the zones, each with a serial above the last one, and the server's file."""
        self.serial = max(self.serial + 1, int(time.time()))
        lines = [
            "server:",
            f"    rundir: {self.folder}",
            "    identity: ''",
            *(f"    listen: {address}@53" for address in self.hop.owns),
            "    udp-workers: 1",
            "    tcp-workers: 1",
            "    background-workers: 1",
            "control:",
            f"    listen: {self.folder}/control",
            "log:",
            "  - target: stderr",
            "    any: info",
            "database:",
            f"    storage: {self.folder}/database",
            "template:",
            "  - id: default",
            f"    storage: {self.folder}",
            "    zonefile-load: whole",
            "    journal-content: none",
            "    zonefile-sync: -1",
            "zone:",
        ]
        for zone, records in self.zones().items():
            file = self.folder / f"{zone.strip('.') or 'root'}.zone"
            file.write_text(self._text(zone, records))
            lines += [f"  - domain: {zone}", f"    file: {file.name}"]
        (self.folder / "knot.conf").write_text("\n".join(lines) + "\n")

    def _text(self, zone: str, records: list[str]) -> str:
        soa = f"@ {_TTL} IN SOA ns1 hostmaster {self.serial} 3600 600 86400 60"
        text = "\n".join([soa, *records]) + "\n"
        origin = dns.name.from_text(zone)
        made = dns.zone.from_text(text, origin=origin, relativize=False, check_origin=False)
        how = self.signing(zone)
        if how != "unsigned":
            self._sign(made, self.keys[zone] if how != "wrong-key" else Key(zone), how)
        return made.to_text(relativize=False)

    def _sign(self, zone: dns.zone.Zone, key: Key, how: str) -> None:
        now = datetime.now(UTC)
        begin, end = {
            "expired": (now - timedelta(days=30), now - timedelta(days=2)),
            "not-yet": (now + timedelta(days=2), now + timedelta(days=30)),
        }.get(how, (now - timedelta(days=2), now + timedelta(days=30)))
        dns.dnssec.sign_zone(
            zone,
            keys=[(key.private, key.public)],
            add_dnskey=True,
            dnskey_ttl=_TTL,
            inception=begin,
            expiration=end,
            deterministic=False,
        )

    def command(self) -> list[str]:
        """In the foreground."""
        return ["knotd", "-c", f"{self.folder}/knot.conf"]

    def ready(self) -> bool:
        """Whether it gives the SOA record of each zone, with the serial of now."""
        words = ["kdig", "+short", "+timeout=1", "+retry=0", f"@{self.hop.owns[0]}"]
        zones = self.zones()
        for zone in zones:
            words += ["-q", zone if zone == "." else f"{zone}.", "-t", "SOA"]
        said = self.hop.run(*words, check=False).stdout
        return said.count(f" {self.serial} ") == len(zones)

    def apply(self) -> None:
        """Serve the zones as the settings now say, without a restart."""
        self.write()
        self.hop.run("knotc", "-s", f"{self.folder}/control", "reload")
        self.wait(self.ready, "does not serve its new zones")


class Root(Knot):
    """The root and the top-level domains.

    Settings:
        name_servers: addresses that a zone is delegated to, by zone.
        gone: zones that are not delegated at all.
        ds: what is said about a zone's key, by zone: good, wrong, none.
    """

    def zones(self) -> dict[str, list[str]]:
        """Root, com, net, org."""
        root = [f". {_TTL} IN NS a.root-servers.net.", f"a.root-servers.net. IN A {ROOT_SERVER}"]
        found = {".": root}
        for top in TOP_LEVEL:
            root += [f"{top}. {_TTL} IN NS ns.{top}.", f"ns.{top}. IN A {ROOT_SERVER}"]
            if top in SIGNED:
                root.append(f"{top}. {_TTL} IN DS {self.keys[top].ds.to_text()}")
            lines = [f"@ {_TTL} IN NS ns.{top}.", f"ns {_TTL} IN A {ROOT_SERVER}"]
            for zone in ZONES:
                if zone.endswith(f".{top}") and zone not in cast(
                    "list[str]", self.settings["gone"]
                ):
                    lines += self._delegation(zone)
            found[top] = lines
        return found

    def _delegation(self, zone: str) -> list[str]:
        addresses = cast("dict[str, list[str]]", self.settings["name_servers"]).get(zone)
        lines = []
        for number, address in enumerate(addresses or NAME_SERVERS, 1):
            lines += [
                f"{zone}. {_TTL} IN NS ns{number}.{zone}.",
                f"ns{number}.{zone}. {_TTL} IN A {address}",
            ]
        said = cast("dict[str, str]", self.settings["ds"]).get(zone, "good")
        if zone in SIGNED and said != "none":
            key = self.keys[zone] if said == "good" else Key(zone)
            lines.append(f"{zone}. {_TTL} IN DS {key.ds.to_text()}")
        return lines


class Auth(Knot):
    """The sites' zones.

    Settings:
        records: by host name, then by type, the values instead of the site's own; an empty list
            takes the records away.
        ttl: by host name, the time to live in seconds instead of the site's own.
        signing: by zone, how it is signed (see `Knot.signing`).
        absent: zones that the server does not hold, although it is asked for them.
    """

    lab: "Lab"

    def signing(self, zone: str) -> str:
        """As the settings say, else good where the zone is signed."""
        said = cast("dict[str, str]", self.settings["signing"])
        return said.get(zone, super().signing(zone))

    def zones(self) -> dict[str, list[str]]:
        """One for each of `ZONES`, with every site in it."""
        changed = cast("dict[str, dict[str, list[str]]]", self.settings["records"])
        ttl = cast("dict[str, int]", self.settings["ttl"])
        found: dict[str, list[str]] = {}
        for zone in ZONES:
            if zone in cast("list[str]", self.settings["absent"]):
                continue
            lines = []
            for number, address in enumerate(NAME_SERVERS, 1):
                lines += [f"@ {_TTL} IN NS ns{number}", f"ns{number} {_TTL} IN A {address}"]
            for name in sorted({*self.lab.sites, *changed}):
                if name != zone and not name.endswith(f".{zone}"):
                    continue
                site = self.lab.sites.get(name)
                records = {"A": list(site.a), "AAAA": list(site.aaaa)} if site else {}
                records.update(changed.get(name, {}))
                seconds = ttl.get(name, site.ttl if site else _TTL)
                for kind, values in records.items():
                    lines += [f"{name}. {seconds} IN {kind} {value}" for value in values]
            found[zone] = lines
        return found


def servers(lab: "Lab") -> list[Server]:
    """`knot-root` and `knot-auth`; they share the keys of the chain of trust."""
    keys = {zone: Key(zone) for zone in SIGNED}
    programs = ("knotd", "knotc", "kdig")
    hops = lab.network.hops
    root = Root("knot-root", hops["root"], programs, {"name_servers": {}, "gone": [], "ds": {}})
    auth = Auth(
        *("knot-auth", hops["auth"], programs),
        {"records": {}, "ttl": {}, "signing": {}, "absent": []},
    )
    root.keys = auth.keys = keys
    auth.lab = lab
    anchor = lab.folder / "trust-anchor"
    anchor.write_text(f". IN DS {keys['.'].ds.to_text()}\n")
    return [root, auth]
