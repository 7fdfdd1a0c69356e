"""Other systems' tools, by what they printed."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgateway.transport.systems.names import Adapter, Lookup, adapters, lookups, subinterfaces
from badgateway.transport.systems.proxies import (
    gsettings,
    kioslaverc,
    registry,
    scutil,
)
from badgateway.transport.systems.route import (
    Default,
    Router,
    address_in,
    macos_defaults,
    trace,
    windows_defaults,
)

SAID = tomllib.loads((Path(__file__).parent / "recorded.toml").read_text("utf-8"))


def test_windows_interfaces():
    """`ipconfig /all`: addresses without their marks, all gateways and resolvers, VPNs by name."""
    ethernet, wireless, vpn = adapters(SAID["ipconfig"])
    assert ethernet == Adapter(
        "Ethernet adapter Ethernet0",
        ("192.168.50.220", "fe80::cc7a:964e:1f98:babb%6"),
        ("fe80::1%6", "192.168.50.254"),
        ("8.8.8.8", "8.8.4.4"),
        connected=True,
        tunnel=False,
    )
    assert (wireless.connected, wireless.addresses) == (False, ())
    assert (vpn.tunnel, vpn.gateways, vpn.resolvers) == (True, (), ("10.8.0.1",))


def test_windows_interfaces_in_another_language():
    """Words that are not known give no facts that are wrong."""
    german = SAID["ipconfig"].replace("Default Gateway", "Standardgateway")
    assert adapters(german)[0].gateways == ()


def test_windows_mtu():
    """`netsh interface ipv4 show subinterfaces`: the size of each, whatever its name."""
    assert subinterfaces(SAID["subinterfaces"]) == {
        "Pripojenie bezdrôtovej siete": 1500,
        "Pripojenie bezdrôtovej siete 2": 1500,
        "Local Area Connection": 1280,
    }


def test_windows_routes():
    """`route print`: both families, a link without a gateway, metrics."""
    assert windows_defaults(SAID["route_print"]) == [
        Default(4, "192.168.50.254", "192.168.50.220", 25),
        Default(4, "", "10.8.0.6", 5),
        Default(6, "fe80::1", "6", 281),
    ]


def test_macos_routes():
    """`netstat -rn`: a route for bound sockets only stands behind those for all."""
    assert macos_defaults(SAID["netstat"]) == [
        Default(4, "10.110.1.1", "en0"),
        Default(6, "fe80::1%en0", "en0"),
        Default(4, "", "utun5", bound=True),
        Default(6, "fe80::%utun0", "utun0", bound=True),
    ]
    assert macos_defaults(SAID["netstat_old"]) == [Default(4, "192.168.0.1", "en0")]


def test_macos_resolvers():
    """`scutil --dns`: whom it asks for what, mDNS left out, scoped ones told apart."""
    assert lookups(SAID["scutil_dns"]) == [
        Lookup(("192.168.1.1", "2001:db8::53"), "", "en0"),
        Lookup(("10.8.0.1",), "corp.example", reachable=False),
        Lookup(("192.168.1.1",), "", "en0", scoped=True),
        Lookup(("100.100.100.100",), "", "utun12", scoped=True),
    ]


def test_macos_proxies():
    """`scutil --proxy`: each scheme's own, exceptions, and not what is for one interface only."""
    found = scutil(SAID["scutil_proxy"])
    assert found.by_scheme == {
        "http": "http://127.0.0.1:7890",
        "https": "http://[::1]:7891",
        "socks": "socks5://socks.example:1080",
    }
    assert found.proxy_for(True, "shop.example.com") == "http://[::1]:7891"
    assert found.proxy_for(True, "printer.local") == ""
    assert found.proxy_for(True, "printer") == ""
    assert found.proxy_for(False, "intranet.example") == ""


def test_macos_script():
    """A script that is on counts, a proxy that is off does not."""
    found = scutil(SAID["scutil_pac"])
    assert (found.script, found.detect) == ("http://proxy.example.test/proxy.pac", True)
    assert found.proxy_for(False, "shop.example.com") == ""


