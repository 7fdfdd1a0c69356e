"""Whose an address is."""

import pytest

from badgateway.model.address import inside


@pytest.mark.parametrize(
    "address",
    [
        *("10.0.0.1", "172.31.255.255", "192.168.1.1", "127.0.0.53", "169.254.169.254"),
        *("100.64.0.1", "0.0.0.0", "::1", "::", "fe80::1%eth0", "fd00::1"),
    ],
)
def test_an_address_of_ones_own_network_is_inside(address):
    """No public name leads there unless somebody made it so."""
    assert inside(address)


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "192.0.2.10",
        "198.51.100.1",
        "203.0.113.9",
        "2001:db8::1",
        "2606:4700::1",
        "",
        "x",
    ],
)
def test_an_address_of_the_internet_is_not(address):
    """Addresses of examples stand for those of the internet; what is none is not inside either."""
    assert not inside(address)
