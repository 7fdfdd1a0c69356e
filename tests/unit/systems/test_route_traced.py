"""The way to a site by the system's own tool, where that is all there is."""

import asyncio
import sys
import time
import tomllib
from pathlib import Path

import pytest

from badgateway.model.hop import Hop
from badgateway.model.observation import Evidence, Observation
from badgateway.model.target import Wishes, target_of
from badgateway.probes import Context, route_traced

SAID = tomllib.loads((Path(__file__).parent / "recorded.toml").read_text("utf-8"))
URL = "https://www.shop-site.com/"


def failed(address):
    """A site at this address that does not answer, and where it was seen."""
    value = {"url": URL, "address": address, "host": "www.shop-site.com", "place": 0}
    evidence = Evidence(
        [
            Observation(Hop.RESOLVER, "resolved", value),
            Observation(Hop.NETWORK, "connect-timeout", value),
        ]
    )
    context = Context(target_of(URL), Wishes(), evidence, time.monotonic() + 5)
    return evidence.named("connect-timeout")[0], context


@pytest.mark.parametrize(
    ("platform", "address", "tool", "text", "last"),
    [
        ("win32", "198.51.100.7", "tracert", "tracert_blocked", "2001:db8:100f:ae0::3"),
        ("win32", "1.1.1.1", "tracert", "tracert", "1.1.1.1"),
        ("darwin", "93.184.215.14", "traceroute", "traceroute", "192.0.2.9"),
        ("darwin", "2001:db8::7", "traceroute6", "traceroute", "192.0.2.9"),
    ],
)
def test_the_last_router_is_named(monkeypatch, platform, address, tool, text, last):
    """The tool of the system is run for the address, and what it prints is read."""
    ran = []
    monkeypatch.setattr(sys, "platform", platform)

    def output_of(words, seconds):
        ran.append(words)
        return SAID[text]

    monkeypatch.setattr(route_traced, "output_of", output_of)
    about, context = failed(address)
    assert route_traced.wanted(about, context) == address

    async def run():
        return [o async for o in route_traced.run(about, context)]

    (told,) = asyncio.run(run())
    assert (told.text("last"), told.value["reached"]) == (last, last == address)
    assert (ran[0][0], ran[0][-1]) == (tool, address)


def test_linux_needs_no_tool(monkeypatch):
    """On Linux the way is followed by our own packets."""
    monkeypatch.setattr(sys, "platform", "linux")
    about, context = failed("198.51.100.7")
    assert route_traced.wanted(about, context) is None


@pytest.mark.parametrize("address", ["-x", "$(id)", "a b", ""])
def test_only_an_address_is_handed_to_a_tool(monkeypatch, address):
    """Nothing that is no literal address becomes a word of a command."""
    monkeypatch.setattr(sys, "platform", "win32")
    about, context = failed(address)
    assert route_traced.wanted(about, context) is None