@pytest.mark.parametrize(
    ("values", "tls", "proxy"),
    [
        ({"ProxyEnable": 1, "ProxyServer": "p.example:8080"}, True, "http://p.example:8080"),
        ({"ProxyEnable": 0, "ProxyServer": "p.example:8080"}, True, ""),
        (
            {"ProxyEnable": 1, "ProxyServer": "http=a.example:1;https=b.example:2"},
            True,
            "http://b.example:2",
        ),
        (
            {"ProxyEnable": 1, "ProxyServer": "socks=s.example:1080"},
            True,
            "socks5://s.example:1080",
        ),
        (
            {"ProxyEnable": 1, "ProxyServer": "p:1", "ProxyOverride": "*.example.com;<local>"},
            True,
            "",
        ),
        ({}, False, ""),
    ],
)
def test_windows_registry(values, tls, proxy):
    """The values that Windows' browsers follow."""
    assert registry(values).proxy_for(tls, "shop.example.com") == proxy


def test_windows_registry_script():
    """A script and its search by the network."""
    found = registry({"AutoConfigURL": "http://pac.example/p.pac", "AutoDetect": 1})
    assert (found.script, found.detect) == ("http://pac.example/p.pac", True)


def test_gnome():
    """GNOME's settings: proxies only in manual mode, the script only in automatic mode."""
    found = gsettings(SAID["gsettings_manual"])
    assert found.proxy_for(True, "shop.example.com") == "http://proxy.example:3129"
    assert found.proxy_for(True, "x.internal.example") == ""
    automatic = gsettings(SAID["gsettings_auto"])
    assert (automatic.script, automatic.by_scheme) == ("https://pac.example/proxy.pac", {})
    assert not automatic.detect


def test_kde():
    """KDE's settings: the port behind a space, the script and the environment by type."""
    found = kioslaverc(SAID["kioslaverc"], {})
    assert found.by_scheme == {
        "http": "http://proxy.example:3128",
        "https": "http://proxy.example:3129",
    }
    assert found.proxy_for(True, "a.corp.example") == ""
    script = SAID["kioslaverc"].replace("ProxyType=1", "ProxyType=2")
    assert kioslaverc(script, {}).script == "http://pac.example/kde.pac"
    named = "[Proxy Settings]\nProxyType=4\nhttpProxy=MY_PROXY\n"
    by_name = kioslaverc(named, {"MY_PROXY": "http://e.example:1"})
    assert by_name.by_scheme == {"http": "http://e.example:1"}


def test_traces():
    """`tracert` and `traceroute`: who answered, who did not, who turned packets back."""
    assert [(r.number, r.address) for r in trace(SAID["tracert"])] == [
        (1, "192.168.1.2"),
        (2, ""),
        (3, "10.33.3.253"),
        (4, "10.33.10.254"),
        (5, "92.103.174.137"),
        (10, "1.1.1.1"),
    ]
    blocked = trace(SAID["tracert_blocked"])
    assert Router(2, "192.168.1.1", "Destination host unreachable") in blocked
    assert trace(SAID["traceroute"]) == [
        Router(1, "192.168.1.1"),
        Router(2, ""),
        Router(3, "192.0.2.9", "!X"),
    ]


READ = [
    adapters,
    subinterfaces,
    windows_defaults,
    macos_defaults,
    lookups,
    scutil,
    gsettings,
    lambda text: kioslaverc(text, {}),
    trace,
    address_in,
]


@pytest.mark.parametrize("read", READ)
@pytest.mark.parametrize("name", SAID)
def test_another_tools_text_does_no_harm(read, name):
    """A text of another tool gives nothing or little, and never fails."""
    read(SAID[name])


@given(st.text(max_size=400))
def test_any_text_is_survived(text):
    """Whatever a tool prints, reading it does not fail."""
    for read in READ:
        read(text)


@pytest.mark.parametrize("read", READ)
@pytest.mark.parametrize("piece", ["0:", " .", "default ", "  1  * ", "[", "a : b\n", "{", "::1%"])
def test_long_texts_are_read_in_linear_time(read, piece):
    """Half a megabyte of anything is read within a moment: no expression backtracks."""
    read(piece * (500_000 // len(piece)))
