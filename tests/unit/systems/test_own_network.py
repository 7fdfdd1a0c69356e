"""This machine's network on other systems, out of what their tools print."""

import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from badgateway.transport import own_network, system
from badgateway.transport.stream import Manner, connect

SAID = tomllib.loads((Path(__file__).parent / "recorded.toml").read_text("utf-8"))


class Held(NamedTuple):
    """An address, as psutil tells it."""

    address: str


class State(NamedTuple):
    """A device, as psutil tells it."""

    isup: bool
    mtu: int


@pytest.fixture
def on(monkeypatch):
    """Be another system whose tools print what was recorded there."""

    def be(platform: str, tools: dict[str, str], devices: dict[str, list[str]], source: str):
        monkeypatch.setattr(sys, "platform", platform)
        monkeypatch.setattr(own_network, "LINUX", False)
        for module in (own_network, system):
            monkeypatch.setattr(module, "output_of", lambda words: tools.get(" ".join(words)))
        held = {name: [Held(a) for a in addresses] for name, addresses in devices.items()}
        monkeypatch.setattr(psutil, "net_if_addrs", lambda: held)
        monkeypatch.setattr(psutil, "net_if_stats", lambda: {n: State(True, 1500) for n in devices})
        monkeypatch.setattr(own_network, "source_address", lambda address: source)

    return be


WINDOWS = {
    "route print": SAID["route_print"],
    "ipconfig /all": SAID["ipconfig"],
    "netsh interface ipv4 show subinterfaces": SAID["subinterfaces"],
}


def test_windows(on):
    """Default routes by own address, a VPN by its description, the MTU that IP uses."""
    devices = {
        "Ethernet0": ["192.168.50.220", "fe80::cc7a:964e:1f98:babb"],
        "Local Area Connection": ["10.8.0.6"],
        "Loopback Pseudo-Interface 1": ["127.0.0.1", "::1"],
    }
    on("win32", WINDOWS, devices, "10.8.0.6")
    found = own_network.own_network("203.0.113.7")
    assert (found.default4, found.device, found.tunnel) == (True, "Local Area Connection", True)
    assert (found.others, found.other_sources) == (("Ethernet0",), ("192.168.50.220",))
    assert found.mtu == 1280
    assert system.name_servers() == ["8.8.8.8", "8.8.4.4", "10.8.0.1"]


def test_macos(on):
    """Default routes by name; a tunnel is told by its name; resolvers by scutil."""
    tools = {"netstat -rn": SAID["netstat"], "scutil --dns": SAID["scutil_dns"]}
    devices = {"en0": ["10.110.1.106"], "utun5": ["10.9.0.2"], "lo0": ["127.0.0.1", "::1"]}
    on("darwin", tools, devices, "10.110.1.106")
    found = own_network.own_network("203.0.113.7")
    assert (found.default4, found.default6, found.device) == (True, True, "en0")
    assert not found.tunnel
    assert found.others == (), "a tunnel is no other network"
    assert system.name_servers() == ["192.168.1.1", "2001:db8::53"]


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_tools_that_say_nothing(on, platform):
    """Where the tools cannot be run, what the routes themselves say has to do."""
    on(platform, {}, {"en0": ["192.0.2.5"]}, "192.0.2.5")
    found = own_network.own_network("203.0.113.7")
    assert (found.default4, found.device, found.others) == (True, "en0", ())
    assert system.name_servers() == []


def test_a_connection_comes_from_the_address_that_it_is_bound_to(serve_from):
    """What has no way to bind to a device binds to its address."""
    assert serve_from("127.0.0.5") == "127.0.0.5"


@pytest.fixture
def serve_from():
    """Connect to a server here from an own address; returns where it saw the client."""
    import asyncio
    import socket

    def run(source: str) -> str:
        with socket.create_server(("127.0.0.1", 0)) as listening:

            async def go() -> str:
                port = listening.getsockname()[1]
                stream = await connect("127.0.0.1", port, Manner(source=source))
                accepted, (address, _) = listening.accept()
                accepted.close()
                stream.close()
                return str(address)

            return asyncio.run(go())

    return run
