"""Which programs of this machine keep answers of DNS."""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil

from badgateway.model.machine import Running

# The kernel cuts a process's name to 15 characters.
_PRODUCTS = {
    "systemd-resolve": "systemd-resolved",
    "nscd": "nscd",
    "dnsmasq": "dnsmasq",
    "unbound": "unbound",
}


def dns_caches() -> Iterator[Running]:
    """Each of them that runs in our own network; those of containers serve others."""
    own = _network(os.getpid())
    for process in psutil.process_iter(["name"]):
        product = _PRODUCTS.get(str(process.info["name"])[:15])
        if product and own and _network(process.pid) == own:
            yield Running(product, process.pid, "")


def _network(pid: int) -> str:
    try:
        return str(Path(f"/proc/{pid}/ns/net").readlink())
    except OSError:
        return ""
