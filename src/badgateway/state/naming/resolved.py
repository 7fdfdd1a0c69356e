"""systemd-resolved: its own settings name resolvers for all interfaces, drop-ins add to them."""

from pathlib import Path

from badgateway.model.machine import Naming
from badgateway.transport.command import output_of
from badgateway.transport.systems.route import address_in

RESOLV_CONF = Path("/etc/resolv.conf")
DROP_IN = "/etc/systemd/resolved.conf.d/zz-badgateway.conf"
"""Read last: files of the folder are read in the order of their names (resolved.conf(5))."""
_STUBS = ("127.0.0.53", "127.0.0.54")
_OWN = ("/run/systemd/resolve/", "/usr/lib/systemd/", "/lib/systemd/")


def look() -> Naming | None:
    """Who it asks; None where this machine's programs do not ask it."""
    if not at_work(RESOLV_CONF):
        return None
    told = output_of(["resolvectl", "dns"])
    if told is None:
        return None
    return Naming("systemd-resolved", servers(told), {"drop_in": DROP_IN})


def at_work(path: Path) -> bool:
    """Whether a `resolv.conf` is one of the files that it keeps, or names its stub."""
    try:
        real = str(path.resolve(strict=True))
        text = path.read_text("utf-8", "replace")[:65_536]
    except OSError:
        return False
    named = [words[1] for line in text.splitlines()
             if len(words := line.split()) > 1 and words[0] == "nameserver"]  # fmt: skip
    return real.startswith(_OWN) or any(server in _STUBS for server in named)


def servers(text: str) -> tuple[str, ...]:
    """Everybody that `resolvectl dns` names: for all interfaces first, then by interface."""
    found = []
    for line in text[:65_536].splitlines():
        # A server's name for TLS stands behind a number sign, a port behind a colon.
        words = line.partition("): " if "): " in line else ": ")[2].split()
        found += [address_in(word.partition("#")[0]) for word in words]
    return tuple(dict.fromkeys(address for address in found if address))
