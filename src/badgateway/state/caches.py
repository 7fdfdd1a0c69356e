"""Which programs of this machine keep answers of DNS."""

import sys
from collections.abc import Iterator

import psutil

from badgateway.model.machine import Running
from badgateway.state.place import namespace_of

# The kernel cuts a process's name to 15 characters.
_PRODUCTS = {
    "systemd-resolve": "systemd-resolved",
    "nscd": "nscd",
    "dnsmasq": "dnsmasq",
    "unbound": "unbound",
}

_SYSTEMS = {"darwin": "macos", "win32": "windows"}


def dns_caches() -> Iterator[Running]:
    """Each of them that runs in our own network; those of containers serve others.

    Windows and macOS keep answers themselves.
    """
    if sys.platform in _SYSTEMS:
        yield Running(_SYSTEMS[sys.platform], 0, "")
        return
    own = namespace_of("self")
    for process in psutil.process_iter(["name"]):
        product = _PRODUCTS.get(str(process.info["name"])[:15])
        if product and own and namespace_of(process.pid) == own:
            yield Running(product, process.pid, "")
