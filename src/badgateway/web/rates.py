"""So many checks a minute for each address; an IPv6 network of one customer counts as one."""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

MOST_ADDRESSES = 20_000
"""Addresses that are remembered; whoever came longest ago is forgotten first."""


class Rates:
    """A bucket for each address that fills up evenly."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Args: per_minute: checks that an address may ask for; 0 for any number."""
        self._most = float(per_minute)
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, address: str) -> float:
        """Take one out of the bucket of `address`.

        Returns:
            0 where it may go ahead; else the seconds after which it may.
        """
        if not self._most:
            return 0.0
        now, whose = self._clock(), _whose(address)
        left, at = self._left.pop(whose, (self._most, now))
        left = min(self._most, left + (now - at) * self._most / 60)
        granted = left >= 1
        self._left[whose] = (left - 1 if granted else left, now)
        while len(self._left) > MOST_ADDRESSES:
            self._left.popitem(last=False)
        return 0.0 if granted else (1 - left) * 60 / self._most


def _whose(address: str) -> str:
    """Whom an address belongs to: an IPv6 customer has a /64 at least."""
    try:
        read = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(read, ipaddress.IPv6Address):
        if read.ipv4_mapped is not None:
            return str(read.ipv4_mapped)
        return str(ipaddress.ip_network((read, 64), strict=False))
    return str(read)
